#!/usr/bin/env python3
"""A mail server for tests: Debian's aiosmtpd, which keeps what it is sent.

    mail_server.py FOLDER CERTIFICATE KEY

serves on four free ports of 127.0.0.1 and prints them as one line of JSON: `plain` (no TLS, no login), `login` (a login
is required, no TLS is offered), `starttls` (STARTTLS and then a login are required) and `smtps` (TLS from the first
byte). It ends with its standard input. The login is kim@example.com with the password in FOLDER/password.

Each mail becomes FOLDER/mails/NNNN.eml, its bytes as they came, with NNNN.json beside it (sender, recipients, tls,
login). FOLDER/answers, which may change at any time, says what is not answered as usual, one rule a line:

    COMMAND[:ADDRESS] TIMES ANSWER

COMMAND is EHLO, MAIL, RCPT, DATA or AUTH. The answer LOSE, to DATA, keeps the mail and ends the connection: the
sender cannot know that it has arrived.
"""

import asyncio
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

FOLDER, CERTIFICATE, KEY = sys.argv[1:4]
MAILS = os.path.join(FOLDER, "mails")
USED = {}  # how often a rule's line has been applied


def rule(command, address=None):
    """The answer that a rule asks for, or None."""
    try:
        with open(os.path.join(FOLDER, "answers"), encoding="utf-8") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return None
    for line in lines:
        what, times, answer = line.split(" ", 2)
        if what in (command, f"{command}:{address}") and USED.get(line, 0) < int(times):
            USED[line] = USED.get(line, 0) + 1
            return answer
    return None


class Handler:
    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        answer = rule("EHLO")
        return [answer] if answer else responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        answer = rule("MAIL", address)
        if answer:
            return answer
        envelope.mail_from = address
        return "250 2.1.0 sender is fine"

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = rule("RCPT", address)
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 recipient is fine"

    async def handle_DATA(self, server, session, envelope):
        answer = rule("DATA")
        if answer and answer != "LOSE":
            return answer
        number = len([name for name in os.listdir(MAILS) if name.endswith(".eml")]) + 1
        name = os.path.join(MAILS, f"{number:04d}")
        about = {
            "sender": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "tls": session.ssl is not None,
            "login": session.authenticated,
        }
        with open(name + ".json", "w", encoding="utf-8") as file:
            json.dump(about, file)
        with open(name + ".part", "wb") as file:
            file.write(envelope.original_content)
        os.rename(name + ".part", name + ".eml")
        if answer == "LOSE":
            server.transport.abort()
        return f"250 2.0.0 kept as {number:04d}"


def login(server, session, envelope, mechanism, data):
    answer = rule("AUTH")
    if answer:
        return AuthResult(success=False, handled=False, message=answer)
    with open(os.path.join(FOLDER, "password"), encoding="utf-8") as file:
        password = file.read()
    if (data.login, data.password) == (b"kim@example.com", password.encode()):
        return AuthResult(success=True)
    # What a server that talks too much says: all of it must stay out of what the host tells.
    said = f"{data.login.decode()} and {data.password.decode()}"
    return AuthResult(success=False, handled=False, message=f"535 5.7.8 cannot log in with {said}")


async def main():
    os.makedirs(MAILS, exist_ok=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE, KEY)
    must_log_in = {"auth_required": True, "authenticator": login, "auth_require_tls": False}
    kinds = {
        "plain": ({}, None),
        "login": (must_log_in, None),
        "starttls": ({"tls_context": context, "require_starttls": True, **must_log_in}, None),
        "smtps": (must_log_in, context),
    }
    loop = asyncio.get_running_loop()
    ports = {}
    for kind, (options, tls) in kinds.items():
        listener = await loop.create_server(
            lambda options=options: SMTP(Handler(), hostname="mail.example.com", loop=loop, **options),
            "127.0.0.1", 0, ssl=tls)
        ports[kind] = listener.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
