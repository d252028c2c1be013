"""Fuzzing by hand and in CI.

    python -m tests.security.fuzz --seconds 60 manifest      one of manifest, answers, headers, video
    python -m tests.security.fuzz --replay FILE manifest     an input that was found

With atheris (``pip install atheris``) inputs follow the branches that they reach; without it they are Hypothesis',
and a score of others around each: Hypothesis alone comes to some hundred a second.
Every input may take 1 s of work and 100 MB, and raises only what is declared. Exit 1 and the input's file otherwise.
"""

import argparse
import hashlib
import importlib.util
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, Phase, given, seed, settings

NAMES = ("manifest", "answers", "headers", "video")
CPU_S = 1.0
ROOM_BYTES = 100 * 1024 * 1024
HANGS_S = 20
ROUND = 250
AROUND = 20
_PAGE = resource.getpagesize()

Target = Callable[[bytes], None]


class FindingError(AssertionError):
    """An input that a target does not bear."""


def bounded(target: Target) -> Target:
    """The target; ``FindingError`` where an input takes too long, or too much memory, or raises."""

    def run(data: bytes) -> None:
        began, rss, peak = time.process_time(), _rss_bytes(), _peak_bytes()
        signal.alarm(HANGS_S)
        try:
            target(data)
        except Exception as error:
            raise FindingError(f"{type(error).__name__}: {error}") from error
        finally:
            signal.alarm(0)
        took, grown = time.process_time() - began, _peak_bytes()
        if grown > peak and rss and grown - rss > ROOM_BYTES:
            raise FindingError(f"it takes {(grown - rss) / 1e6:.0f} MB")
        if took > CPU_S:
            raise FindingError(f"it takes {took:.1f} s")

    return run


def hypothesis_inputs(name: str, seconds: float | None, examples: int, first_seed: int) -> int:
    """Try inputs for so long, or so many of them; how many there were. Raises ``FindingError``."""
    from .fuzz_inputs import STRATEGIES
    from .fuzz_targets import TARGETS

    target, tried, drawn, until = bounded(TARGETS[name]), 0, 0, time.monotonic() + (seconds or 0)
    goes_around = (
        bool(seconds) or name != "manifest"
    )  # whose inputs take a millisecond each, the others' microseconds

    def check(data: bytes) -> None:
        nonlocal tried, drawn
        drawn += 1
        for each in (data, *(spoilt(data) if goes_around else ())):
            tried += 1
            _keep(each, name)
            target(each)

    while time.monotonic() < until or (seconds is None and drawn < examples):
        limits = settings(
            max_examples=ROUND if seconds else examples,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        seed(first_seed + tried)(limits(given(STRATEGIES[name])(check)))()
    return tried


def spoilt(data: bytes) -> Iterator[bytes]:
    """Inputs near that one, the same for the same one, so that a finding can be shrunk: bits flipped, pieces moved."""
    draw = Random(data)
    for _ in range(AROUND):
        found = bytearray(data)
        for _ in range(draw.randint(1, 4)):
            at, length = draw.randint(0, len(found)), draw.randint(0, 12)
            origin = draw.randint(0, len(found))
            if draw.random() < 0.5 and at < len(found):
                found[at] ^= 1 << draw.randrange(8)
            else:
                found[at : at + length] = draw.choice(
                    (b"", found[origin : origin + 40], draw.randbytes(length))
                )
        yield bytes(found)


def atheris_inputs(name: str, seconds: float) -> None:
    """The same by libFuzzer, which ends the process: 0, or 1 after a finding, whose input it keeps."""
    import atheris

    with atheris.instrument_imports(include=["runner"]):
        from .fuzz_targets import TARGETS
    from .fuzz_inputs import SEEDS

    corpus = Path(tempfile.mkdtemp(prefix=f"corpus-{name}-"))
    for each in SEEDS[name]:
        (corpus / hashlib.sha256(each).hexdigest()).write_bytes(each)
    found = f"-artifact_prefix={_kept(name).parent}/{name}-"
    options = [
        f"-max_total_time={int(seconds)}",
        f"-timeout={HANGS_S}",
        "-max_len=4096",
        "-print_final_stats=1",
        found,
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], bounded(TARGETS[name]))
    atheris.Fuzz()


def main(arguments: list[str]) -> int:
    """Fuzz one target; 0 if it bore everything."""
    parser = argparse.ArgumentParser(prog="python -m tests.security.fuzz", description=__doc__)
    parser.add_argument("target", choices=NAMES)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=("auto", "atheris", "hypothesis"), default="auto")
    parser.add_argument("--replay", type=Path)
    asked = parser.parse_args(arguments)
    if asked.replay:
        from .fuzz_targets import TARGETS

        bounded(TARGETS[asked.target])(asked.replay.read_bytes())
        return 0
    has_atheris = importlib.util.find_spec("atheris") is not None
    if asked.engine == "atheris" or (asked.engine == "auto" and has_atheris and asked.seconds):
        atheris_inputs(asked.target, asked.seconds or 60)
    try:
        tried = hypothesis_inputs(asked.target, asked.seconds, asked.examples, asked.seed)
    except FindingError as error:
        sys.stdout.write(f"{asked.target}: {error}\nreplay: --replay {_kept(asked.target)} {asked.target}\n")
        return 1
    _kept(asked.target).unlink(missing_ok=True)
    sys.stdout.write(f"{asked.target}: {tried} inputs, nothing found\n")
    return 0


def _keep(data: bytes, name: str) -> None:
    _kept(name).write_bytes(data)  # before it is tried: a hang or a kill leaves it there too


def _kept(name: str) -> Path:
    folder = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())
    return folder / f"runner-fuzz-{name}-{os.getpid()}.input"


def _rss_bytes() -> int:
    statm = Path("/proc/self/statm")
    return int(statm.read_bytes().split()[1]) * _PAGE if statm.exists() else 0


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
