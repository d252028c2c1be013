"""Manifests as values, with only what a test is about."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from runner.core.errors import Place
from runner.core.expansion import expand
from runner.core.model import Capabilities, Combination, Job, Manifest, Prompt, ProviderSettings
from runner.core.money import Credits, Price

LAYOUT = "{prompt_id}/{variant}{mode}_{ratio}/take-{take:02d}"
PRICE = Price(Credits(40), Decimal("0.40"))
CAPABILITIES = Capabilities(
    "grokimagine",
    "https://grokimagineapi.com",
    "GROKIMAGINE_API_TOKEN",
    PRICE,
    modes=("fun", "normal", "spicy"),
    ratios=("2:3", "3:2", "1:1"),
    prompt_chars_max=5000,
    prompt_chars_advised=2000,
    modes_refused_with_images=("spicy",),
)
SETTINGS = ProviderSettings("grokimagine", "https://grokimagineapi.com", "GROKIMAGINE_API_TOKEN", PRICE)


def prompt_of(text: str, line: int = 1, **fields: Any) -> Prompt:
    """A prompt on its own line of ``m.yaml``."""
    return Prompt(text, Place("m.yaml", line), f"prompts[{line - 1}]", **fields)


def manifest_of(*prompts: Prompt | str, layout: str = LAYOUT, **fields: Any) -> Manifest:
    """A manifest with these prompts, a line each."""
    listed = [
        prompt_of(each, line) if isinstance(each, str) else each for line, each in enumerate(prompts, 1)
    ]
    return Manifest(
        "m.yaml", "spring", SETTINGS, CAPABILITIES, lambda: iter(listed), "outputs", layout, **fields
    )


def entries(section: str, *keys: dict[str, str]) -> tuple[Combination, ...]:
    """``exclude`` or ``include`` entries, from line 20."""
    return tuple(
        Combination(each, Place("m.yaml", 20 + index), f"{section}[{index}]")
        for index, each in enumerate(keys)
    )


def paths_of(manifest: Manifest) -> list[str]:
    """The paths of all jobs in the order of expansion."""
    return [job.path for job in expand(manifest)]


def asked(jobs: Iterable[Job]) -> list[tuple[str, str, str, int]]:
    """What each job asks for."""
    return [(job.prompt, job.mode, job.ratio, job.take) for job in jobs]
