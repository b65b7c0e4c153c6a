"""What two people in a call see and hear of each other, asked of the browsers' own figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Protocol

from playwright.sync_api import Browser, Error, Page

from tests.browser.conftest import ARGUMENTS, CHROMIUM, WATCH, Person, leave
from tests.support.server import RunningServer

UP_MS = 15_000
IS_UP = "globalThis.callinvite?.talk.state.isUp === true"
PLAYS = """(() => {
  const videos = [...document.querySelectorAll("call-stage .tile--video:not(.tile--self) video")];
  return videos.length === COUNT && videos.every((video) => video.videoWidth > 0 && video.currentTime > 0);
})()"""
"""The pictures of all the others are on the screen and move."""

KNOWN = """() => { globalThis.callinvite = {
  get service() { return document.querySelector("incoming-call").client; },
  get talk() { return document.querySelector("incoming-call").client.media; },
}; }"""
"""A script by which a page with `<incoming-call>` has what is asked here of the app's own pages."""
INBOUND = """async (user) => {
  const { talk } = callinvite;
  const peer = talk.state.peers.find(({ address }) => user === null || address.user === user);
  const figures = { audioBytes: 0, videoBytes: 0, framesDecoded: 0, frameWidth: 0, energy: 0, pair: null };
  const stats = peer ? await talk.statsOf(peer.key) : null;
  for (const each of stats?.values() ?? []) {
    if (each.type === "inbound-rtp" && each.kind === "audio") {
      figures.audioBytes += each.bytesReceived;
      figures.energy += each.totalAudioEnergy ?? 0;
    } else if (each.type === "inbound-rtp" && each.kind === "video") {
      figures.videoBytes += each.bytesReceived;
      figures.framesDecoded += each.framesDecoded ?? 0;
      figures.frameWidth = each.frameWidth ?? figures.frameWidth;
    } else if (each.type === "candidate-pair" && each.nominated && each.state === "succeeded") {
      figures.pair = [each.localCandidateId, each.remoteCandidateId].map((id) => stats.get(id)?.candidateType);
    }
  }
  return figures;
}"""
STANDS = """() => {
  const { service, talk } = globalThis.callinvite ?? {};
  const ways = (globalThis.watched?.connections ?? []).map(
    ({ connectionState, iceConnectionState, iceGatheringState, signalingState }) =>
      ({ connectionState, iceConnectionState, iceGatheringState, signalingState }));
  const calls = service?.state.calls.map(({ call_id, state, revision, invitations, participants }) => ({
    call_id, state, revision,
    invitations: invitations.map(({ invitee, state }) => `${invitee.id} ${state}`),
    inside: participants.filter(({ left_at }) => left_at === null).map(({ user, device_id }) => [user.id, device_id]),
  }));
  const tracks = (globalThis.watched?.tracks ?? []).map(({ kind, readyState, muted }) => [kind, readyState, muted]);
  const screen = [...document.querySelectorAll("incoming-call, call-screen")].map((each) => each.innerText).join(" | ");
  return JSON.stringify({
    age: Math.round(performance.now()), visible: document.visibilityState, screen,
    connection: service?.state.connection, error: service?.lastError?.code, calls, talk: talk?.state, ways, tracks,
  });
}"""
"""How a call stands as its page sees it, for failure messages."""

RELAY_ONLY = """localStorage.setItem("callinvite.relay_only", "on");"""
"""A script by which a page sends and takes media only through a relay."""

LEFT_OPEN = """() => ({
  tracks: watched.tracks.filter((each) => each.readyState === "live").map((each) => each.label),
  connections: watched.connections.filter((each) => each.connectionState !== "closed").length,
  made: watched.connections.length,
})"""


class AtPage(Protocol):
    """A person at a page, in any browser."""

    def ask(self, function: str, argument: Any = None, /) -> Any:
        """Run a JavaScript function in the page; gives what it returns."""

    def until(self, condition: str, timeout_ms: int = UP_MS) -> None:
        """Wait until a JavaScript condition holds."""


def inbound(person: AtPage, of: str | None = None) -> dict[str, Any]:
    """What this person's browser has received from another person (a user id; by default from anyone)."""
    figures: dict[str, Any] = person.ask(INBOUND, of)
    return figures


def is_up(*people: AtPage, timeout_ms: int = UP_MS) -> None:
    """Wait until each of them has received media from another."""
    for person in people:
        try:
            person.until(IS_UP, timeout_ms)
        except (Error, TimeoutError) as error:
            views = "\n".join(str(each.ask(STANDS)) for each in people)
            raise AssertionError(f"{error}\n{views}") from error


def sees(person: AtPage, count: int = 1, timeout_ms: int = UP_MS) -> None:
    """Wait until the moving pictures of so many others are on the screen."""
    person.until(PLAYS.replace("COUNT", str(count)), timeout_ms)


def grows(person: AtPage, *names: str, of: str | None = None, timeout_ms: int = UP_MS) -> None:
    """Wait until these figures have grown."""
    start = inbound(person, of)
    person.ask(
        f"""async ([user, start, names, ms]) => {{
          const late = performance.now() + ms;
          for (;;) {{
            const now = await ({INBOUND})(user);
            if (names.every((name) => now[name] > start[name])) {{ return; }}
            // A new connection counts from nothing.
            for (const name of names) {{ start[name] = Math.min(start[name], now[name]); }}
            if (performance.now() > late) {{ throw new Error(JSON.stringify({{ start, now }})); }}
            await new Promise((resolve) => {{ setTimeout(resolve, 50); }});
          }}
        }}""",
        [of, start, names, timeout_ms],
    )


def falls_silent(person: AtPage, timeout_ms: int = UP_MS) -> None:
    """Wait until no sound has arrived for a whole second."""
    person.ask(
        f"""async (ms) => {{
          const late = performance.now() + ms;
          for (let before = -1; performance.now() < late;) {{
            const now = (await ({INBOUND})(null)).audioBytes;
            if (now === before) {{ return; }}
            before = now;
            await new Promise((resolve) => {{ setTimeout(resolve, 1000); }});
          }}
          throw new Error("It is never silent");
        }}""",
        timeout_ms,
    )


def leaves_nothing_open(*people: AtPage) -> None:
    """No live track, no open connection in any page of these people; and there were some."""
    for person in people:
        person.until("watched.tracks.every((each) => each.readyState === 'ended')")
        left = person.ask(LEFT_OPEN)
        assert left["tracks"] == []
        assert left["connections"] == 0


@contextmanager
def chromium(browser: Browser, executable: str = CHROMIUM, *arguments: str) -> Iterator[Browser]:
    """A further Chromium beside `browser`: on another host, or one that may die."""
    own = browser.browser_type.launch(executable_path=executable, args=[*ARGUMENTS, *arguments])
    try:
        yield own
    finally:
        own.close()


@contextmanager
def somebody(
    name: str, browser: Browser, server: RunningServer, cookies: Sequence[Any], *scripts: str
) -> Iterator[Person]:
    """One of the people at a fresh profile of this browser, where the fixture `person` does not do.

    Args:
        scripts: run in each page before anything else.
    """
    context = browser.new_context()
    for script in (WATCH, *scripts):
        context.add_init_script(script)
    context.add_cookies(list(cookies))
    try:
        person = Person(name, context, server)
        yield person
    finally:
        if browser.is_connected():
            for page in context.pages:
                with suppress(Error):
                    leave(page)
            context.close()
    assert person.complaints == []


def close(page: Page) -> None:
    """Close a tab as people do. Chromium waits half a second for the page to part, which a busy one may need."""
    page.evaluate("() => new Promise((resolve) => { requestIdleCallback(resolve); })")
    page.close(run_before_unload=True)


def served(person: Person, call_id: str) -> dict[str, Any]:
    """A call as the server has it."""
    call: dict[str, Any] = person.ask(
        "(id) => fetch(`/api/v1/calls/${encodeURIComponent(id)}`).then((answer) => answer.json())", call_id
    )
    return call


def moment(text: str) -> datetime:
    """A moment as the server writes it."""
    return datetime.fromisoformat(text)


def places(call_as_served: dict[str, Any]) -> set[tuple[str, str, bool]]:
    """Who has been in it at which device, and whether they still are."""
    return {(each["user"]["id"], each["device_id"], each["left_at"] is None) for each in call_as_served["participants"]}


@contextmanager
def call(caller: Person, *callees: Person, medium: str = "Video") -> Iterator[None]:
    """A call of two in which media flows; it is hung up at the end."""
    (callee,) = callees
    caller.call(callee.name.capitalize(), medium)
    callee.rings(caller.name.capitalize())
    callee.accept()
    is_up(caller, callee)
    yield
    if caller.screen.get_by_role("button", name="Hang up").is_visible():
        caller.hang_up()
        callee.hears("Call ended")
