"""Takes the pictures of the README from the running product: `python docs/screenshots/make.py [--all FOLDER]`.

With `--all` it takes every screen at desktop and phone size, light and dark, to be looked at after a change."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from docs.screenshots.faces import film  # noqa: E402
from tests.support.server import DEMO_USERS, RunningServer  # noqa: E402
from tests.support.signing_in import sign_everybody_in  # noqa: E402

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
ARGUMENTS = [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--auto-select-desktop-capture-source=Entire",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
]
SEND = """([invitees, seconds, message]) => {
  const button = document.createElement("send-call-invitation-button");
  button.setAttribute("invitees", invitees);
  button.setAttribute("is-video-call", "");
  button.setAttribute("timeout-seconds", seconds);
  button.setAttribute("notification-message", message);
  document.querySelector("#main").append(button);
  return button.send().then((sent) => { button.remove(); return sent; });
}"""
LEAVE = """async () => {
  const { service } = callinvite;
  for (const call of service.state.calls) {
    const { can } = call.you;
    if (can.includes("end")) { await service.end(call.call_id); }
    else if (can.includes("leave")) { await service.leave(call.call_id); }
    else if (can.includes("reject")) { await service.reject({ callID: call.call_id }); }
  }
  document.querySelector("call-screen .call__top .button:not([hidden])")?.click();
  for (const toast of document.querySelectorAll(".toast")) { toast.remove(); }
}"""


class Stage:
    """People with a page each, everyone in a browser whose camera films them; Alice's page is the one pictured."""

    def __init__(
        self,
        browsers: dict[str, Browser],
        server: RunningServer,
        size: dict[str, int],
        theme: str,
        cookies: dict[str, Any],
    ):
        self.server = server
        self.contexts: list[BrowserContext] = []
        self.pages: dict[str, Page] = {}
        for name, browser in browsers.items():
            context = browser.new_context(
                viewport=size,  # type: ignore[arg-type]
                color_scheme=theme,  # type: ignore[arg-type]
                device_scale_factor=1,
                permissions=["camera", "microphone"],
            )
            context.add_cookies(cookies[name])
            self.contexts.append(context)
            self.pages[name] = context.new_page()
            self.pages[name].goto(server.url)
            self.pages[name].locator("people-view .person").first.wait_for()
        self.alice, self.bob, self.carol = (self.pages[name] for name in ("alice", "bob", "carol"))

    def call(self, page: Page, invitees: str, seconds: int = 60, text: str = "") -> None:
        page.evaluate(SEND, [invitees, str(seconds), text])

    def accept(self, page: Page) -> None:
        page.locator(".answer--accept:visible").click()
        page.locator("call-screen [role=timer]:visible").wait_for()

    def clear(self) -> None:
        for page in self.pages.values():
            page.evaluate(LEAVE)
        for page in self.pages.values():
            page.locator("call-screen").wait_for(state="hidden", timeout=15_000)
            page.locator("incoming-call").wait_for(state="hidden")
        self.alice.goto(f"{self.server.url}/#people")

    def close(self) -> None:
        for context in self.contexts:
            context.close()


def people(stage: Stage) -> None:
    stage.alice.locator("[data-person=carol] [data-online]").wait_for(timeout=20_000)


def incoming(stage: Stage) -> None:
    stage.call(stage.bob, "alice", text="Can we talk about the picnic on Sunday?")
    stage.alice.locator("incoming-call").wait_for()


def replies(stage: Stage) -> None:
    incoming(stage)
    stage.alice.get_by_role("button", name="Decline with a message").click()


def group_ring(stage: Stage) -> None:
    stage.call(stage.bob, "alice,carol,dave")
    stage.alice.locator("incoming-call").wait_for()


def outgoing(stage: Stage) -> None:
    stage.call(stage.alice, "bob:Bob")
    stage.alice.get_by_text("Ringing").first.wait_for()


def unreached(stage: Stage) -> None:
    stage.call(stage.alice, "dave:Dave")
    stage.alice.get_by_text("devices can't be reached").wait_for()


def outgoing_group(stage: Stage) -> None:
    stage.call(stage.alice, "bob:Bob,carol:Carol,dave:Dave")
    stage.carol.locator(".answer--reject:visible").wait_for()
    stage.carol.get_by_role("button", name="Decline with a message").click()
    stage.carol.get_by_role("button", name="Give me five minutes.").click()
    stage.alice.locator("call-screen").get_by_text("Give me five").wait_for()
    stage.alice.get_by_text("devices can't be reached").wait_for()


def rejected(stage: Stage) -> None:
    stage.call(stage.alice, "bob:Bob")
    stage.bob.get_by_role("button", name="Decline with a message").click()
    stage.bob.get_by_role("button", name="I'm in a meeting.").click()
    stage.alice.get_by_role("button", name="Call again").wait_for()


def sees(page: Page, others: int) -> None:
    """Wait until the others' pictures move, and are as sharp as they get."""
    moving = (
        "(n) => new Promise((resolve) => { const look = () => { const all = [...document.querySelectorAll("
        "'call-stage .tile--video:not(.tile--self) video')]; if (all.length >= n && all.every((each) => "
        "each.videoWidth > 0 && each.currentTime > 2.5)) { resolve(); } else { setTimeout(look, 50); } }; look(); })"
    )
    page.evaluate(moving, others)


def connected(stage: Stage) -> None:
    stage.call(stage.alice, "bob:Bob")
    stage.accept(stage.bob)
    stage.alice.locator("call-screen [role=timer]:visible").wait_for()
    sees(stage.alice, 1)


def muted(stage: Stage) -> None:
    connected(stage)
    stage.bob.keyboard.press("v")
    stage.bob.keyboard.press("m")
    stage.alice.locator(".tile--main.tile--quiet:not(.tile--video)").wait_for()


def more(stage: Stage) -> None:
    connected(stage)
    stage.alice.get_by_role("button", name="More").click()


def asked(stage: Stage) -> None:
    connected_group(stage)
    stage.alice.get_by_role("button", name="Hang up").click()


def audio(stage: Stage) -> None:
    stage.alice.get_by_role("button", name="Audio call to Bob").click()
    stage.accept(stage.bob)
    stage.alice.locator("call-screen .quality:visible").wait_for()


def audio_offer(stage: Stage) -> None:
    audio(stage)
    stage.bob.keyboard.press("v")
    sees(stage.alice, 1)


def trouble(stage: Stage) -> None:
    stage.alice.evaluate(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))"
    )
    audio(stage)


def connected_group(stage: Stage) -> None:
    stage.call(stage.alice, "bob:Bob,carol:Carol,dave:Dave")
    stage.accept(stage.bob)
    stage.accept(stage.carol)
    stage.alice.get_by_role("heading", name="Bob and Carol").wait_for()
    sees(stage.alice, 2)


def shared_screen(stage: Stage) -> None:
    connected_group(stage)
    stage.carol.keyboard.press("s")
    stage.alice.locator(".tile--screen.tile--main.tile--video").wait_for()
    sees(stage.alice, 2)


def minimised(stage: Stage) -> None:
    connected(stage)
    stage.alice.get_by_role("button", name="Back to the app").click()


def picker(stage: Stage) -> None:
    connected(stage)
    stage.alice.get_by_role("button", name="Add people").click()
    stage.alice.locator("people-picker .person__check").first.check()


def recents(stage: Stage) -> None:
    stage.call(stage.bob, "alice", seconds=1)
    stage.alice.locator("incoming-call").wait_for()
    stage.alice.locator("incoming-call").wait_for(state="hidden")
    stage.alice.goto(f"{stage.server.url}/#recents")
    stage.alice.locator(".recent").first.wait_for()


def timeline(stage: Stage) -> None:
    recents(stage)
    stage.alice.locator("recents-view").get_by_role("link", name="What happened?").first.click()
    stage.alice.locator(".timeline__entry").first.wait_for()


def settings(stage: Stage) -> None:
    stage.alice.goto(f"{stage.server.url}/#settings")
    stage.alice.locator(".device").first.wait_for()
    stage.alice.get_by_role("button", name="Turn on ringing").first.click()
    stage.alice.get_by_text("This browser now rings").wait_for()


def choosing(stage: Stage) -> None:
    stage.alice.get_by_role("button", name="Group call").click()
    for each in stage.alice.locator("people-view .person__check").all()[:2]:
        each.check()


def nobody(stage: Stage) -> None:
    stage.alice.get_by_role("searchbox", name="Search people").fill("zebra")
    stage.alice.get_by_text("No results for").wait_for()


def refused(stage: Stage) -> None:
    stage.call(stage.alice, "nobody-here:Nobody Here")
    stage.alice.get_by_text("doesn't have an account here").wait_for()


SCREENS: dict[str, Callable[[Stage], None]] = {
    each.__name__.replace("_", "-"): each
    for each in (
        people, incoming, replies, group_ring, outgoing, unreached, outgoing_group, rejected, connected,
        connected_group, shared_screen, muted, more, asked, audio, audio_offer, trouble,
        minimised, picker, recents, timeline, choosing, nobody, refused, settings,
    )
}  # fmt: skip


def take_all(browsers: dict[str, Browser], server: RunningServer, folder: Path, only: list[str]) -> None:
    """Every screen in every size and theme."""
    folder.mkdir(parents=True, exist_ok=True)
    cookies = sign_everybody_in(server)
    for size, theme in ((DESKTOP, "light"), (PHONE, "dark"), (PHONE, "light"), (DESKTOP, "dark")):
        tag = f"{'phone' if size is PHONE else 'desktop'}-{theme}"
        if only and tag not in only and not set(only) & set(SCREENS):
            continue
        stage = Stage(browsers, server, size, theme, cookies)
        for name, play in SCREENS.items():
            if not only or tag in only or name in only:
                play(stage)
                settle(stage.alice)
                stage.alice.screenshot(path=folder / f"{tag}-{name}.png")
                stage.clear()
        stage.close()
        strangers(browsers["alice"], server, size, theme, folder / tag)


def strangers(browser: Browser, server: RunningServer, size: dict[str, int], theme: str, prefix: Path) -> None:
    """The pages that people see before they sign in."""
    context = browser.new_context(viewport=size, color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    for name, address in {"sign-in": "/sign-in/", "sign-up": "/sign-up/", "not-found": "/nowhere/"}.items():
        page.goto(server.url + address)
        page.screenshot(path=f"{prefix}-{name}.png")
    page.goto(f"{server.url}/sign-in/")
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    page.screenshot(path=f"{prefix}-sign-in-wrong.png")
    context.close()


def settle(page: Page) -> None:
    """Wait until animations have ended."""
    page.evaluate(
        "Promise.all(document.getAnimations().filter((each) => each.effect.getTiming().iterations !== Infinity)"
        ".map((each) => each.finished.catch(() => null)))"
    )


def take_for_readme(browsers: dict[str, Browser], server: RunningServer) -> None:
    """The few pictures that the README and the documentation show."""
    cookies = sign_everybody_in(server)
    for name, screen, size, theme in (
        ("incoming", "incoming", DESKTOP, "light"),
        ("incoming-phone", "incoming", PHONE, "dark"),
        ("outgoing-group", "outgoing-group", DESKTOP, "dark"),
        ("people", "people", DESKTOP, "light"),
        ("call", "connected", DESKTOP, "light"),
        ("call-phone", "connected", PHONE, "dark"),
        ("call-group", "connected-group", DESKTOP, "dark"),
    ):
        stage = Stage(browsers, server, size, theme, cookies)
        SCREENS[screen](stage)
        settle(stage.alice)
        stage.alice.screenshot(path=HERE / f"{name}.png")
        stage.clear()
        stage.close()


def main() -> None:
    """Start a server on a fresh data directory, and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every screen in every size and theme, into FOLDER")
    parser.add_argument("only", nargs="*", help="with --all: names of screens, or of sizes such as phone-dark")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        RunningServer(Path(folder) / "data", env={"CALLINVITE_SIGNUP": "open"}) as server,
        sync_playwright() as playwright,
    ):
        browsers = {
            name: playwright.chromium.launch(
                executable_path="/usr/bin/chromium",
                args=[*ARGUMENTS, f"--use-file-for-fake-video-capture={film(name, Path(folder))}"],
            )
            for name in DEMO_USERS
            if name != "dave"
        }
        if options.all:
            take_all(browsers, server, options.all, options.only)
        else:
            take_for_readme(browsers, server)
        for browser in browsers.values():
            browser.close()


if __name__ == "__main__":
    main()
