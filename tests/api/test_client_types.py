"""The shapes that the JavaScript client gives to what the server says, held against the server's own schema."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from invitations.api.openapi.components import Schema, components
from invitations.errors import Code
from tests.support.server import ROOT

TEXT = (ROOT / "static" / "callinvite" / "client" / "types.js").read_text()
NAMES = [
    *["Person", "Invitation", "Participant", "You", "CallObject", "TimelineEntry", "Timeline", "Me", "Device"],
    *["Contact", "Block", "QuietHours", "ReachedDevice", "Reachability"],
    *["TestRing", "TestRingHop", "RingResource", "IceServer", "IceServers", "InviteeError"],
]
COMPONENTS = components(Code, ())
PLAIN = {"integer": "number", "object": "Record<string, unknown>"}
# The client calls these by shorter names.
CLIENTS = {"CallObject": "Call", "RingResource": "Resource"}
# What grows with every kind of event, and the codes that a client passes on as they are.
AS_TEXT = {("TimelineEntry", "code"), ("InviteeError", "code"), ("Device", "push")}


@dataclass(frozen=True)
class Member:
    """One member of a shape: what it may be, one name or literal each, and whether it may be left out."""

    kinds: frozenset[str]
    is_optional: bool


def _typedefs() -> dict[str, dict[str, Member]]:
    """The objects of types.js by their names."""
    found = {}
    for block in re.split(r"(?=@typedef)", TEXT):
        if match := re.match(r"@typedef \{object\} (\w+)", block):
            properties = re.findall(r"@property \{(.+?)\} (\[?\w+\]?)(?=\s|$)", block)
            found[match[1]] = {name.strip("[]"): _member(kind, name.startswith("[")) for kind, name in properties}
        elif match := re.match(r"@typedef \{\{(.+)\}\} (\w+)", block):
            properties = re.findall(r"(\w+\??): ([^,]+)", match[1])
            found[match[2]] = {name.rstrip("?"): _member(kind, name.endswith("?")) for name, kind in properties}
    return found


def _aliases() -> dict[str, str]:
    """Unions of words that have a name of their own."""
    return {name: union for union, name in re.findall(r'@typedef \{("[^{}]+")\} (\w+)', TEXT)}


def _member(kind: str, is_optional: bool) -> Member:
    many = kind.endswith("[]")
    kinds = _aliases().get(kind.removesuffix("[]"), kind.removesuffix("[]")).split(" | ")
    kinds = [part for each in kinds for part in _aliases().get(each, each).split(" | ")]
    return Member(frozenset(f"{each}[]" if many else each for each in kinds), is_optional)


def _said(schema: Schema) -> frozenset[str]:
    """What a member of a component may be, in the words of types.js."""
    if "anyOf" in schema:
        return frozenset().union(*map(_said, schema["anyOf"]))
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        words = COMPONENTS[name].get("enum")
        return frozenset({CLIENTS.get(name, name)} if words is None else {f'"{word}"' for word in words})
    kinds: list[str] = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if "array" in kinds:
        return frozenset(f"{each}[]" for each in _said(schema["items"]))
    return frozenset(PLAIN.get(each, each) for each in kinds)


def _shape(name: str) -> dict[str, Member]:
    schema = COMPONENTS[name]
    return {
        member: Member(_said(said), member not in schema["required"]) for member, said in schema["properties"].items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_client_knows_every_member_of_a_shape_and_what_it_may_be(name: str) -> None:
    written, said = _typedefs()[CLIENTS.get(name, name)], _shape(name)

    assert set(written) == set(said)
    for member, expected in said.items():
        if (name, member) in AS_TEXT:
            assert ("null" in written[member].kinds) == ("null" in expected.kinds), member
            continue
        assert written[member] == expected, member


def test_people_in_the_list_of_people_are_people_who_may_be_online() -> None:
    more = re.search(r"@typedef \{Person & \{(.+)\}\} Presence", TEXT)

    assert more is not None
    members = {name: _member(kind, is_optional=False) for name, kind in re.findall(r"(\w+): (\w+)", more[1])}
    assert {**_typedefs()["Person"], **members} == _shape("User")
