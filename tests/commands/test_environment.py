"""Settings from the environment: the value as it stands, or a refusal that names the setting and nothing secret."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from callinvite.environment import BadSetting, Environment
from invitations.conf import SIGNUP
from tests.commands.conftest import manage

FILE = Path("/data/callinvite.sqlite3")


def read(value: str | None) -> Environment:
    return Environment({} if value is None else {"IT": value})


@pytest.mark.parametrize("value", ["$HOME", "$", r"\$x", "a#b", " a ", "'quoted'", "ü"])
def test_text_is_what_stands_there(value: str) -> None:
    assert read(value).text("IT", "else") == value


@pytest.mark.parametrize("value", [None, ""])
def test_an_empty_value_is_none(value: str | None) -> None:
    env = read(value)
    assert env.text("IT", "else") == "else"
    assert env.number("IT", 30) == 30
    assert env.switch("IT", True) is True
    assert env.items("IT", ["a"]) == ["a"]
    assert env.choice("IT", {"a", "b"}, "b") == "b"
    assert env.path("IT", Path("/data")) == Path("/data")
    assert env.database("IT", FILE)["NAME"] == str(FILE)
    assert env.redis("IT") == ""
    assert env.redis_servers("IT") == []


@pytest.mark.parametrize(("value", "meant"), [("0", 0), (" 7 ", 7), ("0030", 30)])
def test_a_number_is_whole(value: str, meant: int) -> None:
    assert read(value).number("IT", 1) == meant


@pytest.mark.parametrize("value", ["$", "3x", "-1", "1.5", "1e3", " ", "²", "\u0661", "+1", "--1", "-", "none"])
def test_anything_else_is_no_number(value: str) -> None:
    with pytest.raises(BadSetting, match=r"^IT must be a whole number, 0 or more\.$"):
        read(value).number("IT", 1)


@pytest.mark.parametrize(("value", "meant"), [("true", True), ("On", True), ("1", True), ("no", False), ("0", False)])
def test_a_switch_is_on_or_off(value: str, meant: bool) -> None:
    assert read(value).switch("IT", not meant) is meant


@pytest.mark.parametrize(
    ("refused", "value"),
    [
        (lambda env: env.switch("IT"), "ture"),
        (lambda env: env.switch("IT"), "-1"),
        (lambda env: env.choice("IT", {"open", "closed"}, "closed"), "opne"),
        (lambda env: env.hosts("IT"), "https://calls.example.org"),
        (lambda env: env.hosts("IT"), "calls.example.org:443"),
        (lambda env: env.hosts("IT"), "::1"),
        (lambda env: env.origins("IT"), "calls.example.org"),
        (lambda env: env.origins("IT"), "https://calls.example.org/"),
        (lambda env: env.networks("IT"), "10.0.0.1/8"),
        (lambda env: env.networks("IT"), "proxy"),
        (lambda env: env.redis("IT"), "127.0.0.1:6379"),
        (lambda env: env.redis("IT"), "http://127.0.0.1"),
        (lambda env: env.redis_servers("IT"), "redis://127.0.0.1, http://127.0.0.1"),
        (lambda env: env.redis("IT"), "redis://[::1"),
    ],
)
def test_what_makes_no_sense_is_refused(refused: Callable[[Environment], Any], value: str) -> None:
    with pytest.raises(BadSetting, match=r"^IT must be "):
        refused(read(value))


def test_lists_take_spaces_after_their_commas() -> None:
    env = read("a.example.org, .example.net ,, [::1]")
    assert env.hosts("IT") == ["a.example.org", ".example.net", "[::1]"]
    assert read("10.0.0.0/8, ::1").networks("IT") == ["10.0.0.0/8", "::1"]


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        (
            "postgres://u:p%23%2F%40%25+$@db:5433/calls",
            {"USER": "u", "PASSWORD": "p#/@%+$", "HOST": "db", "PORT": 5433},
        ),
        ("postgresql://u:$HOME@db/a+b", {"PASSWORD": "$HOME", "NAME": "a+b"}),
        ("postgres://u@a:1,b:2/calls", {"HOST": "a,b", "PORT": "1,2", "NAME": "calls"}),
        ("postgres:////run/postgresql/calls", {"HOST": "/run/postgresql", "NAME": "calls"}),
        ("postgres://db/calls?sslmode=require", {"OPTIONS": {"sslmode": "require"}}),
        ("sqlite:////data/a+b%23c%3F.sqlite3", {"NAME": "/data/a+b#c?.sqlite3"}),
    ],
)
def test_the_url_of_a_database_loses_nothing(url: str, meant: dict[str, Any]) -> None:
    found = read(url).database("IT", FILE)
    assert {name: found[name] for name in meant} == meant


@pytest.mark.parametrize(
    "url",
    [
        "postgres://u:secret#1@db/calls",
        "postgres://u:secret/1@db/calls",
        "postgres://u:123/secret@db/calls",
        "postgres://u:secret?1@db/calls",
        "postgres://u:secret@db",
        "postgres://u:secret@db:0/calls",
        "postgres://u:secret@db:70000/calls",
        "postgres://u:secret@%2Frun/calls",
        "postgres://[::1/calls",
        "mysql://u:secret@db/calls",
        "sqlite:////data/a#b",
        "sqlite:////data/a?timeout=3",
        "sqlite:///",
        "secret",
    ],
)
def test_the_url_of_no_database_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadSetting, match=r"^IT must be postgres://user:password@") as refusal:
        read(url).database("IT", FILE)
    assert "secret" not in str(refusal.value)


@pytest.mark.server
@pytest.mark.own_layout("single commands")
@pytest.mark.parametrize("command", [("check",), ("serve",), ("migrate",), ("dispatch",)])
def test_each_command_ends_with_one_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = manage(tmp_path, *command, CALLINVITE_SENDS_PER_MINUTE="many")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "CALLINVITE_SENDS_PER_MINUTE must be a whole number, 0 or more.\n"


@pytest.mark.server
@pytest.mark.own_layout("single commands")
def test_a_data_directory_may_have_any_name_and_a_secret_any_characters(tmp_path: Path) -> None:
    folder = tmp_path / "a#b?c%41+d"
    asked = "from django.conf import settings as s; print(s.SECRET_KEY, s.CALLINVITE_TURN_SECRET)"
    secrets = {"SECRET_KEY": "$HOME", "CALLINVITE_TURN_SECRET": "$x#y"}
    assert manage(folder, "shell", "--no-imports", "-c", asked, **secrets).stdout == "$HOME $x#y\n"
    assert manage(folder, "migrate", "--verbosity", "0").returncode == 0
    assert {each.name for each in folder.iterdir()} >= {"callinvite.sqlite3", "secret-key"}
    assert [each.name for each in tmp_path.iterdir()] == [folder.name]


@pytest.mark.server
@pytest.mark.own_layout("single commands")
@pytest.mark.parametrize(("others", "mode"), [([], 0o700), (["somebody.txt"], 0o755)])
def test_a_data_directory_that_is_there_is_closed_unless_it_is_shared(
    tmp_path: Path, others: list[str], mode: int
) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    for name in ["callinvite.sqlite3", *others]:
        (folder / name).touch()
    warned = manage(folder, "check").stderr
    assert stat.S_IMODE(folder.stat().st_mode) == mode
    assert ("callinvite.W012" in warned) is bool(others)


@pytest.mark.server
@pytest.mark.own_layout("single commands")
@pytest.mark.parametrize("signup", SIGNUP)
def test_each_way_to_let_people_sign_up_passes_the_system_checks(tmp_path: Path, signup: str) -> None:
    done = manage(tmp_path, "check", CALLINVITE_SIGNUP=signup)
    assert done.returncode == 0, done.stderr
