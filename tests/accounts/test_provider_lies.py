"""What a provider, or somebody between, may say that is not believed. Nobody gets in by it, and the log says why."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from invitations.accounts import discovery, provider_requests
from tests.accounts.conftest import BACK, WITH, Browser
from tests.support.openid_provider import OpenIDProvider, told

Configure = Callable[..., None]
UNTRUSTED = "gave an answer that can&#x27;t be trusted"
AWAY = "doesn&#x27;t answer. Try again in a few minutes."


def assert_refused(browser: Browser, answer: Any, lines: list[str], why: str, words: str = UNTRUSTED) -> None:
    assert words in answer.text
    assert browser.username is None
    assert not get_user_model().objects.exists()
    assert lines == [f"WARNING refused why=provider_{why} address=127.0.0.1 path={answer.request['PATH_INFO']}"]


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://elsewhere.example"}, "issuer"),
        ({"iss": None}, "id_token"),
        ({"aud": "another-client"}, "audience"),
        ({"aud": ["callinvite", "another-client"]}, "audience"),
        ({"aud": ["callinvite", "another-client"], "azp": "another-client"}, "audience"),
        ({"azp": "another-client"}, "audience"),
        ({"aud": None}, "id_token"),
        ({"exp": int(time.time()) - 60}, "expired"),
        ({"exp": None}, "id_token"),
        ({"iat": int(time.time()) + 600}, "not_yet_valid"),
        ({"nbf": int(time.time()) + 600}, "not_yet_valid"),
        ({"nonce": "of-another-sign-in"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"at_hash": "of-another-token"}, "at_hash"),
        ({"sub": None}, "id_token"),
        ({"sub": ""}, "id_token"),
        ({"sub": "somebody-else"}, "userinfo"),
    ],
)
def test_a_token_that_says_something_wrong(
    browser: Browser, provider: OpenIDProvider, lines: list[str], claims: dict[str, Any], why: str
) -> None:
    provider.claims = claims
    answer = browser.sign_in("e-1")
    assert answer.status_code == 403
    assert_refused(browser, answer, lines, why)


@pytest.mark.parametrize(
    ("signs", "why"),
    [("none", "algorithm"), ("HS256", "algorithm"), ("stranger", "signature"), ("nothing", "no_id_token")],
)
def test_a_token_that_the_provider_did_not_sign(
    browser: Browser, provider: OpenIDProvider, lines: list[str], signs: str, why: str
) -> None:
    provider.signs = signs
    assert_refused(browser, browser.sign_in("e-1"), lines, why)


def test_a_token_does_not_bring_its_own_key(browser: Browser, provider: OpenIDProvider, lines: list[str]) -> None:
    provider.signs = "own_key"
    assert_refused(browser, browser.sign_in("e-1"), lines, "signature")


def test_not_even_where_the_provider_says_that_it_signs_so(
    browser: Browser, provider: OpenIDProvider, lines: list[str]
) -> None:
    provider.describes = {"id_token_signing_alg_values_supported": ["none", "HS256", "RS256"]}
    provider.signs = "HS256"
    assert_refused(browser, browser.sign_in("e-1"), lines, "algorithm")


def test_claims_of_somebody_else_than_the_token_is_about(
    browser: Browser, provider: OpenIDProvider, lines: list[str]
) -> None:
    provider.userinfo = {"sub": "m-1"}
    assert_refused(browser, browser.sign_in("e-1"), lines, "userinfo")


def test_keys_may_change(browser: Browser, provider: OpenIDProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    browser.sign_in("e-1")
    provider.change_keys()
    monkeypatch.setattr(discovery, "KEYS_AGAIN_SECONDS", 0.0)
    other = Browser(provider)
    other.sign_in("e-1")
    assert other.username == "erin"


def test_tokens_with_unknown_keys_do_not_make_the_server_ask_for_keys_without_end(
    browser: Browser, provider: OpenIDProvider
) -> None:
    browser.sign_in("e-1")
    provider.change_keys()
    asked = provider.requests.count("/keys")
    for _ in range(3):
        assert "can&#x27;t be trusted" in Browser(provider).sign_in("e-1").text
    assert provider.requests.count("/keys") == asked


def test_an_answer_counts_once(browser: Browser, lines: list[str]) -> None:
    browser.provider.person = "e-1"
    address = browser.answer_to(browser.leave())
    browser.come_back(address)
    browser.client.post("/sign-out/")
    lines.clear()

    answer = browser.come_back(address)

    assert "was started too long ago, or in another browser" in answer.text
    assert browser.username is None
    assert lines == [f"WARNING refused why=provider_state address=127.0.0.1 path={BACK}"]


def test_an_answer_counts_in_the_browser_that_asked(browser: Browser, lines: list[str]) -> None:
    """Else somebody could be signed in as another without noticing."""
    browser.provider.person = "m-1"
    address = browser.answer_to(browser.leave())
    victim = Browser(browser.provider)
    assert_refused(victim, victim.come_back(address), lines, "state", "in another browser")


@pytest.mark.parametrize("query", ["", "?state=made-up&code=made-up", "?code=made-up", "?error=server_error"])
def test_an_answer_that_nobody_asked_for(browser: Browser, lines: list[str], query: str) -> None:
    assert_refused(browser, browser.client.get(f"{BACK}{query}"), lines, "state", "in another browser")
    assert browser.provider.requests == []


def test_a_code_that_another_gave_away(browser: Browser, provider: OpenIDProvider, lines: list[str]) -> None:
    """Somebody else's code in one's own answer: it was given for another code verifier (RFC 7636)."""
    provider.person = "e-1"
    stolen = parse_qs(urlsplit(Browser(provider).answer_to(Browser(provider).leave())).query)["code"][0]
    own = parse_qs(urlsplit(browser.answer_to(browser.leave())).query)["state"][0]
    assert_refused(browser, browser.client.get(BACK, {"state": own, "code": stolen}), lines, "answer")


def test_an_answer_of_another_provider(browser: Browser, provider: OpenIDProvider, lines: list[str]) -> None:
    provider.person = "e-1"
    address = browser.answer_to(browser.leave())
    assert_refused(browser, browser.come_back(f"{address}&iss=https://elsewhere.example"), lines, "issuer")
    assert "/token" not in provider.requests


def test_an_answer_that_does_not_name_its_provider_although_that_one_always_does(
    browser: Browser, provider: OpenIDProvider, lines: list[str]
) -> None:
    provider.describes = {"authorization_response_iss_parameter_supported": True}
    assert_refused(browser, browser.sign_in("e-1"), lines, "issuer")


@pytest.mark.parametrize(
    ("describes", "why"),
    [
        ({"issuer": "https://elsewhere.example"}, "issuer"),
        ({"issuer": None}, "issuer"),
        ({"authorization_endpoint": None}, "unsafe_address"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "unsafe_address"),
        ({"authorization_endpoint": "http://elsewhere.example/authorize"}, "unsafe_address"),
        ({"token_endpoint": "http://192.0.2.7/token"}, "unsafe_address"),
        ({"jwks_uri": "file:///etc/passwd"}, "unsafe_address"),
    ],
)
def test_a_provider_that_describes_itself_wrongly(
    browser: Browser, provider: OpenIDProvider, lines: list[str], describes: dict[str, Any], why: str
) -> None:
    provider.describes = describes
    assert_refused(browser, browser.client.post(WITH), lines, why)


def test_a_provider_by_https_leads_nobody_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    issuer = "https://id.example.org"
    said = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": "http://127.0.0.1:6379/",
        "jwks_uri": f"{issuer}/keys",
    }
    discovery.forget()
    monkeypatch.setitem(discovery._known, f"{issuer}{discovery.WELL_KNOWN}", discovery._Known(said, time.monotonic()))
    with pytest.raises(provider_requests.Refusal, match="unsafe_address"):
        discovery.describe(issuer)


def test_a_provider_that_is_away(browser: Browser, provider: OpenIDProvider, lines: list[str]) -> None:
    provider.stop()
    answer = browser.client.post(WITH)
    provider.start()
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert_refused(browser, answer, lines, "no_answer", AWAY)


@pytest.mark.parametrize("path", ["/token", "/keys", "/userinfo"])
@pytest.mark.parametrize(
    ("answer", "why", "status"),
    [
        (503, "no_answer", 503),
        (429, "no_answer", 503),
        (told(302, Location="http://127.0.0.1:1/"), "redirected", 403),
        (told(body=b"x" * (provider_requests.MAX_ANSWER_BYTES + 1)), "too_long", 403),
    ],
)
def test_a_provider_that_answers_otherwise(
    browser: Browser, provider: OpenIDProvider, lines: list[str], path: str, answer: Any, why: str, status: int
) -> None:
    provider.answers = {path: answer}
    got = browser.sign_in("e-1")
    assert got.status_code == status
    assert_refused(browser, got, lines, why, AWAY if status == 503 else UNTRUSTED)


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'"text"'])
@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/userinfo"])
def test_a_provider_that_answers_no_object(
    browser: Browser, provider: OpenIDProvider, lines: list[str], path: str, body: bytes
) -> None:
    provider.answers = {path: told(body=body)}
    answer = browser.client.post(WITH) if "well-known" in path else browser.sign_in("e-1")
    assert_refused(browser, answer, lines, "bad_answer")


def test_an_answer_that_trickles_is_cut_off(
    browser: Browser, provider: OpenIDProvider, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_requests, "ANSWER_SECONDS", -1.0)
    assert_refused(browser, browser.client.post(WITH), lines, "no_answer", AWAY)


def test_a_provider_that_says_no(browser: Browser, provider: OpenIDProvider, lines: list[str]) -> None:
    provider.refuses = "server_error"
    assert_refused(browser, browser.sign_in("e-1"), lines, "answer")


def test_while_others_wait_for_a_provider_nobody_takes_a_thread_more(browser: Browser) -> None:
    browser.provider.person = "e-1"
    address = browser.answer_to(browser.leave())
    for _ in range(provider_requests.AT_ONCE):
        provider_requests.room.acquire()
    try:
        answer = browser.come_back(address)
    finally:
        for _ in range(provider_requests.AT_ONCE):
            provider_requests.room.release()
    assert answer.status_code == 503
    assert "Many people are signing in" in answer.text
    assert '<meta http-equiv="refresh" content="2">' in answer.text
    browser.come_back(address)
    assert browser.username == "erin"


def test_a_form_decides_nothing_of_the_question(browser: Browser) -> None:
    browser.answer_to(browser.leave(scope="admin", auth_params="prompt=none&redirect_uri=https://elsewhere.example"))
    (asked,) = browser.provider.asked
    assert set(asked["scope"].split()) == {"openid", "profile", "email"}
    assert "prompt" not in asked
    assert asked["redirect_uri"] == f"http://testserver{BACK}"


def test_no_other_site_starts_a_sign_in(browser: Browser) -> None:
    assert browser.client.get(WITH)["Location"] == "/sign-in/"
    assert Client(enforce_csrf_checks=True).post(WITH).status_code == 403
    assert browser.provider.requests == []


def test_there_is_no_provider_of_another_name(browser: Browser) -> None:
    assert browser.client.post("/sign-in/with/other/").status_code == 404
    assert browser.client.get("/sign-in/with/other/back/").status_code == 404


def test_neither_tokens_nor_addresses_nor_names_stand_in_the_log(browser: Browser, lines: list[str]) -> None:
    browser.sign_in("e-1")
    user = get_user_model().objects.get()
    assert lines == [
        f"INFO provider-linked user={user.pk} provider=company address=127.0.0.1 path={BACK}",
        f"INFO signed-in user={user.pk} address=127.0.0.1 path={BACK}",
    ]
