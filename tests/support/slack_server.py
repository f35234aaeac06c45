"""A Slack of our own: chat.postMessage and an incoming webhook that check every rule Slack documents for a message.

Prints "listening on http://127.0.0.1:PORT", serves until it is ended, and keeps what it was sent:
  POST /api/chat.postMessage   as Slack, for the token and channel below
  POST /services/…             as an incoming webhook, at the path below
  GET  /messages               everything that was sent: a list of { way, valid, reason, message, answer, ts }
  POST /next                   a list of answers to give to the next messages instead, each one of
                                 { "error": WORD, …members } (ok: false), { "status": N, "body": TEXT, "headers": {…} }
  POST /forget                 forgets messages and answers
Lengths are counted in characters, as they are sent. With --tls CERTIFICATE KEY it speaks HTTPS.
"""

import argparse
import json
import re
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "xoxb-test-token-0123456789"
CHANNEL = "C0ALERTS"
WEBHOOK = "/services/T0TEAM/B0HOOK/s3cretWebhookPath"

MOST_BLOCKS, MOST_ALL, MOST_TEXT = 50, 10000, 40000
ENTITY = re.compile(r"&(?:amp|lt|gt);")
MARKS = re.compile(
    r"<(?:https?://[^<>|\s]+|mailto:[^<>|\s]+)(?:\|[^<>\n]*)?>"
    r"|<!date\^\d+\^[^<>^|]*(?:\^[^<>^|]*)?\|[^<>|\n]+>"
)


class Refusal(Exception):
    """Why a message is not taken: Slack's word, and what is wrong where."""

    def __init__(self, word, reason):
        super().__init__(reason)
        self.word = word
        self.reason = reason


def refuse(place, reason):
    raise Refusal("invalid_blocks", f"{reason} [json-pointer:{place}]")


# ---- texts ----


def check_markup(place, text):
    """No raw `&`, `<` or `>` but in entities, links and dates; no control characters but line breaks."""
    bare = ENTITY.sub("", MARKS.sub(lambda mark: ENTITY.sub("", mark.group()).strip("<>").replace("<", ""), text))
    for character in "&<>":
        if character in bare:
            refuse(place, f"a raw {character}")
    for character in text:
        code = ord(character)
        if (code < 0x20 and character != "\n") or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000:
            refuse(place, f"the control character {code:#x}")
    if text.count("```") % 2:
        refuse(place, "a block of code without its end")
    for line in re.sub(r"```.*?```", "", text, flags=re.S).split("\n"):
        if line.count("`") % 2:
            refuse(place, "code without its end")


def check_string(place, value, most, least=1):
    if not isinstance(value, str):
        refuse(place, "must be a string")
    if len(value) < least:
        refuse(place, f"must be more than {least - 1} characters")
    if len(value) > most:
        refuse(place, f"must be less than {most + 1} characters")


def check_members(place, value, required, optional=()):
    if not isinstance(value, dict):
        refuse(place, "must be an object")
    for name in required:
        if name not in value:
            refuse(place, f"missing required field: {name}")
    for name in value:
        if name not in required and name not in optional:
            refuse(place, f"no more fields are allowed: {name}")


class Checker:
    """Checks one message, and adds up its characters."""

    def __init__(self):
        self.characters = 0
        self.block_ids = set()

    def text(self, place, value, most, kinds):
        check_members(place, value, ("type", "text"), ("emoji", "verbatim"))
        if value["type"] not in kinds:
            refuse(place + "/type", f"must be one of {kinds}")
        if "emoji" in value and (value["type"] != "plain_text" or not isinstance(value["emoji"], bool)):
            refuse(place + "/emoji", "is for plain_text, and true or false")
        if "verbatim" in value and (value["type"] != "mrkdwn" or not isinstance(value["verbatim"], bool)):
            refuse(place + "/verbatim", "is for mrkdwn, and true or false")
        check_string(place + "/text", value["text"], most)
        if not value["text"].strip():
            refuse(place + "/text", "must not be blank")
        check_markup(place + "/text", value["text"])
        if value["type"] == "plain_text" and "\n" in value["text"]:
            refuse(place + "/text", "must be one line")
        self.characters += len(value["text"])

    def any_text(self, place, value, most):
        self.text(place, value, most, ("plain_text", "mrkdwn"))

    def button(self, place, value, action_ids):
        check_members(
            place, value, ("type", "text"), ("url", "style", "value", "action_id", "accessibility_label")
        )
        self.text(place + "/text", value["text"], 75, ("plain_text",))
        if "url" in value:
            check_string(place + "/url", value["url"], 3000)
            if not re.fullmatch(r"https?://[^\s<>\"]+", value["url"]):
                refuse(place + "/url", "invalid url")
        if value.get("style", "primary") not in ("primary", "danger"):
            refuse(place + "/style", "must be primary or danger")
        if "value" in value:
            check_string(place + "/value", value["value"], 2000)
        if "accessibility_label" in value:
            check_string(place + "/accessibility_label", value["accessibility_label"], 75)
        if "action_id" in value:
            check_string(place + "/action_id", value["action_id"], 255)
            if value["action_id"] in action_ids:
                refuse(place + "/action_id", "is there twice")
            action_ids.add(value["action_id"])

    def image(self, place, value, optional=()):
        check_members(place, value, ("type", "image_url", "alt_text"), optional)
        check_string(place + "/image_url", value["image_url"], 3000)
        check_string(place + "/alt_text", value["alt_text"], 2000)

    def list(self, place, value, most):
        if not isinstance(value, list):
            refuse(place, "must be a list")
        if not 1 <= len(value) <= most:
            refuse(place, f"must have 1 to {most} items")
        return enumerate(value)

    def header(self, place, block):
        check_members(place, block, ("type", "text"), ("block_id",))
        self.text(place + "/text", block["text"], 150, ("plain_text",))

    def section(self, place, block):
        check_members(place, block, ("type",), ("text", "fields", "accessory", "block_id"))
        if "text" not in block and "fields" not in block:
            refuse(place, "a section needs text or fields")
        if "text" in block:
            self.any_text(place + "/text", block["text"], 3000)
        if "fields" in block:
            for index, field in self.list(place + "/fields", block["fields"], 10):
                self.any_text(f"{place}/fields/{index}", field, 2000)
        if "accessory" in block:
            if block["accessory"].get("type") == "image":
                self.image(place + "/accessory", block["accessory"])
            else:
                self.button(place + "/accessory", block["accessory"], set())

    def context(self, place, block):
        check_members(place, block, ("type", "elements"), ("block_id",))
        for index, element in self.list(place + "/elements", block["elements"], 10):
            if isinstance(element, dict) and element.get("type") == "image":
                self.image(f"{place}/elements/{index}", element)
            else:
                self.any_text(f"{place}/elements/{index}", element, 3000)

    def actions(self, place, block):
        check_members(place, block, ("type", "elements"), ("block_id",))
        action_ids = set()
        for index, element in self.list(place + "/elements", block["elements"], 25):
            if element.get("type") != "button":
                refuse(f"{place}/elements/{index}/type", "unsupported type")
            self.button(f"{place}/elements/{index}", element, action_ids)

    def image_block(self, place, block):
        self.image(place, block, ("title", "block_id"))
        if "title" in block:
            self.text(place + "/title", block["title"], 2000, ("plain_text",))

    def divider(self, place, block):
        check_members(place, block, ("type",), ("block_id",))

    def blocks(self, blocks):
        kinds = {
            "header": self.header,
            "section": self.section,
            "context": self.context,
            "actions": self.actions,
            "image": self.image_block,
            "divider": self.divider,
        }
        for index, block in self.list("/blocks", blocks, MOST_BLOCKS):
            place = f"/blocks/{index}"
            kind = block.get("type") if isinstance(block, dict) else None
            if kind not in kinds:
                refuse(place + "/type", f"unsupported type: {kind}")
            if "block_id" in block:
                check_string(place + "/block_id", block["block_id"], 255)
                if block["block_id"] in self.block_ids:
                    refuse(place + "/block_id", "is there twice")
                self.block_ids.add(block["block_id"])
            kinds[kind](place, block)

    def message(self, message, allowed):
        for name in message:
            if name not in allowed:
                raise Refusal("invalid_arguments", f"[ERROR] unknown argument: {name}")
        for name in ("unfurl_links", "unfurl_media"):
            if not isinstance(message.get(name, False), bool):
                raise Refusal("invalid_arguments", f"[ERROR] {name} must be true or false")
        if not isinstance(message.get("text"), str) or not message["text"].strip():
            raise Refusal("no_text", "the text beside the blocks is missing")
        if len(message["text"]) > MOST_TEXT:
            raise Refusal("msg_too_long", "more than 40,000 characters of text")
        check_markup("/text", message["text"])
        self.characters += len(message["text"])
        if "blocks" in message:
            self.blocks(message["blocks"])
        if self.characters > MOST_ALL:
            raise Refusal("msg_blocks_too_long", f"{self.characters} characters in all")


def no_doubles(pairs):
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError("a name is there twice")
    return dict(pairs)


# ---- the server ----


class Slack(ThreadingHTTPServer):
    daemon_threads = True
    lock = threading.Lock()
    sent = []
    answers = []
    clock = 0

    def next_ts(self):
        self.clock += 1
        return f"1503435956.{self.clock:06d}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def reply(self, status, body, content_type, headers=None):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def reply_json(self, value, status=200):
        self.reply(status, json.dumps(value), "application/json; charset=utf-8")

    def do_GET(self):
        with self.server.lock:
            if self.path == "/messages":
                self.reply_json(self.server.sent)
            else:
                self.reply_json({"ok": False, "error": "unknown_method"}, 404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:
            if self.path == "/next":
                self.server.answers += json.loads(body)
                self.reply_json({"ok": True})
            elif self.path == "/forget":
                self.server.answers, self.server.sent = [], []
                self.reply_json({"ok": True})
            elif self.path == "/api/chat.postMessage":
                self.receive("api", body)
            elif self.path.startswith("/services/"):
                self.receive("webhook", body)
            else:
                self.reply_json({"ok": False, "error": "unknown_method"}, 404)

    def read_message(self, body):
        if self.headers.get("Content-Type") != "application/json; charset=utf-8":
            raise Refusal("invalid_post_type", str(self.headers.get("Content-Type")))
        try:
            message = json.loads(body.decode("utf-8"), object_pairs_hook=no_doubles)
        except ValueError as error:
            raise Refusal("invalid_json", str(error)) from error
        if not isinstance(message, dict):
            raise Refusal("json_not_object", "no object")
        return message

    def check_api(self, message):
        authorization = self.headers.get("Authorization")
        if authorization is None:
            raise Refusal("not_authed", "no Authorization header")
        if authorization != "Bearer " + TOKEN:
            raise Refusal("invalid_auth", "another token")
        if message.get("channel") != CHANNEL:
            raise Refusal("channel_not_found", str(message.get("channel")))
        if "thread_ts" in message:
            tops = [one["ts"] for one in self.server.sent if one["ts"] and "thread_ts" not in one["message"]]
            if message["thread_ts"] not in tops:
                raise Refusal("thread_not_found", str(message["thread_ts"]))
        Checker().message(message, ("channel", "text", "blocks", "thread_ts", "unfurl_links", "unfurl_media"))

    def check_webhook(self, message):
        if self.path != WEBHOOK:
            raise Refusal("no_service", self.path)
        if "Authorization" in self.headers:
            raise Refusal("invalid_payload", "a webhook gets no token")
        Checker().message(message, ("text", "blocks", "unfurl_links", "unfurl_media"))

    def receive(self, way, body):
        record = {"way": way, "valid": False, "reason": None, "message": {}, "ts": None, "answer": None}
        try:
            record["message"] = self.read_message(body)
            if way == "api":
                self.check_api(record["message"])
            else:
                self.check_webhook(record["message"])
            record["valid"] = True
            word = None
        except Refusal as refusal:
            record["reason"], word = refusal.reason, refusal.word
        told = self.server.answers.pop(0) if self.server.answers else None
        record["answer"] = told or word or "ok"
        if not told and not word and way == "api":
            record["ts"] = self.server.next_ts()
        self.server.sent.append(record)
        if told:
            self.reply_as_told(told)
        elif way == "api":
            self.reply_as_api(record, word)
        else:
            self.reply_as_webhook(word)

    def reply_as_told(self, told):
        if "error" in told:
            self.reply_json({"ok": False, **told})
        else:
            self.reply(told.get("status", 200), told.get("body", ""), "text/plain", told.get("headers"))

    def reply_as_api(self, record, word):
        if word:
            self.reply_json({"ok": False, "error": word, "response_metadata": {"messages": ["[ERROR] " + record["reason"]]}})
        else:
            self.reply_json({"ok": True, "channel": CHANNEL, "ts": record["ts"], "message": record["message"]})

    def reply_as_webhook(self, word):
        statuses = {None: 200, "no_service": 404, "channel_is_archived": 410}
        self.reply(statuses.get(word, 400), word or "ok", "text/html")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"))
    arguments = parser.parse_args()
    server = Slack(("127.0.0.1", 0), Handler)
    if arguments.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*arguments.tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "https" if arguments.tls else "http"
    print(f"listening on {scheme}://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
