"""Every tunable of the app with its default and unit, read from `settings.CALLINVITE`.

Numbers of limits are written only here. No tunable is per user or per call."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

SIGNUP = ("open", "invite", "closed")
"""Who may create an account; see `Limits.signup`."""
DIRECTORY = ("all", "exact", "contacts")
"""Whom people find among the people here; see `Limits.directory`."""
RINGS_FROM = ("everyone", "known", "contacts", "nobody")
"""Whose calls ring; see `Limits.rings_from`."""
RING_HOOK_FAILS = ("open", "closed")
"""What becomes of a ring that the ring hook gives no answer about; see `Limits.ring_hook_fails`."""
WORDS = {
    "signup": SIGNUP,
    "passwords": ("on", "off"),
    "rings_from": RINGS_FROM,
    "directory": DIRECTORY,
    "ring_hook_fails": RING_HOOK_FAILS,
}
"""The tunables that are words, and what each may be."""
RESERVED_NAMES = ("admin", "administrator", "moderator", "support", "helpdesk", "callinvite")
"""Whose names people would take for the operator's; see `Limits.reserved_names`."""
LOOPBACK = ("127.0.0.0/8", "::1/128")


@dataclass(frozen=True, slots=True)
class Limits:
    """The tunables. Names include the unit; `settings.CALLINVITE` uses the same names."""

    custom_data_bytes: int = 4096
    notification_title_chars: int = 128
    notification_message_chars: int = 512
    reserved_names: tuple[str, ...] = RESERVED_NAMES
    """Words that nobody but staff may have in the name that others see, or as a public id, nor what looks like them."""
    sender_titles: bool = True
    """Whether the `notification_title` of a sender is shown, below their name."""
    call_id_chars: int = 128
    invitees_per_request: int = 9
    people_per_call: int = 10
    body_bytes: int = 64 * 1024
    request_bytes: int = 8 * 1024 * 1024
    """How long the body of any request may be, uploads by admins among them; 0 means no limit."""
    request_seconds: int = 20
    """Within what time a request to `manage.py serve` must have come whole; 0 means no limit."""
    connections_per_address: int = 100
    """How many connections one address may have to `manage.py serve` on which a request has still to come whole, and
    a tenth of how many in all, live sockets not counted; 0 means no limit."""
    trusted_proxies: tuple[str, ...] = ()
    """The addresses and networks of proxies in front of the server, which are believed when they say whose request it
    is, and whose connections are not counted. None: those on the same machine, if SECURE_PROXY_SSL_HEADER is set."""
    origins: tuple[str, ...] = ()
    """The origins of other sites and of app shells whose pages may use REST with a token and open the live socket with
    a token or a ticket; never with a session. In full: `https://app.example.org`, `capacitor://localhost`, `file://`,
    `null`."""
    ring_hook_fails: str = field(default="open")
    """What becomes of a ring if the ring hook gives no good answer within a second: `open` lets it through, `closed`
    refuses it as `unavailable`."""
    hook_networks: tuple[str, ...] = ()
    """The networks, besides the public Internet, whose addresses hooks of services may lead to: `10.0.0.0/8`. None: a
    hook reaches public addresses alone."""
    frame_bytes: int = 64 * 1024
    sends_per_minute: int = 30
    """How many invitations one user may give in 60 seconds, by sending calls and by inviting into them; 0 means no
    limit, and none for pairs either."""
    rings_per_pair_minute: int = 3
    """How many of one user's rings for one other person may end without an answer in 60 seconds before further ones are
    refused; 0 means no limit."""
    rings_per_pair_ten_minutes: int = 10
    """The same in ten minutes."""
    rings_in_a_row: int = 3
    """After how many of one user's rings in a row for one other person that nobody answered further ones are refused
    for ten minutes; 0 means no limit."""
    rings_from: str = field(default="everyone")
    """Whose calls ring for people who have not chosen it themselves: `everyone`, `known` (their contacts, and whom they
    have called or talked with), `contacts` or `nobody`."""
    contacts_per_user: int = 10_000
    """How many people one user may have let in, or ask to be let in; 0 means no limit."""
    blocks_per_user: int = 10_000
    """How many people one user may have blocked; 0 means no limit."""
    asks_per_day: int = 20
    """How often one user may ask people to be let in, in 24 hours; 0 means no limit."""
    asks_per_pair_day: int = 3
    """How often they may ask the same person; 0 means no limit."""
    requests_per_user: int = 100
    """How many people may ask one user to be let in, and wait for an answer, before those who have waited longest are
    dropped; 0 means no limit."""
    invitations_per_call: int = 50
    """How many invitations one call may have in all, answered or not."""
    logins_per_minute: int = 10
    """How many sign-ins, good or failed, one name or address may try in 60 seconds, and how many failed ones in a
    multiple of that (`requests.throttles.STEPS`); 0 means no limit."""
    mails_per_hour: int = 5
    """How many mails one address may be sent in an hour because somebody asked for a new password; 0 means no limit.
    From one network, four times as many may be asked for."""
    signups_per_hour: int = 20
    """How many accounts may be made on the sign-up page from one address in an hour; 0 means no limit."""
    timeout_seconds_default: int = 60
    timeout_seconds_max: int = 600
    lease_ringing_seconds: int = 20
    lease_active_seconds: int = 30
    lease_unproven_seconds: int = 300
    """How long a device that never gave a sign of life keeps its place in an active call."""
    media_seconds: int = 20
    """How long after the answer media may take to come up. 0 turns the rule off, for apps that carry media themselves
    and never report `connected`."""
    max_duration_seconds: int = 12 * 3600
    repeat_after_seconds: tuple[int, ...] = (2, 10, 25)
    """When a ring that no device acknowledged is published again, in seconds from the invitation."""
    push_again_from_seconds: int = 10
    """Repeats from this moment on are also sent by push; earlier ones go only to open pages."""
    sync_open_seconds: int = 5
    sync_idle_seconds: int = 15
    look_seconds: int = 60
    """How long a socket goes by what was published to it, before the database is asked what is open and whether its
    session or token goes on. Both are published too."""
    online_seconds: int = 75
    """How long after a socket's last sign of life its user counts as online. Browsers let a page that was hidden for
    long give one only once a minute; a socket that closes counts at once."""
    device_live_seconds: int = 20
    """How long after a device's last sign of life its first push is still delayed by two seconds, so that its page can
    report first that the ring is heard."""
    test_rings_per_minute: int = 10
    """How many test rings one user may ask for in 60 seconds; 0 means no limit."""
    directory: str = field(default="all")
    """Who is listed to people: `all` is everyone who does not object, staff only if they chose so; `exact` their
    contacts alone, and anyone whose full id they enter; `contacts` their contacts alone."""
    searches_per_minute: int = 120
    """How many searches among people, look-ups by id, and blocks one user may make in 60 seconds; 0 means no limit. A
    page makes one whenever the typing pauses, and renews it from time to time."""
    service_requests_per_minute: int = 3000
    """How many requests one service may make in 60 seconds, with all its tokens; 0 means no limit."""
    fresh_seconds: int = 600
    """How long ago somebody may have signed in, or given their password again, to delete their account."""
    exports_per_hour: int = 5
    """How many copies of their data one person may ask for in an hour; 0 means no limit. Only one is made at a time."""
    export_seconds: int = 1800
    """How long a copy may take to be fetched before it is broken off."""
    ticket_seconds: int = 30
    token_seconds: int = 90 * 24 * 3600
    """How long an app stays signed in without using its token."""
    token_seconds_max: int = 365 * 24 * 3600
    """How long an app stays signed in at most, counted from its first sign-in, however often it refreshes its token."""
    token_overlap_seconds: int = 60
    """How long a token still works after it was refreshed."""
    tokens_per_user: int = 50
    """How many tokens one user may have before those that were not used for longest end; 0 means no limit."""
    pairing_seconds: int = 300
    """How long the code works that connects a phone."""
    wrong_pairing_codes_per_minute: int = 3000
    """How many wrong codes anybody may try, all together, in 60 seconds; 0 means no limit. Each try also counts towards
    the `logins_per_minute` of its address."""
    session_seconds: int = 90 * 24 * 3600
    """How long a browser stays signed in at most, however much it is used."""
    session_idle_seconds: int = 30 * 24 * 3600
    """How long it does so without being used."""
    session_short_seconds: int = 24 * 3600
    """The first of these for somebody who did not ask to stay signed in: then it also ends with the browser."""
    session_short_idle_seconds: int = 12 * 3600
    """The second of these for them."""
    sessions_per_user: int = 50
    """In how many browsers one user may be signed in before those that were not used for longest are signed out; 0
    means no limit."""
    turn_credential_seconds: int = 3600
    """How long the name and password for a TURN server can be used to start a session."""
    devices_per_user: int = 30
    """How many devices one user may have before those that were not used for longest are forgotten; 0 means no
    limit."""
    addresses_per_user: int = 10
    """How many of them may have a push address; 0 means no limit."""
    pushes_per_minute: int = 60
    """How many rings and tests the devices of one user may be sent through one push service in 60 seconds; 0 means no
    limit."""
    sockets_per_user: int = 20
    """How many live sockets one user may have in one server process before the oldest is closed; 0 means no limit."""
    sockets_per_device: int = 3
    """The same for one device."""
    frames_per_second: int = 2000
    """How many frames per second the sockets of one user in one server process may send on average, all together;
    bursts of `frames_burst` are allowed."""
    frames_burst: int = 4000
    outbox_frames: int = 512
    """How many frames may wait for a slow reader before its socket is closed."""
    page_size: int = 25
    page_size_max: int = 100
    keep_calls_days: int = 0
    """After how many days calls are deleted, with all that is known of them; 0 means never. On PostgreSQL a whole month
    goes at a time, once its last day is past."""
    keep_deliveries_days: int = 30
    """The same for what is known of push messages: what was sent to which device, and what came of it."""
    admin_mfa: bool = False
    """Whether staff must have used a second step to get into Django admin."""
    signup: str = field(default="closed")
    """Who may create an account on the sign-up page: `open` is anyone, `invite` whoever has a link that an admin or
    `manage.py invite_user` made, `closed` nobody."""
    sign_up_link_seconds: int = 7 * 24 * 3600
    """How long such a link can be used."""
    passwords: str = field(default="on")
    """`off` lets people in by identity providers alone, and apps by pairing."""


@cache
def limits() -> Limits:
    """The tunables in force.

    Raises:
        ImproperlyConfigured: `settings.CALLINVITE` contains an unknown name.
    """
    chosen: dict[str, Any] = getattr(settings, "CALLINVITE", {})
    unknown = set(chosen) - {each.name for each in fields(Limits)}
    if unknown:
        raise ImproperlyConfigured(f"settings.CALLINVITE has unknown names: {', '.join(sorted(unknown))}")
    return Limits(**chosen)


def is_trusted_proxy(address: str) -> bool:
    """Whether connections from this address are a proxy's, which tells in X-Forwarded-For whose request it passes on.

    Args:
        address: an IP address; empty for a Unix socket, which only this machine reaches.
    """
    networks = _proxies()
    return _is_within(address, networks) if address else bool(networks)


def is_hook_network(address: str) -> bool:
    """Whether hooks may lead to this IP address although it is not public."""
    return _is_within(address, _hook_networks())


def _is_within(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    try:
        known = ip_address(address)
    except ValueError:
        return False
    known = getattr(known, "ipv4_mapped", None) or known
    return any(known in each for each in networks)


@cache
def _hook_networks() -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(each) for each in limits().hook_networks)


@cache
def _proxies() -> tuple[IPv4Network | IPv6Network, ...]:
    named = limits().trusted_proxies
    if not named and getattr(settings, "SECURE_PROXY_SSL_HEADER", None):
        named = LOOPBACK
    return tuple(ip_network(each) for each in named)


def _forget(*, setting: str, **_: object) -> None:
    if setting == "CALLINVITE":
        limits.cache_clear()
        _hook_networks.cache_clear()
    if setting in ("CALLINVITE", "SECURE_PROXY_SSL_HEADER"):
        _proxies.cache_clear()


setting_changed.connect(_forget, dispatch_uid="invitations.conf")
