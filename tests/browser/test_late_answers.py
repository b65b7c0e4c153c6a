"""A slow line: what was chosen, told or given up meanwhile is not undone by an answer that comes late, or never."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, Route, WebSocketRoute, expect

from tests.browser.conftest import Person, connected, until_any

ME, BLOCKS, CONTACTS = "**/api/v1/me", "**/api/v1/blocks/**", "**/api/v1/contacts/**"
GIVEN_UP_MS = 30_000
"""Verbs are repeated for some ten seconds."""
HISTORY = "**/api/v1/calls?*"
SETTLE = "(changes) => callinvite.service.updateMe(changes)"
TO = "To (the next day, if earlier)"


class Held:
    """Requests of one method to one address that go on only when they are let go."""

    def __init__(self, page: Page, address: str, method: str) -> None:
        self.page = page
        self.address = address
        self.method = method
        self.routes: list[Route] = []

    def take(self, route: Route) -> None:
        if route.request.method == self.method:
            self.routes.append(route)
        else:
            route.continue_()

    def wait(self) -> None:
        """Wait until one is held."""
        until_any(self.routes, self.page)

    def let_go(self) -> None:
        """The first of them goes on."""
        self.routes.pop(0).continue_()

    def lose(self) -> None:
        """The first of them is lost."""
        self.routes.pop(0).abort()


@contextmanager
def held(page: Page, address: str, method: str) -> Iterator[Held]:
    """Hold requests back; those that are left go on in the end."""
    hold = Held(page, address, method)
    page.route(address, hold.take)
    yield hold
    for route in hold.routes:
        route.continue_()
    page.unroute(address)


def test_a_call_that_was_given_up_unanswered_does_not_ring_on_beside_the_next_one(
    person: Callable[..., Person], alice: Person, carol: Person
) -> None:
    bob = person("bob")
    late: list[tuple[WebSocketRoute, Any]] = []
    is_free: list[bool] = []

    def slow(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def send(text: Any) -> None:
            if '"verb":"send"' in str(text) and not is_free:
                late.append((server, text))
            else:
                server.send(text)

        socket.on_message(send)

    bob.page.route_web_socket("**/ws/v1/live**", slow)
    bob.page.reload()
    connected(bob.page)
    bob.call("Alice")
    until_any(late, bob.page)
    bob.screen.get_by_role("button", name="Cancel").click()
    expect(bob.screen).to_be_hidden()
    bob.call("Carol")
    expect(bob.screen.get_by_role("heading", name="Carol", exact=True)).to_be_visible()
    is_free.append(True)
    for server, text in late:
        server.send(text)
    carol.rings("Bob")
    bob.hears("Ringing")
    expect(bob.screen.get_by_role("heading", name="Carol", exact=True)).to_be_visible()
    alice.until("callinvite.service.state.calls.length === 0")
    [_, first] = bob.ask("callinvite.service.history({ pageSize: 2 }).then(({ results }) => results)")
    assert (first["invitations"][0]["invitee"]["id"], first["end_reason"]) == ("alice", "cancelled")


def test_a_call_that_was_given_up_is_hung_up_even_if_its_answer_was_lost(
    person: Callable[..., Person], alice: Person
) -> None:
    bob = person("bob")
    is_deaf: list[bool] = []

    def half(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda text: None if is_deaf else socket.send(text))

    bob.page.route_web_socket("**/ws/v1/live**", half)
    bob.page.reload()
    connected(bob.page)
    bob.page.route("**/api/v1/calls**", lambda route: route.abort())
    is_deaf.append(True)
    bob.call("Alice")
    alice.rings("Bob")
    bob.screen.get_by_role("button", name="Cancel").click()
    expect(bob.screen).to_be_hidden()
    expect(bob.page.get_by_text("The server can't be reached.").first).to_be_visible(timeout=GIVEN_UP_MS)
    is_deaf.clear()
    bob.page.unroute("**/api/v1/calls**")
    expect(alice.ring).to_be_hidden(timeout=GIVEN_UP_MS)
    expect(bob.screen).to_be_hidden()
    bob.until("watched.tracks.every((each) => each.readyState === 'ended')")


def test_who_is_blocked_stays_so_on_their_page_where_nothing_can_be_read(alice: Person) -> None:
    alice.ask("callinvite.service.block('carol')")
    alice.ask("location.hash = 'person/carol'")
    unblock = alice.page.get_by_role("button", name="Unblock", exact=True)
    expect(unblock).to_be_visible()
    for address in (BLOCKS, CONTACTS):
        alice.page.route(address, lambda route: route.abort())
    unblock.click()
    expect(alice.page.get_by_text("The server can't be reached.")).to_be_visible()
    alice.until("callinvite.service.lastError === null || callinvite.service.lastError.code === 'unreachable'")
    expect(alice.page.get_by_text("You've blocked Carol.")).to_be_visible()
    for address in (BLOCKS, CONTACTS):
        alice.page.unroute(address)
    unblock.click()
    expect(alice.page.get_by_role("button", name="Block", exact=True)).to_be_visible()


def test_what_was_ticked_stays_while_what_was_ticked_before_is_still_on_its_way(person: Callable[..., Person]) -> None:
    dave = person("dave")
    dave.show("Settings")
    boxes = [dave.page.get_by_role("checkbox", name=name) for name in ("Favourites", "second call", "urgent")]
    for box in boxes:
        expect(box).to_be_enabled()
    with held(dave.page, ME, "PATCH") as patches:
        boxes[0].check()
        patches.wait()
        boxes[1].check()
        with dave.page.expect_response(ME):
            patches.let_go()
        # The next one is sent once the page has taken the answer to the first.
        patches.wait()
        expect(boxes[1]).to_be_checked()
        boxes[2].check()
    dave.until("document.querySelector('quiet-settings').me?.let_through.length === 3")
    for box in boxes:
        expect(box).to_be_checked()
    assert dave.ask(SETTLE, {"let_through": []})


def test_a_switch_that_is_turned_back_at_once_ends_as_it_was_left(person: Callable[..., Person]) -> None:
    dave = person("dave")
    dave.show("Settings")
    waiting = dave.page.get_by_role("switch", name="Call waiting")
    expect(waiting).to_be_enabled()
    expect(waiting).not_to_be_checked()
    with held(dave.page, ME, "PATCH") as patches:
        waiting.press("Space")
        patches.wait()
        waiting.press("Space")
        patches.lose()
        patches.wait()
        patches.let_go()
        expect(dave.page.get_by_text("Others will be told")).to_be_visible()
    expect(waiting).not_to_be_checked()
    assert dave.ask("callinvite.service.me().then((me) => me.call_waiting)") is False
    # Turned on elsewhere, it is on here.
    assert dave.ask(SETTLE, {"call_waiting": True})
    expect(waiting).to_be_checked()
    assert dave.ask(SETTLE, {"call_waiting": False})


def test_hours_that_are_written_while_others_are_saved_are_kept(person: Callable[..., Person]) -> None:
    dave = person("dave")
    assert dave.ask(SETTLE, {"quiet_hours": {"days": ["mon"], "from": "22:00", "to": "07:00"}})
    dave.show("Settings")
    view = dave.page.locator("quiet-settings")
    begin, end = (view.get_by_label(name, exact=True) for name in ("From", TO))
    expect(begin).to_have_value("22:00")
    begin.fill("21:00")
    with held(dave.page, ME, "PATCH") as patches:
        view.get_by_role("button", name="Save").click()
        patches.wait()
        end.fill("06:00")
        patches.let_go()
        expect(dave.page.get_by_text("Saved.")).to_be_visible()
    assert dave.ask(SETTLE, {"call_waiting": False})
    expect(end).to_have_value("06:00")
    expect(begin).to_have_value("21:00")
    assert dave.ask(SETTLE, {"quiet_hours": None})


def test_a_call_that_was_missed_while_recents_were_read_is_in_them_afterwards(alice: Person, bob: Person) -> None:
    with held(bob.page, HISTORY, "GET") as reads:
        bob.show("Recents")
        reads.wait()
        bob.show("People")
        alice.call("Bob")
        bob.rings("Alice")
        alice.screen.get_by_role("button", name="Cancel").click()
        expect(bob.ring).to_be_hidden()
        # What is read now is as old as the question.
        with bob.page.expect_response(HISTORY):
            reads.routes.pop(0).fulfill(json={"next": None, "previous": None, "results": []})
    bob.show("Recents")
    expect(bob.page.locator("recents-view .recent").filter(has_text="Alice").first).to_contain_text("Missed")
