"""Contacts on the pages: asking, answering, who comes first, and directories that list nobody else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Browser, Page, Route, expect

from tests.browser.accessibility import faults
from tests.browser.conftest import WAIT_MS, Person, until, until_any
from tests.support import layout
from tests.support.server import RunningServer
from tests.support.signing_in import sign_everybody_in, sign_in

ASK = "([id, message]) => callinvite.service.askContact(id, { message })"
ACCEPT = "(id) => callinvite.service.acceptContact(id)"
PRESENCE_MS = 25_000
"""Who is online is looked at every ten seconds."""
HEAR = """() => {
  globalThis.told = {};
  callinvite.service.on("contactChanged", ({ user, contact }) => { told[user.id] = contact?.state ?? null; });
}"""


@contextmanager
def held_back(page: Page, address: str) -> Iterator[list[Any]]:
    """What the server answers there reaches the page only afterwards; gives what is held back so far."""
    held: list[tuple[Route, APIResponse]] = []
    is_over = False

    def take(route: Route) -> None:
        answer = route.fetch()
        if is_over:
            route.fulfill(response=answer)
        else:
            held.append((route, answer))

    page.route(address, take)
    yield held
    is_over = True
    for route, answer in held:
        route.fulfill(response=answer)
    page.unroute(address)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One of its own: elsewhere nobody has contacts."""
    with layout.running(tmp_path_factory.mktemp("contacts") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def sessions(server: RunningServer) -> dict[str, list[Any]]:
    return sign_everybody_in(server)


def test_somebody_found_by_searching_is_asked_and_answers_by_the_keyboard(alice: Person, bob: Person) -> None:
    bob.page.get_by_role("searchbox").fill("ali")
    bob.page.get_by_role("button", name="Add Alice to your contacts").press("Enter")
    dialog = bob.page.get_by_role("dialog", name="Ask Alice to be your contact?")
    expect(dialog).to_be_visible()
    assert faults(bob.page) == []
    bob.page.keyboard.type("We met at the fair.")
    bob.page.keyboard.press("Enter")
    expect(bob.page.get_by_text("Alice has been asked.")).to_be_visible()
    expect(bob.page.get_by_role("button", name="Add Alice to your contacts")).to_be_hidden()

    tabs = alice.page.get_by_role("navigation")
    expect(tabs.get_by_role("link", name="People")).to_have_accessible_name(re.compile("^People ?, 1 request$"))
    requests = alice.page.locator("contact-requests")
    expect(requests).to_contain_text("Bob (@bob) asks to be let in")
    expect(requests).to_contain_text("“We met at the fair.”")
    assert faults(alice.page) == []
    requests.get_by_role("button", name="Accept Bob (@bob) as a contact").press("Enter")
    expect(alice.page.get_by_role("list", name="Contacts").get_by_role("link", name="Bob")).to_be_visible()
    expect(requests).to_be_hidden()
    expect(tabs.get_by_role("link", name="People", exact=True)).to_be_visible()
    # The focus stays in the page although what it was on has gone.
    assert alice.ask("document.activeElement !== document.body")

    bob.page.get_by_role("searchbox").fill("")
    row = bob.page.get_by_role("list", name="Contacts").locator("[data-person=alice]")
    expect(row).to_contain_text("Online", timeout=PRESENCE_MS)
    expect(bob.page.locator("people-view [data-person=alice]")).to_have_count(1)


def test_not_now_is_not_told_to_the_one_who_asked(carol: Person, person: Callable[..., Person]) -> None:
    dave = person("dave")
    dave.ask(ASK, ["carol", ""])
    carol.page.get_by_role("button", name="Not now: Dave (@dave)").click()
    expect(carol.page.locator("contact-requests")).to_be_hidden()
    expect(carol.page.locator("requests-badge")).to_be_hidden()
    assert dave.ask("callinvite.service.contact('carol').then(({ state }) => state)") == "asked"


def test_favourites_come_first_on_all_devices(carol: Person, person: Callable[..., Person], alice: Person) -> None:
    dave = person("dave", viewport={"width": 320, "height": 568}, color_scheme="dark")
    for asks, id in ((carol, "dave"), (alice, "dave")):
        asks.ask(ASK, [id, ""])
        dave.ask(ACCEPT, asks.name)
    expect(dave.page.get_by_role("list", name="Contacts").locator("li")).to_have_count(2)
    second = dave.open()
    dave.ask("callinvite.service.setFavourite('carol', true)")
    for page in (dave.page, second):
        expect(page.get_by_role("list", name="Favourites").locator("li")).to_have_attribute("data-person", "carol")
    until(
        dave.page,
        "[...document.querySelectorAll('people-view .person')].map((each) => each.dataset.person).join() ==="
        " 'carol,alice,bob'",
    )
    assert faults(dave.page) == []


def test_an_answer_that_comes_late_takes_back_nothing_that_was_told_meanwhile(bob: Person, carol: Person) -> None:
    bob.ask(HEAR)
    with held_back(bob.page, "**/api/v1/contacts"):
        bob.page.get_by_role("searchbox").fill("car")
        bob.page.get_by_role("button", name="Add Carol to your contacts").click()
        bob.page.get_by_role("dialog").get_by_role("button", name="Ask", exact=True).click()
        bob.until("told.carol === 'asked'")
        carol.ask(ACCEPT, "bob")
        bob.until("told.carol === 'contact'")
    expect(bob.page.get_by_text("Carol has been asked.")).to_be_visible()
    bob.page.get_by_role("searchbox").fill("")
    expect(bob.page.get_by_role("list", name="Contacts").get_by_role("link", name="Carol")).to_be_visible()


def test_a_list_that_comes_late_takes_back_nothing_that_was_told_meanwhile(
    carol: Person, alice: Person, person: Callable[..., Person]
) -> None:
    carol.ask(ASK, ["dave", ""])
    person("dave").ask(ACCEPT, "carol")
    carol.ask(ASK, ["alice", ""])
    contacts = carol.page.locator("contact-list")
    with held_back(carol.page, "**/api/v1/contacts?*") as read:
        carol.page.reload()
        carol.until("globalThis.callinvite?.service.state.connection === 'open'")
        carol.ask(HEAR)
        until_any(read, carol.page)
        alice.ask(ACCEPT, "carol")
        carol.until("told.alice === 'contact'")
        expect(contacts.locator("[data-person=dave]")).to_be_hidden()
    expect(contacts.locator("[data-person=dave]")).to_be_visible()
    assert contacts.locator("[data-person=alice]").is_visible()


@pytest.mark.parametrize("directory", ["exact", "contacts"])
def test_nobody_else_is_listed_and_whose_id_one_knows_can_be_asked(
    browser: Browser, tmp_path: Path, directory: str
) -> None:
    with layout.running(tmp_path / "data", env={"CALLINVITE_DIRECTORY": directory}) as server:
        pages = []
        for name in ("alice", "bob"):
            context = browser.new_context()
            context.add_cookies(sign_in(server, name))
            page = context.new_page()
            page.set_default_timeout(WAIT_MS)
            page.goto(server.url)
            until(page, "globalThis.callinvite?.service.state.connection === 'open'")
            pages.append(page)
        alice, bob = pages
        expect(alice.get_by_text("You have no contacts yet.")).to_be_visible()
        alice.get_by_role("searchbox").fill("bob")
        if directory == "exact":
            alice.get_by_role("button", name="Add Bob to your contacts").click()
        else:
            alice.get_by_role("button", name="Ask “bob”").click()
        alice.get_by_role("button", name="Ask", exact=True).click()
        bob.get_by_role("button", name="Accept Alice (@alice) as a contact").click()
        # Until the answer is there, nothing can be typed beside the dialog.
        expect(alice.get_by_role("dialog")).to_have_count(0)
        alice.get_by_role("searchbox").fill("")
        expect(alice.get_by_role("list", name="Contacts").locator("[data-person=bob]")).to_contain_text(
            "Online", timeout=PRESENCE_MS
        )
        expect(alice.locator("people-view .person")).to_have_count(1)
        assert faults(alice) == []
        for page in pages:
            page.context.close()
