"""One process with the real library, for all that is loaded: importing it takes longer than most loads."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.loading.trees import OFFLINE, Loaded

_READER = Path(__file__).with_name("reader.py")


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | OFFLINE | {"HF_HOME": str(tmp_path_factory.mktemp("hf"))}
    log = tmp_path_factory.mktemp("log") / "stderr"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, _READER],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        yield process
        process.stdin.close()


@pytest.fixture
def load(library: subprocess.Popen[str], tmp_path: Path) -> Callable[..., Loaded]:
    """What ``load_dataset`` makes of a directory; its caches are the test's own."""

    def loaded(where: Path | str, last: int = 0, **keywords: Any) -> Loaded:
        asked = {
            "where": str(where),
            "last": last,
            "keywords": keywords | {"cache_dir": str(tmp_path / "cache")},
        }
        library.stdin.write(json.dumps(asked) + "\n")
        library.stdin.flush()
        answer = json.loads(library.stdout.readline())
        return Loaded(answer.get("splits", {}), answer.get("kinds", {}), answer.get("error"))

    return loaded
