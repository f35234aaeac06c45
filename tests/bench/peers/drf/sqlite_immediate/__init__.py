"""Django's SQLite backend, with the host's durability and with writers that take turns."""
