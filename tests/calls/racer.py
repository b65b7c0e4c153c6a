"""A process that performs one verb for each line it reads, for races between processes.

Reads `{"verb", "call_id", "user_id", "username", "device", "now"}`, or
`{"verb": "block", "user_id", "other_id", "now"}`; prints `ok` or the code of the refusal."""

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

    from invitations import calls, contacts
    from invitations.errors import CallError
    from invitations.models import User
    from invitations.store.sheets import Actor

    connection.ensure_connection()
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        now = datetime.fromisoformat(asked["now"])
        try:
            if asked["verb"] == "block":
                other = User.objects.select_related("calling_preferences").get(pk=asked["other_id"])
                contacts.block(asked["user_id"], other, now=now)
            else:
                by = Actor(asked["user_id"], asked["username"], asked["device"])
                getattr(calls, asked["verb"])(asked["call_id"], by=by, now=now)
        except CallError as error:
            print(error.code.value, flush=True)
            continue
        print("ok", flush=True)


if __name__ == "__main__":
    main()
