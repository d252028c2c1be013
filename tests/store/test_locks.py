"""One actor a batch: who holds the lock, and who loses it when."""

import contextlib
import fcntl
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from runner.core.errors import BusyError, StateError
from runner.store.locks import holder, holding, lock_path
from runner.store.places import state_at as state_path

HOLDER = Path(__file__).with_name("lock_holder.py")


@pytest.fixture
def another():
    """Starts processes that hold a lock; they are ended with the test."""
    with contextlib.ExitStack() as stack:

        def start(state, batch="spring"):
            process = subprocess.Popen(
                [sys.executable, HOLDER, str(state), batch],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process, process.stdout.readline().strip()

        yield start


def test_a_second_process_is_refused_within_a_second_and_told_who_is_at_work(place, state, another):
    with holding(state, "spring"):
        _, said = another(state)
    code, took_s, message = said.split(" ", 2)
    assert (code, float(took_s) < 1.0) == ("75", True)
    where = f" on {socket.gethostname()}" if place == "server" else ""
    assert (
        message
        == f"process {os.getpid()}{where} is working on batch 'spring'; wait for it, or stop it (Ctrl-C)"
    )


def test_who_holds_a_batch_can_be_seen_without_taking_it(state, another):
    before = holder(state, "spring")
    process, said = another(state)
    during = holder(state, "spring"), holder(state, "autumn")
    process.stdin.close()
    process.wait(10)
    assert (before, said, during, holder(state, "spring")) == (None, "held", (process.pid, None), None)


def test_two_batches_of_one_state_are_held_side_by_side(state, another):
    with holding(state, "spring"):
        assert another(state, "autumn")[1] == "held"


def test_a_killed_holder_loses_the_lock_at_once(state, another):
    process, _ = another(state)
    process.kill()
    process.wait(10)
    with holding(state, "spring"):
        assert holder(state, "spring") == os.getpid()


def test_a_suspended_holder_keeps_the_lock(state, another):
    process, _ = another(state)
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    try:
        with (
            pytest.raises(
                BusyError, match=rf"process {process.pid} .*is working|process {process.pid} is working"
            ),
            holding(state, "spring"),
        ):
            pass
    finally:
        process.send_signal(signal.SIGCONT)
    assert holder(state, "spring") == process.pid


def test_a_state_that_is_reached_through_a_link_has_the_same_lock(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real").mkdir()
    paths = [state_path(f"sqlite:///{tmp_path}/{name}/runner.db") for name in ("real", "link")]
    with holding(paths[0], "spring"), pytest.raises(BusyError), holding(paths[1], "spring"):
        pass


@pytest.mark.sqlite
def test_the_lock_is_free_after_its_holder_is_done_and_its_file_stays(state):
    for _ in range(2):
        with holding(state, "spring"):
            assert lock_path(state, "spring").read_text() == f"{os.getpid()}\n"
    assert (lock_path(state, "spring").exists(), lock_path(state, "spring").read_text()) == (True, "")


def test_the_lock_is_free_after_its_holder_failed(state):
    with pytest.raises(ZeroDivisionError), holding(state, "spring"):
        1 // 0  # noqa: B018 - it raises, and that is its use
    with holding(state, "spring"):
        pass


@pytest.mark.sqlite
def test_only_the_owner_may_see_the_locks(state):
    before = os.umask(0)
    try:
        with holding(state, "spring"):
            modes = [
                stat.S_IMODE(path.stat().st_mode)
                for path in (lock_path(state, "spring").parent, lock_path(state, "spring"))
            ]
    finally:
        os.umask(before)
    assert modes == [0o700, 0o600]


def test_a_reader_that_looks_again_and_again_keeps_no_starter_out(state):
    stop = threading.Event()

    def look():
        while not stop.wait(0.001):  # without any pause the threads of one process starve the starter's
            holder(state, "spring")

    with holding(state, "spring"):
        pass
    readers = [threading.Thread(target=look) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(20):
            with holding(state, "spring"):
                pass
    finally:
        stop.set()
        for reader in readers:
            reader.join()


@pytest.mark.sqlite
def test_a_starter_waits_out_a_reader_that_is_just_looking(state):
    with holding(state, "spring"):
        pass
    descriptor = os.open(lock_path(state, "spring"), os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    threading.Timer(0.1, os.close, [descriptor]).start()
    with holding(state, "spring"):
        assert holder(state, "spring") == os.getpid()


@pytest.mark.sqlite
@pytest.mark.parametrize("is_made_again", [False, True])
def test_a_lock_whose_file_was_deleted_meanwhile_is_no_lock(state, is_made_again):
    """Between opening and locking: whoever holds the deleted file must come to hold the one that has the name."""
    with holding(state, "spring"):
        pass
    path = lock_path(state, "spring")

    def interfere(_frame, event, called):
        if event == "c_call" and called is fcntl.flock:
            sys.setprofile(None)
            path.rename(path.with_suffix(".old"))
            if is_made_again:
                path.touch()

    sys.setprofile(interfere)
    try:
        with holding(state, "spring"):
            held = holder(state, "spring")
            with pytest.raises(BusyError), holding(state, "spring"):
                pass
    finally:
        sys.setprofile(None)
    assert (held, path.with_suffix(".old").exists()) == (os.getpid(), True)


@pytest.mark.sqlite
@pytest.mark.parametrize("name", ["", "../spring", "a/b", "a\0b"])
def test_what_no_batch_is_called_has_no_lock(state, name):
    with pytest.raises(StateError, match="is not the name of a batch"):
        lock_path(state, name)


@pytest.mark.sqlite
def test_a_planted_folder_of_locks_is_refused(state, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    state.parent.mkdir()
    lock_path(state, "spring").parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError, match="is a symbolic link; remove it"), holding(state, "spring"):
        pass
    assert list((tmp_path / "elsewhere").iterdir()) == []


@contextlib.contextmanager
def a_file_system_without_locks(path):
    """Just before it is locked, a descriptor becomes one that cannot be: ``flock`` fails with EBADF."""
    odd = os.open(path, os.O_PATH)

    def interfere(frame, event, called):
        if event == "c_call" and called is fcntl.flock:
            os.dup2(odd, frame.f_locals["descriptor"])

    sys.setprofile(interfere)
    try:
        yield
    finally:
        sys.setprofile(None)
        os.close(odd)


@pytest.mark.sqlite
def test_where_nothing_can_be_locked_nobody_starts_and_nobody_is_told_that_nobody_runs(state):
    with holding(state, "spring"):
        pass
    with a_file_system_without_locks(state.parent):
        with (
            pytest.raises(StateError, match=r"cannot be taken: .*Bad file descriptor"),
            holding(state, "spring"),
        ):
            pass
        with pytest.raises(StateError, match="cannot be looked at: Bad file descriptor"):
            holder(state, "spring")


@pytest.mark.sqlite
def test_a_lock_that_cannot_be_signed_is_the_states_failure_and_is_let_go(state):
    """A full disk is met here first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(StateError, match="cannot be written: File too large"), holding(state, "spring"):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with holding(state, "spring"):
        assert holder(state, "spring") == os.getpid()


@pytest.mark.sqlite
def test_a_planted_link_is_not_followed(state, tmp_path):
    lock_path(state, "spring").parent.mkdir(parents=True)
    lock_path(state, "spring").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError, match="cannot be taken"), holding(state, "spring"):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_a_lock_that_cannot_be_made_is_the_states_failure(tmp_path):
    (tmp_path / "runner.db.locks").write_text("a file")
    with (
        pytest.raises(StateError, match=r"the lock .*spring\.lock cannot be taken"),
        holding(tmp_path / "runner.db", "spring"),
    ):
        pass


@pytest.mark.sqlite
def test_a_holder_that_has_not_yet_said_who_it_is_is_called_another_process(state):
    with holding(state, "spring"):
        lock_path(state, "spring").write_text("")
        with (
            pytest.raises(BusyError, match="another process is working on batch 'spring'"),
            holding(state, "spring"),
        ):
            pass
