"""Manifests as texts, read from a folder of their own, with only what a test is about."""

from pathlib import Path

from runner.core.errors import ManifestError, Problem
from runner.core.model import Manifest, Prompt
from runner.manifest import Loaded, load
from runner.providers.grokimagine.capabilities import CAPABILITIES

HEAD = "version: 1\nprompts: [a lake]\n"
"""Two lines that make a manifest; what a test adds begins on line 3."""


def loaded(folder: Path, text: str | bytes, **files: str | bytes) -> Loaded:
    """A manifest, with prompt files beside it: ``rows_csv="..."`` is the file ``rows.csv``."""
    for name, content in {"m.yaml": text, **files}.items():
        raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        (folder / name.replace("_", ".")).write_bytes(raw)
    return load(folder / "m.yaml", CAPABILITIES)


def manifest(folder: Path, text: str | bytes, **files: str | bytes) -> Manifest:
    return loaded(folder, text, **files).manifest


def prompts(folder: Path, text: str | bytes, **files: str | bytes) -> list[Prompt]:
    return list(manifest(folder, text, **files).prompts())


def problems(folder: Path, text: str | bytes, **files: str | bytes) -> tuple[Problem, ...]:
    """What is wrong with a manifest and the rows of its files; nothing if it is right."""
    try:
        prompts(folder, text, **files)
    except ManifestError as error:
        return error.problems
    return ()


def shown(folder: Path, text: str | bytes, **files: str | bytes) -> list[str]:
    """The problems as a person sees them, without the folder."""
    return [str(problem).replace(f"{folder}/", "") for problem in problems(folder, text, **files)]
