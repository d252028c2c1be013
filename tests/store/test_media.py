"""What was found in placed files, in the state."""

import pytest
from store_support import job_of, shop_at

from runner.core.records import Media
from runner.store import media, outputs, reads
from runner.store.media import Shape, Unseen

TALL = Media(480, 720, 6.0, 24.0, "h264")
SQUARE = Media(640, 640, 6.0, 24.0, "h264")


@pytest.fixture
def files(shop):
    """Two placed files of the first job and one of the second."""
    urls = {0: ("https://a", "https://b"), 1: ("https://c",)}
    found = [one for rank in urls for one in shop.do(reads.files_of, shop.fetching(rank, *urls[rank]))]
    for one in found:
        shop.do(outputs.verified, one.pk, f"{one.pk}.mp4", 7, f"hash {one.pk}")
        shop.do(outputs.placed, one.pk)
    return [one for rank in urls for one in shop.do(reads.files_of, shop.job(rank).attempt)]


def unseen(shop, after_pk=0, most=10):
    return shop.do(media.unseen_page, shop.pk, after_pk, most)


def test_placed_files_that_nobody_has_looked_into_come_in_pages(shop, files):
    first = unseen(shop, most=2)
    assert (first, unseen(shop, first[-1].file.pk)) == (
        [Unseen(files[0], "1:1"), Unseen(files[1], "1:1")],
        [Unseen(files[2], "1:1")],
    )


def test_files_of_another_batch_and_files_without_a_place_are_not_among_them(state, shop, files):
    with shop_at(state, job_of(0), name="autumn") as other:
        other.fetching(0)
        assert (unseen(other), len(unseen(shop))) == ([], 3)


def test_a_file_that_was_looked_into_is_done_with_even_if_there_was_nothing_to_see(shop, files):
    shop.do(media.keep, [(files[0], TALL), (files[1], Media())])
    assert [one.file for one in unseen(shop)] == [files[2]]


def test_what_was_found_holds_for_the_bytes_that_were_looked_into(shop, files):
    shop.do(media.keep, [(files[0], TALL)])
    shop.do(outputs.verified, files[0].pk, "1.mp4", 9, "another hash")
    shop.do(outputs.placed, files[0].pk)
    again = unseen(shop)[0]
    assert (again.file.pk, shop.do(media.shapes, shop.pk)) == (files[0].pk, [])
    shop.do(media.keep, [(again.file, SQUARE)])
    shop.do(media.keep, [(files[0], TALL)])  # by somebody who was slower than the repair
    assert shop.do(media.shapes, shop.pk) == [Shape("1:1", 640, 640, 1)]


def test_a_file_without_a_hash_is_passed_over(shop):
    wanted = shop.do(reads.files_of, shop.fetching(0))[0]
    shop.do(media.keep, [(wanted, TALL)])
    assert shop.rows("SELECT count(*) FROM media") == [(0,)]


def test_shapes_are_counted_and_their_files_named(shop, files):
    shop.do(media.keep, [(files[0], TALL), (files[1], Media()), (files[2], TALL)])
    shape = Shape("1:1", 480, 720, 2)
    named = [shop.do(media.paths_of, shop.pk, shape, most) for most in (1, 5)]
    assert (shop.do(media.shapes, shop.pk), named) == ([shape], [["1.mp4"], ["1.mp4", "3.mp4"]])
