"""Make, list and revoke the keys of the server.

  havoc keys create "line 3 dashboard" --scopes ask,tools --days 90
  havoc keys list
  havoc keys revoke 1f0c…

A key is shown once, when it is made; only a digest of it is kept.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from havoc.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("create", "list", "revoke"))
    parser.add_argument("name", nargs="?", help="whose key it is; of revoke: the key's id")
    parser.add_argument(
        "--scopes", default="ask,tools", help="ask, tools, metrics, admin (default: ask,tools)"
    )
    parser.add_argument("--days", type=float, default=0, help="days until it ends (default: never)")
    parser.add_argument("--data", metavar="FOLDER", help="where the server's database lies")
    parser.add_argument("--config", metavar="YAML", help="the server's file of settings")


def execute(namespace: argparse.Namespace) -> int:
    from havoc.cli.serve import MISSING

    try:
        from havoc.serve import keys
        from havoc.serve.settings import load_settings
        from havoc.serve.storage import open_database
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("havoc"):
            raise
        raise InputError(MISSING, where="keys") from None
    if namespace.action != "list" and not namespace.name:
        revoking = namespace.action == "revoke"
        raise InputError(
            "needs the id of the key" if revoking else "needs a name: whose key it is",
            where=f"keys {namespace.action}",
            remedy="see havoc keys list" if revoking else 'havoc keys create "line 3 dashboard"',
        )
    given = {"data": namespace.data} if namespace.data else {}
    settings = load_settings(namespace.config, given)
    database = open_database(settings.database_url)
    try:
        if namespace.action == "create":
            scopes = tuple(filter(None, map(str.strip, namespace.scopes.split(","))))
            identity, key = database.run(
                lambda connection: keys.create_key(
                    connection, namespace.name, scopes, namespace.days
                )
            )
            print(key)
            print(f"id {identity}; keep the key now, it is not shown again")
        elif namespace.action == "revoke":
            database.run(lambda connection: keys.revoke_key(connection, namespace.name))
            print(f"revoked: {namespace.name}")
        else:
            rows = database.run(keys.list_keys)
            for row in rows:
                print(_line(row))
            if not rows:
                print("there is no key yet; havoc keys create makes one", file=sys.stderr)
    finally:
        database.close()
    return 0


def _line(row: dict[str, Any]) -> str:
    state = "revoked" if row["revoked"] else "valid"
    if row["expires"] and state == "valid":
        day = time.strftime("%Y-%m-%d", time.gmtime(row["expires"]))
        state = f"{'valid until' if row['expires'] > time.time() else 'over since'} {day}"
    made = time.strftime("%Y-%m-%d", time.gmtime(row["created"]))
    return f"{row['id']}  {made}  {row['scopes']:<18}  {state:<22}  {row['name']}"
