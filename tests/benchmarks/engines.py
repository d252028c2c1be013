"""Transfers by workers against one local process: files a second, per worker, and what a call costs by itself.

``python -m tests.benchmarks.engines [FILES] [BYTES]``; the extras ``dask`` and ``ray``. All processes share this machine's cores.
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from runner import __version__
from runner.files.addresses import AddressPolicy
from runner.files.folder import Folder
from runner.files.outcomes import Fetched
from runner.files.session import open_session
from runner.files.tree import Tree
from runner.transfers import on_dask, on_ray
from runner.transfers.errand import Terms
from runner.transfers.opening import shipping
from runner.transfers.shipping import Shipped
from tests.benchmarks.static import static_server
from tests.engines.cluster import cluster_in

_CALLS = 200
_POLICY = AddressPolicy(allow_loopback=True, allow_http=True)


async def _measured(files: Tree | Shipped, url: str, count: int) -> float:
    """Files a second, from URL to final name."""
    turns = asyncio.Semaphore(files.at_once)

    async def one(number: int) -> None:
        async with turns:
            outcome = await files.fetch(url, f"job-{number}-1")
        if not isinstance(outcome, Fetched):
            raise TypeError(outcome)
        await files.place(f"job-{number}-1", f"{number % 50}/{number}.mp4", outcome.content)

    began = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(count)))
    return count / (time.perf_counter() - began)


async def _local(place: Path, url: str, count: int) -> float:
    with Folder(str(place)) as tree:
        async with open_session(_POLICY) as session:
            return await _measured(Tree(tree, session, _POLICY, 8), url, count)


async def _on_engine(connected: Any, place: Path, address: str, url: str, count: int) -> tuple[float, float]:
    """Files a second, and milliseconds for a call that does nothing."""
    with Folder(str(place)) as tree:
        terms = Terms(__version__, tree.path, _POLICY, None, None, 8, 4_000_000)
        async with (
            connected(address) as engine,
            shipping(engine, Shipped(engine, tree, terms, print)) as files,
        ):
            await engine.call(len, "warm")
            began = time.perf_counter()
            await asyncio.gather(*(engine.call(len, "x") for _ in range(_CALLS)))
            call_ms = (time.perf_counter() - began) / _CALLS * 1000
            return await _measured(files, url, count), call_ms


def _main(count: int, size_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as name, static_server(Path(name, "static"), size_bytes) as base_url:
        place, url = Path(name), f"{base_url}/files/a.mp4"
        local = asyncio.run(_local(place / "local", url, count))
        click.echo(f"{count} files of {size_bytes} bytes; one process: {local:.0f} files/s")
        for workers in (1, 2, 3):
            with cluster_in(place / f"cluster-{workers}", workers) as cluster:
                tree = place / f"tree-{workers}"
                rate, call_ms = asyncio.run(_on_engine(on_dask.connected, tree, cluster.address, url, count))
            click.echo(f"{workers} workers of Dask: {rate:.0f} files/s, {call_ms:.2f} ms a call")
        rate, call_ms = asyncio.run(_on_engine(on_ray.connected, place / "tree-ray", "ray", url, count))
        click.echo(f"a local Ray of {os.cpu_count()} CPUs: {rate:.0f} files/s, {call_ms:.2f} ms a call")


if __name__ == "__main__":
    _main(*(int(word) for word in (*sys.argv[1:], "600", "200000")[:2]))
