"""The verbs alone, without a server: `python -m benchmarks.verbs --cycles 300 [--profile 40]`.

Measures what a send, an accept and an end cost in one thread, how many queries they take, and where the time goes.
Runs in the product's own environment, on its database."""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import time
from collections.abc import Callable
from typing import TypeVar

import django

R = TypeVar("R")
VERBS = ("send", "accept", "end")


def cycles(names: list[str], count: int) -> dict[str, list[float]]:
    """Run this many cycles with fresh pairs; return the seconds of each verb, in order."""
    from django.contrib.auth import get_user_model
    from django.utils import timezone

    from invitations import calls

    keys = dict(get_user_model().objects.filter(username__in=names).values_list("username", "pk"))
    people = [calls.Actor(keys[name], name, f"dev-{name}", device_label="Bench", lives=True) for name in names]
    taken: dict[str, list[float]] = {verb: [] for verb in VERBS}

    def timed(verb: str, function: Callable[..., R], *args: object, **kwargs: object) -> R:
        started_at = time.perf_counter()
        result = function(*args, now=timezone.now(), **kwargs)
        taken[verb].append(time.perf_counter() - started_at)
        return result

    for number in range(count):
        caller, invitee = people[2 * number % len(people)], people[(2 * number + 1) % len(people)]
        sent = timed("send", calls.send, by=caller, invitees=[invitee.username], is_video_call=True)
        call_id = sent.sheet.call.call_id
        timed("accept", calls.accept, call_id, by=invitee)
        timed("end", calls.end, call_id, by=caller)
    return taken


def queries(names: list[str]) -> dict[str, int]:
    """How many statements each verb runs, including those of its transaction."""
    from django.contrib.auth import get_user_model
    from django.db import connection, reset_queries
    from django.utils import timezone

    from invitations import calls

    counts: dict[str, int] = {}
    connection.force_debug_cursor = True
    user_model = get_user_model()
    caller, invitee = (
        calls.Actor(user_model.objects.get(username=name).pk, name, f"dev-{name}", lives=True) for name in names[:2]
    )
    reset_queries()
    sent = calls.send(by=caller, invitees=[invitee.username], is_video_call=True, now=timezone.now())
    counts["send"] = len(connection.queries_log)
    for verb, by in (("accept", invitee), ("end", caller)):
        reset_queries()
        getattr(calls, verb)(sent.sheet.call.call_id, by=by, now=timezone.now())
        counts[verb] = len(connection.queries_log)
    connection.force_debug_cursor = False
    return counts


def main() -> None:
    """Create people, run, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verbs", description=__doc__)
    parser.add_argument("--cycles", type=int, default=300)
    parser.add_argument("--profile", type=int, metavar="LINES", help="print the most costly functions")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callinvite.settings")
    django.setup()
    from benchmarks.accounts import make

    names = [name for name, _ in make(200, prefix=f"verbs{int(time.time())}-")]
    for verb, count in queries(names).items():
        print(f"{verb}: {count} statements")
    cycles(names, 50)
    taken = cycles(names, options.cycles)
    for verb, seconds in taken.items():
        ordered = sorted(seconds)
        print(f"{verb}: median {1000 * ordered[len(ordered) // 2]:.2f} ms, least {1000 * ordered[0]:.2f} ms")
    if options.profile:
        profile = cProfile.Profile()
        profile.runcall(cycles, names, options.cycles)
        pstats.Stats(profile).sort_stats("tottime").print_stats(options.profile)


if __name__ == "__main__":
    main()
