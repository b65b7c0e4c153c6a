"""What programs cost that a test started, however busy the machine is with other things."""

from __future__ import annotations

from contextlib import suppress

import psutil


def processor_seconds(pid: int) -> float:
    """The time that processors have spent on a process, on those that it started and on those of these that ended."""
    started = psutil.Process(pid)
    seconds = 0.0
    for each in (started, *started.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            seconds += sum(each.cpu_times()[:4])
    return seconds
