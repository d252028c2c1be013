"""The commands that are said to come next are those of this state, and of a manifest as it can be typed here."""

import os

import pytest

from tests.app.bench import NAME

STATE = ("--state", "sqlite:///state/runner.db")
TYPED = f"runner {' '.join(STATE)}"


def said(bench, *words) -> str:
    done = bench.run(*words)
    return f"{done.out}{done.err}"


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (("plan", "demo.yaml", "--limit", "2"), "run demo.yaml --limit 2"),
        (("status", NAME), "run demo.yaml"),
        (("run", "demo.yaml", "--limit", "0"), "run demo.yaml"),
    ],
)
def test_a_state_that_was_named_is_named_again(bench, words, command):
    assert f" {TYPED} {command}\n" in said(bench, *STATE, *words)
    assert f" runner {command}\n" in said(bench, *words)


def test_what_retry_puts_back_is_run_from_the_manifest_as_it_is_typed_here(bench):
    bench.failed(0)
    assert f" {TYPED} run demo.yaml\n" in said(bench, *STATE, "retry", NAME, "--failed")


def test_a_manifest_elsewhere_keeps_its_whole_path(bench, monkeypatch, tmp_path):
    state = ("--state", f"sqlite:///{bench.state}")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    manifest = os.path.realpath(bench.root / "demo.yaml")
    assert f" runner {' '.join(state)} run {manifest}\n" in said(bench, *state, "status", NAME)


def test_a_file_that_is_gone_is_fetched_from_the_state_that_was_named(bench):
    bench.done(0)[0].unlink()
    assert f"`{TYPED} verify {NAME} --repair`" in said(bench, *STATE, "verify", NAME)


def test_a_lost_state_is_named_with_the_manifest_that_adopts_the_tree(bench):
    bench.done(0)
    bench.list_tree()
    bench.lose_state()
    assert f"`{TYPED} adopt demo.yaml`" in said(bench, *STATE, "run", "demo.yaml")


@pytest.mark.parametrize("has_state", [True, False])
def test_a_batch_that_only_the_sandbox_has_is_pointed_out(bench, has_state):
    if not has_state:
        bench.state.unlink()
    elsewhere = bench.root / "other.yaml"
    elsewhere.write_text(
        (bench.root / "demo.yaml").read_text(encoding="utf-8").replace(NAME, "other"), encoding="utf-8"
    )
    assert bench.run("run", "other.yaml", "--sandbox").code == 0
    found = {
        named: said(bench, "status", named).endswith("the sandbox has it: give --sandbox\n")
        for named in ("other", "third")
    }
    assert found == {"other": True, "third": False}
