"""What has changed in a batch since it was last looked at."""

import contextlib

import pytest
from store_support import NOW, job_of, raw, shop_at

from runner.core.choice import Flag
from runner.core.errors import StateError
from runner.core.outcomes import ErrorClass
from runner.store import attempts, choices, decisions, outputs
from runner.store.watching import PAGE, View, Watched, version


@pytest.fixture
def view(shop):
    opened = View(shop.path)
    yield opened
    opened.close()


@pytest.fixture
def watched(shop, view):
    """A batch of three jobs that has been looked at: one pending, one running, one done."""
    shop.running(1)
    done(shop, 2)
    known = Watched(shop.pk)
    with view.reading() as connection:
        known.changed(connection)
    return known


def done(shop, rank):
    shop.fetching(rank)
    file_pk = shop.rows("SELECT id FROM file WHERE job = ?", rank + 1)[0][0]
    shop.do(outputs.verified, file_pk, f"p{rank}/take-01.mp4", 10, "ab")
    shop.do(outputs.placed, file_pk)
    shop.do(outputs.finish, rank + 1, NOW)


def seen(view, look):
    with view.reading() as connection:
        return look(connection)


def test_the_first_look_finds_every_job(shop, view):
    assert seen(view, Watched(shop.pk).changed) == {1, 2, 3}


def test_a_look_at_what_nobody_changed_finds_nothing(view, watched):
    assert (seen(view, watched.changed), seen(view, watched.likely_changed)) == (set(), set())


def begin(shop):
    shop.reserve(0)


def fail(shop):
    shop.do(attempts.fail, 1, 40, "no", ErrorClass.SERVICE, NOW)


def trouble(shop):
    shop.do(attempts.note_trouble, 2, "it is late", None)


def choose(shop):
    shop.do(choices.choose, 3, {"flag": Flag.KEEP}, NOW)


def go_the_whole_way(shop):
    done(shop, 0)


OF_RUNS = {begin: {1}, fail: {2}, trouble: {2}, choose: {3}, go_the_whole_way: {1}}


@pytest.mark.parametrize("change", OF_RUNS)
@pytest.mark.parametrize("look", ["changed", "likely_changed"])
def test_what_a_run_or_a_person_changes_is_found_once_by_either_look(shop, view, watched, change, look):
    change(shop)
    found = [seen(view, getattr(watched, look)) for _ in range(2)]
    assert found == [OF_RUNS[change], set()]


def test_what_a_look_of_the_quick_kind_has_found_the_other_does_not_find_again(shop, view, watched):
    begin(shop)
    assert (seen(view, watched.likely_changed), seen(view, watched.changed)) == ({1}, set())


def put_back(shop):
    fail(shop)
    shop.do(decisions.retry, 2)


SELDOM = {
    "a file moved": ("UPDATE file SET path = 'q/take-01.mp4' WHERE job = 3", {3}),
    "a video was looked into": ("INSERT INTO media VALUES (2, 'ab', 640, 480, 2.5, 24, 'h264')", {3}),
    "a job was removed": ("UPDATE job SET removed = 1 WHERE id = 1", {1}),
    "its meta was edited": ("UPDATE job SET meta = '{\"a\"\\:1}' WHERE id = 1", {1}),
    "another take is made instead": ("UPDATE job SET instead_of = 3 WHERE id = 1", {3}),
}


@pytest.mark.parametrize("what", SELDOM)
def test_what_changes_seldom_is_found_by_the_look_at_everything(shop, view, watched, what):
    statement, expected = SELDOM[what]
    if "media" in statement:
        statement = statement.replace("(2,", f"({shop.rows('SELECT id FROM file WHERE job = 3')[0][0]},")
    shop.do(raw(statement))
    assert [seen(view, watched.changed) for _ in range(2)] == [expected, set()]


def test_a_job_that_was_put_back_is_found(shop, view, watched):
    put_back(shop)
    assert (seen(view, watched.changed), watched.in_motion) == ({2}, frozenset())


def test_jobs_of_another_batch_are_not_looked_at(shop, view, watched):
    with shop_at(shop.path, job_of(7), name="autumn") as other:
        other.running(7)
        other.do(choices.choose, 4, {"rating": 1}, NOW)
    assert (seen(view, watched.likely_changed), seen(view, watched.changed)) == (set(), set())


def test_jobs_in_motion_are_found_whatever_their_number(state):
    with shop_at(state, *(job_of(rank) for rank in range(PAGE + 2)), budget=None) as shop:
        known, view = Watched(shop.pk), View(state)
        seen(view, known.changed)
        shop.do(raw("UPDATE job SET state = 'running'"))
        assert (len(seen(view, known.likely_changed)), len(known.in_motion)) == (PAGE + 2, PAGE + 2)
        view.close()


def test_a_commit_of_somebody_else_changes_the_version_and_nothing_else_does(shop, view):
    before = [seen(view, version) for _ in range(2)]
    begin(shop)
    after = [seen(view, version) for _ in range(2)]
    assert (len(set(before)), len(set(after)), before[0] == after[0]) == (1, 1, False)


def test_a_view_sees_one_moment_whatever_is_committed_meanwhile(shop, view, watched):
    with view.reading() as connection:
        first = version(connection)
        begin(shop)
        same = (version(connection) == first, watched.changed(connection))
    assert (same, seen(view, watched.changed)) == ((True, set()), {1})


def test_a_placed_file_is_found_by_its_path(shop, view, watched):
    found = seen(view, lambda connection: watched.placed_file(connection, "p2/take-01.mp4"))
    assert (found.job, found.sha256) == (3, "ab")


def test_a_file_that_came_or_moved_since_the_last_look_is_found_too(shop, view, watched):
    done(shop, 0)
    shop.do(raw("UPDATE file SET path = 'q.mp4' WHERE job = 3"))
    paths = ("p0/take-01.mp4", "q.mp4", "p2/take-01.mp4")
    found = [
        seen(view, lambda connection, path=path: watched.placed_file(connection, path)) for path in paths
    ]
    assert [one and one.job for one in found] == [1, 3, None]


def test_a_file_that_is_not_placed_or_is_another_batchs_is_not_found(shop, view, watched):
    shop.fetching(0)
    file_pk = shop.rows("SELECT id FROM file WHERE job = 1")[0][0]
    shop.do(outputs.verified, file_pk, "p0/take-01.mp4", 10, "ab")
    other = Watched(shop.pk + 1)
    found = [
        seen(view, lambda connection: watched.placed_file(connection, "p0/take-01.mp4")),
        seen(view, lambda connection: other.placed_file(connection, "p2/take-01.mp4")),
    ]
    assert found == [None, None]


def test_a_view_of_what_is_no_state_is_refused(tmp_path):
    (tmp_path / "a.db").write_bytes(b"not a database, and long enough to be taken for one")
    with pytest.raises(StateError):
        View(tmp_path / "a.db")


def test_a_read_that_fails_is_told_as_an_error_of_the_state_and_the_view_goes_on(shop, view):
    with pytest.raises(StateError, match="cannot be read"), view.reading() as connection:
        raw("SELECT no_such_column FROM job")(connection)
    with contextlib.closing(view):
        assert seen(view, version) > 0
