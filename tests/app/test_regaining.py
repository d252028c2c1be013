"""What a person had added to a batch, where the state was lost and the tree is adopted."""

import json

import pytest

from tests.app.bench import NAME, Bench

ADDED = "SELECT path, take, state, instead_of FROM job WHERE instead_of IS NOT NULL ORDER BY take"
CHOSEN = "SELECT job.path, flag, rating, note FROM choice JOIN job ON job.id = choice.job ORDER BY job.path"


@pytest.fixture
def lost(bench: Bench) -> Bench:
    """Three jobs, the first made again twice; the tree's list knows what was thought of them, and the state is gone."""
    for place in range(3):
        bench.done(place)
    bench.choose(0, flag="reject", rating=1)
    bench.choose(1, flag="keep", note="the best")
    for place in (0, 3):
        bench.choose(place, flag="reject")
        assert bench.run("retry", NAME, "--rejected").code == 0
        assert bench.run("run", "demo.yaml").code == 0
    bench.lose_state()
    return bench


def adopt(bench):
    done = bench.run("adopt", "demo.yaml", "--json")
    return done.code, {name: done.objects()[-1][name] for name in ("jobs", "strangers", "problems")}


def rows_of(bench):
    return [json.loads(line) for line in (bench.tree / "metadata.jsonl").read_text().splitlines()]


def write_list(bench, rows):
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (bench.tree / "metadata.jsonl").write_text(text)


def test_the_takes_that_were_made_again_are_taken_over_and_not_paid_for_again(lost):
    before, sent = rows_of(lost), len(lost.asked("generate"))
    assert lost.run("run", "demo.yaml").code == 2  # before: it would be bought again
    assert adopt(lost) == (0, {"jobs": 5, "strangers": 0, "problems": 0})
    assert (lost.rows(ADDED), lost.books()) == (
        [("p0/take-02", 2, "done", 1), ("p0/take-03", 3, "done", 4)],
        (200, 0, 0),
    )
    assert lost.run("retry", NAME, "--rejected").out.startswith("there is no rejected job")
    assert lost.run("run", "demo.yaml").code == 0
    assert (rows_of(lost), len(lost.asked("generate")), lost.run("verify", NAME).code) == (before, sent, 0)


def test_what_was_thought_of_the_videos_is_taken_over(lost):
    adopt(lost)
    assert lost.rows(CHOSEN) == [
        ("p0/take-01", "reject", 1, None),
        ("p0/take-02", "reject", None, None),
        ("p1/take-01", "keep", None, "the best"),
    ]


def test_what_was_chosen_since_stands(lost):
    adopt(lost)
    lost.choose(0, flag="keep", rating=None)
    adopt(lost)
    assert lost.rows(CHOSEN)[0] == ("p0/take-01", "keep", None, None)


def test_a_further_take_is_numbered_behind_those_that_were_taken_over(lost):
    adopt(lost)
    lost.choose(4, flag="reject")
    assert lost.run("retry", NAME, "--rejected").code == 0
    assert lost.rows(ADDED)[-1] == ("p0/take-04", 4, "pending", 5)


def test_a_take_that_the_manifest_excludes_or_whose_prompt_is_dropped_stays_a_stranger(lost):
    lost.manifest("a blue fox", "a grey owl", "a brown bear")
    assert adopt(lost) == (0, {"jobs": 2, "strangers": 3, "problems": 0})
    assert lost.rows(ADDED) == []


@pytest.mark.parametrize(
    "lie", [{"take": 7}, {"take": 0}, {"take": "2"}, {"prompt": 5}, {"images": ["x", 1]}, {"mode": None}]
)
def test_a_row_that_is_not_true_of_its_own_id_proves_no_take(lost, lie):
    rows = rows_of(lost)
    write_list(lost, [row | lie if row["take"] == 3 else row for row in rows])
    assert adopt(lost) == (0, {"jobs": 4, "strangers": 1, "problems": 0})
    assert lost.rows(ADDED) == [("p0/take-02", 2, "done", 1)]


def test_a_choice_that_is_none_is_passed_over(lost):
    write_list(lost, [row | {"rating": 9} for row in rows_of(lost)])
    assert (adopt(lost)[0], lost.rows(CHOSEN)) == (0, [])


def test_a_list_of_an_older_version_is_read_all_the_same(lost):
    new = ("choice", "rating", "note", "width", "height", "duration", "fps", "codec", "images")
    write_list(lost, [{key: value for key, value in row.items() if key not in new} for row in rows_of(lost)])
    assert adopt(lost) == (0, {"jobs": 5, "strangers": 0, "problems": 0})
    assert lost.rows(ADDED) == [("p0/take-02", 2, "done", 1), ("p0/take-03", 3, "done", 4)]
