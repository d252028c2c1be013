"""Files that are gone and come again, in the state."""

import pytest
from store_support import LATER, job_of, shop_at

from runner.core.model import JobState
from runner.core.outcomes import ErrorClass
from runner.store import attempts, mending, outputs, reads

DONE, FETCHING = JobState.DONE, JobState.FETCHING
HASH = "ab" * 32


@pytest.fixture
def done(state):
    """A done job of two files."""
    with shop_at(state, job_of(0)) as shop:
        attempt = shop.fetching(0, "https://old/1", "https://old/2")
        for file in shop.do(reads.files_of, attempt):
            shop.do(outputs.verified, file.pk, f"{file.position}.mp4", 7, HASH)
            shop.do(outputs.placed, file.pk)
        shop.do(outputs.finish, 1, LATER)
        yield shop


def standing(shop):
    files = [(file.state, file.url, file.path, file.sha256) for file in shop.do(reads.files_of, 1)]
    return shop.states(), files


FIRST = ("https://new/1", "1.mp4", HASH)
SECOND = ("https://new/2", "2.mp4", HASH)
FRESH = ["https://new/1", "https://new/2"]


def test_a_file_that_is_gone_is_wanted_again_with_what_is_known_of_it(done):
    done.do(mending.want_again, 1, [1], FRESH)
    assert standing(done) == ([FETCHING], [("wanted", *FIRST), ("placed", *SECOND)])
    assert done.books() == (40, 0, 0)


def test_another_file_of_a_job_that_is_fetching_already_can_be_wanted_too(done):
    done.do(mending.want_again, 1, [1], FRESH)
    done.do(mending.want_again, 1, [2], FRESH)
    assert standing(done) == ([FETCHING], [("wanted", *FIRST), ("wanted", *SECOND)])


def test_a_job_is_done_with_the_last_of_its_files(done):
    done.do(mending.want_again, 1, [1, 2], FRESH)
    states = []
    for file_pk in (2, 1):
        done.do(mending.found_again, file_pk, LATER)
        states += done.states()
    assert (states, standing(done)) == ([FETCHING, DONE], ([DONE], [("placed", *FIRST), ("placed", *SECOND)]))


def test_the_trouble_of_a_job_is_shown_until_it_ends(done):
    before = done.do(mending.trouble_of, 1)
    done.do(mending.want_again, 1, [1], FRESH)
    done.do(attempts.note_trouble, 1, "slow", ErrorClass.DOWNLOAD)
    during = done.do(mending.trouble_of, 1)
    done.do(mending.found_again, 1, LATER)
    assert (before, during, done.do(mending.trouble_of, 1)) == (None, "slow", None)


# what should stand in the tree


@pytest.fixture
def three(state):
    """Three done jobs of one file each, of which the second is being fetched again."""
    with shop_at(state, *map(job_of, range(3))) as shop:
        for rank in range(3):
            attempt = shop.fetching(rank)
            (file,) = shop.do(reads.files_of, attempt)
            shop.do(outputs.verified, file.pk, f"{rank}.mp4", 7, HASH)
            shop.do(outputs.placed, file.pk)
            shop.do(outputs.finish, shop.job(rank).pk, LATER)
        shop.do(mending.want_again, shop.job(1).pk, [2], ["https://new/1"])
        yield shop


def shown(page):
    return [(one.job_id, one.file.path, one.file.state) for one in page]


ZERO, ONE, TWO = (
    (job_of(rank).job_id, f"{rank}.mp4", state) for rank, state in enumerate(["placed", "wanted", "placed"])
)


def test_what_is_recorded_comes_page_by_page_with_what_is_being_fetched_again(three):
    pages, after = [], 0
    while page := three.do(mending.recorded_page, three.pk, after, 2):
        pages.append(shown(page))
        after = page[-1].file.pk
    assert pages == [[ZERO, ONE], [TWO]]


def test_a_file_that_nothing_is_known_of_yet_is_not_recorded(three):
    three.do(outputs.wanted_again, 2)
    page = three.do(mending.recorded_page, three.pk, 0, 9)
    assert (shown(page), shown(three.do(mending.recorded, [1, 2]))) == ([ZERO, TWO], [ZERO])


def test_files_of_another_batch_are_not_recorded_in_this_one(three):
    with shop_at(three.path, job_of(7), name="autumn") as other:
        assert other.do(mending.recorded_page, other.pk, 0, 9) == []


def test_recorded_files_are_found_by_their_keys_as_they_are_now(three):
    before = shown(three.do(mending.recorded, [3, 2, 99]))
    three.do(mending.found_again, 2, LATER)
    now = shown(three.do(mending.recorded, [2]))
    assert (before, now) == ([ONE, TWO], [(ONE[0], "1.mp4", "placed")])
