"""A file that kills whoever fetches it: as one that needs more memory than a worker has."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.engines.cluster import Cluster

_PRELOAD = """
import os, signal, sys

def _look(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and arguments[0].startswith({name!r}):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(_look)
"""


@dataclass(slots=True)
class Deaths:
    """How many workers died, and were replaced."""

    count: int = 0


@contextlib.contextmanager
def deadly(cluster: Cluster, name: str, workers: int = 2) -> Iterator[Deaths]:
    """Workers that die when they open a file whose name begins so; for each that is dead another one is started."""
    preload = Path(cluster.aside) / "deadly.py"
    preload.write_text(_PRELOAD.format(name=name), encoding="utf-8")
    deaths, is_over = Deaths(), threading.Event()

    def start() -> None:
        cluster.start_worker(waits=False, preload=str(preload))

    def replace() -> None:
        while not is_over.is_set():
            for worker in [one for one in cluster.workers if one.popen.poll() is not None]:
                cluster.workers.remove(worker)
                deaths.count += 1
                start()
            time.sleep(0.05)

    for _ in range(workers):
        start()
    for worker in cluster.workers:
        cluster.wait_for(worker)
    replacing = threading.Thread(target=replace)
    replacing.start()
    try:
        yield deaths
    finally:
        is_over.set()
        replacing.join()
