"""What production starts from: settings that pass Django's checks, and a TURN server that relays to the public only."""

from __future__ import annotations

import datetime
import ipaddress
import re
import secrets
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from invitations import ice
from invitations.transports import vapid
from tests.commands.conftest import manage
from tests.support.coturn import RunningTurn
from tests.support.server import ROOT, free_port
from tests.support.services import Missing
from tests.support.turn_client import SUCCESS, TurnClient

pytestmark = [pytest.mark.server, pytest.mark.own_layout("coturn and single commands")]

COTURN = ROOT / "deploy" / "coturn.conf"
SECRET = "a-secret-for-the-test-of-coturn"
PERSON = "5f0c9a52"

# What IANA's registries of special-purpose addresses say is not for public traffic, with what came before them.
SPECIAL = [
    *["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"],
    *["192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
    *["224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32"],
    *["::/128", "::1/128", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64"],
    *["2001::/23", "2001::/32", "2001:2::/48", "2001:10::/28", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16"],
    *["fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"],
]
# Addresses of well-known name servers. A permission is asked for; nothing is ever sent there.
PUBLIC = ["9.9.9.9", "172.15.0.1", "172.32.0.1", "2620:fe::fe", "2001:4860:4860::8888"]


def test_production_settings_pass_the_deployment_checks(tmp_path: Path) -> None:
    done = manage(
        tmp_path / "data",
        *("check", "--deploy", "--fail-level", "WARNING"),
        HTTPS="true",
        SECRET_KEY="a-key-for-tests-of-fifty-characters-and-more-0123456789",
        ALLOWED_HOSTS="calls.example.org",
        CALLINVITE_VAPID_PRIVATE_KEY=vapid.generate(),
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, "31536000 False False"),
        ({"HSTS_SUBDOMAINS": "true"}, "31536000 True False"),
        ({"HSTS_PRELOAD": "true"}, "31536000 True True"),
    ],
)
def test_https_of_other_names_is_promised_only_if_the_operator_says_so(
    tmp_path: Path, chosen: dict[str, str], expected: str
) -> None:
    names = ("SECONDS", "INCLUDE_SUBDOMAINS", "PRELOAD")
    program = f"from django.conf import settings as s; print({', '.join(f's.SECURE_HSTS_{each}' for each in names)})"
    done = manage(tmp_path / "data", "shell", "--no-imports", "--command", program, HTTPS="true", **chosen)
    assert done.stdout.strip() == expected, done.stderr


def test_all_units_of_systemd_are_shut_in_alike() -> None:
    units = [path.read_text().partition("StateDirectory=")[2] for path in (ROOT / "deploy").glob("*.service")]
    assert len(units) == 3
    assert len(set(units)) == 1
    words = set(units[0].splitlines())
    assert {"StateDirectoryMode=0700", "UMask=0077", "NoNewPrivileges=yes", "ProtectSystem=strict"} <= words
    assert {"SystemCallFilter=@system-service", "RestrictNamespaces=yes", "CapabilityBoundingSet="} <= words


@pytest.fixture(scope="module")
def tls_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def turn(tmp_path_factory: pytest.TempPathFactory, tls_port: int) -> Iterator[RunningTurn]:
    """A coturn that runs as deploy/coturn.conf says, but for ports, files, and an address of this machine."""
    certificate, key = self_signed(tmp_path_factory.mktemp("certificate"))
    # Where relayed IPv6 would begin; nothing is sent from it.
    options = ["--relay-ip", "::1", "--tls-listening-port", str(tls_port), "--cert", certificate, "--pkey", key]
    try:
        with RunningTurn(SECRET, configuration=COTURN, options=options) as running:
            yield running
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def clients(turn: RunningTurn) -> Iterator[ExitStack]:
    """Closes them all when the last test is over, each with a port of its own until then."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def client(turn: RunningTurn, clients: ExitStack) -> TurnClient:
    """Another person each time, so that nobody's quota runs out, with credentials as Callinvite makes them."""
    expires_at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=5)
    username, credential = ice.credentials(SECRET, username=PERSON + secrets.token_hex(4), expires_at=expires_at)
    return clients.enter_context(TurnClient(turn.address, turn.port, username, credential))


def self_signed(folder: Path) -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "turn.example.org")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    files = folder / "fullchain.pem", folder / "privkey.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return str(files[0]), str(files[1])


def test_coturn_knows_every_option_of_its_file(turn: RunningTurn) -> None:
    assert re.findall(r"(?i).*(?:unknown|bad configuration|cannot|warning|error).*", turn.output) == []


@pytest.mark.parametrize("version", [4, 6])
def test_coturn_relays_for_people_with_credentials_of_callinvite(client: TurnClient, version: int) -> None:
    assert client.allocate(version) == SUCCESS
    for peer in PUBLIC:
        if ipaddress.ip_address(peer).version == version:
            assert client.permit(peer) == SUCCESS


@pytest.mark.parametrize("network", SPECIAL)
def test_coturn_relays_to_no_special_address(client: TurnClient, network: str) -> None:
    denied = ipaddress.ip_network(network)
    assert client.allocate(denied.version) == SUCCESS
    assert {str(each): client.permit(str(each)) for each in (denied[0], denied[-1])} == {
        str(denied[0]): 403,
        str(denied[-1]): 403,
    }


DISGUISED = [
    *["::ffff:127.0.0.1", "::ffff:10.0.0.0", "::ffff:169.254.169.254", "::ffff:0:10.0.0.1"],
    *["::127.0.0.1", "::127.0.0.0", "::10.0.0.0", "::0.1.0.0", "64:ff9b::10.0.0.1", "2002:a00:1::"],
]


@pytest.mark.parametrize("peer", DISGUISED)
def test_coturn_is_not_fooled_by_ipv4_in_ipv6(client: TurnClient, peer: str) -> None:
    assert client.allocate(6) == SUCCESS
    assert client.permit(peer) == 403


@pytest.mark.parametrize(("secret", "minutes"), [("another-secret", 5), (SECRET, -5)], ids=["forged", "expired"])
def test_coturn_lets_nobody_else_in(turn: RunningTurn, clients: ExitStack, secret: str, minutes: int) -> None:
    expires_at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes)
    username, credential = ice.credentials(secret, username="nobody", expires_at=expires_at)
    nobody = clients.enter_context(TurnClient(turn.address, turn.port, username, credential))
    assert nobody.allocate() == 401


def test_coturn_answers_over_tls(turn: RunningTurn, tls_port: int) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((turn.address, tls_port), 5) as plain,
        context.wrap_socket(plain) as connection,
    ):
        assert connection.version() in ("TLSv1.2", "TLSv1.3")


def test_coturn_writes_down_nobody_who_was_let_in(turn: RunningTurn, client: TurnClient) -> None:
    assert client.allocate() == SUCCESS
    assert client.permit(PUBLIC[0]) == SUCCESS

    assert PERSON not in turn.output
    assert PUBLIC[0] not in turn.output


def test_the_guide_for_production_names_what_coturn_listens_on() -> None:
    guide = (ROOT / "docs" / "production.md").read_text()
    options = dict(re.findall(r"^([a-z-]+)=(.+)$", COTURN.read_text(), re.MULTILINE))

    assert f"{options['min-port']}-{options['max-port']}" in guide
    for port in ("listening-port", "tls-listening-port"):
        assert f"turn.example.org:{options[port]}" in guide
    for path in (options["cert"], options["pkey"]):
        assert f"LoadCredential={Path(path).name}:" in guide
