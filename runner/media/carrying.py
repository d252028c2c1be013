"""One step carried out for one video: plain values in, files in a directory and plain values out.

Nothing here knows the state or the tree, so whoever has the two directories can do it, on this machine or on another. It may
be done again at any time: what an earlier try left under the same names is replaced.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from runner.core.processing import StepKind, StepTrouble
from runner.media import own_code
from runner.media.outcomes import Made, Making, NotMade, Output
from runner.media.task import Bench, Task

_BLOCK_BYTES = 1 << 20
_SUFFIXES = {StepKind.TRANSCODE: ".mp4", StepKind.THUMBNAIL: ".jpg"}
"""Of the steps that make one file of each video; the others fill a directory."""


def carry_out(task: Task, bench: Bench) -> Making:
    """Make what the task says; the outputs are whole and synced when this returns.

    Raises ``OSError`` for what the disk of ``output_dir`` does, ``UsageError`` where the extra ``media`` cannot be used, and
    ``UnwantedError`` where nobody wants it any more.
    """
    try:
        source = _opened(task.input_path)
    except OSError as error:
        return NotMade(StepTrouble.INPUT, f"it cannot be read: {error.strerror}")
    with source:
        if hashlib.file_digest(source, "sha256").hexdigest() != task.sha256:
            return NotMade(StepTrouble.INPUT, "it is not what was recorded")
        if task.kind is StepKind.PYTHON:
            return _by_own_code(task, bench)
        with tempfile.TemporaryFile(dir=task.output_dir) as target:
            lengths = bench.maker.make(task.kind.value, task.parameters, source, target)
            if isinstance(lengths, NotMade):
                return lengths
            target.seek(0)
            return Made(tuple(_cut(task, target, lengths)))


def _opened(path: str) -> BufferedReader:
    return open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")  # noqa: PTH123 - a handle


def _cut(task: Task, target: BinaryIO, lengths: list[int]) -> Iterator[Output]:
    """What was written one behind the other, a file each."""
    for number, length in enumerate(lengths, 1):
        suffix = _SUFFIXES.get(task.kind, f"/{number:05d}.jpg")
        yield _kept(task, number, suffix, _part(target, length))


def _part(target: BinaryIO, length: int) -> Iterator[bytes]:
    while length:
        block = target.read(min(length, _BLOCK_BYTES))
        if not block:
            raise OSError(5, "what was just written is gone")
        length -= len(block)
        yield block


def _by_own_code(task: Task, bench: Bench) -> Making:
    with tempfile.TemporaryDirectory(dir=task.output_dir, prefix=own_code.PREFIX) as folder:
        found = own_code.call(task, Path(folder), bench)
        if isinstance(found, NotMade):
            return found
        outputs = []
        for number, name in enumerate(found, 1):
            with _opened(os.path.join(folder, name)) as file:  # noqa: PTH118 - a plain name, below our own directory
                outputs.append(_kept(task, number, f"/{name}", iter(lambda: file.read(_BLOCK_BYTES), b"")))
        return Made(tuple(outputs))


def _kept(task: Task, number: int, suffix: str, blocks: Iterator[bytes]) -> Output:
    """Write one output, whole and synced, in the place of what an earlier try left."""
    name = f"{task.stem}.{number}"
    path = Path(task.output_dir, name)
    path.unlink(missing_ok=True)
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as file:
        for block in blocks:
            digest.update(block)
            size += file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return Output(suffix, name, size, digest.hexdigest())
