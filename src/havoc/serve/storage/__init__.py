"""What the server keeps: conversations, uploads, keys, the audit log; in SQLite or PostgreSQL."""

from havoc.serve.storage.database import Database, open_database

__all__ = ["Database", "open_database"]
