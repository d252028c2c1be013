"""What `from runner import ...` offers: cheap, complete, and known to a type checker."""

import subprocess
import sys
from pathlib import Path

import pytest

import runner

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import runner
from runner import Budget, BudgetError, EventName, Finished, JobState, RunEvent, load_manifest, plan, run

seen: list[RunEvent] = []


async def main(path: Path) -> int:
    manifest = load_manifest(path)
    planned = plan(manifest, budget=Budget(usd=Decimal(40)), only="mode=fun")
    print(planned.needed, planned.books.left, planned.diff.examples[0].prompt)
    try:
        finished: Finished = await run(manifest, on_event=seen.append, sandbox=True, limit=3, fit=True)
    except (BudgetError, runner.ServiceError) as error:
        return error.exit_code
    options: runner.RunOptions = {"budget": 4000}
    await run("m.yaml", **options)
    made: int = finished.standing.counts.by_state[JobState.DONE]
    first: EventName = seen[0].name
    return made + len(first.value)


if __name__ == "__main__":
    asyncio.run(main(Path("m.yaml")))
"""
WRONG = {
    "from runner import lode_manifest": "has no attribute",
    "import runner\nrunner.plann": "has no attribute",
    "from runner import plan\nplan('m.yaml', budgett=3)": "Unexpected keyword argument",
    "from runner import plan\nplan('m.yaml', budget='40usd')": "incompatible type",
    "from runner import run\nasync def f() -> str:\n    return await run('m.yaml')": "Incompatible return value",
    "from runner import run\nasync def f() -> None:\n    await run('m.yaml', on_event=len)": "incompatible type",
}


def checked(tmp_path: Path, **texts: str) -> str:
    for name, text in texts.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", *map(str, tmp_path.glob("*.py"))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    return done.stdout + done.stderr


def test_to_import_the_package_imports_nothing_of_it():
    program = "import sys, runner; print([name for name in sys.modules if name.startswith('runner.')], 'asyncio' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[] False\n"


def test_every_name_that_is_offered_is_there():
    assert [name for name in runner.__all__ if not hasattr(runner, name)] == []
    assert set(runner.__all__) <= set(dir(runner))
    assert {"__version__", *runner._HOMES} == set(runner.__all__)


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'runner' has no attribute 'lode_manifest'"):
        runner.lode_manifest  # noqa: B018 - to name it is the test


def test_a_program_of_a_user_passes_the_strict_type_checker_and_its_mistakes_do_not(tmp_path):
    found = checked(tmp_path, right=PROGRAM, **{f"wrong_{at}": text for at, text in enumerate(WRONG)})
    lines = [line for line in found.splitlines() if ": error:" in line]
    assert [line for line in lines if "right.py" in line] == []
    missing = [
        words
        for at, words in enumerate(WRONG.values())
        if not any(f"wrong_{at}.py" in line and words in line for line in lines)
    ]
    assert missing == [], found
