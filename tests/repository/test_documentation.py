"""Every setting, tunable and error code is documented, nothing documented is gone, links lead somewhere."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest
from django.conf import settings

from invitations import conf, errors
from tests.repository.tracked import ROOT, tracked_files

SETTINGS = (ROOT / "callinvite" / "settings.py").read_text()
SETTINGS_PAGE = (ROOT / "docs" / "settings.md").read_text()
API_PAGE = (ROOT / "docs" / "api.md").read_text()

READ_FROM_ENVIRONMENT = sorted(set(re.findall(r'env(?:\.\w+)?\(\s*"([A-Z][A-Z_]+)"', SETTINGS)))
DOCUMENTED = sorted(set(re.findall(r"^\| `([A-Z][A-Z_]+)`", SETTINGS_PAGE, re.MULTILINE)))
CODES_DOCUMENTED = re.findall(r"^\| (\d{3}|—) \| `([a-z_]+)` \|", API_PAGE, re.MULTILINE)


@pytest.mark.parametrize("name", READ_FROM_ENVIRONMENT)
def test_every_environment_name_is_documented(name):
    assert name in DOCUMENTED


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_documented_environment_name_is_read_or_reserved(name):
    assert (name in READ_FROM_ENVIRONMENT) != (name in settings.CALLINVITE_ENVIRONMENT_RESERVED)


@pytest.mark.parametrize("tunable", [each.name for each in fields(conf.Limits)])
def test_every_tunable_is_documented(tunable):
    assert re.search(rf"^\| `{tunable}` \|", SETTINGS_PAGE, re.MULTILINE)


@pytest.mark.parametrize("code", list(errors.Code))
def test_every_error_code_is_documented(code):
    assert code in {name for _, name in CODES_DOCUMENTED}


def test_every_documented_error_code_exists():
    assert {name for _, name in CODES_DOCUMENTED} - set(errors.Code) == set()


@pytest.mark.parametrize(("status", "code"), [each for each in CODES_DOCUMENTED if each[0] != "—"])
def test_documented_statuses_are_those_that_are_sent(status, code):
    from invitations.requests.problems import STATUS

    assert STATUS[errors.Code(code)] == int(status)


PAGES = [path for path in tracked_files() if path.suffix == ".md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_between_pages_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    missing = [each for each in targets if "://" not in each and not (page.parent / each).resolve().exists()]
    assert missing == []


def test_make_help_names_every_target():
    makefile = (ROOT / "Makefile").read_text()
    targets = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE).group(1).split()

    assert [each for each in targets if each != "help" and f'"make {each} ' not in makefile] == []
