"""Kills for a minute: `python -m benchmarks.hook_storm [--seconds 60] [--calls 20] [--every 2] [--seed N]`.

20 calls a second by REST on PostgreSQL with two web processes, two dispatchers and a receiver, one of which is killed
by SIGKILL every two seconds. Then everything that is owed must arrive, retries and leases included. Ends with exit code
1 if a change was not told, was told out of the order of its call, or did not happen."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.support import services
from tests.support.hook_storm import storm

MOST_FAULTS = 20


def main() -> None:
    """Run it and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="for how long (default: 60)")
    parser.add_argument("--calls", type=float, default=20, help="calls that begin each second (default: 20)")
    parser.add_argument("--every", type=float, default=2, help="seconds between two kills, on average (default: 2)")
    parser.add_argument("--seed", type=int, default=random.randrange(1000), help="whom chance kills")
    asked = parser.parse_args()
    print(f"seed {asked.seed}")
    with (
        tempfile.TemporaryDirectory(prefix="callinvite-storm-") as name,
        services.postgres() as url,
        storm(Path(name), url, seed=asked.seed) as raging,
    ):
        found = raging.rage(seconds=asked.seconds, calls_per_second=asked.calls, kill_every=asked.every, waits=True)
    kills = ", ".join(f"{count} {kind}" for kind, count in found.kills.items())
    print(f"{found.calls} calls, {found.ended} ended; killed: {kills}")
    again = found.arrivals - found.messages
    print(
        f"{found.messages} messages arrived, {again} of them again; the last {found.drained_seconds:.0f} s afterwards"
    )
    for fault in found.faults[:MOST_FAULTS]:
        print(fault)
    print(f"{len(found.faults)} faults")
    sys.exit(bool(found.faults))


if __name__ == "__main__":
    main()
