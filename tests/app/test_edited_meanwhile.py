"""A manifest, or one of its prompt files, that is edited while a person is asked whether to go on."""

import json

import pytest

from runner.app.comparison import Wishes
from runner.app.preflight import RunWishes
from runner.app.running import run
from runner.app.stopping import Interruption
from runner.app.workplace import Workplace
from runner.core.errors import UsageError
from tests.app.bench import Bench


@pytest.fixture
def asking(bench: Bench) -> Bench:
    """A batch without a budget, whose prompts stand in a file of their own: one job is pending."""
    write(bench, "demo.yaml", takes=1)
    (bench.root / "prompts.txt").write_text("a red fox\n", encoding="utf-8")
    return bench


def write(bench, name, **keys):
    whole = {
        "version": 1,
        "name": "asking",
        "provider": {"base_url": bench.base_url},
        "prompts": [{"file": "prompts.txt"}],
        "limits": {"requests_per_minute": 6000},
    }
    (bench.root / name).write_text(json.dumps(whole | keys), encoding="utf-8")


def confirmed(edit):
    """Run, and edit something before the answer; gives what the person was told that it costs."""
    told = []

    def confirm(plan):
        told.append(plan.needed)
        edit()
        return True

    wishes = RunWishes(Wishes(examples=0), confirm=confirm)
    workplace = Workplace.at(None, sandbox=False)
    try:
        run(workplace, "demo.yaml", wishes, lambda _: None, Interruption())
    finally:
        told_now = tuple(told)
    return told_now


EDITS = {
    "a prompt file": lambda bench: (bench.root / "prompts.txt").write_text("a red fox\nan owl\na bear\n"),
    "the manifest": lambda bench: write(bench, "demo.yaml", takes=3),
}


@pytest.mark.parametrize("edited", EDITS)
def test_what_was_not_priced_is_not_paid_for_and_the_next_run_makes_all_of_it(asking, edited):
    with pytest.raises(UsageError, match=r"edited while .*; nothing was sent"):
        confirmed(lambda: EDITS[edited](asking))
    assert asking.asked("generate") == []
    assert confirmed(lambda: None) == (120,)
    assert len(asking.asked("generate")) == 3


def test_what_is_not_edited_is_made_as_it_was_priced(asking):
    assert (confirmed(lambda: None), len(asking.asked("generate"))) == ((40,), 1)


def test_an_enrolment_that_did_not_come_to_its_end_counts_for_nothing_once_the_edit_is_taken_back(asking):
    """Somebody adds two takes, the run is killed before the last of them is in, and he changes his mind."""
    confirmed(lambda: None)
    write(asking, "demo.yaml", takes=3)
    asking.enrol_in_part()
    write(asking, "demo.yaml", takes=1)
    assert (confirmed(lambda: None), len(asking.asked("generate"))) == ((), 1)
