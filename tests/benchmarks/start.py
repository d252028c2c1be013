"""The start of the program: what ``--help`` and ``status`` cost beside the least that they need."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.desk import NAME, Desk
from tests.benchmarks.measured import Usage, run_whole
from tests.benchmarks.service import served
from tests.benchmarks.tables import median, spread, table

_TIMES = 10
_IMPORT_LINE = re.compile(r"import time:\s+\d+ \|\s+\d+ \|\s+([\w.]+)")
HELP, CLICK = "runner --help", 'python -c "import click"'
STATUS, SQLALCHEMY = "runner status BATCH", 'python -c "import sqlalchemy"'


def measure(work: Path, runs: int, *, small: bool) -> str:
    """A table of times, and what each of the two commands imports."""
    desk = Desk(work / "desk", 20)
    with served(work / "service", ["latency=0", "two_files=0"]) as service:
        desk.manifest(service.base_url)
        desk.run("run", "bench.yaml")
    commands = {
        CLICK: [sys.executable, "-c", "import click"],
        HELP: [*_program(), "--help"],
        SQLALCHEMY: [sys.executable, "-c", "import sqlalchemy"],
        STATUS: [*_program(), "status", NAME],
    }
    found: dict[str, list[Usage]] = {name: [] for name in commands}
    for _ in range(runs if small else runs * _TIMES):
        for name, command in commands.items():
            found[name].append(run_whole(command, desk.root))
    rows = [_row(name, found, other) for name, other in ((CLICK, CLICK), (HELP, CLICK))]
    rows += [_row(name, found, other) for name, other in ((SQLALCHEMY, SQLALCHEMY), (STATUS, SQLALCHEMY))]
    head = ("command", "time", "CPU", "x", "more than", "by")
    lists = [_imports(name, commands[name], desk.root) for name in (HELP, STATUS)]
    return "\n\n".join([table(head, rows), *lists])


def _program() -> list[str]:
    """The installed program, as users start it."""
    return [str(Path(sys.executable).with_name("runner"))]


def _row(name: str, found: dict[str, list[Usage]], other: str) -> tuple[str, ...]:
    walls, others = [one.wall_s for one in found[name]], [one.wall_s for one in found[other]]
    cpu_s = median([one.cpu_s for one in found[name]])
    return (
        f"`{name}`",
        f"{median(walls) * 1e3:.0f} ms",
        f"{cpu_s * 1e3:.0f} ms",
        spread([own / its for own, its in zip(walls, others, strict=True)], ".2f"),
        f"`{other}`",
        f"{(median(walls) - median(others)) * 1e3:.0f} ms",
    )


def _imports(name: str, command: Sequence[str], folder: Path) -> str:
    """What a command imports beside what every interpreter here does; of other packages only the first name."""
    modules = _imported(command, folder) - _imported([sys.executable, "-c", ""], folder)
    own = sorted(one for one in modules if one.partition(".")[0] == "runner")
    first = {one.partition(".")[0] for one in modules} - {"runner"} - set(sys.stdlib_module_names)
    others = sorted(one for one in first if not one.startswith("_"))
    return (
        f"`{name}` imports {len(modules)} modules; of other packages: {', '.join(others) or 'none'}; of its own: "
        f"{', '.join(own)}."
    )


def _imported(command: Sequence[str], folder: Path) -> set[str]:
    run_whole(command, folder, variables={"PYTHONPROFILEIMPORTTIME": "1"})
    return set(_IMPORT_LINE.findall((folder / "log.txt").read_text(encoding="utf-8")))
