"""``runner account``: the cap over all batches of a token, at the command line."""

import json

import pytest

from runner.core.account import fingerprint_of
from tests.app.bench import TOKEN


@pytest.fixture
def bench(bench):
    """Three pending jobs and a cap for two."""
    bench.run("account", "demo.yaml", "--limit", "80", "--per", "month")
    return bench


def shown(bench, *words):
    return json.loads(bench.run("account", *words, "--json").out)


def test_a_cap_is_set_shown_and_lifted(bench):
    assert shown(bench) == {
        "account": fingerprint_of(TOKEN),
        "cap": 80,
        "per": "month",
        "spent": 0,
        "reserved": 0,
        "left": 80,
    }
    assert "80 credits a month" in bench.run("account").out
    assert shown(bench, "--limit", "none")["left"] is None


def test_the_period_stays_unless_another_is_named(bench):
    assert [
        shown(bench, *words)["per"] for words in (["--limit", "9"], ["--limit", "9", "--per", "day"])
    ] == [
        "month",
        "day",
    ]


def test_a_run_that_does_not_fit_the_cap_is_refused_before_anything_is_sent(bench):
    done = bench.run("run", "demo.yaml")
    assert (done.code, bench.asked("generate")) == (3, [])
    assert "the account's cap of 80 credits a month leaves 80: 2 fit" in done.err


def test_the_plan_says_so_too_and_what_goes_on(bench):
    done = bench.run("plan", "demo.yaml")
    assert (done.code, "account   80 credits a month, 80 left: DOES NOT FIT: 2 jobs do" in done.out) == (
        3,
        True,
    )
    assert "runner account demo.yaml --limit 120 --per month" in done.err


def test_what_fits_is_made_and_then_there_is_no_room(bench):
    done = bench.run("run", "demo.yaml", "--fit")
    assert (done.code, bench.states(), shown(bench)["left"]) == (0, ["done", "done", "pending"], 0)
    assert bench.run("run", "demo.yaml").code == 3
    bench.run("account", "--limit", "120")
    assert (bench.run("run", "demo.yaml").code, bench.states()) == (0, ["done"] * 3)


def test_the_token_stands_nowhere_in_the_state(bench):
    bench.run("run", "demo.yaml", "--fit")
    assert TOKEN.encode() not in bench.state.read_bytes()


def test_another_token_is_another_account(bench, monkeypatch):
    monkeypatch.setenv("GROKIMAGINE_API_TOKEN", "another-token")
    assert shown(bench)["cap"] is None
    assert bench.run("run", "demo.yaml").code == 0


def test_to_look_at_an_account_makes_no_state(bench, monkeypatch, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert (shown(bench)["cap"], list(elsewhere.iterdir())) == (None, [])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--limit", "many"], "'many' is no number of credits: write 20000, or none"),
        (["--limit", "-5"], "is no number of credits"),
        (["--limit", "5", "--per", "year"], "'year' is not one of 'day', 'month', 'ever'"),
        (["--per", "day"], "--per says over what --limit counts: give both"),
        (["missing.yaml"], "missing.yaml"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(bench, words, said):
    done = bench.run("account", *words)
    assert (done.code, said in done.err, shown(bench)["cap"]) == (2, True, 80)


def test_without_a_token_it_says_where_one_belongs(bench, monkeypatch):
    monkeypatch.delenv("GROKIMAGINE_API_TOKEN")
    done = bench.run("account")
    assert (done.code, "GROKIMAGINE_API_TOKEN holds no token" in done.err) == (2, True)
    assert bench.run("plan", "demo.yaml").code == 0
