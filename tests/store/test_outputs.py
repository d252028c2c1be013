"""The rows of files: wanted, verified, placed, and on the move."""

import pytest
from store_support import LATER, job_of, shop_at

from runner.core.lifecycle import IllegalTransitionError
from runner.core.model import JobState
from runner.store import outputs, reads

HASH = "ab" * 32


def file_of(shop, attempt, position=1):
    return shop.do(reads.files_of, attempt)[position - 1]


def place(shop, rank, *paths):
    """Bring a pending job to done with these files; returns its attempt."""
    attempt = shop.fetching(rank, *(f"https://cdn/{path}" for path in paths))
    for file, path in zip(shop.do(reads.files_of, attempt), paths, strict=True):
        shop.do(outputs.verified, file.pk, path, 7, HASH)
        shop.do(outputs.placed, file.pk)
    shop.do(outputs.finish, shop.job(rank).pk, LATER)
    return attempt


def whereabouts(shop, **more):
    return shop.do(lambda connection: list(outputs.whereabouts(connection, shop.pk, **more)))


def test_a_verified_file_has_its_size_its_hash_and_its_place_to_be(shop):
    attempt = shop.fetching(0)
    returned = shop.do(outputs.verified, file_of(shop, attempt).pk, "a.mp4", 7, HASH)
    assert returned == file_of(shop, attempt)
    assert (returned.state, returned.path, returned.bytes, returned.sha256) == ("verified", "a.mp4", 7, HASH)


def test_a_placed_file_keeps_them(shop):
    attempt = shop.fetching(0)
    pk = file_of(shop, attempt).pk
    shop.do(outputs.verified, pk, "a.mp4", 7, HASH)
    shop.do(outputs.placed, pk)
    placed = file_of(shop, attempt)
    assert (placed.state, placed.path, placed.bytes, placed.sha256) == ("placed", "a.mp4", 7, HASH)


def test_a_file_that_is_wanted_again_is_as_if_it_had_never_come(shop):
    attempt = shop.fetching(0)
    before = file_of(shop, attempt)
    shop.do(outputs.verified, before.pk, "a.mp4", 7, HASH)
    shop.do(outputs.wanted_again, before.pk)
    assert file_of(shop, attempt) == before


def test_what_is_verified_and_not_placed_is_known_by_the_name_that_it_waits_under(shop):
    attempt = shop.fetching(0)
    first = file_of(shop, attempt)
    none = shop.do(outputs.unplaced, "spring")
    shop.do(outputs.verified, first.pk, "a.mp4", 7, HASH)
    waiting = shop.do(outputs.unplaced, "spring")
    others = shop.do(outputs.unplaced, "autumn")
    shop.do(outputs.placed, first.pk)
    assert (none, waiting, others, shop.do(outputs.unplaced, "spring")) == (
        set(),
        {f"{shop.job(0).job_id}-{attempt}-1"},
        set(),
        set(),
    )


def test_a_job_whose_files_are_placed_is_done(shop):
    place(shop, 0, "a.mp4")
    assert shop.rows("SELECT state, error, completed_at FROM job WHERE rank = 0") == [("done", None, LATER)]


@pytest.mark.parametrize(
    "bring", [lambda shop: None, lambda shop: shop.running(0), lambda shop: place(shop, 0, "a")]
)
def test_only_a_fetching_job_comes_to_its_end(shop, bring):
    bring(shop)
    before = shop.dump()
    with pytest.raises(IllegalTransitionError):
        shop.do(outputs.finish, shop.job(0).pk, LATER)
    assert shop.dump() == before


def test_every_placed_file_is_found_with_where_its_job_wants_it(shop):
    place(shop, 0, "p0/take-01-1.mp4", "p0/take-01-2.mp4")
    place(shop, 1, "p1/take-01.mp4")
    shop.fetching(2)
    shop.enrol(job_of(0), job_of(1, path="new/take-01"))
    found = [(one.file.path, one.job_id, one.stem, one.siblings) for one in whereabouts(shop)]
    assert found == [
        ("p0/take-01-1.mp4", job_of(0).job_id, "p0/take-01", 2),
        ("p0/take-01-2.mp4", job_of(0).job_id, "p0/take-01", 2),
        ("p1/take-01.mp4", job_of(1).job_id, "new/take-01", 1),
    ]


def test_files_are_found_page_by_page_and_of_this_batch_only(shop):
    with shop_at(shop.path, job_of(0), name="autumn") as other:
        place(other, 0, "autumn.mp4")
    for rank in range(3):
        place(shop, rank, f"{rank}.mp4")
    assert [one.file.path for one in whereabouts(shop, page=2)] == ["0.mp4", "1.mp4", "2.mp4"]


def test_a_move_is_announced_and_then_made_or_given_up(shop):
    pk = file_of(shop, place(shop, 0, "a.mp4")).pk
    steps = []
    for step in (
        (outputs.aim, pk, "b.mp4"),
        (outputs.stayed, pk),
        (outputs.aim, pk, "c.mp4"),
        (outputs.moved, pk),
    ):
        shop.do(*step)
        steps += shop.rows("SELECT path, target FROM file")
    assert steps == [("a.mp4", "b.mp4"), ("a.mp4", None), ("a.mp4", "c.mp4"), ("c.mp4", None)]


def test_removed_jobs_make_way_for_present_ones_whatever_the_case_of_their_names(shop):
    shop.running(1)
    shop.enrol(job_of(0, path="P1/take-01"), job_of(2))
    for _ in range(2):  # once, and again after a crash
        shop.do(outputs.give_way, shop.pk)
        paths = shop.rows("SELECT path, removed FROM job ORDER BY rank")
        assert paths == [("P1/take-01", 0), (f"removed/{job_of(1).job_id}/take-01", 1), ("p2/take-01", 0)]


def test_a_removed_job_that_never_left_is_in_nobodys_way(shop):
    shop.enrol(job_of(0, path="P1/take-01"), job_of(2))
    shop.do(outputs.give_way, shop.pk)
    assert shop.rows("SELECT path FROM job WHERE removed = 1") == [("p1/take-01",)]


def test_a_removed_job_that_is_in_nobodys_way_stays_where_it_is(shop):
    shop.running(1)
    shop.enrol(job_of(0), job_of(2))
    shop.do(outputs.give_way, shop.pk)
    assert shop.rows("SELECT path FROM job WHERE removed = 1") == [("p1/take-01",)]


def test_the_state_of_the_job_is_the_last_thing_that_changes(shop):
    attempt = shop.fetching(0)
    shop.do(outputs.verified, file_of(shop, attempt).pk, "a.mp4", 7, HASH)
    assert shop.states()[0] is JobState.FETCHING
