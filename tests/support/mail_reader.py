#!/usr/bin/env python3
"""Reads mails as a mail program does, by Python's `email` package, and prints what it found as JSON.

    mail_reader.py FILE...

A list with an object a file: `subject`, `from`, `to` (lists of [name, address]), `date` (UTC), `headers` (decoded, by
lower-case name), `type`, `parts` (in order: type, charset, encoding, text), and what a strict reader minds: `defects`
(of the mail, its headers and its parts), `longest` (the longest line, in bytes), `raw_subject` (its lines), `ascii`
(no byte above 127), `bare` (line breaks that are not CRLF).
"""

import datetime
import email
import email.policy
import json
import re
import sys


def read(path):
    with open(path, "rb") as file:
        raw = file.read()
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    defects = [str(defect) for part in mail.walk() for defect in part.defects]
    for part in mail.walk():
        for name, value in part.items():
            defects += [f"{name}: {defect!r}" for defect in value.defects]
    head = raw.split(b"\r\n\r\n", 1)[0]
    raw_subject = re.search(rb"^Subject:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*", head, re.M | re.I)

    def addresses(name):
        return [[one.display_name, one.addr_spec] for one in mail[name].addresses]

    return {
        "subject": str(mail["subject"]),
        "raw_subject": raw_subject.group().decode().split("\r\n"),
        "from": addresses("from"),
        "to": addresses("to"),
        "date": mail["date"].datetime.astimezone(datetime.timezone.utc).isoformat(),
        "headers": {name.lower(): str(value) for name, value in mail.items()},
        "names": [name.lower() for name in mail.keys()],
        "type": mail.get_content_type(),
        "parts": [
            {
                "type": part.get_content_type(),
                "charset": part.get_content_charset(),
                "encoding": str(part["content-transfer-encoding"]),
                "text": part.get_content(),
            }
            for part in mail.iter_parts()
        ],
        "defects": defects,
        "longest": max(len(line) for line in raw.split(b"\r\n")),
        "ascii": raw.isascii(),
        "bare": len(re.findall(rb"(?<!\r)\n|\r(?!\n)", raw)),
    }


print(json.dumps([read(path) for path in sys.argv[1:]]))
