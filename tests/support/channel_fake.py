#!/usr/bin/env python3
"""Slack and a mail server that misbehave as they are told, for tests.

    channel_fake.py

serves on three free ports of 127.0.0.1 and prints them as one line of JSON: `slack`, `mail` and `control`. It ends with
its standard input. The last is HTTP:

    GET /be?slack=WORD&mail=WORD   how connections are treated from now on (either may be left out)
    GET /forget                    as at the start: connections are treated as they should be, nothing has been seen
    GET /seen                      by channel: `arrived`, the words `news-…` of each message that was taken, in order,
                                   and `treated`, how many connections were treated in which way

The words of both are `taken` (as it should be), `hang` (nothing is ever said), `reset`, `close` (after the question, but
without an answer), `garbage` and `drip` (a byte now and then, for ever); of Slack `sorry` and `barred` (200 with
ok:false, for a moment and for good), `limited` (429 with Retry-After: 1), `hurried` (429 without), `broken` (500),
`endless` (a body without an end), and `hurl` (a status, and no end of headers); of mail `late` (nothing is said to the message's end), `rude` (nothing is said
to QUIT), `later` (451 to the recipient) and `full` (452 to the message).
"""

import json
import os
import re
import socket
import struct
import sys
import threading
import time
import urllib.parse

LOCK = threading.Lock()
WORDS = {"slack": "taken", "mail": "taken"}
SEEN = {}
NEWS = re.compile(rb"news-[0-9a-z]+")


def forget():
    for channel in WORDS:
        WORDS[channel] = "taken"
        SEEN[channel] = {"arrived": [], "treated": {}}


def treatment(channel):
    with LOCK:
        word = WORDS[channel]
        treated = SEEN[channel]["treated"]
        treated[word] = treated.get(word, 0) + 1
    return word


def note(channel, message):
    words = list(dict.fromkeys(word.decode() for word in NEWS.findall(message)))
    with LOCK:
        SEEN[channel]["arrived"].append(words)


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def wait_until_gone(connection):
    while connection.recv(65536):
        pass


def drip(connection, start):
    connection.sendall(start)
    while True:
        connection.sendall(b"a")
        time.sleep(0.02)


def pour(connection, start, more):
    connection.sendall(start)
    while True:
        connection.sendall(more)


# ---- Slack ----


def read_request(connection):
    """The body of a POST; None if the connection ended before."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65536)
        if not more:
            return None
        received += more
    head, body = received.split(b"\r\n\r\n", 1)
    length = int(re.search(rb"(?i)content-length: *(\d+)", head).group(1))
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    return body


def answer(connection, status, body, headers=""):
    text = json.dumps(body)
    connection.sendall(
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n"
        f"{headers}Connection: close\r\n\r\n{text}".encode()
    )


def slack(connection):
    word = treatment("slack")
    if word == "hang":
        return wait_until_gone(connection)
    body = read_request(connection)
    if body is None:
        return None
    if word == "taken":
        note("slack", body)
        answer(connection, "200 OK", {"ok": True, "ts": f"{time.time():.6f}"})
    elif word == "reset":
        reset(connection)
    elif word == "garbage":
        connection.sendall(os.urandom(4096))
    elif word == "drip":
        drip(connection, b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
    elif word == "endless":
        pour(connection, b"HTTP/1.1 200 OK\r\n\r\n", b" " * 65536)
    elif word == "hurl":
        pour(connection, b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"x" * 8000 + b"\r\n")
    elif word == "sorry":
        answer(connection, "200 OK", {"ok": False, "error": "internal_error"})
    elif word == "barred":
        answer(connection, "200 OK", {"ok": False, "error": "invalid_auth"})
    elif word == "limited":
        answer(connection, "429 Too Many Requests", {"ok": False, "error": "ratelimited"}, "Retry-After: 1\r\n")
    elif word == "hurried":
        answer(connection, "429 Too Many Requests", {"ok": False, "error": "ratelimited"})
    elif word == "broken":
        answer(connection, "500 Internal Server Error", {})
    return None


# ---- mail ----


def read_message(lines):
    message = b""
    for line in lines:
        if line == b".\r\n":
            return message
        message += line
    return message


def mail(connection):
    word = treatment("mail")
    if word == "hang":
        return wait_until_gone(connection)
    if word in ("reset", "close"):
        return reset(connection) if word == "reset" else None
    if word == "garbage":
        return connection.sendall(os.urandom(4096))
    if word == "drip":
        return drip(connection, b"220-")
    connection.sendall(b"220 fake\r\n")
    lines = connection.makefile("rb")
    for line in lines:
        verb = line[:4].upper().strip()
        said = b"250 fine\r\n"
        if verb == b"QUIT":
            if word == "rude":
                return wait_until_gone(connection)
            said = b"221 bye\r\n"
        elif verb == b"RCPT" and word == "later":
            said = b"451 try again later\r\n"
        elif verb == b"DATA":
            connection.sendall(b"354 go on\r\n")
            message = read_message(lines)
            if word == "late":
                return wait_until_gone(connection)
            if word == "full":
                said = b"452 no room\r\n"
            else:
                note("mail", message)
        connection.sendall(said)
    return None


# ---- control ----


def control(connection):
    head = connection.recv(65536)
    if not head:
        return
    url = urllib.parse.urlsplit(head.split(b" ", 2)[1].decode())
    with LOCK:
        if url.path == "/forget":
            forget()
        for channel, word in urllib.parse.parse_qsl(url.query):
            WORDS[channel] = word
        body = json.dumps(SEEN)
    connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode())


# ---- all three ----


def treat(handler, connection):
    try:
        handler(connection)
    except OSError:
        pass  # the other side is gone
    finally:
        connection.close()


def serve(listener, handler):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=treat, args=(handler, connection), daemon=True).start()


def main():
    forget()
    ports = {}
    for handler in (slack, mail, control):
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        ports[handler.__name__] = listener.getsockname()[1]
        threading.Thread(target=serve, args=(listener, handler), daemon=True).start()
    print(json.dumps(ports), flush=True)
    sys.stdin.read()


main()
