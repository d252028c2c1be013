"""A plan that was saved and reviewed is what the run does, or the run refuses before anything is sent."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from acceptance_support import PRICE, Desk, Done, Service, until

FOX = {"id": "fox", "text": "a fox in the snow"}
OWL = {"id": "owl", "text": "an owl at night"}
ELK = {"id": "elk", "text": "an elk in the fog"}


class Review:
    """A desk whose manifest asks for two videos, and a saved plan of it."""

    def __init__(self, desk: Desk, service: Service) -> None:
        self.desk, self.service = desk, service
        self.edit(FOX, OWL)

    def edit(self, *prompts: dict[str, Any], **keys: Any) -> None:
        whole = {"prompts": prompts, "budget": {"credits": 10 * PRICE}, "base_url": self.service.base_url}
        self.desk.manifest(**whole | keys)

    def plan(self, *more: str) -> None:
        done = self.desk.run("plan", "demo.yaml", "-o", "plan.json", *more)
        assert done.code == 0, done.err
        assert "runner run --plan plan.json" in done.err

    def run(self, *more: str) -> Done:
        return self.desk.run("run", "--plan", "plan.json", *more)

    def refuses(self, *more: str) -> str:
        """What a run with the plan says while it refuses; the service has heard nothing of it."""
        before = len(self.service.requests())
        done = self.run(*more)
        assert (done.code, len(self.service.requests()) - before) == (2, 0), done.err
        assert "nothing was sent" in done.err.lower()
        return done.err

    @property
    def file(self) -> Path:
        return self.desk.root / "plan.json"


@pytest.fixture
def review(desk: Desk, service: Service) -> Review:
    return Review(desk, service)


def test_where_nothing_moved_the_run_does_what_was_planned(review: Review) -> None:
    review.plan()
    spends = json.loads(review.file.read_text())["spends"]
    assert spends == {"jobs": 2, "credits": 2 * PRICE, "usd": "0.80"}
    assert review.run().code == 0
    assert review.service.accepted() == {FOX["text"]: 1, OWL["text"]: 1}
    assert review.desk.status()["credits"]["spent"] == spends["credits"]


def test_the_plan_writes_nothing_but_its_file_and_asks_nobody(review: Review) -> None:
    review.plan()
    assert sorted(path.name for path in review.desk.root.iterdir()) == ["demo.yaml", "plan.json"]
    assert review.service.requests() == []


@pytest.mark.parametrize(
    ("edited", "difference"),
    [
        ({"prompts": [FOX, OWL, ELK]}, "1 job is new: elk/normal_1x1/take-01"),
        ({"prompts": [FOX]}, "1 job is no longer in it: owl/normal_1x1/take-01"),
        ({"prompts": [OWL, FOX]}, "its jobs come in another order"),
        ({"retries": {"regenerate_failed": 3}}, "retries.regenerate_failed was 0 and is 3"),
        ({"budget": {"credits": 11 * PRICE}}, "the budget was 400 and is 440"),
        ({"provider": {"price": {"credits": 50, "usd": 0.5}}}, "the price in credits was 40 and is 50"),
    ],
    ids=["new job", "removed job", "order", "policy", "budget", "price"],
)
def test_a_manifest_that_changed_is_refused(review: Review, edited: dict[str, Any], difference: str) -> None:
    provider = {"base_url": review.service.base_url}
    review.edit(FOX, OWL, base_url=None, provider=provider)
    review.plan()
    review.edit(FOX, OWL, **{"base_url": None, **edited, "provider": provider | edited.get("provider", {})})
    assert difference in review.refuses()
    assert review.service.accepted() == {}


def test_a_comment_or_another_path_is_no_change(review: Review) -> None:
    review.plan()
    review.edit(FOX, OWL, output={"layout": "{prompt_id}-{take}"}, limits={"requests_per_minute": 5000})
    assert review.run().code == 0


def test_a_state_that_moved_is_refused(review: Review) -> None:
    review.plan()
    assert review.desk.run("run", "demo.yaml", "--limit", "1").code == 0
    said = review.refuses()
    assert "1 job that the plan would submit is done now: fox/normal_1x1/take-01" in said
    assert "spent was 0 and is 40" in said
    assert "runner plan demo.yaml -o plan.json" in said
    assert review.service.accepted() == {FOX["text"]: 1}

    review.plan()
    assert review.run().code == 0
    assert review.service.accepted() == {FOX["text"]: 1, OWL["text"]: 1}
    assert "1 job that the plan would submit is done now: owl" in review.refuses()


def test_a_lost_or_another_state_is_refused(review: Review) -> None:
    assert review.desk.run("run", "demo.yaml", "--limit", "1").code == 0
    review.plan()
    (review.desk.root / "state").rename(review.desk.root / "elsewhere")
    assert "the state has moved: 1 job is to be submitted now, and not by the plan: fox" in review.refuses()


def test_a_run_that_was_stopped_before_its_first_request_may_follow_its_plan_again(review: Review) -> None:
    review.plan()
    assert review.desk.run("run", "demo.yaml", "--limit", "0").code == 0
    assert review.run().code == 0
    assert review.service.accepted().total() == 2


def test_the_check_is_made_with_the_lock_of_the_batch(desk: Desk, serve: Callable[..., Service]) -> None:
    review = Review(desk, serve("latency=3,spread=0,two_files=0"))
    with desk.started("run", "demo.yaml", "--json") as other:
        for _ in range(2):
            other.wait_for("submitted")
        review.plan()
        assert review.run().code == 75
        assert other.end().code == 0
    assert "2 jobs are done now, were running" in review.refuses()
    assert review.service.accepted() == {FOX["text"]: 1, OWL["text"]: 1}


def test_the_options_of_the_plan_are_those_of_the_run(review: Review) -> None:
    review.plan("--only", "prompt=owl", "--limit", "1", "--budget", "40")
    for more in (("--only", "prompt=fox"), ("--limit", "2"), ("--budget", "0.80usd"), ("--fit",)):
        assert f"made with another {more[0]} than is given here" in review.refuses(*more)
    assert review.run("--budget", "40").code == 0
    assert review.service.accepted() == {OWL["text"]: 1}
    assert review.desk.status()["credits"]["budget"] == 40


def test_a_plan_of_what_fits_submits_what_fits(review: Review) -> None:
    review.edit(FOX, OWL, budget={"credits": PRICE})
    review.plan("--fit")
    assert json.loads(review.file.read_text())["spends"]["jobs"] == 1
    assert review.run().code == 0
    assert review.service.accepted() == {FOX["text"]: 1}


def test_a_plan_that_the_budget_does_not_allow_is_refused_as_such(review: Review) -> None:
    review.edit(FOX, OWL, budget={"credits": PRICE})
    assert review.desk.run("plan", "demo.yaml", "-o", "plan.json").code == 3
    assert (review.run().code, review.service.requests()) == (3, [])


def test_a_plan_of_the_sandbox_is_not_a_real_one(review: Review) -> None:
    review.plan("--sandbox")
    assert "a plan of the sandbox, which spends nothing real" in review.refuses()
    assert review.run("--sandbox", "--sandbox-options", "latency=0").code == 0
    assert "6 jobs" not in review.run("--sandbox").err
    assert review.run("--sandbox").code == 2

    review.plan()
    assert "a plan of the real service, not of the sandbox" in review.refuses("--sandbox")
    assert review.service.requests() == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("prompts: [a fox]\n", "no saved plan"),
        ('{"format": "runner plan", "version": 2}', "a plan of version 2"),
        ('{"format": "runner plan", "version": 1}', "damaged or was edited"),
    ],
    ids=["foreign", "newer", "damaged"],
)
def test_a_file_that_is_no_sound_plan_is_refused(review: Review, content: str, why: str) -> None:
    review.file.write_text(content)
    assert why in review.refuses()


def test_a_plan_that_was_edited_by_hand_is_refused(review: Review) -> None:
    review.plan("--limit", "1")
    review.file.write_text(review.file.read_text().replace('"limit": 1', '"limit": 2'))
    assert "its seal does not fit" in review.refuses()


def test_a_plan_names_its_manifest_and_takes_no_other(review: Review) -> None:
    review.plan()
    review.desk.manifest("other.yaml", name="other", prompts=[FOX], base_url=review.service.base_url)
    assert "a plan of batch 'demo', and other.yaml is 'other'" in review.refuses("other.yaml")
    assert review.run("demo.yaml").code == 0
    assert review.desk.run("run").code == 2
    assert review.desk.run("run", "--plan", "missing.json").code == 2


def test_a_plan_is_not_saved_over_what_is_no_plan(review: Review) -> None:
    manifest = review.desk.root / "demo.yaml"
    before = manifest.read_bytes()
    done = review.desk.run("plan", "demo.yaml", "-o", "demo.yaml")
    assert (done.code, manifest.read_bytes()) == (2, before)
    assert "name another file" in done.err
    assert review.desk.run("plan", "demo.yaml", "demo.yaml", "-o", "plan.json").code == 2
    assert not review.file.exists()
    review.plan()
    review.plan("--limit", "1")
    assert json.loads(review.file.read_text())["options"]["limit"] == 1


def test_prompts_that_are_edited_between_the_check_and_the_enrolment_are_not_paid_for(review: Review) -> None:
    prompts = review.desk.root / "prompts.txt"
    prompts.write_text("".join(f"a paper boat, number {number}\n" for number in range(30_000)))
    review.edit({"file": "prompts.txt"}, budget={"credits": 40_000 * PRICE})
    review.plan()
    with review.desk.started("run", "--plan", "plan.json", "--json") as process:
        until((review.desk.root / "state" / "runner.db").exists)  # made once all checks have passed
        with prompts.open("a") as file:
            file.write("a paper boat that nobody reviewed\n")
        done = process.end()
    assert (done.code, review.service.requests()) == (2, []), done.err
    assert "demo.yaml was edited while plan.json was being checked" in done.err
