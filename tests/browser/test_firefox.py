"""A real Firefox on the running product, and the harness that drives it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.firefox import Firefox, PageError, Tab, network_missing
from tests.support.server import DEMO_PASSWORD, RunningServer
from tests.support.services import Missing


@pytest.fixture(scope="module")
def firefox() -> Iterator[Firefox]:
    try:
        with Firefox() as running:
            yield running
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def tab(firefox: Firefox) -> Iterator[Tab]:
    opened = firefox.open(apart=True)
    yield opened
    opened.close()


def test_alice_signs_in_and_sees_the_people(tab: Tab, server: RunningServer) -> None:
    tab.navigate(f"{server.url}/sign-in/")
    tab.click("input[name=username]")
    tab.type("alice")
    tab.click("input[name=password]")
    tab.type(DEMO_PASSWORD)
    tab.press("Sign in")

    tab.until("document.querySelectorAll('people-view .person').length === 3")
    tab.until("globalThis.callinvite.service.state.connection === 'open'")
    assert tab.complaints == []


def test_cookies_from_another_browser_are_a_session_here(
    tab: Tab, server: RunningServer, sessions: dict[str, list[Any]]
) -> None:
    tab.set_cookies(sessions["bob"])
    tab.navigate(server.url)
    tab.reload()

    tab.until("globalThis.callinvite?.service.state.connection === 'open'")
    assert tab.url == f"{server.url}/"


def test_two_tabs_apart_are_two_people(firefox: Firefox, server: RunningServer, sessions: dict[str, list[Any]]) -> None:
    tabs = {name: firefox.open(apart=True) for name in ("alice", "bob")}
    for name, each in tabs.items():
        each.set_cookies(sessions[name])
        each.navigate(server.url)

    for name, each in tabs.items():
        each.until("document.querySelectorAll('people-view .person').length === 3")
        assert name.capitalize() not in each.evaluate("document.querySelector('people-view').textContent")
        each.close()


def test_camera_and_microphone_give_live_tracks(tab: Tab, server: RunningServer) -> None:
    tab.navigate(f"{server.url}/sign-in/")

    tracks = tab.evaluate(
        """navigator.mediaDevices.getUserMedia({ audio: true, video: true })
            .then((stream) => stream.getTracks().map((track) => [track.kind, track.readyState]))"""
    )
    assert sorted(tracks) == [["audio", "live"], ["video", "live"]]


CONNECT = """(async () => {
  const [here, there] = [new RTCPeerConnection(), new RTCPeerConnection()];
  here.onicecandidate = ({ candidate }) => there.addIceCandidate(candidate);
  there.onicecandidate = ({ candidate }) => here.addIceCandidate(candidate);
  const arrived = new Promise((resolve) => {
    there.ondatachannel = ({ channel }) => { channel.onmessage = ({ data }) => resolve(data); };
  });
  const channel = here.createDataChannel("words");
  channel.onopen = () => channel.send("hello");
  await here.setLocalDescription();
  await there.setRemoteDescription(here.localDescription);
  await there.setLocalDescription();
  await here.setRemoteDescription(there.localDescription);
  return await arrived;
})()"""


def test_two_peers_in_one_page_connect(tab: Tab, server: RunningServer) -> None:
    if reason := network_missing():
        pytest.skip(reason)
    tab.navigate(f"{server.url}/sign-in/")

    assert tab.evaluate(CONNECT, timeout_seconds=15) == "hello"


def test_a_click_is_a_gesture_of_the_user(tab: Tab, server: RunningServer) -> None:
    tab.navigate(f"{server.url}/sign-in/")
    tab.evaluate(
        """document.querySelector("input[name=username]").addEventListener("click", (event) => {
            globalThis.seen = [event.isTrusted, navigator.userActivation.isActive];
        })"""
    )
    assert tab.evaluate("navigator.userActivation.isActive") is False
    tab.click("input[name=username]")

    assert tab.evaluate("globalThis.seen") == [True, True]


def test_values_errors_and_complaints_arrive(tab: Tab) -> None:
    assert tab.call("(word, more) => ({ word, more, map: new Map([['a', NaN > 1]]) })", "é", [1, None]) == {
        "word": "é",
        "more": [1, None],
        "map": {"a": False},
    }
    with pytest.raises(PageError, match="TypeError: no such thing"):
        tab.evaluate("Promise.reject(new TypeError('no such thing'))")
    with pytest.raises(TimeoutError, match="Still not so"):
        tab.until("false", timeout_seconds=0.05)

    tab.evaluate("console.error('something is wrong')")
    tab.until("true")
    assert [each.partition(": ")[2] for each in tab.complaints] == ["something is wrong"]


def test_a_screenshot_is_a_picture(tab: Tab, tmp_path: Path) -> None:
    assert tab.screenshot(tmp_path / "tab.png").read_bytes().startswith(b"\x89PNG")


def test_nothing_is_left_of_a_firefox_that_was_closed(tmp_path: Path) -> None:
    firefox = Firefox(profile=tmp_path / "profile")
    try:
        firefox.start()
        process = firefox.process
        firefox.stop()
    except Missing as missing:
        pytest.skip(str(missing))
    finally:
        firefox.kill()

    assert process is not None
    assert process.poll() == 0
    assert (tmp_path / "profile" / "prefs.js").exists()
