"""Mail by a real mail server: links that work, one language, and nothing lost when the server is away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from invitations import mailing
from invitations.models import Device, Mail
from tests.conftest import PASSWORD
from tests.support.mail_server import MailServer, page_of, send_by, text_of
from tests.support.server import DEMO_PASSWORD, RunningServer
from tests.words.conftest import Speak, speak  # noqa: F401  a fixture

NEW = "other-horse-battery-9"
LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def post_office(settings: Settings) -> Iterator[MailServer]:
    """A mail server that this process sends by."""
    with MailServer() as running:
        send_by(settings, "smtp", host="127.0.0.1", port=running.port)
        cache.clear()
        yield running


@pytest.fixture
def erin(db: None) -> Any:
    return get_user_model().objects.create_user("erin", "erin@example.org", PASSWORD)


def send_all(now: datetime = LATER) -> int:
    return mailing.send_due(now=now)


def link_in(text: str) -> str:
    found = re.search(r"https?://\S+", text)
    assert found is not None, text
    return re.sub(r"^https?://[^/]+", "", found[0])


def test_a_forgotten_password_is_chosen_anew_by_a_link_that_works_once(
    client: Client, erin: Any, post_office: MailServer
) -> None:
    client.post("/password/", {"email": "erin@example.org"})
    assert send_all() == 1
    (message,) = post_office.received
    assert (message["To"], message["Subject"]) == ("erin@example.org", "Choose a new password")
    link = link_in(text_of(message))
    assert link in page_of(message)
    assert "erin" in text_of(message)

    form = client.get(link, follow=True)
    assert link not in form.redirect_chain[-1][0]
    done = client.post(form.redirect_chain[-1][0], {"password1": NEW, "password2": NEW}, follow=True)
    assert "Sign in with the new password" in done.text
    assert client.post("/sign-in/", {"username": "erin", "password": PASSWORD}).status_code == 200
    assert client.post("/sign-in/", {"username": "erin", "password": NEW}).status_code == 302

    again = Client().get(link, follow=True)
    assert "has been used" in again.text
    send_all()
    assert post_office.received[-1]["Subject"] == "Your password was changed"


def test_an_address_counts_once_it_is_confirmed(client: Client, erin: Any, post_office: MailServer) -> None:
    client.post("/sign-in/", {"username": "erin", "password": PASSWORD})
    client.post("/account/email/", {"email": "new@example.org", "action_add": ""})
    client.post("/sign-in/again/", {"password": PASSWORD, "next": "/account/email/"})
    if not EmailAddress.objects.filter(email="new@example.org").exists():
        client.post("/account/email/", {"email": "new@example.org", "action_add": ""})
    send_all()
    (message,) = [each for each in post_office.received if each["To"] == "new@example.org"]
    link = link_in(text_of(message))
    other = Client()
    assert other.post("/sign-in/", {"username": "new@example.org", "password": PASSWORD}).status_code == 200

    # Programs that look at mail open links: that confirms nothing.
    assert "new@example.org" in client.get(link).text
    assert not EmailAddress.objects.get(email="new@example.org").verified
    client.post(link)

    assert EmailAddress.objects.get(email="new@example.org").verified
    assert other.post("/sign-in/", {"username": "new@example.org", "password": PASSWORD}).status_code == 302


def test_mail_is_in_the_language_of_its_reader(
    client: Client,
    erin: Any,
    post_office: MailServer,
    speak: Speak,  # noqa: F811
) -> None:
    speak("de", {"mail.password_reset.subject": "Ein neues Passwort", "language.tag": "de"})
    now = datetime.now(UTC)
    Device.objects.create(
        user=erin, device_id="d", kind="browser", push_language="de", last_seen_at=now, created_at=now
    )

    client.post("/password/", {"email": "erin@example.org"}, headers={"Accept-Language": "en"})
    send_all()

    (message,) = post_office.received
    assert (message["Subject"], message["Content-Language"]) == ("Ein neues Passwort", "de")
    assert '<html lang="de">' in page_of(message)


@pytest.mark.parametrize(
    ("tag", "sentences", "written"),
    [
        ("en", {}, r"on \d{1,2} [A-Z][a-z]+ \d{4} at \d\d:\d\d UTC from the IP address"),
        (
            "de",
            {"mail.password_changed": "Am {at} von {ip}.", "moment.utc": "{date} um {time} Uhr (UTC)"},
            r"Am \d{1,2}\. [A-Z][a-zä]+ \d{4} um \d\d:\d\d Uhr \(UTC\) von",
        ),
    ],
)
def test_a_mail_says_in_words_when_it_was(
    client: Client,
    erin: Any,
    speak: Speak,  # noqa: F811
    tag: str,
    sentences: dict[str, str],
    written: str,
) -> None:
    if sentences:
        speak(tag, sentences)
    EmailAddress.objects.create(user=erin, email=erin.email, primary=True, verified=True)
    client.post("/sign-in/", {"username": "erin", "password": PASSWORD})
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    client.post("/account/password/", form, headers={"Accept-Language": tag})

    text = Mail.objects.get().text
    assert re.search(written, text), text
    assert "+00:00" not in text


def test_a_mail_server_that_is_away_or_refuses_loses_nothing(
    client: Client, erin: Any, post_office: MailServer, settings: Settings
) -> None:
    client.post("/password/", {"email": "erin@example.org"})
    now = Mail.objects.get().due_at
    send_by(settings, "smtp", host="127.0.0.1", port=1)
    assert send_all(now) == 0
    send_by(settings, "smtp", host="127.0.0.1", port=post_office.port)
    post_office.refuses = True
    assert send_all(now + mailing.PAUSES[0]) == 0
    post_office.refuses = False
    assert send_all(now + mailing.PAUSES[0]) == 0, "not before its time"

    assert send_all(now + mailing.PAUSES[0] + mailing.PAUSES[1]) == 1
    assert not Mail.objects.exists()


def test_whoever_is_killed_while_sending_leaves_the_mail_to_another(
    client: Client, erin: Any, post_office: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post("/password/", {"email": "erin@example.org"})
    now = Mail.objects.get().due_at

    def killed(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(mailing, "_send", killed)
        with pytest.raises(KeyboardInterrupt):
            send_all(now)
    assert send_all(now) == 0
    assert send_all(now + mailing.HELD) == 1


def test_mail_that_never_goes_is_given_up(client: Client, erin: Any, post_office: MailServer) -> None:
    client.post("/password/", {"email": "erin@example.org"})
    post_office.refuses = True
    now = Mail.objects.get().due_at
    for pause in (*mailing.PAUSES, timedelta()):
        send_all(now)
        now += pause

    assert not Mail.objects.exists()


def test_a_server_without_mail_says_so_and_owes_none(client: Client, erin: Any, settings: Settings) -> None:
    send_by(settings, "dummy")

    assert "This server can't send mail." in client.get("/password/").text
    assert "This server can't send mail." in client.post("/password/", {"email": "erin@example.org"}).text
    assert not Mail.objects.exists()


@pytest.mark.server
@pytest.mark.sqlite_only
@pytest.mark.own_layout("a server with a mail server of its own")
def test_a_running_server_sends_mail_by_itself(tmp_path: Path) -> None:
    with MailServer() as post_office:
        server = RunningServer(tmp_path, env={"EMAIL_URL": post_office.url, "DEFAULT_FROM_EMAIL": "calls@example.org"})
        with server.prepare() as running, httpx2.Client(base_url=running.url, timeout=30, follow_redirects=True) as web:
            set_address = "get_user_model().objects.filter(username='alice').update(email='alice@example.org')"
            running.manage("shell", "-c", f"from django.contrib.auth import get_user_model; {set_address}")

            def fill_in(path: str, **form: str) -> httpx2.Response:
                page = web.get(path)
                return web.post(page.url, data={**form, "csrfmiddlewaretoken": web.cookies["csrftoken"]})

            fill_in("/password/", email="alice@example.org")
            (message,) = post_office.wait_for(1)
            assert message["From"] == "calls@example.org"
            fill_in(link_in(text_of(message)), password1=NEW, password2=NEW)

            assert fill_in("/sign-in/", username="alice", password=DEMO_PASSWORD).url.path == "/sign-in/"
            assert fill_in("/sign-in/", username="alice", password=NEW).url.path == "/"
