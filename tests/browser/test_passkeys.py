"""Passkeys in a real browser, on an authenticator that Chromium plays (WebDriver extension of Web Authentication)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.accounts.totp import code_of
from tests.browser.conftest import WAIT_MS
from tests.support.server import DEMO_PASSWORD, RunningServer
from tests.support.signing_in import age_sessions

INTERNAL = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
WITHOUT_JSON = """
delete PublicKeyCredential.parseCreationOptionsFromJSON;
delete PublicKeyCredential.parseRequestOptionsFromJSON;
delete PublicKeyCredential.prototype.toJSON;
"""
"""As browsers were before they could read and write passkeys as JSON."""

WITHOUT_AUTOFILL = "PublicKeyCredential.isConditionalMediationAvailable = async () => false;"
"""The authenticator that Chromium plays would take what autofill offers, at once."""

FORGET = """
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
Authenticator.objects.all().delete()
EmailAddress.objects.all().delete()
get_user_model().objects.update(email="")
"""


class Somebody:
    """A person at a browser profile with a platform authenticator."""

    def __init__(self, name: str, browser: Browser, server: RunningServer) -> None:
        self.name = name
        # Passkeys belong to a name: 127.0.0.1 is none.
        self.url = server.url.replace("127.0.0.1", "localhost")
        self.context: BrowserContext = browser.new_context()
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(WAIT_MS)
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.devtools = self.context.new_cdp_session(self.page)
        self.devtools.send("WebAuthn.enable")
        made = self.devtools.send("WebAuthn.addVirtualAuthenticator", {"options": INTERNAL})
        self.authenticator = made["authenticatorId"]

    def is_willing(self, willing: bool) -> None:
        """Whether the person touches the authenticator when it is asked."""
        about = {"authenticatorId": self.authenticator, "enabled": willing}
        self.devtools.send("WebAuthn.setAutomaticPresenceSimulation", about)

    def shows_face(self, shown: bool) -> None:
        """Whether the authenticator knows its owner."""
        about = {"authenticatorId": self.authenticator, "isUserVerified": shown}
        self.devtools.send("WebAuthn.setUserVerified", about)

    @property
    def credentials(self) -> list[dict[str, Any]]:
        """What the authenticator keeps."""
        found = self.devtools.send("WebAuthn.getCredentials", {"authenticatorId": self.authenticator})
        return list(found["credentials"])

    def goes(self, path: str) -> None:
        self.page.goto(f"{self.url}{path}")

    def gives_password(self, path: str = "/account/security/") -> None:
        """Sign in by name and password, which may not be all."""
        self.goes(f"/sign-in/?next={path}")
        self.page.get_by_label("Username").fill(self.name)
        self.page.get_by_label("Password").fill(DEMO_PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()

    def presses(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    def follows(self, link: str) -> None:
        self.page.get_by_role("link", name=link, exact=True).click()

    def reads(self, heading: str) -> None:
        expect(self.page.get_by_role("heading", name=heading, exact=True, level=1)).to_be_visible()

    def is_signed_in(self) -> None:
        expect(self.page).to_have_url(f"{self.url}/")
        expect(self.page.locator("people-view .person").first).to_be_attached()

    def adds_passkey(self) -> None:
        """Sign in and add one, up to the recovery codes."""
        self.gives_password()
        self.follows("Add a passkey")
        self.presses("Create passkey")
        self.reads("Recovery codes")

    def wide(self) -> int:
        """By how many pixels the page is wider than its window."""
        asked = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.page.evaluate(asked))

    def forgets_session(self) -> None:
        self.context.clear_cookies()


@pytest.fixture
def somebody(browser: Browser, server: RunningServer) -> Iterator[Somebody]:
    """Alice before she has anything but a password; her second steps and address go when the test is over."""
    alice = Somebody("alice", browser, server)
    yield alice
    alice.context.close()
    server.manage("shell", "-c", FORGET)
    assert alice.complaints == []


def test_a_passkey_signs_in_by_its_button(somebody: Somebody) -> None:
    somebody.adds_passkey()
    assert [each["isResidentCredential"] for each in somebody.credentials] == [True]
    somebody.forgets_session()

    somebody.context.add_init_script(WITHOUT_AUTOFILL)
    somebody.goes("/sign-in/?next=/account/security/")
    somebody.presses("Sign in with a passkey")

    somebody.reads("Sign-in security")
    expect(somebody.page.get_by_text("Last used on")).to_be_visible()


def test_a_passkey_signs_in_from_where_names_are_filled_in(somebody: Somebody) -> None:
    somebody.adds_passkey()
    somebody.forgets_session()

    somebody.goes("/sign-in/")

    somebody.is_signed_in()


def test_browsers_without_json_of_passkeys_have_them_too(somebody: Somebody) -> None:
    somebody.context.add_init_script(WITHOUT_JSON)

    somebody.adds_passkey()
    somebody.forgets_session()
    somebody.goes("/sign-in/")

    somebody.is_signed_in()


@pytest.mark.own_layout("sessions that are changed in the database")
def test_a_passkey_is_the_second_step_and_the_proof_before_a_change(somebody: Somebody, server: RunningServer) -> None:
    somebody.adds_passkey()
    somebody.forgets_session()
    somebody.is_willing(False)
    somebody.gives_password()
    somebody.reads("One more step")
    somebody.is_willing(True)

    somebody.presses("Use passkey")
    somebody.reads("Sign-in security")
    age_sessions(server)
    somebody.goes("/account/security/recovery-codes/new/")
    somebody.reads("Confirm it's you")
    somebody.presses("Use passkey")

    somebody.reads("Make new recovery codes")


def test_the_password_alone_no_longer_lets_in(somebody: Somebody) -> None:
    somebody.adds_passkey()
    somebody.forgets_session()
    somebody.is_willing(False)

    somebody.gives_password()
    somebody.reads("One more step")
    somebody.goes("/")

    expect(somebody.page).to_have_url(re.compile("/sign-in/code/"))


def test_a_passkey_is_renamed_and_removed(somebody: Somebody) -> None:
    somebody.adds_passkey()
    somebody.follows("I've saved them")
    somebody.follows("Rename Passkey")
    somebody.page.get_by_label("Name of the passkey").fill("Alice's laptop")
    somebody.presses("Save")

    somebody.follows("Remove Alice's laptop")
    expect(somebody.page.get_by_text("You'll no longer be able to sign in with Alice's laptop.")).to_be_visible()
    somebody.presses("Remove passkey")

    expect(somebody.page.get_by_text("Anyone who knows your password can sign in.")).to_be_visible()
    somebody.forgets_session()
    somebody.is_willing(False)
    somebody.gives_password()
    somebody.reads("Sign-in security")


def test_a_passkey_that_is_removed_here_opens_nothing(somebody: Somebody) -> None:
    somebody.adds_passkey()
    somebody.goes("/account/security/")
    somebody.follows("Remove Passkey")
    somebody.presses("Remove passkey")
    somebody.reads("Sign-in security")
    somebody.forgets_session()

    somebody.context.add_init_script(WITHOUT_AUTOFILL)
    somebody.goes("/sign-in/")
    somebody.presses("Sign in with a passkey")

    alert = somebody.page.get_by_role("alert").filter(has_text="This passkey doesn't belong to an account here.")
    expect(alert).to_be_visible()
    assert [each["name"] for each in somebody.context.cookies() if each["name"].endswith("sessionid")] == []


def test_who_does_not_touch_it_reads_so_and_can_try_again(somebody: Somebody) -> None:
    somebody.adds_passkey()
    somebody.forgets_session()
    somebody.is_willing(False)
    somebody.gives_password()
    somebody.devtools.send(
        "WebAuthn.setUserVerified", {"authenticatorId": somebody.authenticator, "isUserVerified": False}
    )
    somebody.is_willing(True)

    somebody.presses("Use passkey")
    expect(somebody.page.get_by_role("alert").filter(has_text="No passkey was used. Try again.")).to_be_visible()
    somebody.devtools.send(
        "WebAuthn.setUserVerified", {"authenticatorId": somebody.authenticator, "isUserVerified": True}
    )
    somebody.presses("Use passkey")

    somebody.reads("Sign-in security")


def test_one_device_has_one_passkey_of_an_account(somebody: Somebody) -> None:
    somebody.adds_passkey()
    somebody.goes("/account/security/passkeys/add/")

    somebody.presses("Create passkey")

    said = "This device already has a passkey for your account."
    expect(somebody.page.get_by_role("alert").filter(has_text=said)).to_be_visible()


def test_an_app_is_set_up_by_its_secret_and_asked_for(somebody: Somebody) -> None:
    somebody.gives_password()
    somebody.follows("Set up an authenticator app")
    secret = somebody.page.locator("#secret").inner_text()
    somebody.page.get_by_label("Code from the app").fill(code_of(secret))
    somebody.page.keyboard.press("Enter")
    somebody.reads("Recovery codes")
    with somebody.page.expect_download() as download:
        somebody.presses("Save as a file")
    codes = download.value.path().read_text().split("\n")
    somebody.forgets_session()

    somebody.gives_password()
    # Nobody waits for the next period; the app's clock may be ahead by one.
    somebody.page.get_by_label("Code").fill(code_of(secret, periods=1))
    somebody.page.keyboard.press("Enter")
    somebody.reads("Sign-in security")
    somebody.forgets_session()
    somebody.gives_password()
    somebody.page.get_by_label("Code").fill(codes[0])
    somebody.page.keyboard.press("Enter")

    expect(somebody.page.get_by_text("9 recovery codes are left.")).to_be_visible()


def test_the_settings_lead_to_the_pages_of_the_account(somebody: Somebody) -> None:
    somebody.gives_password("/")
    somebody.is_signed_in()
    somebody.page.get_by_role("navigation").get_by_role("link", name="Settings").click()

    somebody.page.get_by_role("region", name="Account").get_by_role("link", name="Sign-in security").click()

    somebody.reads("Sign-in security")


def test_where_the_server_is_asked_by_a_number_passkeys_are_not_offered(
    somebody: Somebody, server: RunningServer
) -> None:
    somebody.url = server.url

    somebody.gives_password()

    expect(somebody.page.get_by_text("They don't work at a numeric address.")).to_be_visible()
    expect(somebody.page.get_by_role("link", name="Add a passkey")).to_have_count(0)


@pytest.mark.parametrize("path", ["", "app/", "passkeys/add/", "recovery-codes/new/"])
def test_every_page_fits_a_small_phone(somebody: Somebody, path: str) -> None:
    somebody.page.set_viewport_size({"width": 320, "height": 640})
    somebody.adds_passkey()
    somebody.goes(f"/account/security/{path}")

    assert somebody.wide() == 0


def test_the_longest_names_and_addresses_fit_a_small_phone(somebody: Somebody, server: RunningServer) -> None:
    address = f"{'a' * 60}@{'b' * 60}.{'c' * 60}.example.org"
    made = "from django.contrib.auth import get_user_model; get_user_model().objects.filter(username='alice')"
    server.manage("shell", "-c", f"{made}.update(email={address!r})")
    somebody.page.set_viewport_size({"width": 320, "height": 640})
    somebody.adds_passkey()
    somebody.goes("/account/security/")
    somebody.follows("Rename Passkey")
    somebody.page.get_by_label("Name of the passkey").fill("x" * 64)
    somebody.page.keyboard.press("Enter")
    somebody.follows(f"Remove {'x' * 64}")
    somebody.reads("Remove passkey?")

    wide = somebody.wide()
    somebody.goes("/account/email/")
    expect(somebody.page.get_by_text(address)).to_be_visible()
    assert (wide, somebody.wide()) == (0, 0)
