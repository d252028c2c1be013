"""``python -m tests.benchmarks [NAME...] [--runs 3]``: Markdown on stdout, progress on stderr."""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import click

from tests.benchmarks.measured import FailedError
from tests.benchmarks.tables import machine

TITLES = {
    "rate": "Bound by the rate of requests",
    "slots": "Bound by the tasks in flight",
    "cpu": "Bound by the processor",
    "downloads": "Bound by the downloads",
    "scale": "From a thousand jobs to a million",
    "start": "The start of the program",
    "month": "A month of ten million jobs, on paper",
    "exports": "Exports, from a thousand videos to a hundred thousand",
}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asks for."""

    runs: int
    small: bool
    cache: Path
    plot: Path | None


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(tuple(TITLES)))
@click.option(
    "--runs", type=click.IntRange(1), default=3, show_default=True, help="Repetitions; medians are shown."
)
@click.option(
    "--small", is_flag=True, help="Sizes that take seconds: to see that a scenario works, not to quote."
)
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where runs leave their files for their time.",
)
@click.option(
    "--cache", type=click.Path(file_okay=False, path_type=Path), help="Where environments are kept."
)
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), help="Write the plot of growth (SVG) here."
)
def main(
    *,
    names: tuple[str, ...],
    runs: int,
    small: bool,
    work: Path | None,
    cache: Path | None,
    plot: Path | None,
) -> None:
    """Measure the named scenarios (all of them without a name), one after the other."""
    wishes = Wishes(runs, small, cache or _cache(), plot)
    with tempfile.TemporaryDirectory(prefix="benchmarks-", dir=work) as folder:
        click.echo(
            machine(Path(folder)) + f"; medians of {runs} (least to greatest), {time.strftime('%Y-%m-%d')}."
        )
        for name in names or TITLES:
            click.echo(f"{name} ...", err=True)
            click.echo(f"\n## {TITLES[name]}\n")
            click.echo(_measured(name, Path(folder) / name, wishes))


def _measured(name: str, work: Path, wishes: Wishes) -> str:
    work.mkdir()
    measure: Callable[..., str] = import_module(f"tests.benchmarks.{name}").measure
    more = {"cpu": {"cache": wishes.cache}, "scale": {"plot": wishes.plot}}.get(name, {})
    try:
        return measure(work, wishes.runs, small=wishes.small, **more)
    except FailedError as error:
        sys.exit(f"{name}: {error}")


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "runner-benchmarks"


if __name__ == "__main__":
    main()
