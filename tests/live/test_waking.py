"""What threads leave for an event loop: done in order, by one wake, and by no loop that is closed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from invitations.live.waking import on_loop


class CountingLoop(asyncio.SelectorEventLoop):
    """An event loop that counts how often it is woken from other threads."""

    wakes = 0

    def _write_to_self(self) -> None:
        self.wakes += 1
        super()._write_to_self()  # type: ignore[misc]


def in_a_thread(act: Callable[[], None]) -> None:
    thread = threading.Thread(target=act)
    thread.start()
    thread.join()


def test_what_gathers_wakes_the_loop_once_and_is_done_in_order() -> None:
    loop, seen = CountingLoop(), list[int]()

    def leave() -> None:
        for number in range(100):
            on_loop(loop, seen.append, number)

    in_a_thread(leave)
    loop.run_until_complete(asyncio.sleep(0))
    assert (seen, loop.wakes) == (list(range(100)), 1)
    in_a_thread(leave)
    loop.run_until_complete(asyncio.sleep(0))
    assert (len(seen), loop.wakes) == (200, 2)
    loop.close()


def test_nothing_is_lost_between_many_threads_and_a_loop_that_works() -> None:
    loop, threads, each = CountingLoop(), 8, 2_000
    seen: dict[int, list[int]] = {number: [] for number in range(threads)}
    done = asyncio.Event()

    def take(left: tuple[int, int]) -> None:
        seen[left[0]].append(left[1])
        if sum(map(len, seen.values())) == threads * each:
            done.set()

    def leave(thread: int) -> None:
        for number in range(each):
            on_loop(loop, take, (thread, number))

    leaving = [threading.Thread(target=leave, args=(number,)) for number in range(threads)]
    for thread in leaving:
        thread.start()
    loop.run_until_complete(asyncio.wait_for(done.wait(), 30))
    for thread in leaving:
        thread.join()
    assert seen == {number: list(range(each)) for number in range(threads)}
    loop.close()


def test_one_that_fails_keeps_nothing_from_the_others(caplog: pytest.LogCaptureFixture) -> None:
    loop, seen = CountingLoop(), list[int]()

    def leave() -> None:
        on_loop(loop, lambda _: 1 // 0, None)
        on_loop(loop, seen.append, 1)

    in_a_thread(leave)
    loop.run_until_complete(asyncio.sleep(0))
    assert seen == [1]
    assert "ZeroDivisionError" in caplog.text
    loop.close()


def test_a_closed_loop_is_refused_each_time_even_if_something_waited_there() -> None:
    loop = CountingLoop()
    in_a_thread(lambda: on_loop(loop, print, None))
    loop.close()
    for _ in range(2):
        with pytest.raises(RuntimeError):
            on_loop(loop, print, None)
