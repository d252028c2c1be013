"""What must be on the disk before what, read off the system calls of a run (a light form of ALICE's analysis)."""

import pytest

from tests.faults import traced
from tests.faults.needs import needs
from tests.faults.scene import scene_in
from tests.faults.traced import Call

pytestmark = [pytest.mark.faults, needs("tracing")]

WAL = "state/runner.db-wal"


@pytest.fixture(scope="module")
def calls(tmp_path_factory) -> list[Call]:
    """One job alone, so that nothing else goes on between its calls."""
    with scene_in(tmp_path_factory.mktemp("order"), two_files=0.0) as scene:
        run = traced.run(scene, "--limit", "1")
        assert len(scene.books().tasks()) == 1
        return run.calls


def one(calls: list[Call], name: str, about: str) -> Call:
    """The only call like this that succeeded."""
    (found,) = (call for call in calls if (call.name, call.about, call.returned) == (name, about, 0))
    return found


def sent(calls: list[Call], note: str) -> Call:
    """The first packet that begins like this."""
    return next(call for call in calls if call.name == "sendto" and call.note.startswith(note))


def synced(calls: list[Call], about: str, after: Call, before: Call) -> bool:
    """Whether a sync of this began after one call was over and was over before another began."""
    return any(
        call.name in {"fsync", "fdatasync"} and call.about == about and call.returned == 0
        and (after.ended or 0) < call.began and (call.ended or 10**9) < before.began
        for call in calls
    )  # fmt: skip


def commits(calls: list[Call], after: Call, before: Call) -> list[Call]:
    """The pages of the state that were written between two calls."""
    return [
        call for call in calls
        if call.about == WAL and call.name == "pwrite64" and after.began < call.began < before.began
    ]  # fmt: skip


def test_a_reservation_is_synced_before_the_first_byte_of_its_submission(calls):
    post = sent(calls, "POST /v1/generate")
    written = commits(calls, calls[0], post)
    assert written
    assert synced(calls, WAL, written[-1], post)


def test_a_task_id_is_synced_before_the_service_is_asked_about_it(calls):
    post, question = sent(calls, "POST /v1/generate"), sent(calls, "GET /v1/status")
    answer = next(call for call in calls if call.name == "recvfrom" and call.began > post.began)
    written = commits(calls, answer, question)
    assert written
    assert synced(calls, WAL, written[-1], question)


def test_a_file_is_synced_and_its_hash_committed_before_it_gets_its_name(calls):
    (link,) = (call for call in calls if call.name == "linkat")
    partial = next(call.about for call in calls if call.name == "fsync" and "/.partial/" in call.about)
    last_byte = [call for call in calls if call.name == "pwrite64" and call.about == partial][-1]
    file_synced = one(calls, "fsync", partial)
    hash_written = commits(calls, file_synced, link)
    assert (last_byte.ended or 0) < file_synced.began
    assert (file_synced.ended or 0) < hash_written[0].began
    assert synced(calls, WAL, hash_written[-1], link)


def test_a_name_is_synced_before_the_job_is_done_and_the_partial_file_goes(calls):
    (link,) = (call for call in calls if call.name == "linkat")
    directory = link.about.rpartition("/")[0]
    done = next(call for call in calls if call.about == WAL and call.began > link.began)
    partial = next(call.about for call in calls if call.name == "fsync" and "/.partial/" in call.about)
    gone = one(calls, "unlinkat", partial)
    assert synced(calls, directory, link, done)
    assert synced(calls, directory, link, gone)


def test_every_new_directory_is_synced_before_anything_depends_on_it(calls):
    """The state's before the first submission; the tree's before the job is done, which is before its partial file goes."""
    post, link = sent(calls, "POST /v1/generate"), next(call for call in calls if call.name == "linkat")
    done = next(call for call in calls if call.about == WAL and call.began > link.began)
    partial = next(call.about for call in calls if call.name == "fsync" and "/.partial/" in call.about)
    gone = one(calls, "unlinkat", partial)
    made = [call for call in calls if call.name in {"mkdir", "mkdirat"} and call.returned == 0]
    late = [
        call.about
        for call in made
        if call.about != "state/runner.db.locks"  # a lock that a power cut takes away is made anew
        # What stands in .partial is not paid for twice: it is fetched again.
        and not call.about.endswith(".partial")
        and not all(
            synced(calls, call.about.rpartition("/")[0] or ".", call, before)
            for before in ([post] if "state" in call.about else [done, gone])
        )
    ]
    assert late == []
