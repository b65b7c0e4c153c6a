"""How soon a ring is on the other's screen, and how soon both see each other: `python -m benchmarks.screen`.

Two people in two profiles of one Chromium, at `manage.py serve`. Each figure stands beside a floor of the same minutes,
in the same browser: a ring beside one request of the page and the next frame, the pictures beside two bare connections
in one page that show each other the same camera; so does a reload in a call, out of which one comes back into it.
Prints medians, and the ratio of each to its floor."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from playwright.sync_api import sync_playwright

from benchmarks.first_load import AS_OFTEN_AS_ONE_LIKES
from tests.browser.conftest import ARGUMENTS, CHROMIUM, Person
from tests.support.server import RunningServer
from tests.support.signing_in import sign_everybody_in

MARK_CLICK = """() => addEventListener("click", () => {
  globalThis.clickedAt = performance.timeOrigin + performance.now();
}, { capture: true, once: true })"""
MARK_RING = """() => {
  globalThis.rungAt = null;
  const ring = document.querySelector("incoming-call");
  const seen = new MutationObserver(() => {
    if (!ring.hidden) {
      requestAnimationFrame(() => { globalThis.rungAt = performance.timeOrigin + performance.now(); });
      seen.disconnect();
    }
  });
  seen.observe(ring, { attributes: true, attributeFilter: ["hidden"] });
}"""
MARK_PICTURE = """() => {
  globalThis.playsAt = null;
  const look = () => {
    const video = document.querySelector("call-stage .tile--video:not(.tile--self) video");
    if (video?.videoWidth > 0 && video.currentTime > 0) {
      globalThis.playsAt = performance.timeOrigin + performance.now();
    } else {
      requestAnimationFrame(look);
    }
  };
  look();
}"""
BARE_REQUEST = """async () => {
  const began = performance.now();
  await (await fetch("/api/v1/me", { headers: { Accept: "application/json" } })).json();
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""
BARE_PICTURE = """async () => {
  const began = performance.now();
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  const [one, other] = [new RTCPeerConnection(), new RTCPeerConnection()];
  one.onicecandidate = ({ candidate }) => other.addIceCandidate(candidate);
  other.onicecandidate = ({ candidate }) => one.addIceCandidate(candidate);
  const videos = [one, other].map((end) => {
    const video = document.createElement("video");
    video.autoplay = video.muted = true;
    video.style.cssText = "position: fixed; inset: 0; inline-size: 320px; z-index: 9";
    document.body.append(video);
    end.ontrack = ({ streams }) => { video.srcObject = streams[0]; };
    return video;
  });
  for (const track of stream.getTracks()) { one.addTrack(track, stream); }
  await one.setLocalDescription();
  await other.setRemoteDescription(one.localDescription);
  for (const track of stream.getTracks()) { other.addTrack(track, stream); }
  await other.setLocalDescription();
  await one.setRemoteDescription(other.localDescription);
  const plays = (video) => video.videoWidth > 0 && video.currentTime > 0;
  while (!videos.every(plays)) { await new Promise(requestAnimationFrame); }
  const took = performance.now() - began;
  stream.getTracks().forEach((track) => { track.stop(); });
  for (const part of [one, other]) { part.close(); }
  for (const video of videos) { video.remove(); }
  return took;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rings", type=int, default=15, help="rings that are declined (default: 15)")
    parser.add_argument("--calls", type=int, default=7, help="video calls that are accepted (default: 7)")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="callinvite-screen-") as folder,
        RunningServer(Path(folder) / "data", env=AS_OFTEN_AS_ONE_LIKES) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            sessions = sign_everybody_in(server)
            people = []
            for name in ("alice", "bob"):
                context = browser.new_context()
                context.add_cookies(sessions[name])
                people.append(Person(name, context, server))
            alice, bob = people
            _compare("click to ring on the other's screen", _ring, BARE_REQUEST, alice, bob, options.rings)
            _compare("accept to both pictures", _picture, BARE_PICTURE, alice, bob, options.calls)
            _compare("reload to the other's picture", _reload, BARE_PICTURE, alice, bob, options.calls)
        finally:
            browser.close()


def _compare(
    what: str, measure: Callable[[Person, Person], float], floor: str, alice: Person, bob: Person, rounds: int
) -> None:
    """Measure both in turns, and print the medians. The first round of each is to warm up."""
    took, bare = [], []
    for _ in range(rounds + 1):
        took.append(measure(alice, bob))
        bare.append(alice.ask(floor))
    ours, least = median(took[1:]), median(bare[1:])
    print(f"{what:38} {ours:7.0f} ms   floor {least:7.0f} ms   ratio {ours / least:5.2f}", flush=True)


def _ring(alice: Person, bob: Person) -> float:
    """Milliseconds from the click of the caller to the frame that shows the ring to the other."""
    alice.ask(MARK_CLICK)
    bob.ask(MARK_RING)
    alice.call("Bob")
    bob.until("globalThis.rungAt !== null")
    took: float = bob.ask("globalThis.rungAt") - alice.ask("globalThis.clickedAt")
    bob.reject()
    alice.hears("Declined")
    alice.screen.get_by_role("button", name="Close").last.click()
    return took


def _picture(alice: Person, bob: Person) -> float:
    """Milliseconds from the click on "Accept" to the later of the two first pictures of the other."""
    bob.ask(MARK_CLICK)
    _see_each_other(alice, bob)
    took: float = max(each.ask("globalThis.playsAt") for each in (alice, bob)) - bob.ask("globalThis.clickedAt")
    _part(alice, bob)
    return took


def _reload(alice: Person, bob: Person) -> float:
    """Milliseconds from the begin of a page's reload in a call to the first picture of the other in it."""
    _see_each_other(alice, bob)
    alice.page.reload(wait_until="commit")
    alice.ask(MARK_PICTURE)
    alice.until("globalThis.playsAt !== null")
    took: float = alice.ask("globalThis.playsAt - performance.timeOrigin")
    _part(alice, bob)
    return took


def _see_each_other(alice: Person, bob: Person) -> None:
    alice.call("Bob")
    bob.rings("Alice")
    for each in (alice, bob):
        each.ask(MARK_PICTURE)
    bob.accept()
    for each in (alice, bob):
        each.until("globalThis.playsAt !== null")


def _part(alice: Person, bob: Person) -> None:
    bob.hang_up()
    alice.hears("Call ended")
    for each in (alice, bob):
        each.screen.get_by_role("button", name="Close").last.click()


if __name__ == "__main__":
    main()
