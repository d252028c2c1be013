import sqlite3
import stat

import pytest

from runner.core.errors import StateError
from runner.sandbox import Ledger, LoggedRequest, SandboxOptions, Submission
from runner.sandbox.tasks import plan_task

FOX = Submission("a fox", "fun", "1:1", ("https://example.com/fox.png",))


def fox(turn=0, now_s=1000.0, **options):
    return plan_task(SandboxOptions(**options), FOX, turn, "secret", now_s)


def test_an_accepted_task_is_read_back_as_it_was(tmp_path):
    path = tmp_path / "state" / "service.db"
    ledger, task = Ledger(path), fox()
    ledger.accept(task)
    reader = Ledger(path)
    assert (reader.tasks(), reader.task(task.task_id), reader.task("task_0")) == ((task,), task, None)
    assert reader.tasks_by_body() == {FOX: (task,)}
    reader.close()
    ledger.close()


def test_a_note_waits_for_a_flush_and_goes_with_an_accepted_task(tmp_path):
    ledger, reader = Ledger(tmp_path / "service.db"), Ledger(tmp_path / "service.db")
    note = LoggedRequest("status", "task_1", 0, "running", 1000.0)
    ledger.note(note)
    before = reader.requests()
    ledger.accept(fox())
    assert (before, reader.requests(), reader.requests("generate")) == ((), (note,), ())


def test_turns_count_the_asks_for_one_key():
    ledger = Ledger()
    for turn in range(2):
        assert ledger.turn("status", "task_1") == turn
        ledger.note(LoggedRequest("status", "task_1", turn, "running", 1000.0))
    assert (ledger.turn("status", "task_2"), ledger.turn("download", "task_1")) == (0, 0)


def test_the_token_never_stands_in_the_file(tmp_path):
    ledger = Ledger(tmp_path / "service.db")
    ledger.accept(plan_task(SandboxOptions(), FOX, 0, "CANARY-TOKEN", 1000.0))
    ledger.close()
    assert b"CANARY" not in (tmp_path / "service.db").read_bytes()


def test_the_file_is_for_its_owner_only(tmp_path):
    Ledger(tmp_path / "service.db").close()
    assert stat.S_IMODE((tmp_path / "service.db").stat().st_mode) == 0o600


def test_credits_are_counted_in_the_end_and_at_a_time():
    ledger = Ledger()
    ledger.accept(fox(0, latency_median_s=10, latency_spread=0, task_fails=1))
    ledger.accept(fox(1, latency_median_s=10, latency_spread=0, overcharge=1))
    assert (ledger.accepted_credits(), ledger.held_credits(1009), ledger.held_credits(1010)) == (80, 80, 80)
    ledger.accept(fox(2, latency_median_s=20, latency_spread=0, task_fails=1))
    assert (ledger.accepted_credits(), ledger.held_credits(1010), ledger.held_credits(1020)) == (80, 120, 80)


def test_running_tasks_and_the_next_one_ready_are_known():
    ledger = Ledger()
    nothing = ledger.next_ready_s(1000)
    ledger.accept(fox(0, latency_median_s=10, latency_spread=0))
    ledger.accept(fox(1, now_s=1001, latency_median_s=10, latency_spread=0))
    assert (nothing, ledger.running(1000), ledger.running(1010), ledger.next_ready_s(1000)) == (
        None,
        2,
        1,
        1010,
    )
    assert (ledger.accepted_at_s(1), ledger.accepted_at_s(2), ledger.accepted_at_s(3)) == (1001, 1000, None)


def test_a_closed_ledger_may_be_closed_again():
    ledger = Ledger()
    ledger.close()
    ledger.close()


def test_another_programs_database_is_refused(tmp_path):
    other = sqlite3.connect(tmp_path / "runner.db")
    other.execute("CREATE TABLE jobs (job_id TEXT)")
    other.close()
    with pytest.raises(StateError, match="is not a ledger of the sandbox - name another file"):
        Ledger(tmp_path / "runner.db")


@pytest.mark.parametrize("content", [b"x" * 4096, None])
def test_what_is_no_database_is_refused(tmp_path, content):
    path = tmp_path / "service.db"
    path.write_bytes(content) if content else path.mkdir()
    with pytest.raises(StateError, match=r"the sandbox's ledger .* cannot be"):
        Ledger(path)
