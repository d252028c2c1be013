"""The commands of a person beside a run, through click alone: what is no use of them, and the whole way in the sandbox."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from runner.cli.edge import run
from runner.cli.root import root

PERSONS = ("retry", "resolve", "verify", "adopt", "doctor")


@pytest.fixture
def desk(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GROKIMAGINE_API_TOKEN", raising=False)
    manifest = {
        "version": 1,
        "name": "demo",
        "budget": {"credits": 4000},
        "prompts": [{"id": f"p{place}", "text": f"prompt {place}"} for place in range(4)],
        "limits": {"requests_per_minute": 6000},
    }
    (tmp_path / "demo.yaml").write_text(json.dumps(manifest))
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(root, list(arguments))


def objects(result: Result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("name", PERSONS)
def test_the_help_of_a_command_says_what_it_does(name):
    done = call(name, "--help")
    assert (done.exit_code, "Usage:" in done.output, "--sandbox" in done.output) == (0, True, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("retry",),
        ("retry", "demo"),
        ("retry", "demo", "--all"),
        ("resolve", "demo"),
        ("resolve", "demo", "--job", "abc"),
        ("resolve", "demo", "--accept-loss", "--resubmit"),
        ("resolve", "demo", "--accept-loss", "--task-id", "a=b"),
        ("resolve", "demo", "--resubmit", "--task-id", "a=b"),
        ("resolve", "demo", "--task-id", "a=b", "--job", "a"),
        ("verify",),
        ("verify", "demo", "extra"),
        ("adopt",),
        ("doctor", "demo.yaml", "extra"),
    ],
)
def test_what_is_no_use_of_a_command_ends_with_2(desk, arguments):
    assert call(*arguments).exit_code == 2
    assert not (desk / "state").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("retry", "demo", "--failed"),
        ("resolve", "demo", "--accept-loss"),
        ("resolve", "demo", "--task-id", "ab=task_0"),
        ("verify", "demo"),
        ("verify", "demo", "--repair"),
        ("adopt", "demo.yaml"),
        ("adopt", "missing.yaml"),
    ],
)
def test_without_a_batch_a_command_ends_with_2_and_makes_no_state(desk, capsys, arguments):
    assert run(arguments) == 2
    assert "error:" in capsys.readouterr().err
    assert not (desk / "state" / "runner.db").exists()


def test_a_stranger_goes_the_whole_way_in_the_sandbox(desk):
    faults = "latency=0,two_files=0,post_dropped_after=0.3,task_fails=0.4,seed=4"
    first = call("run", "demo.yaml", "--sandbox", "--sandbox-options", faults)
    jobs = {state: [] for state in ("done", "failed", "unknown")}
    for one in objects(call("jobs", "demo", "--sandbox", "--json")):
        jobs[one["state"]].append(one["job_id"])
    assert (first.exit_code, all(jobs.values())) == (4, True), jobs

    retried = call("retry", "demo", "--failed", "--sandbox", "--json")
    assert (retried.exit_code, objects(retried)[-1]["moved"]) == (0, {"pending": len(jobs["failed"])})
    resolved = call("resolve", "demo", "--resubmit", "--sandbox", "--json")
    assert (resolved.exit_code, objects(resolved)[-1]["moved"]) == (0, {"pending": len(jobs["unknown"])})
    assert call("run", "demo.yaml", "--sandbox", "--sandbox-options", "latency=0,two_files=0").exit_code == 0

    tree = desk / "outputs" / "sandbox" / "demo"
    files = sorted(tree.rglob("*.mp4"))
    files[0].unlink()
    files[1].write_text("an edit")
    assert call("verify", "demo", "--sandbox").exit_code == 1
    assert call("verify", "demo", "--repair", "--sandbox").exit_code == 0
    assert call("verify", "demo", "--sandbox").exit_code == 0

    for path in (desk / "state").glob("sandbox.db*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert call("adopt", "demo.yaml", "--sandbox").exit_code == 0
    last = call("run", "demo.yaml", "--sandbox", "--json")
    assert (last.exit_code, objects(last)[-1]["jobs"]["done"], objects(last)[0]["to_submit"]) == (0, 4, 0)
    assert call("doctor", "demo.yaml", "--sandbox").exit_code == 0
