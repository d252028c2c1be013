"""Functions that a manifest names, at the end of a run: only where a person said so, and ended with it."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from runner.app import running
from runner.app.comparison import Wishes
from runner.app.preflight import RunWishes
from runner.app.stopping import Interruption
from runner.app.workplace import Workplace
from runner.core.events import EventName
from tests.app.bench import Bench
from tests.app.test_run_steps import made, run, steps

MINE = "def made(video, folder):\n    (folder / 'size.csv').write_text(str(video.stat().st_size))\n"


@pytest.fixture
def finished(bench: Bench) -> Bench:
    """Three done jobs, the first of which has two files."""
    bench.done(0, files=2)
    for place in (1, 2):
        bench.done(place)
    return bench


def test_code_runs_only_if_it_is_said_that_it_may(finished):
    (finished.root / "mine.py").write_text(MINE)
    refused = run(finished, steps=[{"python": "mine:made"}])
    before = made(finished) if (finished.tree / "derived").exists() else {}
    allowed = run(finished, "--allow-code")
    assert (refused.code, before, allowed.code, steps(finished)) == (2, {}, 0, [("python", 4, 0, 0)])
    assert "this step runs code, mine:made: look at it, and then say with --allow-code" in refused.err
    assert refused.err.startswith("error: demo.yaml:1:")


def test_code_that_fails_is_told_and_an_edited_function_runs_anew(finished):
    (finished.root / "mine.py").write_text(MINE + "    raise ValueError('no faces')\n")
    failed = run(finished, "--allow-code", steps=[{"python": "mine:made"}])
    (finished.root / "mine.py").write_text(MINE)
    mended = run(finished, "--allow-code")
    assert (failed.code, mended.code, steps(finished), finished.states()) == (
        1,
        0,
        [("python", 4, 0, 0)],
        ["done"] * 3,
    )
    assert "ValueError: no faces (code)" in failed.err


def test_code_never_sees_the_token(finished):
    (finished.root / "mine.py").write_text(
        "import os\n\ndef made(video, folder):\n    (folder / 'seen').write_text(str(dict(os.environ)))\n"
    )
    done = run(finished, "--allow-code", steps=[{"python": "mine:made"}])
    seen = [path.read_text() for path in finished.tree.rglob("seen")]
    assert (done.code, len(seen), [text for text in seen if "token-of-the-bench" in text]) == (0, 4, [])


@pytest.mark.parametrize("step", ["thumbnail", {"python": "mine:made"}])
def test_a_run_that_is_ended_meanwhile_says_so_and_the_next_one_goes_on(finished, step):
    finished.manifest(steps=[step])
    (finished.root / "mine.py").write_text("import time\n\ndef made(video, folder):\n    time.sleep(600)\n")
    interruption = Interruption()

    def tell(event):
        if event.name is EventName.PROCESSING:
            interruption.wished(signal.SIGINT)

    wanted = RunWishes(wishes=Wishes(examples=0), confirm=lambda _: True, allow_code=True)
    ended = running.run(Workplace.at(None, sandbox=False), "demo.yaml", wanted, tell, interruption)
    assert (ended.exit_code, ended.notes, steps(finished)[0][1:]) == (
        130,
        ("4 steps were not carried out; the next run goes on with them",),
        (0, 0, 4),
    )
    (finished.root / "mine.py").write_text(MINE)
    assert (run(finished, "--allow-code").code, steps(finished)[0][1:]) == (0, (4, 0, 0))


def test_a_function_is_ended_with_its_run(finished):
    """In the middle of what it does."""
    finished.manifest(steps=[{"python": "mine:made"}])
    (finished.root / "mine.py").write_text(
        "import time\n\ndef made(video, folder):\n    (video.parents[3] / 'begun').touch()\n    time.sleep(600)\n"
    )
    interruption = Interruption()
    wanted = RunWishes(wishes=Wishes(examples=0), confirm=lambda _: True, allow_code=True)

    def wish() -> None:
        while not (finished.root / "begun").exists():
            time.sleep(0.01)
        interruption.wished(signal.SIGTERM)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(wish)
        ended = running.run(
            Workplace.at(None, sandbox=False), "demo.yaml", wanted, lambda _: None, interruption
        )
    assert (ended.exit_code, steps(finished)) == (143, [("python", 0, 0, 4)])
