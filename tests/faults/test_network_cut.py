"""N60: the cable is pulled for some seconds in the middle of a submission, of a question and of a download."""

import time

import pytest

from tests.faults import checker
from tests.faults.needs import needs
from tests.faults.network import cable, served_at
from tests.faults.scene import Scene, wait_until

pytestmark = [pytest.mark.faults, needs("root", "ip")]

QUICK = "latency=0.2,two_files=0"


@pytest.fixture
def far(tmp_path):
    """A scene whose service is at the other end of a cable; gives both, and a way to start the service."""
    with cable() as one:
        ledger = tmp_path / "service" / "ledger.db"
        yield one, ledger, tmp_path / "work"


def test_a_cut_under_a_submission_makes_it_unknown_and_the_others_go_on(far):
    one, ledger, root = far
    with served_at(one, ledger, f"{QUICK},answer_delay=0.8"):
        settings = "limits: {in_flight: 2, requests_per_minute: 6000}\n"
        scene = Scene(
            root, one.base_url, ledger, settings=settings, timeouts="{connect: 1s, submit: 1s, status: 2s}"
        )
        with scene.start(prefix=one.at_the_program) as process:
            wait_until(lambda: scene.books().tasks(), "a submission to be accepted")
            one.pull()
            wait_until(lambda: "outcome unknown" in process.said(), "the program to give the submission up")
            one.plug()
            done = process.end()
        states = [job["state"] for job in scene.jobs()]
        assert checker.during(scene) == []
        assert (done.code, states.count("unknown") in (1, 2), states.count("done")) == (
            4,
            True,
            4 - states.count("unknown"),
        )


def test_a_cut_under_the_questions_is_waited_out(far):
    one, ledger, root = far
    with served_at(one, ledger, "latency=2,two_files=0"):
        scene = Scene(root, one.base_url, ledger)
        with scene.start(prefix=one.at_the_program) as process:
            wait_until(lambda: scene.books().requests("status"), "the first question")
            one.pull()
            time.sleep(3.5)
            one.plug()
            done = process.end()
        assert (done.code, [job["state"] for job in scene.jobs()]) == (0, ["done"] * 4)
        assert checker.during(scene) == []


def test_a_cut_under_a_download_is_waited_out(far):
    one, ledger, root = far
    size = 80_000_000
    with served_at(one, ledger, f"{QUICK},file_size={size}"):
        settings = "limits: {downloads: 1, requests_per_minute: 6000}\n"
        scene = Scene(root, one.base_url, ledger, settings=settings, file_bytes=size)
        partial = scene.output / ".partial"
        with scene.start(prefix=one.at_the_program) as process:
            wait_until(
                lambda: any(path.stat().st_size > 100_000 for path in partial.glob("*-1-1")),
                "the first bytes",
            )
            one.pull()
            time.sleep(2.5)
            one.plug()
            done = process.end()
        assert (done.code, [job["state"] for job in scene.jobs()]) == (0, ["done"] * 4)
        assert checker.during(scene) == []


def test_without_a_way_to_the_service_nothing_is_sent_and_it_goes_on_when_there_is_one(far):
    one, ledger, root = far
    with served_at(one, ledger, QUICK):
        scene = Scene(root, one.base_url, ledger)
        one.pull()
        with scene.start(prefix=one.at_the_program) as process:
            wait_until(scene.state.exists, "the run to begin")
            time.sleep(2.5)
            assert (process.popen.poll(), scene.books().requests()) == (None, ())
            one.plug()
            done = process.end()
        assert (done.code, [job["state"] for job in scene.jobs()]) == (0, ["done"] * 4)
