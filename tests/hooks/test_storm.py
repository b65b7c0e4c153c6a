"""Whatever dies, every change is told, in the order of its call, and nothing is told that did not happen.

`python -m benchmarks.hook_storm` does it for a minute, and waits for every retry."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import services
from tests.support.hook_storm import storm

pytestmark = [
    pytest.mark.server,
    pytest.mark.redis,
    pytest.mark.sqlite_only,
    pytest.mark.own_layout("chooses its processes itself"),
]


def test_whatever_is_killed_every_change_arrives_in_order_and_nothing_else(
    tmp_path: Path, postgres_server: str
) -> None:
    try:
        with storm(tmp_path, postgres_server, seed=7) as raging:
            found = raging.rage(seconds=8, calls_per_second=10, kill_every=0.5, waits=False)
    except services.Missing as missing:
        pytest.skip(str(missing))
    assert found.faults == []
    assert found.messages > 2 * found.calls > 50
    assert all(found.kills.values()), found.kills
