"""What the state says of processing steps and of what they made."""

import pytest
from store_support import job_of, shop_at

from runner.core.processing import ProcessingStep, StepKind, StepTrouble
from runner.core.records import StepCount
from runner.store import outputs, processing, pruning, reads
from runner.store.processing import Derived

PROBE = ProcessingStep(StepKind.PROBE)
THUMBNAIL = ProcessingStep(StepKind.THUMBNAIL, {"size": 320})
FRAMES = ProcessingStep(StepKind.FRAMES, {"every_s": 1.0})
MADE = ("derived/a.jpg", "step-1.1", 5, "hash of a")


@pytest.fixture
def files(shop):
    """Two placed files of the first job and one of the second."""
    urls = {0: ("https://a", "https://b"), 1: ("https://c",)}
    found = [one for rank in urls for one in shop.do(reads.files_of, shop.fetching(rank, *urls[rank]))]
    for one in found:
        shop.do(outputs.verified, one.pk, f"{one.pk}.mp4", 7, f"hash {one.pk}")
        shop.do(outputs.placed, one.pk)
    return [one for rank in urls for one in shop.do(reads.files_of, shop.job(rank).attempt)]


@pytest.fixture
def step(shop, files):
    return shop.do(processing.want, shop.pk, [THUMBNAIL])[0]


def due(shop, step, after_pk=0, most=10):
    return [one.file.pk for one in shop.do(processing.due_page, shop.pk, step.pk, after_pk, most)]


def test_the_steps_of_the_last_manifest_are_wanted_in_its_order(shop):
    first = shop.do(processing.want, shop.pk, [PROBE, THUMBNAIL, FRAMES])
    second = shop.do(processing.want, shop.pk, [FRAMES, THUMBNAIL])
    third = shop.do(processing.want, shop.pk, [FRAMES])
    assert [[one.step for one in each] for each in (first, second, third)] == [
        [THUMBNAIL, FRAMES],
        [FRAMES, THUMBNAIL],
        [FRAMES],
    ]
    assert ([one.pk for one in third], third[0].label) == ([first[1].pk], FRAMES.label)


def test_steps_are_those_of_one_batch(state, shop, step):
    with shop_at(state, job_of(0), name="autumn") as other:
        other.fetching(0)
        theirs = other.do(processing.want, other.pk, [THUMBNAIL])
        assert (len(theirs), due(other, theirs[0]), len(due(shop, step))) == (1, [], 3)


def test_files_come_in_pages_until_the_step_is_made_of_them(shop, files, step):
    first = due(shop, step, most=2)
    making = shop.do(processing.verified, step.pk, files[0], [MADE])
    while_it_is_placed = due(shop, step)
    shop.do(processing.made, making)
    shop.do(processing.failed, step.pk, files[1], StepTrouble.UNREADABLE, "no picture")
    assert (first, while_it_is_placed, due(shop, step), due(shop, step, files[1].pk)) == (
        [1, 2],
        [1, 2, 3],
        [2, 3],
        [3],
    )


def test_an_earlier_try_comes_with_its_file(shop, files, step):
    making = shop.do(processing.verified, step.pk, files[0], [MADE])
    found = shop.do(processing.due_page, shop.pk, step.pk, 0, 2)
    assert [(one.making, one.job_id) for one in found] == [(making, f"{0:024x}"), (None, f"{0:024x}")]


def test_what_was_made_holds_for_the_bytes_that_it_was_made_of(shop, files, step):
    shop.do(processing.made, shop.do(processing.verified, step.pk, files[0], [MADE]))
    shop.do(outputs.verified, files[0].pk, "1.mp4", 9, "another hash")
    shop.do(outputs.placed, files[0].pk)
    assert (due(shop, step), shop.do(processing.counts, shop.pk)) == (
        [1, 2, 3],
        (StepCount(THUMBNAIL.label, 0, 0, 3),),
    )


def test_a_making_that_a_process_left_is_found_again_with_its_files(shop, files, step):
    making = shop.do(processing.verified, step.pk, files[0], [MADE])
    shop.do(processing.made, shop.do(processing.verified, step.pk, files[1], []))
    left = shop.do(processing.unfinished, shop.pk)
    derived = Derived(making, *MADE, f"{0:024x}")
    assert (left, shop.do(processing.files_of, left)) == ([making], [derived])


def test_a_making_that_is_forgotten_is_due_again_and_its_files_are_not_missed(shop, files, step):
    making = shop.do(processing.verified, step.pk, files[0], [MADE])
    shop.do(processing.made, making)
    shop.do(processing.forget, making)
    assert (due(shop, step), shop.rows("SELECT count(*) FROM derived")) == ([1, 2, 3], [(0,)])


def test_what_should_stand_in_the_tree_comes_in_pages(shop, files, step):
    other = shop.do(processing.want, shop.pk, [THUMBNAIL, FRAMES])[1]
    for place, (of, one) in enumerate([(step, files[0]), (other, files[0]), (step, files[1])]):
        pair = [(f"{place}/{number}", "p", 5, "hash") for number in (1, 2)]
        shop.do(processing.made, shop.do(processing.verified, of.pk, one, pair))
    shop.do(processing.made, shop.do(processing.verified, step.pk, files[2], []))
    shop.do(processing.verified, other.pk, files[2], [MADE])
    pages, after = [], 0
    while page := shop.do(processing.made_page, shop.pk, after, 2):
        pages.append([one.path for one in page])
        after = page[-1].making
    shop.do(processing.want, shop.pk, [FRAMES])
    assert (pages, [one.path for one in shop.do(processing.made_page, shop.pk, 0, 9)]) == (
        [["0/1", "0/2", "1/1", "1/2"], ["2/1", "2/2"]],
        ["1/1", "1/2"],
    )


def test_it_is_counted_what_each_step_came_to(shop, files, step):
    shop.do(processing.want, shop.pk, [FRAMES, THUMBNAIL])
    shop.do(processing.made, shop.do(processing.verified, step.pk, files[0], [MADE]))
    shop.do(processing.failed, step.pk, files[2], StepTrouble.TIMEOUT, "too slow")
    assert shop.do(processing.counts, shop.pk) == (
        StepCount(FRAMES.label, 0, 0, 3),
        StepCount(THUMBNAIL.label, 1, 1, 1),
    )
    assert shop.do(processing.troubles, step.pk, 5) == [("3.mp4", StepTrouble.TIMEOUT, "too slow")]


def test_a_batch_without_steps_has_nothing_to_count(shop, files):
    assert shop.do(processing.counts, shop.pk) == ()


def test_paths_at_which_something_was_made_are_known(shop, files, step):
    for one, path in zip(files, ("a", "b", "c"), strict=True):
        making = shop.do(processing.verified, step.pk, one, [(path, "p", 5, "hash")])
        if path != "c":
            shop.do(processing.made, making)
    assert shop.do(processing.made_among, shop.pk, ["b", "c", "d"]) == {"b"}


def test_what_nobody_wants_any_more_comes_in_pages(shop, files, step):
    makings = [shop.do(processing.verified, step.pk, one, [MADE]) for one in files]
    before = shop.do(processing.unwanted_totals, shop.pk), shop.do(processing.unwanted_page, shop.pk, 0, 9)
    shop.do(processing.want, shop.pk, [FRAMES])
    pages = [shop.do(processing.unwanted_page, shop.pk, after, 2) for after in (0, makings[1])]
    assert (before, pages, shop.do(processing.unwanted_totals, shop.pk)) == (
        ((0, 0), []),
        [makings[:2], makings[2:]],
        (3, 15),
    )


def test_what_was_made_of_deleted_files_is_forgotten_with_them(shop, files, step):
    makings = [shop.do(processing.verified, step.pk, one, [MADE]) for one in files[:2]]
    found = shop.do(processing.makings_of_job, files[0].job)
    shop.do(pruning.forget, files[0].job, "2026-01-02T03:04:05.000+00:00")
    assert (found, shop.rows("SELECT count(*) FROM making")) == (makings, [(0,)])
