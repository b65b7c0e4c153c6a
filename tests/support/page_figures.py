"""What pages cost their browser: memory after a collection, nodes, listeners, connections and time of the processors.

Chromium only: asked by its DevTools protocol (https://chromedevtools.github.io/devtools-protocol/)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil
from playwright.sync_api import Browser, CDPSession, Page

CONNECTIONS = "watched.connections.filter((each) => each.connectionState !== 'closed').length"


@dataclass(frozen=True)
class Figures:
    """All pages together at one moment.

    Attributes:
        at_seconds: since the first sample.
        heap_bytes: what JavaScript holds once the garbage is collected.
        nodes: of all documents, also of such as are no longer shown.
        connections: RTCPeerConnections that are not closed.
        resident_bytes: of the renderers' processes.
        cpu_share: of the renderers since the sample before, where 1 is one processor.
    """

    at_seconds: float
    heap_bytes: int
    nodes: int
    listeners: int
    connections: int
    resident_bytes: int
    cpu_share: float


class PageFigures:
    """Samples these pages of a browser in which there are no others. They need conftest's WATCH."""

    def __init__(self, browser: Browser, pages: Sequence[Page]) -> None:
        self._pages = pages
        self._browser = browser.new_browser_cdp_session()
        self._sessions = [page.context.new_cdp_session(page) for page in pages]
        for session in self._sessions:
            session.send("Performance.enable")
        self._began_at = self._looked_at = time.monotonic()
        self._cpu_seconds = self._renderers()[0]

    def sample(self) -> Figures:
        """Collect the garbage and look."""
        measured = [_metrics(session) for session in self._sessions]
        cpu_seconds, resident_bytes = self._renderers()
        now = time.monotonic()
        figures = Figures(
            at_seconds=now - self._began_at,
            heap_bytes=int(sum(each["JSHeapUsedSize"] for each in measured)),
            nodes=int(sum(each["Nodes"] for each in measured)),
            listeners=int(sum(each["JSEventListeners"] for each in measured)),
            connections=sum(page.evaluate(CONNECTIONS) for page in self._pages),
            resident_bytes=resident_bytes,
            cpu_share=(cpu_seconds - self._cpu_seconds) / max(0.001, now - self._looked_at),
        )
        self._looked_at, self._cpu_seconds = now, cpu_seconds
        return figures

    def _renderers(self) -> tuple[float, int]:
        """Processor seconds so far and resident bytes of all renderers."""
        told = self._browser.send("SystemInfo.getProcessInfo")["processInfo"]
        processes = [psutil.Process(each["id"]) for each in told if each["type"] == "renderer"]
        cpu = [each.cpu_times() for each in processes]
        return sum(each.user + each.system for each in cpu), sum(each.memory_info().rss for each in processes)


def _metrics(session: CDPSession) -> dict[str, float]:
    # Twice: what the first one ends may have held something else.
    session.send("HeapProfiler.collectGarbage")
    session.send("HeapProfiler.collectGarbage")
    return {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
