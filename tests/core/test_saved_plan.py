"""The file of a saved plan."""

import hashlib
import json
from decimal import Decimal

import pytest

from runner.core.errors import UsageError
from runner.core.jobs_seen import JobsSeen
from runner.core.money import Budget
from runner.core.saved_plan import SavedOptions, SavedPlan, Spending, is_plan, plan_in, text_of
from runner.core.snapshot import Snapshot


def options_of(**given):
    return SavedOptions(
        **({"only": {}, "limit": None, "fit": False, "budget_credits": None, "budget_usd": None} | given)
    )


def saved(listed=None, **fields):
    given = {
        "made_at": "2026-01-02T03:04:05.000+00:00",
        "made_by": "0.1.0",
        "batch": "spring",
        "manifest": "m/spring.yaml",
        "sandbox": False,
        "options": options_of(only={"mode": "fun"}, limit=3, fit=True, budget_usd="40.00"),
        "spends": Spending(jobs=3, credits=120, usd="1.20"),
        "snapshot": Snapshot(
            {"order": "manifest"},
            {"spent": 0, "the budget": None},
            {"unsent": 2},
            JobsSeen("ab", "cd", listed),
        ),
    }
    return SavedPlan(**(given | fields))


def sealed(**changes):
    """The file of a plan whose fields were changed, with a seal that fits."""
    content = json.loads(text_of(saved())) | changes
    content.pop("seal")
    seal = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return json.dumps(content | {"seal": seal}).encode()


@pytest.mark.parametrize("listed", [None, {"0" * 24: "submit狐/take-01"}])
def test_what_is_saved_is_read_again(listed):
    text = text_of(saved(listed))
    assert plan_in(text.encode(), "p.json") == saved(listed)
    assert (text.isascii(), is_plan(text.encode())) == (True, True)


@pytest.mark.parametrize(
    ("options", "budget"),
    [
        ({}, None),
        ({"budget_credits": 0}, Budget(credits=0)),
        ({"budget_usd": "40.00"}, Budget(usd=Decimal("40.00"))),
    ],
)
def test_a_budget_is_read_as_it_was_written(options, budget):
    assert options_of(**options).budget == budget


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"version: 1",
        b"[" * 100_000,
        b"[]",
        b"{}",
        b'{"format": "terraform"}',
        b'"runner plan"',
        text_of(saved()).replace('"limit": 3', '"limit": 300, "limit": 3').encode(),
        text_of(saved()).replace('"limit": 3', '"limit": NaN').encode(),
    ],
    ids=[
        "empty",
        "binary",
        "a manifest",
        "a bomb",
        "a list",
        "no mark",
        "another mark",
        "a text",
        "a doubled key",
        "no number",
    ],
)
def test_what_is_no_plan_is_called_so(content):
    assert not is_plan(content)
    with pytest.raises(
        UsageError, match=r"p\.json: no saved plan; name a file that `runner plan MANIFEST -o FILE` wrote"
    ):
        plan_in(content, "p.json")


def test_a_plan_of_a_newer_program_is_called_so():
    assert is_plan(sealed(version=2))
    with pytest.raises(UsageError, match=r"p\.json: a plan of version 2, and this program reads version 1"):
        plan_in(sealed(version=2), "p.json")


@pytest.mark.parametrize(
    "content",
    [
        text_of(saved()).replace('"limit": 3', '"limit": 300').encode(),
        text_of(saved()).replace('"seal": "', '"seal": "0').encode(),
        json.dumps(
            {key: value for key, value in json.loads(text_of(saved())).items() if key != "seal"}
        ).encode(),
        sealed(version="1"),
        sealed(version=0),
        sealed(batch=7),
        sealed(more=1),
        sealed(snapshot={}),
    ],
    ids=[
        "edited",
        "other seal",
        "no seal",
        "version as text",
        "version 0",
        "wrong type",
        "unknown key",
        "missing keys",
    ],
)
def test_a_plan_that_was_edited_or_is_damaged_is_refused(content):
    assert is_plan(content)
    with pytest.raises(UsageError, match=r"p\.json: the plan is damaged or was edited"):
        plan_in(content, "p.json")


@pytest.mark.parametrize(
    "fields", [{"manifest": "m\udcff.yaml"}, {"options": options_of(only={"animal": "\udcff"})}]
)
def test_what_is_not_utf8_cannot_be_saved_and_it_is_said(fields):
    with pytest.raises(UsageError, match="not UTF-8"):
        text_of(saved(**fields))
