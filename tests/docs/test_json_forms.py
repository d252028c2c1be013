"""The keys in docs/json.md are those that the commands write, and no others."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from runner.cli.root import root
from runner.core.events import EventName
from runner.report.metadata import NAME as METADATA
from tests.docs.documents import DOCS, JSON, code_in, rows, section

QUICK = "latency=0.02"
HEAD = {"event", "at", "batch", "job_id"}
MANIFEST = """\
version: 1
name: demo
budget: {credits: 4000}
limits: {requests_per_minute: 6000}
steps: [thumbnail]
prompts:
  - a fox in the snow
"""
WITH_IMAGE = MANIFEST + '  - {id: boat, text: a boat, images: ["https://example.com/boat.png"]}\n'
NOT_PROVOKED = {
    "paused": {"seconds"},  # told of waits of five seconds and more; tests/engine sees them in virtual time
    "step": {"error", "error_class"},  # a video of which nothing can be made; tests/app sees them
    "stopping": {"signal", "in_the_air", "task_id", "error"},  # a signal; a state that cannot be written
}


@pytest.fixture
def desk(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo.yaml").write_text(MANIFEST, encoding="utf-8")
    return tmp_path


def objects(*arguments: str) -> list[dict]:
    done = CliRunner().invoke(root, [*arguments, "--json"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def ran(options: str = "", *more: str) -> list[dict]:
    faults = f"{QUICK},{options}" if options else QUICK
    return objects("run", "demo.yaml", "--sandbox", "--sandbox-options", faults, *more)


def keys_in(value: object, within: str = "") -> set[str]:
    """The keys of an object and of those in it, but for names of a person's own and states."""
    if isinstance(value, list):
        return set().union(*(keys_in(member, within) for member in value))
    if not isinstance(value, dict) or within in {"variables", "meta", "moved"}:
        return set()
    return set(value).union(*(keys_in(member, key) for key, member in value.items()))


def in_table(heading: str, path: Path = JSON) -> set[str]:
    """The keys of a table: all of the first column, and those of the objects that the second one describes."""
    found = set()
    for cells in rows(path, heading):
        found |= set(code_in(cells[0]))
        if "object" in cells[1]:
            found |= {word for word in code_in(cells[1]) if not word.startswith("budget`")}
    return found


def in_text(heading: str) -> set[str]:
    return set(code_in(section(JSON, heading)))


def test_plan_writes_what_is_documented(desk):
    assert keys_in(objects("plan", "demo.yaml")) == in_table("plan")


def test_the_commands_on_a_batch_write_what_is_documented(desk):
    ran("task_fails=100%")
    ways_back = keys_in(objects("retry", "demo", "--failed", "--sandbox"))
    ran()
    (row, *_) = next(desk.rglob(METADATA)).read_text(encoding="utf-8").splitlines()
    next(desk.rglob("take-*.mp4")).unlink()
    written = {
        "status": keys_in(objects("status", "demo", "--sandbox")),
        "jobs": keys_in(objects("jobs", "demo", "--sandbox")),
        "retry and resolve": ways_back,
        "verify": keys_in(objects("verify", "demo", "--sandbox", "--repair")),
    }
    for path in (desk / "state").glob("sandbox.db*"):
        path.rename(desk / path.name)
    written["adopt"] = keys_in(objects("adopt", "demo.yaml", "--sandbox"))
    texts = {heading: in_text(heading) for heading in ("retry and resolve", "verify", "adopt")}
    assert written == {heading: in_table(heading) for heading in ("status", "jobs")} | texts
    assert set(json.loads(row)) == in_table("Metadata", DOCS / "output.md")


def test_validate_writes_what_is_documented(desk):
    (desk / "wrong.yaml").write_text("version: 2\n", encoding="utf-8")
    assert keys_in(objects("validate", "demo.yaml", "wrong.yaml")) == in_text("validate")


def test_doctor_writes_what_is_documented(desk):
    written = objects("doctor", "demo.yaml", "--sandbox")
    grades = {one["grade"] for one in written}
    assert keys_in(written) == in_text("doctor") - {"ok", "warn", "fail", "--json"}
    assert grades <= in_text("doctor")


def test_events_have_the_keys_that_are_documented(desk):
    manifest = desk / "demo.yaml"
    happened = ran("task_fails=100%")
    manifest.write_text(WITH_IMAGE, encoding="utf-8")
    happened += ran("image_refused=100%", "--canary")
    one_by_one = MANIFEST.replace("6000}", "6000, in_flight: 1}")
    manifest.write_text(f"{one_by_one}  - {{text: a boat, modes: [normal, fun, spicy]}}\n", encoding="utf-8")
    happened += ran("moderation=100%")
    manifest.write_text(MANIFEST + "takes: 2\n", encoding="utf-8")
    happened += ran("post_dropped_after=100%")
    manifest.write_text(MANIFEST + "takes: 3\n", encoding="utf-8")
    happened += ran()
    seen = {name: set() for name in EventName}
    for event in happened:
        seen[event["event"]] |= set(event) - HEAD
    documented = {code_in(cells[0])[0]: set(code_in(cells[1])) for cells in rows(JSON, "run")}
    assert list(documented) == [*EventName]
    documented["finished"] |= {key for cells in rows(JSON, "status") for key in code_in(cells[0])} - HEAD
    assert {name: keys - seen[name] for name, keys in documented.items() if keys - seen[name]} == NOT_PROVOKED
    assert {name: seen[name] - keys for name, keys in documented.items() if seen[name] - keys} == {}
