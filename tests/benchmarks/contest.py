"""One run of one contestant against a fresh service, and what both of them used."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.desk import Desk
from tests.benchmarks.measured import FailedError, Usage, run_whole
from tests.benchmarks.service import Asked, Service, asked, served

Contestant = Callable[[Path, str], Usage]
"""Runs to the end of all its jobs, in this folder, at the service of this base URL."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one contestant did once; ``service`` is what the service's process used."""

    usage: Usage
    service: Usage
    asked: Asked


def runner(jobs: int, **limits: Any) -> Contestant:
    """The runner, with these limits in its manifest."""

    def contest(folder: Path, base_url: str) -> Usage:
        desk = Desk(folder / "desk", jobs)
        desk.manifest(base_url, **limits)
        return desk.run("run", "bench.yaml")

    return contest


def script(module: str, jobs: int, *more: str, python: str = sys.executable) -> Contestant:
    """A module of this package that takes a base URL, a number of jobs, and ``more``; ``{}`` in it is its folder."""

    def contest(folder: Path, base_url: str) -> Usage:
        arguments = [one.format(folder / "files") for one in more]
        command = [python, "-m", f"tests.benchmarks.{module}", base_url, str(jobs), *arguments]
        return run_whole(command, folder)

    return contest


def held(folder: Path, options: Sequence[str], contestant: Contestant) -> Round:
    """One run at a service of these options."""
    with served(folder, options) as service:
        usage = contestant(folder, service.base_url)
    return Round(usage, _used(service), asked(service))


def rounds(
    work: Path, options: Sequence[str], contestants: Mapping[str, Contestant], runs: int
) -> dict[str, list[Round]]:
    """Every contestant as often as ``runs`` says, in turns."""
    found: dict[str, list[Round]] = {name: [] for name in contestants}
    for number in range(runs):
        for place, (name, contestant) in enumerate(contestants.items()):
            found[name].append(held(work / f"{number}-{place}", options, contestant))
    return found


def _used(service: Service) -> Usage:
    if service.usage is None:
        raise FailedError("the service was not stopped")
    return service.usage
