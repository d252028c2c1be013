"""The snapshots: a text file an area, a section a situation."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.gallery import disk, manifests, money, network, states, usage
from tests.gallery.stage import Stage, staged

HERE = Path(__file__).parent
AREAS: Mapping[str, Mapping[str, Callable[[Stage], None]]] = {
    "manifest": manifests.SITUATIONS,
    "usage": usage.SITUATIONS,
    "money": money.SITUATIONS,
    "network": network.SITUATIONS,
    "disk": disk.SITUATIONS,
    "state": states.SITUATIONS,
}
_HEAD = re.compile(r"^## (.*)$", re.MULTILINE)


def played(area: str, name: str) -> tuple[str, list[str]]:
    """The transcript of a situation, and what stood on stderr as it was."""
    with staged() as stage:
        AREAS[area][name](stage)
        return "\n".join(stage.transcript), stage.errors


def kept(area: str) -> dict[str, str]:
    """The transcripts of an area as they are written down, by name."""
    path = HERE / f"{area}.txt"
    parts = _HEAD.split(path.read_text(encoding="utf-8"))[1:] if path.exists() else []
    return {name: text.strip("\n") for name, text in zip(parts[::2], parts[1::2], strict=True)}


def keep(area: str, transcripts: Mapping[str, str]) -> None:
    """Write them down."""
    text = "\n\n".join(f"## {name}\n\n{transcript}" for name, transcript in transcripts.items())
    (HERE / f"{area}.txt").write_text(text + "\n", encoding="utf-8")
