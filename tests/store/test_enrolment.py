"""Taking a manifest's jobs in, again and again."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from store_support import job_of, shop_at

from runner.core.model import JobState
from runner.store import enrolment
from runner.store.enrolment import Known

PENDING = JobState.PENDING


def listed(shop):
    return shop.rows("SELECT rank, job_id, state, removed FROM job ORDER BY rank, job_id")


def test_a_job_is_kept_with_all_that_its_manifest_says(state):
    one = job_of(
        7, images=("https://x/1.png",), variables={"animal": "fuchs ü"}, meta={"sku": "A", "n": 1, "no": None}
    )
    with shop_at(state, one) as shop:
        (row,) = shop.rows(
            """SELECT job_id, prompt_id, mode, ratio, take, variables, meta, path, rank, state, removed, text, images
            FROM job JOIN prompt ON prompt.id = job.prompt"""
        )
    assert row == (
        one.job_id,
        "p7",
        "normal",
        "1:1",
        1,
        '{"animal": "fuchs ü"}',
        '{"sku": "A", "n": 1, "no": null}',
        "p7/take-01",
        7,
        "pending",
        0,
        "a fox, number 7",
        '["https://x/1.png"]',
    )


def test_texts_that_repeat_stand_once(state):
    jobs = [job_of(number, prompt="a fox", images=("i",) * (number % 2)) for number in range(6)]
    with shop_at(state, *jobs) as shop:
        assert shop.rows("SELECT text, images FROM prompt ORDER BY images") == [
            ("a fox", '["i"]'),
            ("a fox", "[]"),
        ]


def test_to_enrol_the_same_again_changes_nothing_but_the_generation(shop):
    before, generation = listed(shop), shop.batch().generation
    shop.enrol(job_of(0), job_of(1), job_of(2))
    assert (listed(shop), shop.batch().generation) == (before, generation + 1)


def test_a_job_whose_names_changed_keeps_its_state(shop):
    shop.running(1)
    moved = job_of(1, path="new/path", prompt_id="new", rank=9, meta={"a": 1}, variables={"b": "2"})
    shop.enrol(job_of(0), moved, job_of(2))
    row = shop.rows("SELECT path, prompt_id, rank, meta, variables, state, removed FROM job WHERE rank = 9")
    assert row == [("new/path", "new", 9, '{"a": 1}', '{"b": "2"}', "running", 0)]


def test_what_an_earlier_enrolment_left_among_the_first_jobs_makes_way_and_comes_back_when_it_is_named(shop):
    generation = shop.do(enrolment.begin, shop.pk, "begun")
    shop.do(enrolment.enrol, shop.pk, [job_of(0)], generation)
    shop.do(enrolment.clear_up_to, shop.pk, generation, 1)
    marks = [removed for *_, removed in listed(shop)]
    shop.do(enrolment.enrol, shop.pk, [job_of(1), job_of(2)], generation)
    assert (shop.batch().fingerprint, marks, [removed for *_, removed in listed(shop)]) == (
        "begun",
        [0, 1, 0],
        [0, 0, 0],
    )


def test_jobs_that_are_not_named_any_more_are_marked_removed_and_come_back(shop):
    generation = shop.do(enrolment.begin, shop.pk)
    shop.do(enrolment.enrol, shop.pk, [job_of(0)], generation)
    gone = shop.do(enrolment.finish, shop.pk, generation, "two")
    marks = [removed for *_, removed in listed(shop)]
    shop.enrol(job_of(0), job_of(2))
    assert (gone, marks, [removed for *_, removed in listed(shop)]) == (2, [0, 1, 1], [0, 1, 0])


def test_what_was_removed_before_is_not_counted_again(shop):
    shop.enrol(job_of(0))
    generation = shop.do(enrolment.begin, shop.pk)
    shop.do(enrolment.enrol, shop.pk, [job_of(0)], generation)
    assert shop.do(enrolment.finish, shop.pk, generation, "three") == 0


def test_an_enrolment_that_was_broken_off_removes_nothing_and_is_simply_done_again(shop):
    generation = shop.do(enrolment.begin, shop.pk)
    shop.do(enrolment.enrol, shop.pk, [job_of(0), job_of(3)], generation)
    broken = (shop.batch().fingerprint, [removed for *_, removed in listed(shop)])
    again = shop.do(enrolment.begin, shop.pk)
    shop.do(enrolment.enrol, shop.pk, [job_of(1)], again)
    shop.do(enrolment.finish, shop.pk, again, "new")
    whole = (shop.batch().fingerprint, [removed for *_, removed in listed(shop)])
    assert (generation < again, broken, whole) == (True, (None, [0] * 4), ("new", [1, 0, 1, 1]))


def test_an_enrolment_ends_with_the_fingerprint_of_what_was_enrolled(shop):
    assert (shop.batch().fingerprint, shop.batch().generation) == ("print", 1)


def test_what_the_state_knows_of_jobs(shop):
    shop.running(1)
    shop.enrol(job_of(0), job_of(1))
    asked = [job_of(rank).job_id for rank in (0, 1, 2, 3)]
    assert shop.do(enrolment.known, shop.pk, asked) == {
        asked[0]: Known(PENDING, removed=False),
        asked[1]: Known(JobState.RUNNING, removed=False),
        asked[2]: Known(PENDING, removed=True),
    }


def test_batches_do_not_share_jobs(shop):
    with shop_at(shop.path, job_of(0), name="autumn") as other:
        other.enrol(job_of(1))
        assert [removed for *_, removed in listed(shop)] == [0, 1, 0, 0, 0]
        assert list(shop.do(enrolment.known, shop.pk, [job_of(0).job_id]).values()) == [
            Known(PENDING, removed=False)
        ]


def test_a_whole_page_is_taken_at_once(state):
    jobs = [job_of(number) for number in range(enrolment.PAGE)]
    with shop_at(state, *jobs) as shop:
        known = shop.do(enrolment.known, shop.pk, [job.job_id for job in jobs])
    assert len(known) == enrolment.PAGE


SOUND = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(deadline=None, max_examples=30)
@given(SOUND, st.lists(SOUND))
def test_any_text_comes_back_as_it_was(tmp_path_factory, text, values):
    keys = {f"k{at}": value for at, value in enumerate(values)}
    one = job_of(0, prompt=text, meta=keys)
    with shop_at(tmp_path_factory.mktemp("text") / "a.db", one) as shop:
        ((meta,),) = shop.rows("SELECT meta FROM job")
        assert (shop.job(0).prompt, json.loads(meta)) == (text, keys)


def test_pages_add_up(shop):
    generation = shop.do(enrolment.begin, shop.pk)
    for jobs in ([job_of(0), job_of(1)], [job_of(5)], [job_of(2)]):
        shop.do(enrolment.enrol, shop.pk, jobs, generation)
    assert (shop.do(enrolment.finish, shop.pk, generation, "x"), len(listed(shop))) == (0, 4)
