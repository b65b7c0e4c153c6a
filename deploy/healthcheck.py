"""Whether the web process on this port of the container answers: exit code 0 if it serves its sign-in page.

Asks like the proxy, because Callinvite answers only to its own names, and over https only if HTTPS is set."""

from __future__ import annotations

import http.client
import os
import sys

import environ

TIMEOUT_SECONDS = 4


def main(port: int) -> int:
    """Ask, and return the exit code."""
    names = [name.strip().lstrip(".") for name in os.environ.get("ALLOWED_HOSTS", "").split(",")]
    host = next((name for name in names if name not in ("", "*")), "localhost")
    scheme = "https" if environ.Env().bool("HTTPS", default=False) else "http"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/sign-in/", headers={"Host": host, "X-Forwarded-Proto": scheme})
        status = connection.getresponse().status
    except OSError as error:
        print(error)
        return 1
    print(status)
    return int(status != http.client.OK)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
