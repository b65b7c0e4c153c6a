"""Settings: the theme, what one calls with, how loud it rings, and devices that are called alike."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx2
from playwright.sync_api import expect

from tests.browser.conftest import Person, connected
from tests.support.server import DEMO_PASSWORD, RunningServer
from tests.support.signing_in import sign_in_by

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
GROUND = "getComputedStyle(document.body).backgroundColor"
DARK = "rgb(18, 21, 31)"
LIGHT = "rgb(245, 246, 250)"


def test_a_theme_is_taken_at_once_and_kept_in_this_browser(alice: Person) -> None:
    alice.show("Settings")
    theme = alice.page.get_by_label("Theme")
    expect(theme).to_have_value("system")
    assert alice.ask(GROUND) == LIGHT
    theme.select_option("dark")
    assert alice.ask(GROUND) == DARK
    alice.page.reload()
    connected(alice.page)
    assert alice.ask(GROUND) == DARK
    assert alice.ask("document.querySelector('meta[name=theme-color][media=all]').content") == "#12151f"
    expect(theme).to_have_value("dark")
    theme.select_option("system")
    assert alice.ask(GROUND) == LIGHT
    assert "callinvite_theme" not in alice.ask("document.cookie")


def test_the_settings_fit_the_narrowest_phone(alice: Person) -> None:
    alice.page.set_viewport_size({"width": 320, "height": 568})
    alice.page.evaluate("location.hash = 'settings'")
    expect(alice.page.locator("account-links a").first).to_be_visible()
    expect(alice.page.locator("device-list .device").first).to_be_visible()
    groups = "[...document.querySelectorAll('settings-view .settings__group')]"
    assert alice.ask(f"{groups}.filter((each) => each.getBoundingClientRect().right > innerWidth).length") == 0


def test_a_microphone_is_chosen_and_tried_and_closed_again(alice: Person) -> None:
    alice.show("Settings")
    view = alice.page.locator("media-settings")
    view.get_by_role("button", name="Try microphone").click()
    expect(view.get_by_role("meter", name="How loud you are")).to_be_visible()
    # The false microphone beeps.
    alice.until("document.querySelector('media-settings meter').value > 0.1")
    choice = view.get_by_label("Microphone")
    expect(choice).to_be_enabled()
    wanted = choice.locator("option").last.get_attribute("value")
    choice.select_option(wanted)
    alice.until(f"callinvite.talk.local.microphoneTrack?.getSettings().deviceId === '{wanted}'")
    assert alice.ask("callinvite.talk.local.chosen('microphone')") == wanted
    view.get_by_role("button", name="Stop").click()
    expect(view.get_by_role("meter")).to_be_hidden()
    alice.until("watched.tracks.every((track) => track.readyState === 'ended')")


def test_a_camera_is_tried_and_closed_when_the_view_is_left(alice: Person) -> None:
    alice.show("Settings")
    alice.page.get_by_role("button", name="Try camera").click()
    alice.until("document.querySelector('media-settings video').videoWidth > 0")
    alice.show("People")
    alice.until("watched.tracks.length > 0 && watched.tracks.every((track) => track.readyState === 'ended')")


def test_nothing_is_tried_in_a_call(alice: Person, bob: Person) -> None:
    alice.call("Bob", "Audio")
    bob.rings("Alice")
    bob.accept()
    alice.is_connected_to("Bob")
    alice.screen.get_by_role("button", name="Back to the app").click()
    alice.show("Settings")
    expect(alice.page.get_by_role("button", name="Try camera")).to_be_disabled()
    expect(alice.page.get_by_text("You're in a call. A choice counts at once; a try has to wait.")).to_be_visible()


def test_the_volume_of_rings_is_kept(bob: Person) -> None:
    bob.page.get_by_role("button", name="Turn on ringing").click()
    bob.until("callinvite.ringer.audible")
    bob.show("Settings")
    bob.page.get_by_label("Ring volume").fill("0.3")
    assert bob.ask("callinvite.ringer.volume") == 0.3
    bob.page.reload()
    connected(bob.page)
    assert bob.ask("callinvite.ringer.volume") == 0.3


def test_devices_that_are_called_alike_are_told_apart(person: Callable[..., Person]) -> None:
    first, second = person("dave"), person("dave")
    second.show("Settings")
    rows = second.page.locator("device-list .device")
    expect(rows.filter(has_text="this browser")).to_have_count(1)
    names = second.page.locator("device-list .device__name").all_inner_texts()
    assert len(set(names)) == len(names) >= 2
    assert all(re.fullmatch(r"Chrome on Linux \(\d+\)", name) for name in names)
    expect(rows.first).to_contain_text("In use now")
    expect(rows.last).to_contain_text("Added")
    assert first.complaints == []


def test_where_one_is_signed_in_is_one_list_and_all_of_it_can_be_signed_out(
    person: Callable[..., Person], server: RunningServer
) -> None:
    """A browser that never opened the app, another that did, and an app; by keyboard."""
    with (
        httpx2.Client(base_url=server.url, headers={"user-agent": FIREFOX}, timeout=30) as firefox,
        httpx2.Client(base_url=server.url, timeout=30) as app,
    ):
        sign_in_by(firefox, "carol")
        form = {"username": "carol", "password": DEMO_PASSWORD, "device_name": "Carol's phone", "device_id": "phone-1"}
        app.headers["authorization"] = f"Bearer {app.post('/api/v1/auth/token', json=form).json()['token']}"
        carol = person("carol")
        carol.show("Settings")
        rows = carol.page.locator("device-list .device")
        expect(rows.first).to_contain_text("this browser")
        expect(rows.first).to_contain_text("IP address 127.0.0.1")
        for name, client in (("Firefox on Linux", firefox), ("Carol's phone", app)):
            assert client.get("/api/v1/me").status_code == 200
            row = rows.filter(has_text=name)
            row.get_by_role("button", name=f"Sign out {name}").press("Enter")
            expect(carol.page.get_by_text(f"{name} was signed out.")).to_be_visible()
            expect(row).to_have_count(0)
            assert client.get("/api/v1/me").status_code == 401

        firefox.cookies.clear()
        sign_in_by(firefox, "carol")
        carol.show("People")
        carol.show("Settings")
        expect(rows.filter(has_text="Firefox on Linux")).to_be_visible()
        carol.page.get_by_role("button", name="Sign out all others").press("Enter")
        question = carol.page.get_by_role("group", name="Sign out everywhere but here?")
        expect(question.get_by_role("button", name="Cancel")).to_be_focused()
        carol.page.keyboard.press("Escape")
        expect(question).to_have_count(0)
        assert firefox.get("/api/v1/me").status_code == 200
        carol.page.keyboard.press("Enter")
        question.get_by_role("button", name="Sign out all others").press("Enter")
        expect(carol.page.get_by_text("All others were signed out.")).to_be_visible()
        expect(rows.filter(has_text="Firefox on Linux")).to_have_count(0)
        expect(carol.page.get_by_role("button", name="Sign out all others")).to_be_hidden()
        assert firefox.get("/api/v1/me").status_code == 401
        assert carol.ask("callinvite.service.me().then((me) => me.id)") == "carol"
        assert carol.complaints == []
