"""A process that performs one verb for each line it reads, for races between processes.

Reads `{"verb", "call_id", "user_id", "username", "device", "now"}`, prints `ok` or the code of the refusal."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callinvite.settings")
    import django

    django.setup()
    from django.db import connection

    from invitations import calls
    from invitations.errors import CallError
    from invitations.store.sheets import Actor

    connection.ensure_connection()
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        by = Actor(asked["user_id"], asked["username"], asked["device"])
        try:
            getattr(calls, asked["verb"])(asked["call_id"], by=by, now=datetime.fromisoformat(asked["now"]))
        except CallError as error:
            print(error.code.value, flush=True)
            continue
        print("ok", flush=True)


if __name__ == "__main__":
    main()
