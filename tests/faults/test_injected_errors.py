"""D06 to D09, D14, D18: one system call of a run fails; all of them with ``python -m tests.faults.long --part errors``."""

import pytest

from tests.faults import checker, injected, traced
from tests.faults.needs import needs
from tests.faults.scene import scene_in, wait_until
from tests.faults.trials import carry_out

pytestmark = [pytest.mark.faults, needs("tracing")]

SEED = 20
SAMPLED = 16


def test_a_failing_system_call_ends_the_run_with_a_declared_code_and_loses_nothing():
    figures = carry_out(injected.failing, injected.sampled(SAMPLED, SEED))
    assert len(figures.verdicts) == SAMPLED
    assert figures.violations == []


def test_a_list_of_the_tree_that_cannot_be_synced_is_written_by_the_next_run(tmp_path):
    with scene_in(tmp_path) as scene:
        failed = traced.run(scene, at=1, action="EIO", match="fsync outputs/four/.partial/metadata.jsonl")
        assert (failed.done.code, "metadata.jsonl: Input/output error" in failed.done.err) == (1, True)
        assert not (scene.output / "metadata.jsonl").exists()
        assert checker.at_the_end(scene, scene.resume()) == []


@pytest.mark.parametrize("call", ["pwrite64", "ftruncate"])
def test_a_lock_that_cannot_be_signed_is_a_state_that_cannot_be_written(tmp_path, call):
    with scene_in(tmp_path) as scene:
        failed = traced.run(scene, at=1, action="ENOSPC", match=f"{call} state/runner.db.locks/four.lock")
        assert (failed.done.code, scene.books().requests()) == (74, ())
        assert checker.at_the_end(scene, scene.resume()) == []


@pytest.mark.parametrize("error", ["EPERM", "EOPNOTSUPP"])
def test_a_file_system_without_hard_links_gets_whole_files_all_the_same(tmp_path, error):
    with scene_in(tmp_path, two_files=0.0) as scene:
        failed = traced.run(scene, at=1, action=error, match="linkat outputs/four/fox/normal_1x1/take-01.mp4")
        assert failed.struck is not None
        assert checker.at_the_end(scene, failed.done) == []


@pytest.mark.parametrize("commit", range(1, 9))
def test_after_a_commit_that_cannot_be_synced_nothing_is_sent_and_no_paid_task_goes_untold(tmp_path, commit):
    settings = "limits: {in_flight: 1, requests_per_minute: 6000}\n"
    with scene_in(tmp_path, settings=settings) as scene:
        assert scene.resume("--limit", "0").code == 0
        failed = traced.run(scene, at=commit, action="EIO", match="fdatasync state/runner.db-wal")
        assert failed.struck is not None
        posts = [call for call in failed.calls if call.note.startswith("POST /v1/generate")]
        late = [call for call in posts if call.began > failed.struck.began]
        assert (failed.done.code, late) == (74, [])
        assert [*checker.during(scene), *injected.fail_stop(scene, failed)] == []
        assert checker.at_the_end(scene, scene.resume()) == []


@pytest.mark.parametrize("commit", [7, 8])
def test_after_a_commit_that_cannot_be_synced_its_thread_writes_nothing_for_anyone_else(tmp_path, commit):
    with scene_in(tmp_path, answer_delay_s=0.8) as scene:
        asking = traced.run(scene, "--limit", "1", at=2, match="sendto socket:")
        assert asking.struck is not None
        assert asking.struck.note.startswith("GET /v1/status")
        # The files of the first job are stored while the other three submissions are in the air.
        failed = traced.run(scene, at=commit, action="EIO", match="fdatasync state/runner.db-wal")
        assert (failed.done.code, failed.struck is not None) == (74, True)
        assert len(scene.books().tasks()) == 4
        assert [*checker.during(scene), *injected.fail_stop(scene, failed)] == []
        assert checker.at_the_end(scene, scene.resume()) == []


def test_too_few_descriptors_are_waited_out(tmp_path):
    limited = ["prlimit", "--nofile=16:4096", "--"]
    with scene_in(tmp_path) as scene, scene.start(prefix=limited) as process:
        wait_until(scene.state.exists, "the run to begin")
        scarce = process.popen.poll()
        raise_limit(process.popen.pid)
        done = process.end()
        assert scarce is None
        violations = checker.ended_well(done)
        assert [*violations, *checker.at_the_end(scene, done if done.code == 0 else scene.resume())] == []


def raise_limit(pid: int) -> None:
    import resource

    resource.prlimit(pid, resource.RLIMIT_NOFILE, (1024, 4096))
