"""The section ``steps``: what is made of every video once it is there."""

import hashlib
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from runner.core.bucket_url import is_url
from runner.core.processing import ProcessingStep, StepKind, Value
from runner.manifest.nodes import Leaf, Table, described, quoted
from runner.manifest.quantities import duration
from runner.manifest.spot import Spot, members, number, record, table, text, whole, word

CODECS = ("h264", "hevc", "vp9", "av1")
HEIGHT = (16, 8192)
FPS_MAX = 240
SIZE = (16, 4096)
FUNCTION = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$"
_ALONE = (StepKind.PROBE, StepKind.FRAMES, StepKind.THUMBNAIL)
"""Those that need nothing but their name."""

_DEFAULTS: Mapping[StepKind, Mapping[str, Value]] = {
    StepKind.TRANSCODE: {"codec": "h264"},
    StepKind.FRAMES: {"every_s": 1.0},
    StepKind.THUMBNAIL: {"size": 320},
}
_EXAMPLE = "[probe, thumbnail, {transcode: {height: 480}}]"


def steps_of(spot: Spot, folder: str, output_dir: str | None) -> tuple[ProcessingStep, ...]:
    """The steps in their order; the modules of ``python`` are looked for in ``folder`` first."""
    if output_dir is not None and is_url(output_dir):
        spot.fail(
            f"steps are carried out in a directory of this machine only, and output.dir is {quoted(output_dir)}",
            "remove 'steps', or name a directory",
        )
    first_of: dict[str, Spot] = {}
    read: list[ProcessingStep] = []
    for entry in members(spot, _EXAMPLE) or ():
        step = _step(entry, folder)
        if step is None:
            continue
        first = first_of.setdefault(step.key, entry)
        if first is entry:
            read.append(step)
        else:
            entry.fail(f"the same step stands in this list twice, first as {first.path}", "remove one")
    return tuple(read)


def _step(spot: Spot, folder: str) -> ProcessingStep | None:
    node = spot.node
    if isinstance(node, Leaf):
        kind = word(spot, tuple(StepKind))
        if kind is None:
            return None
        if StepKind(kind) not in _ALONE:
            spot.fail(f"'{kind}' needs to be told what to do", f"write {_HINTS[StepKind(kind)]}")
            return None
        return ProcessingStep(StepKind(kind), _DEFAULTS.get(StepKind(kind), {}), node.place)
    if not isinstance(node, Table):
        spot.fail(f"found {described(node)}, a step is needed", f"write {_EXAMPLE}")
        return None
    if len(node.entries) != 1:
        spot.fail(f"{len(node.entries)} keys, a step has just one", "begin each step with '- '")
        return None
    found = table(spot, tuple(_READERS))
    before = len(spot.findings.problems)
    for named, parameters in (found or {}).items():
        kind = StepKind(named)
        given = _READERS[kind](parameters, folder)
        if len(spot.findings.problems) == before:
            return ProcessingStep(kind, dict(_DEFAULTS.get(kind, {})) | given, node.place)
    return None


def _transcode(spot: Spot, _: str) -> dict[str, Value]:
    found = record(spot, _TRANSCODE)
    if not found and isinstance(spot.node, Table) and not spot.node.entries:
        spot.fail("the mapping is empty", f"write {_HINTS[StepKind.TRANSCODE]}")
    return found


def _python(spot: Spot, folder: str) -> dict[str, Value]:
    function = text(spot)
    if function is None:
        return {}
    if not re.fullmatch(FUNCTION, function):
        spot.fail(f"{quoted(function)} does not name a function", f"write {_HINTS[StepKind.PYTHON]}")
        return {}
    found: dict[str, Value] = {"function": function}
    source = _source_of(function.partition(":")[0], folder)
    return found if source is None else {**found, "source_sha256": source}


def _source_of(module: str, folder: str) -> str | None:
    """The SHA-256 of the module's own file beside the manifest, so that an edited function is an edited step."""
    path = Path(folder, *module.split("."))
    for file in (path.with_name(path.name + ".py"), path / "__init__.py"):
        try:
            with file.open("rb") as opened:
                return hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError:
            continue
    return None


def _even(spot: Spot) -> int | None:
    value = whole(spot, *HEIGHT)
    if value is not None and value % 2:
        spot.fail(f"found {value}, an even number is needed", f"write {value - 1}")
        return None
    return value


_TRANSCODE: dict[str, tuple[str, Callable[[Spot], Any]]] = {
    "height": ("height", _even),
    "fps": ("fps", partial(number, high=FPS_MAX)),
    "codec": ("codec", partial(word, allowed=CODECS)),
}
_FRAMES = {"every": ("every_s", duration)}
_THUMBNAIL = {"size": ("size", partial(whole, low=SIZE[0], high=SIZE[1]))}
_READERS: dict[str, Callable[[Spot, str], dict[str, Value]]] = {
    StepKind.TRANSCODE.value: _transcode,
    StepKind.FRAMES.value: lambda spot, _: record(spot, _FRAMES),
    StepKind.THUMBNAIL.value: lambda spot, _: record(spot, _THUMBNAIL),
    StepKind.PYTHON.value: _python,
}
_HINTS = {
    StepKind.TRANSCODE: "transcode: {height: 480}",
    StepKind.PYTHON: "python: my_module:my_function",
}
