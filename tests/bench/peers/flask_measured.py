"""The measured routes in Flask: the same as those of app/routes/measured.lua, and a 500 that leaves a row."""
import json
import os
import secrets
import sqlite3
import threading
import traceback
from datetime import datetime, timezone

from flask import Flask, jsonify, request

app = Flask(__name__)
_own = threading.local()

_ERROR_LOG = """
CREATE TABLE IF NOT EXISTS error_log (
  id INTEGER PRIMARY KEY AUTOINCREMENT, ref TEXT NOT NULL UNIQUE, occurred_at TEXT NOT NULL, status INTEGER NOT NULL,
  exc_type TEXT NOT NULL, message TEXT NOT NULL, traceback TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
  headers TEXT NOT NULL, remote_addr TEXT NOT NULL
)"""


def database():
    """This thread's connection; it commits each statement by itself, and durably."""
    if not hasattr(_own, "connection"):
        _own.connection = sqlite3.connect(os.environ["BENCH_DATABASE"], isolation_level=None, timeout=30)
        _own.connection.row_factory = sqlite3.Row
        _own.connection.execute("PRAGMA synchronous = FULL")
        _own.connection.execute(_ERROR_LOG)
    return _own.connection


@app.get("/small/")
def small():
    return jsonify(message="Hello, World!", ok=True, number=42)


@app.get("/row/<int:number>/")
def row(number):
    found = database().execute("SELECT id, name, capacity, count, time FROM seminar WHERE id = ?", (number,)).fetchone()
    return jsonify(dict(found))


@app.get("/api/v1/debug/always-500/")
def always_500():
    raise RuntimeError("always fails")


@app.errorhandler(Exception)
def record(error):
    """Writes the error down before the answer leaves, so that its reference always resolves."""
    reference = "ERR-" + secrets.token_hex(4).upper()
    database().execute(
        "INSERT INTO error_log (ref, occurred_at, status, exc_type, message, traceback, method, path, headers,"
        " remote_addr) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (reference, datetime.now(timezone.utc).isoformat(), 500, type(error).__name__, str(error),
         "".join(traceback.format_exception(error)), request.method, request.path, json.dumps(dict(request.headers)),
         request.remote_addr))
    return jsonify(
        detail=f"Something went wrong on our side. Please tell the server team, quoting {reference}.",
        code="error", app_code=9000, error_id=reference), 500
