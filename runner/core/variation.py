"""A prompt with its variables filled in, and the jobs that it becomes."""

import hashlib
import json
import math
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from runner.core.combination import Offer
from runner.core.errors import ManifestError, Place, Problem
from runner.core.layout import (
    FIELDS,
    Layout,
    LayoutError,
    parse_layout,
    prompt_id_of,
    ratio_in_name,
    variant_of,
)
from runner.core.model import Job, JobId, Manifest, Order, Prompt, Scalar
from runner.core.suggestion import did_you_mean
from runner.core.template import Template, TemplateError, parse

_NAMES_SHOWN = 40
_KEPT_MAX = 10_000  # outlines that are kept from one round of `breadth` to the next


class Outline(NamedTuple):  # a tuple, as it is made for each of a million prompts
    """A prompt with everything that it expands over; ``prompt_id`` is the given one, or made from the text."""

    prompt: Prompt
    prompt_id: str
    template: Template
    offer: Offer
    takes: int

    @property
    def size(self) -> int:
        """How many jobs it becomes before ``exclude``, by multiplication."""
        values = math.prod(map(len, self.offer.choices.values()))
        return values * len(self.offer.modes) * len(self.offer.ratios) * self.takes

    def values(self) -> Iterator[Mapping[str, str]]:
        """The product of its variables' values, the last one changing first; one empty mapping without variables."""
        names = tuple(self.offer.choices)
        if not names:
            yield {}
            return
        for values in product(*self.offer.choices.values()):
            yield dict(zip(names, values, strict=True))


def outline_of(prompt: Prompt, manifest: Manifest) -> Outline:
    """The outline of a prompt; ``ManifestError`` where its text is no template or names an unknown variable."""
    try:
        template = parse(prompt.text)
    except TemplateError as error:
        raise ManifestError([Problem(prompt.place, prompt.path, error.message, error.hint)]) from error
    choices: dict[str, tuple[str, ...]] = {}
    for name in template.names:
        if name in prompt.columns:
            choices[name] = (prompt.columns[name],)
        elif name in manifest.variables:
            choices[name] = manifest.variables[name]
        else:
            raise ManifestError([_unknown_variable(name, prompt, manifest)])
    return Outline(
        prompt,
        prompt.prompt_id if prompt.prompt_id is not None else prompt_id_of(prompt.text),
        template,
        Offer(choices, prompt.modes or manifest.modes, prompt.ratios or manifest.ratios),
        prompt.takes if prompt.takes is not None else manifest.takes,
    )


def job_id_of(provider: str, prompt: str, images: Sequence[str], mode: str, ratio: str, take: int) -> JobId:
    """The identity of a job: what is asked for, and of whom.

    24 hex digits of the SHA-256 of the compact ASCII JSON array of the six, ``images`` an array in it, the prompt
    after substitution and in NFC.
    """
    digest = hashlib.sha256(_beginning(provider, prompt, images))
    digest.update(_ending(mode, ratio, take))
    return JobId(digest.hexdigest()[:24])


def combination_id_of(provider: str, prompt: str, images: Sequence[str], mode: str, ratio: str) -> JobId:
    """The identity of a combination, whatever its takes: that of a job of take 0, which no job is."""
    return job_id_of(provider, prompt, images, mode, ratio, 0)


@dataclass(frozen=True, slots=True)
class Frame:
    """What all jobs of a batch have in common; ``own_fields`` are the names of variables and meta in the layout."""

    manifest: Manifest
    layout: Layout
    own_fields: tuple[str, ...]


def frame_of(manifest: Manifest) -> Frame:
    """What the jobs of a manifest have in common; ``ManifestError`` where its layout is none."""
    try:
        layout = parse_layout(manifest.layout, extra_fields=None)
    except LayoutError as error:
        raise ManifestError([layout_problem(manifest, error.message, error.hint)]) from error
    return Frame(manifest, layout, tuple(name for name in layout.fields if name not in FIELDS))


def layout_problem(manifest: Manifest, message: str, hint: str | None) -> Problem:
    """A problem of the manifest's layout."""
    return Problem(Place(manifest.path), "output.layout", message, hint)


@dataclass(slots=True)
class Leftover:
    """The outlines for the next round of ``breadth``, or too many of them to be kept."""

    kept: list[Outline] = field(default_factory=list)
    is_whole: bool = True

    def append(self, outline: Outline) -> None:
        """Keep one more, while there is room."""
        self.is_whole = len(self.kept) < _KEPT_MAX
        if self.is_whole:
            self.kept.append(outline)


class Variation:
    """One text of a prompt: ``job`` makes the generations of it, which differ in mode, ratio and take."""

    __slots__ = ("_fields", "_frame", "_hash", "_outline", "_place", "_values", "text")

    def __init__(self, frame: Frame, outline: Outline, values: Mapping[str, str], place: Place) -> None:
        self.text = outline.template.fill(values)
        self._frame, self._outline, self._values, self._place = frame, outline, values, place
        beginning = _beginning(frame.manifest.provider.name, self.text, outline.prompt.images)
        self._hash = hashlib.sha256(beginning)
        self._fields: dict[str, str | int] = {
            "batch": frame.manifest.name,
            "prompt_id": outline.prompt_id,
            "variant": variant_of(values),
        }
        if frame.own_fields:
            self._fields = {**_own_values(frame.own_fields, outline.prompt, values), **self._fields}

    def combination(self, mode: str, ratio: str) -> JobId:
        """What all takes of a combination have in common: the id that its take 0 would have (see ``combination_id_of``)."""
        digest = self._hash.copy()
        digest.update(_ending(mode, ratio, 0))
        return JobId(digest.hexdigest()[:24])

    def job(self, mode: str, ratio: str, take: int, number: int) -> Job:
        """The job, with ``number`` as its rank unless the manifest wants them shuffled."""
        digest = self._hash.copy()
        digest.update(_ending(mode, ratio, take))
        job_id = JobId(digest.hexdigest()[:24])
        fields = self._fields
        fields["mode"], fields["ratio"], fields["take"], fields["job_id"] = (
            mode,
            ratio_in_name(ratio),
            take,
            job_id,
        )
        is_shuffled = self._frame.manifest.order is Order.SHUFFLE
        return Job(
            job_id,
            self._outline.prompt_id,
            self.text,
            mode,
            ratio,
            take,
            self._frame.layout.filled(fields),
            int(job_id[:16], 16) >> 2 if is_shuffled else number,  # 62 bits, for a signed column
            self._place,
            self._outline.prompt.images,
            self._values,
            self._outline.prompt.meta,
        )


def _unknown_variable(name: str, prompt: Prompt, manifest: Manifest) -> Problem:
    known = sorted({*manifest.variables, *prompt.columns})
    shown = ", ".join(known[:_NAMES_SHOWN]) + (", ..." if len(known) > _NAMES_SHOWN else "")
    there_are = f"known are {shown}" if known else "the manifest has no variables"
    hint = did_you_mean(name, known) or "'{{' and '}}' are literal braces"
    return Problem(prompt.place, prompt.path, f"unknown variable '{name}'; {there_are}", hint)


def _beginning(provider: str, prompt: str, images: Sequence[str]) -> bytes:
    canonical = prompt if prompt.isascii() else unicodedata.normalize("NFC", prompt)
    # json.dumps is fast for one string and slow for a list; this is the list as it would write it
    return f"[{json.dumps(provider)},{json.dumps(canonical)},[{','.join(map(json.dumps, images))}],".encode()


@lru_cache(maxsize=4096)  # modes x ratios x takes: few, and asked for with every job
def _ending(mode: str, ratio: str, take: int) -> bytes:
    return json.dumps([mode, ratio, take], separators=(",", ":"))[1:].encode()


def _own_values(names: Sequence[str], prompt: Prompt, values: Mapping[str, str]) -> dict[str, str | int]:
    """The values of the variables and meta that a layout names; a variable wins, and what has no value is empty."""
    known: dict[str, Scalar] = {**prompt.meta, **prompt.columns, **values}
    return {name: _text(known.get(name)) for name in names}


def _text(value: Scalar) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
