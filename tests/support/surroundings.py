"""What programs inherit from the suite: the same from a terminal, a background job and a service manager.

Called before anything is started. Nothing here knows which program it is for."""

from __future__ import annotations

import os
import signal

SYSTEM_PROGRAMS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where `ip`, `bridge` and `nginx` lie. Debian's ordinary users have none of these on their PATH."""


def prepare() -> None:
    """Let programs that this process starts find the system's tools, and take Ctrl-C and `kill` as usual.

    A shell without job control starts a background job with SIGINT and SIGQUIT ignored; an ignored signal stays
    ignored over exec(2), a handled one does not. The process itself goes on ignoring what it was told to ignore.
    """
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join([*path, *(folder for folder in SYSTEM_PROGRAMS if folder not in path)])
    for number in (signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
