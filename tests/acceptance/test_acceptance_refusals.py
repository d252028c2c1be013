"""What is refused before anything is sent, and the dry run, which writes nothing."""

from pathlib import Path

import pytest
from acceptance_support import PRICE, Desk, Service, everything_in

BUDGET = {"credits": 10 * PRICE}


def test_without_a_token_nothing_is_sent(desk: Desk, service: Service) -> None:
    manifest = desk.manifest(prompts=["a fox"], budget=BUDGET, base_url=service.base_url)
    refused = desk.run("run", manifest, without_token=True)
    assert (refused.code, "GROKIMAGINE_API_TOKEN" in refused.err) == (2, True)
    assert service.requests() == []


def test_without_a_budget_a_terminal_or_yes_nothing_is_sent(desk: Desk, service: Service) -> None:
    manifest = desk.manifest(prompts=["a fox"], base_url=service.base_url)
    refused = desk.run("run", manifest)
    assert (refused.code, "--yes" in refused.err) == (2, True)
    assert service.requests() == []
    assert desk.run("run", manifest, "--yes").code == 0
    assert service.accepted() == {"a fox": 1}


BROKEN = """\
version: 1
prompts:
  - a fox
  - text: an owl
    ratios: ["16:9"]
    moods: [fun]
limits: {in_flight: many}
"""


@pytest.mark.parametrize("command", ["run", "plan", "validate"])
def test_a_wrong_manifest_names_every_place(desk: Desk, command: str) -> None:
    (desk.root / "broken.yaml").write_text(BROKEN, encoding="utf-8")
    refused = desk.run(command, "broken.yaml")
    assert refused.code == 2
    places = (
        "broken.yaml:5:14: prompts[1].ratios[0]",
        "broken.yaml:6:5: prompts[1].moods",
        "broken.yaml:7:21: limits",
    )
    assert [place for place in places if place not in refused.err] == []
    assert "did you mean 'modes'?" in refused.err
    assert "Traceback" not in refused.err
    assert [path.name for path in desk.root.iterdir()] == ["broken.yaml"]


def test_unquoted_ratios_are_ratios(desk: Desk, service: Service) -> None:
    text = f"""\
version: 1
name: demo
provider: {{base_url: "{service.base_url}"}}
budget: {{credits: 80}}
prompts: [a fox]
ratios: [1:1, 2:3]
"""
    (desk.root / "demo.yaml").write_text(text, encoding="utf-8")
    assert desk.run("run", "demo.yaml").code == 0
    assert {task.submission.ratio for task in service.tasks()} == {"1:1", "2:3"}


def test_a_plan_writes_nothing_and_asks_nobody(desk: Desk, service: Service) -> None:
    manifest = desk.manifest(prompts=["a fox"], budget=BUDGET, base_url=service.base_url)
    before = everything_in(desk.root)
    plans = [
        desk.run("plan", manifest, *more, without_token=True) for more in ((), ("--json",), ("--sandbox",))
    ]
    assert [plan.code for plan in plans] == [0, 0, 0]
    assert (everything_in(desk.root), service.requests()) == (before, [])


def test_a_plan_beside_a_state_writes_nothing_either(desk: Desk, service: Service) -> None:
    desk.run("run", desk.manifest(prompts=["a fox"], budget=BUDGET, base_url=service.base_url))
    manifest = desk.manifest(prompts=["a fox", "an owl"], budget=BUDGET, base_url=service.base_url)
    requests, before = service.requests(), everything_in(desk.root)
    (plan,) = desk.run("plan", manifest, "--json", "--budget", "50", "--fit", without_token=True).objects()
    desk.status()
    desk.jobs()
    after = everything_in(desk.root)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert changed <= {"state"}, "SQLite's -wal and -shm come and go while it reads"
    assert (before["state"][1], service.requests()) == (after["state"][1], requests)
    jobs = plan["jobs"]
    assert (jobs["total"], jobs["new"], jobs["done"], plan["credits"]["needed"]) == (2, 1, 1, PRICE)
    assert (plan["credits"]["left"], plan["credits"]["fits"], plan["fit_jobs"]) == (10, False, 0)


def test_another_service_needs_to_be_accepted(desk: Desk, service: Service, tmp_path: Path) -> None:
    desk.run("run", desk.manifest(prompts=["a fox"], budget=BUDGET, base_url=service.base_url))
    moved = desk.manifest(
        prompts=["a fox", "an owl"],
        budget=BUDGET,
        base_url=service.base_url.replace("127.0.0.1", "localhost"),
    )
    refused = desk.run("run", moved)
    assert (refused.code, "--accept-base-url" in refused.err) == (2, True)
    assert service.accepted() == {"a fox": 1}
    assert desk.run("run", moved, "--accept-base-url").code == 0
    assert service.accepted() == {"a fox": 1, "an owl": 1}
    assert desk.run("run", moved).code == 0, "it is accepted once and for all"


def test_a_command_that_does_not_exist_is_a_usage_error(desk: Desk) -> None:
    refused = desk.run("rum", "demo.yaml")
    assert (refused.code, "did you mean" in refused.err) == (2, True)
