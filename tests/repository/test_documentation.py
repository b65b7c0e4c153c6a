"""Every setting, tunable and error code is documented, nothing documented is gone, links lead somewhere."""

from __future__ import annotations

import json
import re
from dataclasses import fields

from benchmarks import scale
from invitations import conf, errors
from invitations.requests.verbs import VERBS, Verb
from tests.repository.blocks import blocks_of
from tests.repository.error_table import shown, written
from tests.repository.tracked import ROOT, tracked_files

SETTINGS = (ROOT / "callinvite" / "settings.py").read_text()
SETTINGS_PAGE = (ROOT / "docs" / "settings.md").read_text()
API_PAGE = (ROOT / "docs" / "api.md").read_text()
LIVE_PAGE = (ROOT / "docs" / "live.md").read_text()
ERRORS_PAGE = (ROOT / "docs" / "errors.md").read_text()

READ_FROM_ENVIRONMENT = sorted(set(re.findall(r'env(?:\.\w+)?\(\s*"([A-Z][A-Z_]+)"', SETTINGS)))
DOCUMENTED = sorted(set(re.findall(r"^\| `([A-Z][A-Z_]+)`", SETTINGS_PAGE, re.MULTILINE)))
CODES_DOCUMENTED = re.findall(r"^\| (\d{3}|—) \| `([a-z_]+)` \|", ERRORS_PAGE, re.MULTILINE)


def test_documented_environment_names_are_those_that_are_read() -> None:
    assert DOCUMENTED == READ_FROM_ENVIRONMENT


def test_every_tunable_is_documented() -> None:
    documented = set(re.findall(r"^\| `([a-z_]+)` \|", SETTINGS_PAGE, re.MULTILINE))
    assert {each.name for each in fields(conf.Limits)} - documented == set()


def test_documented_limits_are_those_that_hold() -> None:
    from invitations import models

    page = (ROOT / "docs" / "limits.md").read_text()
    rows = re.findall(r"^\| [^|]+ \| (\d+)[^|]* \| ([^|]*)\| `(\w+)` \|$", page, re.MULTILINE)
    defaults = conf.Limits()
    assert len(rows) == page.count("` |\n") > 30
    assert {name: int(number) for number, _, name in rows} == {name: getattr(defaults, name) for _, _, name in rows}
    beyond = {code for _, said, _ in rows for code in re.findall(r"`([a-z_]+)`", said)}
    others = {*models.EndReason.values, *models.LeftReason.values, "error", "next", "too_many"}
    assert beyond - set(errors.Code) - others == set()


def test_documented_bounds_that_nobody_changes_are_those_that_hold() -> None:
    from invitations.credentials import service_tokens
    from invitations.hooks import keys, messages, registering
    from invitations.models import names, service
    from invitations.requests import inputs, ring_hook

    holding = {
        "shown name, name of a device": names.NAME_CHARS,
        "email address": inputs.EMAIL_CHARS,
        "its name": service.SERVICE_CHARS,
        "its own token, if `--days` is not given": service_tokens.DEFAULT_DAYS,
        "its own token": service_tokens.LONGEST.days,
        "a token that it makes for a person, if `lifetime_seconds` is not given": inputs.USUAL_LIFETIME,
        "`lifetime_seconds`, at least": inputs.SHORTEST_LIFETIME,
        "`lifetime_seconds`": inputs.LONGEST_LIFETIME,
        "accounts in one import": inputs.LARGEST_IMPORT,
        "body of an import": inputs.IMPORT_BYTES,
        "hooks": registering.MOST,
        "ring hooks, of all services together": 1,
        "wait for a receiver of webhooks": messages.SEND_SECONDS,
        "tries of one message, over some 41 hours": 1 + len(messages.RETRY_SECONDS),
        "a hook that nothing reaches": messages.OFF_AFTER.days,
        "the former secret of a hook, after a rotation": keys.BOTH_FOR.total_seconds() / 3600,
        "wait for the ring hook": ring_hook.ASK_SECONDS,
    }
    page = (ROOT / "docs" / "limits.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \| (\d+)[^|]* \| [^|]*\| \|$", page, re.MULTILINE)
    assert {what: int(number) for what, number in rows} == holding


def test_documented_error_codes_are_those_that_exist() -> None:
    assert {name for _, name in CODES_DOCUMENTED} == set(errors.Code)


def test_every_code_for_one_person_is_documented_as_such() -> None:
    from invitations.shapes import calls

    of_a_person = {name for status, name in CODES_DOCUMENTED if status == "—"}
    assert of_a_person == {*calls.INVITEE_CODES, *calls.CALLEE_CODES}


def test_every_limit_that_answers_tell_of_is_documented() -> None:
    modules = "".join(path.read_text() for path in (ROOT / "invitations").rglob("*.py"))
    told = set(re.findall(r'(?:told_as=|Quota\()"([a-z-]+)"', modules))
    page = (ROOT / "docs" / "compatibility.md").read_text()
    assert told
    assert [name for name in told if f"`{name}`" not in page] == []


def test_the_documented_call_has_what_a_call_has() -> None:
    from invitations import shapes

    (example,) = (each for each in blocks_of(ROOT / "docs" / "api.md") if each.said.get("shape") == "CallObject")
    call = json.loads(example.text)
    assert call.keys() == shapes.calls.CallObject.__annotations__.keys()
    # Only services see the verdict (docs/services.md).
    assert call["invitations"][0].keys() == shapes.calls.Invitation.__annotations__.keys() - {"verdict"}
    assert call["participants"][0].keys() == shapes.calls.Participant.__annotations__.keys()
    assert call["you"].keys() == shapes.calls.You.__annotations__.keys()


def test_the_table_of_codes_is_what_the_code_says() -> None:
    assert shown() == written(), "write it again: python -m tests.repository.error_table"


def test_every_state_and_every_event_is_documented() -> None:
    from invitations import models

    words = set(re.findall(r"`([a-z_.]+)`", API_PAGE + LIVE_PAGE))
    kinds = (models.CallState, models.InvitationState, models.LeftReason, models.EndReason, models.Standing)
    assert {each for kind in (*kinds, models.EventKind) for each in kind.values} - words == set()


def test_documented_checks_are_those_that_are_made() -> None:
    modules = (path.read_text() for path in (ROOT / "invitations").glob("*.py"))
    made = [each for module in modules for each in re.findall(r'id="(callinvite\.[EW]\d+)"', module)]
    documented = re.findall(r"^\| `(callinvite\.[EW]\d+)` \|", SETTINGS_PAGE, re.MULTILINE)
    assert documented == sorted(set(made))


def test_the_attributes_of_the_button_are_documented() -> None:
    script = (ROOT / "static" / "callinvite" / "elements" / "send-call-invitation-button.js").read_text()
    read = set(re.findall(r'(?:getAttribute|hasAttribute|text)\("([a-z-]+)"\)', script))
    section = (ROOT / "docs" / "client.md").read_text().partition("## A button")[2].partition("\n## ")[0]
    documented = set(re.findall(r"`([a-z-]+)`", section))
    assert [each for each in read - documented if not each.startswith("aria-")] == []


def test_documented_statuses_are_those_that_are_sent() -> None:
    from invitations.requests.problems import STATUS

    documented = {code: int(status) for status, code in CODES_DOCUMENTED if status != "—"}
    assert documented == {code: STATUS[errors.Code(code)] for code in documented}


def _row(verb: Verb) -> str:
    """What the table of verbs says of one."""
    what = f"{verb.summary}. {verb.description}".strip()
    refusals = ", ".join(f"`{code}`" for code in errors.Code if code in verb.refuses)
    return f"| `{verb.method} /{verb.path}` | `{verb.name}` | {what} | {refusals} |"


def test_the_table_of_verbs_is_what_they_declare() -> None:
    table = API_PAGE.partition("## The verbs")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if re.match(r"\| `(GET|POST) /", line)]
    assert rows == [_row(verb) for verb in VERBS.values()]


PAGES = [path for path in tracked_files() if path.suffix == ".md"]


def test_links_between_pages_lead_somewhere() -> None:
    missing = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
        if "://" not in target and not (page.parent / target).resolve().exists()
    ]
    assert missing == []


def test_make_help_names_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)

    assert targets is not None
    assert [each for each in targets[1].split() if each != "help" and f'"make {each} ' not in makefile] == []


def test_how_far_it_scales_is_what_the_costs_say() -> None:
    plans = [scale.plan(users, scale.Habits()) for users in scale.SIZES]
    assert scale.planned_table(plans) in (ROOT / "docs" / "scale.md").read_text()
