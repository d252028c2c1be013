"""The first hour of a stranger, who knows `runner init` and types nothing but what the tool has said comes next."""

import contextlib
import re
import shlex
import signal
from pathlib import Path

import pytest
from acceptance_support import PRICE, Desk, Done, tree_of, until

from runner.sandbox import Ledger

FIRST_COMMAND = "runner init videos"
SLOW = "latency=6,spread=0,two_files=0"
BAD_DAY = "latency=0,two_files=0,task_fails=1,seed=1"  # with this seed all three fail by one class
GOOD_DAY = "latency=0,two_files=0"
_COMMAND = re.compile(r"^ +(runner .+)$|`(runner [^`]+)`", re.MULTILINE)


class Stranger:
    """Somebody at a fresh machine. What the sandbox does (its weather) is added to a command, and nothing else ever is."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.manifest = desk.root / "videos" / "manifest.yaml"
        self.offered: list[str] = []

    def types(self, command: str, weather: str = "") -> Done:
        """Type a command, to its end, and read what it says comes next."""
        done = self.desk.run(*self._words(command, weather), without_token=True)
        self.reads(done)
        return done

    def is_impatient(self, command: str, weather: str, tasks: int) -> Done:
        """Type a command, and Ctrl-C as soon as the service has accepted so many tasks in all."""
        with self.desk.started(*self._words(command, weather)) as process:
            until(lambda: self.paid_for() >= tasks, timeout_s=40)
            process.popen.send_signal(signal.SIGINT)
            done = process.end()
        self.reads(done)
        return done

    def reads(self, done: Done) -> None:
        """Keep the commands that were said."""
        self.offered = [first or second for first, second in _COMMAND.findall(done.out + done.err)]

    def next(self, verb: str) -> str:
        """The first command of this kind among those that were just said."""
        found = [command for command in self.offered if shlex.split(command)[1] == verb]
        assert found, f"nobody said how to {verb}, only {self.offered}"
        return found[0]

    def edits(self, before: str, after: str) -> None:
        """Change the manifest."""
        text = self.manifest.read_text(encoding="utf-8")
        assert text.count(before) == 1, text
        self.manifest.write_text(text.replace(before, after), encoding="utf-8")

    def paid_for(self) -> int:
        """How many tasks the embedded service has accepted so far."""
        ledger = self.desk.root / "state" / "sandbox-service.db"
        if not ledger.exists():
            return 0
        with contextlib.closing(Ledger(ledger)) as books:
            return len(books.tasks())

    @property
    def files(self) -> set[str]:
        """The videos that are there."""
        return set(tree_of(self.desk.root / "outputs" / "sandbox" / "starter"))

    @staticmethod
    def _words(command: str, weather: str) -> list[str]:
        program, *words = shlex.split(command)
        assert program == "runner"
        return [*words, "--sandbox-options", weather] if weather else words


@pytest.fixture
def stranger(tmp_path: Path) -> Stranger:
    for name in ("work", "home"):
        (tmp_path / name).mkdir()
    return Stranger(Desk(tmp_path / "work", tmp_path / "home", variables={}))


def test_a_stranger_gets_from_init_to_the_last_file_by_the_words_of_the_tool(stranger: Stranger) -> None:
    # init, edit, plan
    assert stranger.types(FIRST_COMMAND).code == 0
    plan = stranger.next("plan")
    stranger.edits("a calm lake at sunrise", "a stormy sea at night")
    assert "+ 3 new" in stranger.types(plan).out

    # a trial, and a look at what it made
    trial = stranger.next("run")
    assert "--sandbox" in trial
    assert stranger.types(trial, GOOD_DAY).code == 0
    assert (len(stranger.files), stranger.paid_for()) == (3, 3)
    status, jobs, plan = (stranger.next(verb) for verb in ("status", "jobs", "plan"))
    assert "3 done" in stranger.types(status).out
    assert {line.split()[2] for line in stranger.types(jobs).out.splitlines()} == {
        path.removesuffix(".mp4") for path in stranger.files
    }

    # a ratio more is beyond the starter's budget: the plan says how to go on
    stranger.edits("ratios: [1:1]", "ratios: [1:1, 2:3]")
    planned = stranger.types(plan)
    assert (planned.code, "+ 3 new  = 3 done" in planned.out) == (3, True)

    # Ctrl-C in the middle, and the same again
    stopped = stranger.is_impatient(stranger.next("run"), SLOW, tasks=4)
    assert (stopped.code, len(stranger.files)) == (130, 3)
    assert stranger.types(stranger.next("run"), GOOD_DAY).code == 0
    assert (len(stranger.files), stranger.paid_for()) == (6, 6)

    # a bad day at the service
    plan = stranger.next("plan")
    stranger.edits("ratios: [1:1, 2:3]", "ratios: [1:1, 2:3, 3:2]")
    assert stranger.types(plan).code == 3
    assert stranger.types(stranger.next("run"), BAD_DAY).code == 1
    retry = stranger.next("retry")
    assert "--class service" in retry

    # what failed may be paid for again, and is made
    assert stranger.types(retry, GOOD_DAY).code == 0
    assert stranger.types(stranger.next("run"), GOOD_DAY).code == 0
    assert (len(stranger.files), stranger.paid_for()) == (9, 12)
    (standing,) = stranger.desk.run("status", "starter", "--sandbox", "--json").objects()
    assert (standing["jobs"]["done"], standing["credits"]["budget"]) == (9, 9 * PRICE)

    # nothing is left to make
    assert "nothing is left to make" in stranger.types(stranger.next("plan")).err
    assert stranger.types(stranger.next("jobs")).code == 0


def test_a_stranger_who_lost_the_thread_finds_it_in_status_and_plan(stranger: Stranger) -> None:
    stranger.types(FIRST_COMMAND)
    stranger.types(stranger.next("plan"))
    trial = stranger.next("run")
    assert stranger.types(trial, BAD_DAY).code == 1
    plan = f"{trial.replace(' run ', ' plan ')}"
    assert stranger.types(plan).code == 0
    stranger.types(stranger.next("status"))
    assert stranger.types(stranger.next("retry"), GOOD_DAY).code == 0
    stranger.types(stranger.next("run"), GOOD_DAY)
    assert stranger.files


def test_the_real_thing_after_the_trial_asks_for_a_token_and_says_where_it_goes(stranger: Stranger) -> None:
    stranger.types(FIRST_COMMAND)
    stranger.types(stranger.next("plan"))
    stranger.types(stranger.next("run"), GOOD_DAY)
    real = [command for command in stranger.offered if "--sandbox" not in command]
    stranger.types(real[0])
    run = next(command for command in stranger.offered if "--sandbox" not in command)
    refused = stranger.types(run)
    assert (refused.code, "GROKIMAGINE_API_TOKEN=..." in refused.err) == (2, True)
