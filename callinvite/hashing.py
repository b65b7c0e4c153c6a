"""How passwords are hashed without slowing down those who are in a call: by threads that step back for all others."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher

THREADS = 2
"""How many hash at once in one process, as many as are let through the doors."""
NICENESS = 15
"""Of the threads that hash. On a busy core they get a thirtieth of what a request gets; on an idle one, all of it."""


class PatientPBKDF2PasswordHasher(PBKDF2PasswordHasher):
    """Django's hasher, with the same hashes.

    Hashing leaves the interpreter to other threads, but not the core: for a third of a second, everything else that
    runs there would be twice as slow."""

    def encode(self, *args: Any, **kwargs: Any) -> str:
        """A password's hash; takes what Django's own takes."""
        hashed: str = _threads().submit(super().encode, *args, **kwargs).result()
        return hashed


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="hashing", initializer=_step_back)


if hasattr(os, "register_at_fork"):
    # Threads do not come along into a child.
    os.register_at_fork(after_in_child=_threads.cache_clear)


def _step_back() -> None:
    # Elsewhere than on Linux a niceness belongs to the whole process.
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
