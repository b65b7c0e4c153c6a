"""Which addresses a device may register: those of allowed push services, spelled so that no parser can be fooled."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings
from yarl import URL

from invitations.transports import Address, InvalidAddress, targets, transport_named, vapid
from tests.transports.conftest import some_address

KNOWN = (
    "fcm.googleapis.com",
    "jmt17.google.com",
    "push.services.mozilla.com",
    "push.apple.com",
    "notify.windows.com",
    "ntfy.sh",
)

# As the services give them, with other letters.
GOOD = [
    "https://fcm.googleapis.com/fcm/send/dQw4w9WgXcQ:APA91bH_example-Token_0123456789",
    "https://jmt17.google.com/fcm/send/dQw4w9WgXcQ:APA91bH_example-Token_0123456789",
    "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABexample_-0123456789==",
    "https://web.push.apple.com/QExample-0123456789_abc",
    "https://wns2-par02p.notify.windows.com/w/?token=BQYAAAexample%2b0123%3d%3d",
    "https://ntfy.sh/upExample0123?up=1",
]

HOSTILE = [
    # not a URL at all
    "",
    " ",
    "fcm.googleapis.com/x",
    "//fcm.googleapis.com/x",
    "https:fcm.googleapis.com/x",
    "https:/fcm.googleapis.com/x",
    "https:///fcm.googleapis.com/x",
    "https://",
    "https:///x",
    "https://fcm.googleapis.com",
    "https://fcm.googleapis.com?x",
    "javascript:alert(1)",
    "data:text/plain,x",
    "file:///etc/passwd",
    # other schemes
    "http://fcm.googleapis.com/x",
    "ws://fcm.googleapis.com/x",
    "ftp://fcm.googleapis.com/x",
    "httpss://fcm.googleapis.com/x",
    "http\u017f://fcm.googleapis.com/x",
    # this machine and its network
    "https://localhost/x",
    "https://foo.localhost/x",
    "https://127.0.0.1/x",
    "https://127.0.0.1:443/x",
    "https://0.0.0.0/x",
    "https://10.0.0.1/x",
    "https://172.16.0.1/x",
    "https://192.168.1.1/x",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/x",
    "https://[::1]/x",
    "https://[::]/x",
    "https://[fe80::1]/x",
    "https://[fe80::1%25eth0]/x",
    "https://[fd00::1]/x",
    "https://[::ffff:127.0.0.1]/x",
    "https://[::ffff:7f00:1]/x",
    "https://[64:ff9b::7f00:1]/x",
    "https://[2002:7f00:1::]/x",
    # the same in odd spellings
    "https://127.1/x",
    "https://127.0.1/x",
    "https://2130706433/x",
    "https://017700000001/x",
    "https://0177.0.0.1/x",
    "https://0x7f000001/x",
    "https://0x7f.0.0.1/x",
    "https://0x7f.1/x",
    "https://127.0.0.1./x",
    "https://0/x",
    "https://\u2460\u2461\u2466.0.0.1/x",
    "https://\uff11\uff12\uff17.0.0.1/x",
    # public addresses are no push services either
    "https://8.8.8.8/x",
    "https://[2001:4860:4860::8888]/x",
    # who is really asked?
    "https://fcm.googleapis.com@127.0.0.1/x",
    "https://fcm.googleapis.com:443@127.0.0.1/x",
    "https://user:secret@fcm.googleapis.com/x",
    "https://@fcm.googleapis.com/x",
    "https://127.0.0.1\\@fcm.googleapis.com/x",
    "https://127.0.0.1#@fcm.googleapis.com/x",
    "https://127.0.0.1?@fcm.googleapis.com/x",
    "https://127.0.0.1;@fcm.googleapis.com/x",
    "https://fcm.googleapis.com\\.evil.org/x",
    "https://fcm.googleapis.com%00.evil.org/x",
    "https://fcm.googleapis.com%2eevil.org/x",
    "https://fcm%2egoogleapis.com/x",
    "https://fcm.googleapis.com#.evil.org/x",
    "https://evil.org/https://fcm.googleapis.com/x",
    "https://evil.org?fcm.googleapis.com/x",
    # names that only look alike
    "https://fcm.googleapis.com.evil.org/x",
    "https://evilfcm.googleapis.com/x",
    "https://googleapis.com/x",
    "https://fcm-googleapis.com/x",
    "https://fcm.googleapis.co/x",
    "https://fcm.googleapis.com./x",
    "https://fcm.googleapis.com../x",
    "https://.fcm.googleapis.com/x",
    "https://a..fcm.googleapis.com/x",
    "https://-.fcm.googleapis.com/x",
    "https://a_b.fcm.googleapis.com/x",
    "https://*.fcm.googleapis.com/x",
    "https://[fcm.googleapis.com]/x",
    f"https://{'a' * 64}.fcm.googleapis.com/x",
    f"https://{'a.' * 120}fcm.googleapis.com/x",
    "https://\uff46\uff43\uff4d.googleapis.com/x",
    "https://fcm\u3002googleapis\u3002com/x",
    "https://fc\u217f.googleapis.com/x",
    "https://fcm.goog\u200bleapis.com/x",
    "https://xn--fcm.googleapis.com.evil.org/x",
    # other ports
    "https://fcm.googleapis.com:80/x",
    "https://fcm.googleapis.com:8443/x",
    "https://fcm.googleapis.com:0/x",
    "https://fcm.googleapis.com:00443/x",
    "https://fcm.googleapis.com:99999/x",
    "https://fcm.googleapis.com:/x",
    "https://fcm.googleapis.com:443:443/x",
    "https://fcm.googleapis.com:+443/x",
    "https://fcm.googleapis.com:\uff14\uff14\uff13/x",
    # what would end a line of the request, or a parser's patience
    " https://fcm.googleapis.com/x",
    "https://fcm.googleapis.com/x ",
    "https://fcm.googleapis.com/x\n",
    "https://fcm.googleapis.com/x\r\nHost: evil.org",
    "https://fcm.googleapis.com/x\ty",
    "ht\ntps://fcm.googleapis.com/x",
    "https://fcm.google\tapis.com/x",
    "https://fcm.googleapis.com/x\0",
    "https://fcm.googleapis.com/x y",
    "https://fcm.googleapis.com/\x7f",
    "https://fcm.googleapis.com/\u00e9",
    "https://fcm.googleapis.com/\ud800",
    "https://fcm.googleapis.com/a\\b",
    "https://fcm.googleapis.com/<x>",
    "https://fcm.googleapis.com/%zz",
    "https://fcm.googleapis.com/%",
    "https://fcm.googleapis.com/x#fragment",
    "https://fcm.googleapis.com/x?",
    f"https://fcm.googleapis.com/{'x' * 2048}",
]


@pytest.fixture(autouse=True)
def _known_services_only(settings: Settings) -> None:
    settings.CALLINVITE_PUSH_HOSTS = list(KNOWN)


def check(address: Address) -> Address:
    return transport_named("webpush").check(address)


def errors_of(address: Address) -> dict[str, str]:
    """The fields that are wrong, with their sentences."""
    with pytest.raises(InvalidAddress) as refused:
        check(address)
    return refused.value.errors


def is_taken(endpoint: str) -> bool:
    """Whether an address is good; one that is not has only its endpoint to blame."""
    wrong: dict[str, str] = {}
    try:
        check(some_address(endpoint))
    except InvalidAddress as refused:
        wrong = refused.errors
    assert wrong.keys() <= {"endpoint"}
    return not wrong


@pytest.mark.parametrize("endpoint", GOOD)
def test_addresses_of_the_known_services_are_taken_as_they_are(endpoint: str) -> None:
    assert check(some_address(endpoint)).endpoint == endpoint


def test_no_hostile_address_is_taken() -> None:
    assert [each for each in HOSTILE if is_taken(each)] == []


def test_no_refusal_repeats_the_address() -> None:
    telling = [each for each in HOSTILE if len(each) > 10]
    repeated = [each for each in telling if each.strip() in " ".join(errors_of(some_address(each)).values())]
    assert repeated == []


@pytest.mark.parametrize(
    "spelled",
    ["HTTPS://FCM.GoogleAPIs.com/Case:Matters", "https://fcm.googleapis.com:443/Case:Matters"],
)
def test_host_and_scheme_have_one_spelling(spelled: str) -> None:
    assert check(some_address(spelled)).endpoint == "https://fcm.googleapis.com/Case:Matters"


def test_an_address_may_have_2048_characters() -> None:
    start = "https://fcm.googleapis.com/"
    assert is_taken(start + "x" * (2048 - len(start)))
    assert not is_taken(start + "x" * (2049 - len(start)))


@given(st.text(alphabet="htps:/.@\\#?[]%0x7f1-_ \t\nfcm.googleapis.comevil", max_size=60))
def test_what_is_taken_leads_to_an_allowed_host_in_every_parser(tail: str) -> None:
    for text in (f"https://{tail}", f"https://fcm.googleapis.com{tail}", f"https://{tail}fcm.googleapis.com/x"):
        try:
            target = targets.target(text, targets.read(KNOWN))
        except targets.NotAllowed:
            continue
        assert target.host == "fcm.googleapis.com" or target.host.endswith(".fcm.googleapis.com")
        assert target.url.host == URL(text).host == target.host
        assert str(target.url) == target.text
        assert (target.url.scheme, target.url.port, target.url.user) == ("https", 443, None)


@pytest.mark.parametrize(
    ("endpoint", "entry"),
    [
        ("https://push.example.org/x", "push.example.org"),
        ("https://push.example.org:8443/x", "https://push.example.org:8443"),
        ("https://10.0.0.5:8443/x", "https://10.0.0.5:8443"),
    ],
)
def test_a_refusal_names_the_setting_that_would_let_the_service_in(
    settings: Settings, endpoint: str, entry: str
) -> None:
    [said] = errors_of(some_address(endpoint)).values()
    assert said.endswith(f"CALLINVITE_PUSH_HOSTS=default,{entry}")
    settings.CALLINVITE_PUSH_HOSTS = ["default", entry]
    assert is_taken(endpoint)
    assert [each for each in GOOD if not is_taken(each)] == []


ORIGINS = ["http://127.0.0.1:9000", "https://push.example.org:8443", "https://[fd00::1]"]


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:9000/push/x",
        "https://push.example.org:8443/x",
        "https://PUSH.example.org:8443/x",
        "https://[fd00::1]/x",
        "https://[fd00:0:0::1]:443/x",
    ],
)
def test_an_origin_that_is_allowed_is_allowed_as_it_stands(settings: Settings, endpoint: str) -> None:
    settings.CALLINVITE_PUSH_HOSTS = ORIGINS
    assert is_taken(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:9001/x",
        "http://127.0.0.1/x",
        "https://127.0.0.1:9000/x",
        "http://127.1:9000/x",
        "http://2130706433:9000/x",
        "http://0x7f000001:9000/x",
        "http://0177.0.0.1:9000/x",
        "http://[::ffff:127.0.0.1]:9000/x",
        "http://localhost:9000/x",
        "http://127.0.0.1:9000@evil.org/x",
        "http://127.0.0.1:9000.evil.org/x",
        "https://push.example.org/x",
        "http://push.example.org:8443/x",
        "https://sub.push.example.org:8443/x",
        "https://push.example.org.:8443/x",
        "https://fcm.googleapis.com/x",
    ],
)
def test_an_origin_allows_nothing_else(settings: Settings, endpoint: str) -> None:
    settings.CALLINVITE_PUSH_HOSTS = ORIGINS
    assert not is_taken(endpoint)


def test_a_change_of_the_setting_counts_at_once(settings: Settings) -> None:
    address = some_address("https://push.example.org/x")
    assert "endpoint" in errors_of(address)
    settings.CALLINVITE_PUSH_HOSTS = ["example.org"]
    check(address)
    settings.CALLINVITE_PUSH_HOSTS.clear()
    assert "endpoint" in errors_of(address)


@pytest.mark.parametrize(
    "entry",
    [
        *("127.0.0.1", "[::1]", "::1", "2130706433", "*.example.org", "example.org.", "https://", "example.org:443"),
        *("https://example.org/x", "https://a@example.org", "ftp://example.org", "https://127.1", "https://[::z]"),
        *("https://example.org:99999", "ex ample.org", "b\u00fccher.example"),
    ],
)
def test_an_entry_of_the_setting_that_cannot_be_meant_allows_nothing_and_is_named(entry: str) -> None:
    allowed = targets.read((entry, "example.org"))
    assert len(allowed.problems) == 1
    assert "entry 1" in allowed.problems[0]
    assert (allowed.hosts, allowed.origins) == ({"example.org"}, set())


GOOD_ENDPOINT = GOOD[0]
# A y that belongs to no such x.
OFF_THE_CURVE = base64.urlsafe_b64encode(b"\x04" + b"\x01" * 64).rstrip(b"=").decode()


def test_keys_have_one_spelling_whatever_the_alphabet_and_padding() -> None:
    plain = some_address(GOOD_ENDPOINT)
    raw = [base64.urlsafe_b64decode(each + "==") for each in (plain.p256dh, plain.auth)]
    standard = [base64.b64encode(each).decode() for each in raw]
    padded = [base64.urlsafe_b64encode(each).decode() for each in raw]

    for p256dh, auth in (standard, padded, [each.rstrip("=") for each in standard]):
        checked = check(replace(plain, p256dh=p256dh, auth=auth))
        assert (checked.p256dh, checked.auth) == (plain.p256dh, plain.auth)


@pytest.mark.parametrize(
    "bad", ["", "A", "=", "!" * 87, "A" * 87, "B" * 86, "B" * 5000, OFF_THE_CURVE, "\u00e9", "\ud800"]
)
def test_a_public_key_that_is_no_point_is_refused(bad: str) -> None:
    assert set(errors_of(replace(some_address(GOOD_ENDPOINT), p256dh=bad))) == {"p256dh"}


def test_a_compressed_point_is_refused() -> None:
    raw = base64.urlsafe_b64decode(some_address(GOOD_ENDPOINT).p256dh + "=")
    compressed = base64.urlsafe_b64encode(b"\x02" + raw[1:33]).decode()
    hybrid = base64.urlsafe_b64encode(b"\x06" + raw[1:]).decode()

    for bad in (compressed, hybrid):
        assert set(errors_of(replace(some_address(GOOD_ENDPOINT), p256dh=bad))) == {"p256dh"}


@pytest.mark.parametrize("bad", ["", "A" * 20, "A" * 24, "A" * 21, "not base64 at all!", "\u00e9" * 22])
def test_a_secret_of_another_length_is_refused(bad: str) -> None:
    assert set(errors_of(replace(some_address(GOOD_ENDPOINT), auth=bad))) == {"auth"}


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert set(errors_of(Address("webpush", "x", "x", "x", "x"))) == {"endpoint", "p256dh", "auth", "signing_key"}


def test_an_address_is_bound_to_the_key_of_its_time(signing_key: str) -> None:
    assert check(some_address(GOOD_ENDPOINT)).signing_key == signing_key
    assert check(replace(some_address(GOOD_ENDPOINT), signing_key=signing_key)).signing_key == signing_key


def test_an_address_made_with_a_key_of_another_server_is_refused() -> None:
    foreign = vapid.public_half(vapid.generate())
    assert set(errors_of(replace(some_address(GOOD_ENDPOINT), signing_key=foreign))) == {"signing_key"}


def test_people_see_the_host_of_an_address() -> None:
    webpush = transport_named("webpush")
    assert webpush.host_of(some_address("https://UPDATES.push.services.mozilla.com/wpush/v2/secret")) == (
        "updates.push.services.mozilla.com"
    )
    assert webpush.host_of(some_address("https://evil.org/x")) == ""
