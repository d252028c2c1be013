"""Choices over HTTP: what is kept, what is refused, and that a refusal changes nothing."""

import contextlib
import resource

import pytest

from runner.core.choice import Choice, Flag
from runner.core.outcomes import ErrorClass
from runner.store import attempts, choices, locks
from tests.review.review_support import NOW, job_of

IDS = [job_of(rank).job_id for rank in range(5)]


async def test_a_choice_stands_in_the_state_with_its_time_and_comes_back_as_a_row(stage):
    fields = {"flag": "reject", "rating": 2, "note": " <b>too dark</b> "}
    async with stage.review() as visitor:
        answer = await visitor.choose({"jobs": [IDS[0]], "set": fields})
    kept = stage.do(choices.of_jobs, [1])[1]
    (row,) = answer.json["jobs"]
    assert (kept.flag, kept.rating, kept.note, kept.chosen_at > NOW) == (
        Flag.REJECT,
        2,
        "<b>too dark</b>",
        True,
    )
    assert (answer.status, answer.json["sequence"], row["id"], row["choice"], row["rating"], row["note"]) == (
        200,
        1,
        IDS[0],
        "reject",
        2,
        "<b>too dark</b>",
    )


async def test_several_jobs_are_chosen_at_once_and_each_once(stage):
    async with stage.review() as visitor:
        answer = await visitor.choose({"jobs": [*IDS[:4], IDS[0]], "set": {"flag": "keep"}})
    assert [row["id"] for row in answer.json["jobs"]] == IDS[:4]
    assert stage.chosen() == dict.fromkeys(range(4), Choice(flag=Flag.KEEP))


async def test_a_choice_is_taken_back(stage):
    async with stage.review() as visitor:
        await visitor.choose(
            {"jobs": [IDS[0]], "set": {"flag": "keep", "rating": 5, "note": "x", "again": True}}
        )
        answer = await visitor.choose(
            {"jobs": [IDS[0]], "set": {"flag": None, "rating": None, "note": None, "again": False}}
        )
    assert (answer.status, stage.chosen()) == (200, {0: Choice()})


OTHER_FORMS = {
    "no JSON": (b"{", 400),
    "no text": (b"\xff\xfe", 400),
    "too deep": (b"[" * 100_000, 400),
    "a number that is none": (b'{"jobs": ["a"], "set": {"rating": NaN}}', 400),
    "a number without end": (b'{"jobs": ["a"], "set": {"rating": ' + b"9" * 5000 + b"}}", 400),
    "a key twice": (b'{"jobs": [], "jobs": ["a"], "set": {}}', 400),
    "nothing": (b"", 400),
    "a list": ([], 422),
    "another key": ({"jobs": IDS[:1], "set": {"rating": 1}, "x": 1}, 422),
    "no jobs": ({"jobs": [], "set": {"rating": 1}}, 422),
    "jobs by number": ({"jobs": [1], "set": {"rating": 1}}, 422),
    "a text for jobs": ({"jobs": IDS[0], "set": {"rating": 1}}, 422),
    "too many": ({"jobs": [str(number) for number in range(1001)], "set": {"rating": 1}}, 422),
    "no fields": ({"jobs": IDS[:1], "set": {}}, 422),
    "no object of fields": ({"jobs": IDS[:1], "set": [1]}, 422),
    "another field": ({"jobs": IDS[:1], "set": {"pruned_at": "x"}}, 422),
    "another flag": ({"jobs": IDS[:1], "set": {"flag": "maybe"}}, 422),
    "six stars": ({"jobs": IDS[:1], "set": {"rating": 6}}, 422),
    "half a star": ({"jobs": IDS[:1], "set": {"rating": 0.5}}, 422),
    "a long note": ({"jobs": IDS[:1], "set": {"note": "x" * 2001}}, 422),
    "half a character": (b'{"jobs": ["' + IDS[0].encode() + b'"], "set": {"note": "\\ud800"}}', 422),
    "a large body": (b'{"jobs": ["a"], "set": {"note": "' + b"x" * 300_000 + b'"}}', 413),
    "one job that there is not": ({"jobs": [IDS[0], IDS[4]], "set": {"flag": "keep"}}, 404),
    "an id that no database takes": (b'{"jobs": ["\\ud800"], "set": {"flag": "keep"}}', 404),
}


@pytest.mark.parametrize("form", OTHER_FORMS)
async def test_what_is_no_choice_is_refused_with_a_reason_and_nothing_is_changed(stage, form):
    body, status = OTHER_FORMS[form]
    async with stage.review() as visitor:
        answer = await visitor.choose(body)
    assert (answer.status, len(answer.json["error"]) > 10, stage.chosen()) == (status, True, {})


async def test_the_reasons_name_what_is_wrong(stage):
    bad = (
        {"jobs": IDS[:1], "set": {"rating": 9}},
        {"jobs": [IDS[0], IDS[4], "nope"], "set": {"flag": "keep"}},
    )
    async with stage.review() as visitor:
        errors = [(await visitor.choose(one)).json["error"] for one in bad]
    assert errors == [
        "rating: 9 is not a number from 1 to 5, nor null",
        f"the batch has no job {IDS[4]}, nope",
    ]


def removed(stage):
    stage.do(lambda c: c.exec_driver_sql("UPDATE job SET removed = 1 WHERE id = 1"))
    return 0


def failed(stage):
    stage.do(attempts.fail, stage.run(3), None, "no", ErrorClass.MODERATION, NOW)
    return 3


def remade(stage):
    stage.do(lambda c: c.exec_driver_sql("UPDATE job SET instead_of = 1 WHERE id = 4"))
    return 0


def pending(_stage):
    return 3


NOT_AGAIN = {
    removed: "{id} was removed from the manifest: put it back there to make more of it",
    failed: "{id} has failed: `runner --state sqlite:///{state} retry spring --job {id}` has it tried again at the next run",
    remade: "another take was made instead of {id} already: choose that one",
    pending: "{id} is pending: only what is done can be made again",
}


@pytest.mark.parametrize("become", NOT_AGAIN)
async def test_what_cannot_be_made_again_is_not_queued_and_neither_are_those_named_with_it(stage, become):
    rank = become(stage)
    async with stage.review() as visitor:
        answer = await visitor.choose({"jobs": [IDS[1], IDS[rank]], "set": {"again": True}})
        other = await visitor.choose({"jobs": [IDS[rank]], "set": {"again": False}})
    reason = NOT_AGAIN[become].format(id=IDS[rank], state=stage.state)
    assert (answer.status, answer.json["error"], other.status) == (409, reason, 200)
    assert stage.chosen() == {rank: Choice()}


async def test_to_make_again_spends_nothing(stage):
    before = stage.books()
    async with stage.review() as visitor:
        answer = await visitor.choose({"jobs": IDS[:3], "set": {"again": True}})
    assert ([row["again"] for row in answer.json["jobs"]], stage.books()) == ([True] * 3, before)


async def test_choices_are_kept_while_a_run_holds_the_lock_of_the_batch(stage):
    async with stage.review() as visitor:
        with locks.holding(stage.state, "spring"):
            answer = await visitor.choose({"jobs": IDS[:1], "set": {"flag": "keep"}})
    assert (answer.status, stage.chosen()) == (200, {0: Choice(flag=Flag.KEEP)})


@contextlib.contextmanager
def no_room():
    """No file of this process grows meanwhile, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_state_that_cannot_be_written_is_told_and_the_page_stays_and_goes_on_afterwards(stage):
    wish = {"jobs": IDS[:1], "set": {"flag": "keep"}}
    async with stage.review() as visitor:
        with no_room():
            answers = [await visitor.choose(wish), await visitor.ask(), await visitor.ask("p0/take-01.mp4")]
        after = await visitor.choose(wish)
    assert ([one.status for one in answers], after.status) == ([503, 200, 200], 200)
    assert "the state cannot be written" in answers[0].json["error"]


def gone(state):
    for path in state.parent.glob("runner.db*"):
        if path.is_file():
            path.unlink()


def another_kind(state):
    gone(state)
    state.mkdir()


@pytest.mark.parametrize(("becomes", "reason"), [(gone, "is gone"), (another_kind, "not a regular file")])
async def test_a_state_that_is_no_more_is_told_and_none_is_made(stage, becomes, reason):
    async with stage.review() as visitor:
        stage.writer.close()
        becomes(stage.state)
        answer = await visitor.choose({"jobs": IDS[:1], "set": {"flag": "keep"}})
    assert (answer.status, reason in answer.json["error"], stage.state.is_file()) == (503, True, False)
