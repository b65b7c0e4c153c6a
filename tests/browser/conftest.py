"""People at real browsers, before a real server process that is spoken to only from outside."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

from tests.support import layout, other_site
from tests.support.server import RunningServer
from tests.support.signing_in import sign_everybody_in

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # A camera that films a clock, a microphone that beeps, both allowed without a question; media over loopback.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--auto-select-desktop-capture-source=Entire",
    "--allow-loopback-in-peer-connection",
    # What Chromium suggests under its address bar is a web page nowadays, made anew for each window: opening a page of
    # ours costs half the time without it.
    "--disable-features=WebRtcHideLocalIpsWithMdns,WebUIOmniboxPopup,WebUIOmniboxAimPopup",
]
WAIT_MS = 10_000
POLL_MS = 10
DOCUMENTS_MOST = 5
"""After a sign-out or a reload comes one more, or two; a page with more of them goes round in circles."""
expect.set_options(timeout=WAIT_MS)


class Person:
    """A person signed in at one browser profile (a context): one page, and what people do with it."""

    def __init__(self, name: str, context: BrowserContext, server: RunningServer) -> None:
        self.name = name
        self.context = context
        self.server = server
        self.complaints: list[str] = []
        self.page = self.open()

    def open(self) -> Page:
        """A further page of the same browser profile, connected."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(f"{self.name}: {error}"))
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.set_default_timeout(WAIT_MS)
        page.goto(self.server.url)
        connected(page)
        return page

    def _hear(self, kind: str, text: str) -> None:
        # A refused verb or a lost server is not a fault of the page, and Chromium writes each one here.
        if kind == "error" and "Failed to load resource" not in text and "WebSocket connection" not in text:
            self.complaints.append(f"{self.name}: {text}")

    def call(self, other: str, medium: str = "Video") -> None:
        """Click one of the two buttons beside a name."""
        self.page.get_by_role("button", name=f"{medium} call to {other}", exact=True).click()

    @property
    def ring(self) -> Any:
        return self.page.get_by_role("alertdialog").and_(self.page.locator("incoming-call"))

    @property
    def screen(self) -> Any:
        return self.page.locator("call-screen")

    def rings(self, caller: str) -> None:
        """Wait until a call rings here."""
        expect(self.ring).to_be_visible()
        expect(self.ring.get_by_role("heading", name=caller)).to_be_visible()

    def accept(self) -> None:
        self.ring.get_by_role("button", name="Accept", exact=True).click()

    def reject(self) -> None:
        self.ring.get_by_role("button", name="Decline", exact=True).click()

    def is_connected_to(self, names: str) -> None:
        expect(self.ring).to_be_hidden()
        expect(self.screen.get_by_role("heading", name=names, exact=True)).to_be_visible()
        expect(self.screen.get_by_role("timer")).to_be_visible()

    def hears(self, words: str) -> None:
        """Wait until the call screen says this."""
        expect(self.screen.get_by_text(words, exact=False).first).to_be_visible()

    def hang_up(self) -> None:
        self.screen.get_by_role("button", name="Hang up").click()

    def show(self, view: str) -> None:
        self.page.get_by_role("navigation").get_by_role("link", name=view).click()

    def until(self, condition: str, timeout_ms: int = WAIT_MS) -> None:
        """Wait for a fact that no screen shows."""
        until(self.page, condition, timeout_ms)

    def ask(self, script: str, argument: Any = None) -> Any:
        """Run something in the page."""
        return self.page.evaluate(script, argument)

    def leave_everything(self) -> None:
        """Be free for the next test."""
        for page in self.context.pages:
            leave(page)


WATCH = """(() => {
  const watched = globalThis.watched = { connections: [], tracks: [] };
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...options) {
      super(...options);
      watched.connections.push(this);
    }
  };
  for (const name of ["getUserMedia", "getDisplayMedia"]) {
    const real = navigator.mediaDevices?.[name].bind(navigator.mediaDevices);
    if (real) {
      navigator.mediaDevices[name] = async (...options) => {
        const stream = await real(...options);
        watched.tracks.push(...stream.getTracks());
        return stream;
      };
    }
  }
})();"""
"""Keeps what a page ever opened, to see that it is closed again. The devices and connections stay the real ones."""

LEAVE = """async () => {
  const state = () => globalThis.callinvite?.service.state;
  const isNew = () => document.readyState !== "complete" || state()?.connection === "connecting";
  for (const late = performance.now() + 5_000; isNew() && performance.now() < late;) {
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
  const { service } = globalThis.callinvite ?? {};
  for (const call of ["open", "polling"].includes(state()?.connection) ? state().calls : []) {
    const { can } = call.you;
    if (can.includes("end")) { await service.end(call.call_id); }
    else if (can.includes("leave")) { await service.leave(call.call_id); }
    else if (can.includes("reject")) { await service.reject({ callID: call.call_id }); }
  }
}"""


def until(page: Page, condition: str, timeout_ms: int = WAIT_MS) -> None:
    """Wait until a JavaScript condition holds. (Playwright's own way needs `eval`, which our pages forbid.)"""
    page.evaluate(
        """(ms) => new Promise((resolve, reject) => {
          const late = performance.now() + ms;
          const holds = () => { try { return [CONDITION, ""]; } catch (error) { return [false, ` (${error})`]; } };
          const look = () => {
            const [so, why] = holds();
            if (so) { resolve(true); }
            else if (performance.now() > late) { reject(new Error("Still not so: " + String.raw`CONDITION` + why)); }
            else { setTimeout(look, 10); }
          };
          look();
        })""".replace("CONDITION", condition),
        timeout_ms,
    )


def until_any(found: list[Any], page: Page) -> None:
    """Wait until something of the page has been found."""
    for _ in range(WAIT_MS // POLL_MS):
        if found:
            return
        # Playwright takes in requests only while it waits.
        page.wait_for_timeout(POLL_MS)
    raise AssertionError("nothing came")


def leave(page: Page) -> None:
    """Take a page out of every call. One that is just going elsewhere is asked where it arrives."""
    for _ in range(DOCUMENTS_MOST):
        if page.is_closed():
            return
        try:
            page.evaluate(LEAVE)
        except Error as error:
            if "Execution context was destroyed" not in error.message:
                raise
            page.wait_for_load_state()
        else:
            return
    raise AssertionError(f"{page.url} does not come to rest")


def connected(page: Page) -> None:
    until(page, "globalThis.callinvite?.service.state.connection === 'open'")
    expect(page.locator("people-view .person").first).to_be_attached()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    env = {"CALLINVITE_ORIGINS": other_site.ORIGIN}
    with layout.running(tmp_path_factory.mktemp("product") / "data", env=env) as running:
        yield running


@pytest.fixture(scope="package")
def sessions(server: RunningServer) -> dict[str, list[Any]]:
    """Everybody's cookies, from signing in once in the page."""
    return sign_everybody_in(server)


@pytest.fixture
def person(browser: Browser, server: RunningServer, sessions: dict[str, list[Any]]) -> Iterator[Callable[..., Person]]:
    """`person("bob")`: bob at a fresh browser profile; called twice it is bob at two devices."""
    there: list[Person] = []

    def arrive(name: str, **profile: Any) -> Person:
        context = browser.new_context(**profile)
        context.add_init_script(WATCH)
        context.add_cookies(sessions[name])
        somebody = Person(name, context, server)
        there.append(somebody)
        return somebody

    yield arrive
    # Whatever goes wrong with one of them, all leave, and nobody is in a call in the next test.
    with ExitStack() as parting:
        for each in there:
            parting.callback(each.context.close)
        for each in there:
            parting.callback(each.leave_everything)
    complaints = list(itertools.chain.from_iterable(each.complaints for each in there))
    assert complaints == []


@pytest.fixture
def alice(person: Callable[..., Person]) -> Person:
    return person("alice")


@pytest.fixture
def bob(person: Callable[..., Person]) -> Person:
    return person("bob")


@pytest.fixture
def waiting_bob(bob: Person) -> Iterator[Person]:
    """Bob, whose second caller rings while he is in a call."""
    bob.ask("callinvite.service.updateMe({ call_waiting: true })")
    yield bob
    bob.ask("callinvite.service.updateMe({ call_waiting: false })")


@pytest.fixture
def carol(person: Callable[..., Person]) -> Person:
    return person("carol")
