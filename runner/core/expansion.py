"""From a manifest to its jobs: prompts x variables x modes x ratios x takes, less ``exclude``, plus ``include``.

Jobs are streamed. What is wrong is known for sure only at the end (two jobs with one path may be a million jobs
apart), so consume ``expand`` to its end, or call ``survey`` first, before acting on any of its jobs.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count, islice, product

from runner.core.combination import TAKES_MAX, Cell, Exclusions, Rule, is_dropped, narrowed
from runner.core.errors import ManifestError, Place, Problem
from runner.core.fingerprint import Fingerprints
from runner.core.inclusion import Includes
from runner.core.layout import FIELDS, collision_key
from runner.core.model import Combination, Job, JobId, Manifest, Order, Prompt
from runner.core.notes import Notes
from runner.core.request_check import images_warning, length_problem, text_problem, text_warning
from runner.core.retake import NO_RETAKES, Retakes, RetakesMet
from runner.core.suggestion import did_you_mean
from runner.core.twins import Sourced, note_twin_ids, note_twin_jobs
from runner.core.variation import (
    Leftover,
    Outline,
    Variation,
    frame_of,
    job_id_of,
    layout_problem,
    outline_of,
)

__all__ = ["JOBS_MAX", "Survey", "count_product", "expand", "job_id_of", "survey"]

JOBS_MAX = 10_000_000
"""The jobs that one manifest may ask for before ``exclude``."""

_SUSPECTS_MAX = 200  # of each kind; enough for the problems that are shown
_MULTIPLIED_MAX = 20_000  # prompts; with 1000 takes each they would be over the limit twice
_NAMES_MAX = 1_000  # names of meta that are kept for "did you mean"
_NAMES_SHOWN = 40
_EVERY_TAKE = range(1, TAKES_MAX + 1)


@dataclass(frozen=True, slots=True)
class Survey:
    """What a manifest asks for: ``total`` jobs of ``prompts`` prompts, ``with_images`` of the jobs with images.

    ``warnings`` are sorted by place, at most 50 of them; ``warnings_left_out`` counts the others.
    """

    total: int
    prompts: int
    by_mode: Mapping[str, int]
    by_ratio: Mapping[str, int]
    with_images: int
    warnings: tuple[Problem, ...]
    warnings_left_out: int


def expand(
    manifest: Manifest, notes: Notes | None = None, retakes: Mapping[JobId, Retakes] = NO_RETAKES
) -> Iterator[Job]:
    """The jobs of a manifest, in the order of their rank (``shuffle``: in manifest order), and then the ``retakes``.

    These are what a person asked for beyond the manifest, by their combinations (``combination_id_of``). What is unwise is
    in ``notes`` once the last job came.

    At the end, or as soon as there are 50 problems or more than ``JOBS_MAX`` jobs, ``ManifestError`` with what is
    wrong, sorted by place; jobs that came before it must not be acted upon. Memory: about 16 bytes a job.
    """
    return _Expansion(manifest, notes, retakes).checked_jobs()


def survey(manifest: Manifest) -> Survey:
    """Expand a manifest to its end, keeping numbers and warnings only; ``ManifestError`` as with ``expand``."""
    expansion = _Expansion(manifest, None, NO_RETAKES)
    modes: Counter[str] = Counter()
    ratios: Counter[str] = Counter()
    with_images = 0
    for job in expansion.checked_jobs():
        modes[job.mode] += 1
        ratios[job.ratio] += 1
        with_images += bool(job.images)
    return Survey(
        modes.total(),
        expansion.prompts,
        dict(modes),
        dict(ratios),
        with_images,
        expansion.notes.warnings(),
        expansion.notes.warnings_left_out,
    )


def count_product(prompt: Prompt, manifest: Manifest) -> int:
    """How many jobs a prompt becomes before ``exclude``, by multiplication.

    ``ManifestError`` where its text is no template or names an unknown variable.
    """
    return outline_of(prompt, manifest).size


class _Expansion:
    """One run over a manifest, from its first prompt to the last of its checks."""

    def __init__(self, manifest: Manifest, notes: Notes | None, retakes: Mapping[JobId, Retakes]) -> None:
        self.notes = Notes() if notes is None else notes
        self.prompts = 0
        self._manifest = manifest
        self._retakes = retakes
        self._met = RetakesMet(retakes)
        self._frame = frame_of(manifest)
        self._exclusions = Exclusions(manifest.exclude)
        self._includes = Includes(manifest)
        self._given_ids = Fingerprints()
        self._names: dict[str, None] = dict.fromkeys(manifest.variables)
        self._names_missing = set(self._frame.own_fields) - self._names.keys()
        self._numbers = count()
        self._size = len(manifest.include)
        self._wrong_last: Place | None = None
        self._warned_last: Place | None = None
        self._is_first_round = True  # `breadth` comes by every prompt again; what is to say is said once

    def checked_jobs(self) -> Iterator[Job]:
        """``jobs``, and then all the checks."""
        self._refuse_too_many()
        ids, paths = Fingerprints(), Fingerprints()
        total = 0
        for job, _ in self.jobs():
            total += 1
            ids.add(job.job_id)
            paths.add(collision_key(job.path))
            yield job
        self._check_use()
        note_twin_ids(self._manifest, self._given_ids.repeated(_SUSPECTS_MAX), self.notes)
        suspects = ids.repeated(_SUSPECTS_MAX), paths.repeated(_SUSPECTS_MAX)
        if any(suspects):
            again = _Expansion(self._manifest, None, self._retakes)
            note_twin_jobs(again.jobs(), suspects, self._frame.layout.fields, self.notes)
        if total == 0 and not self.notes.problems:
            self.notes.problem(_nothing_left(self._manifest))
        self.notes.raise_problems()

    def jobs(self) -> Iterator[Sourced]:
        """All jobs and the entries they come from; notes what is wrong with single prompts and entries."""
        if self._manifest.order is Order.BREADTH:
            yield from self._rounds()
        else:
            for outline in self._read():
                yield from self._product(outline, range(1, outline.takes + 1))
            yield from self._included(_EVERY_TAKE)
        for job, source in self._met.jobs():
            rank = job.rank if self._manifest.order is Order.SHUFFLE else next(self._numbers)
            yield replace(job, rank=rank), source

    def _rounds(self) -> Iterator[Sourced]:
        """Take 1 of everything, then take 2 ...; the prompts are read again each time, unless few are left."""
        outlines: Iterable[Outline] = self._read()
        for take in _EVERY_TAKE:  # pragma: no branch - nothing asks for more takes, so the last round returns
            later = Leftover()
            for outline in outlines:
                yield from self._product(outline, range(take, min(take, outline.takes) + 1))
                if outline.takes > take:
                    later.append(outline)
            yield from self._included(range(take, take + 1))
            if not later.kept and take >= self._includes.last_take:
                return
            self._is_first_round = False
            outlines = later.kept if later.is_whole else self._read_again()

    def _read(self) -> Iterator[Outline]:
        """The outlines of the prompts, while what the checks need is noted."""
        for prompt in self._prompts():
            self.prompts += 1
            if prompt.prompt_id is not None:
                self._given_ids.add(prompt.prompt_id)
            if self._names_missing:
                self._learn_names(prompt)
            try:
                outline = outline_of(prompt, self._manifest)
            except ManifestError as error:
                self._note_all(error)
                continue
            self._size = self._added_up(self._size, outline)
            self._includes.meet(outline)
            self._warn(
                images_warning(prompt.images, outline.offer.modes, prompt, self._manifest.capabilities)
            )
            yield outline

    def _read_again(self) -> Iterator[Outline]:
        for prompt in self._prompts():
            with suppress(ManifestError):  # noted where it is read first
                yield outline_of(prompt, self._manifest)

    def _prompts(self) -> Iterator[Prompt]:
        try:
            yield from self._manifest.prompts()
        except ManifestError as error:  # of a prompt file, further down: the rest is still worth checking
            self._note_all(error)

    def _product(self, outline: Outline, takes: range) -> Iterator[Sourced]:
        offer = outline.offer
        rules = self._exclusions.about(outline.prompt_id, offer.choices)
        agreeing: list[Rule] = []
        for values in outline.values() if takes else ():
            cells: Iterable[Cell] = product(offer.modes, offer.ratios, takes)
            if rules:
                agreeing = narrowed(rules, values)
                cells = [cell for cell in cells if not is_dropped(agreeing, cell)]
            if not rules or cells:
                yield from self._jobs_of(outline, values, cells, outline.prompt, agreeing)

    def _included(self, takes: range) -> Iterator[Sourced]:
        for entry, outline, addition in self._includes.additions(self.notes):
            if addition.take in takes:
                rules = self._exclusions.of_takes(outline.prompt_id, addition.values)
                yield from self._jobs_of(outline, addition.values, [addition.cell], entry, rules)

    def _jobs_of(
        self,
        outline: Outline,
        values: Mapping[str, str],
        cells: Iterable[Cell],
        source: Prompt | Combination,
        rules: Sequence[Rule],
    ) -> Iterator[Sourced]:
        chars = outline.template.filled_chars(values)
        if problem := length_problem(chars, values, source, self._manifest.capabilities):
            self._note_wrong(problem, source)
            return
        variation = Variation(self._frame, outline, values, source.place)
        if self._is_usable(variation.text, values, source):
            for mode, ratio, take in cells:
                yield variation.job(mode, ratio, take, next(self._numbers)), source
                if self._retakes:
                    self._met.meet(variation, (mode, ratio, take), source, rules)

    def _is_usable(self, text: str, values: Mapping[str, str], source: Prompt | Combination) -> bool:
        """Whether a text may be sent; of a prompt's texts only the first that is wrong, or long, is noted."""
        allowed = self._manifest.capabilities
        if len(text) <= allowed.prompt_chars_advised and not text.isspace() and text:
            return True  # nearly all of them
        if problem := text_problem(text, values, source, allowed):
            self._note_wrong(problem, source)
        elif (warning := text_warning(text, values, source, allowed)) and self._warned_last != source.place:
            self._warn(warning)
            self._warned_last = source.place
        return problem is None

    def _note_wrong(self, problem: Problem, source: Prompt | Combination) -> None:
        if self._wrong_last != source.place:
            self.notes.problem(problem)
        self._wrong_last = source.place

    def _refuse_too_many(self) -> None:
        """Multiply before anything is made of the prompts, as far as their first thousands tell."""
        size = self._size
        for outline in islice(self._read_again(), _MULTIPLIED_MAX):
            size = self._added_up(size, outline)

    def _added_up(self, size: int, outline: Outline) -> int:
        size += outline.size
        if size > JOBS_MAX:
            prompt, many = outline.prompt, f"{size:,}" if size < 10**18 else "more than 10^18"
            message = f"up to here the manifest asks for {many} jobs; at most {JOBS_MAX:,} are allowed"
            self.notes.problem(Problem(prompt.place, prompt.path, message, "split it into several manifests"))
            self.notes.raise_problems()
        return size

    def _learn_names(self, prompt: Prompt) -> None:
        self._names_missing -= prompt.meta.keys() | prompt.columns.keys()
        if len(self._names) < _NAMES_MAX:
            self._names.update(dict.fromkeys([*prompt.meta, *prompt.columns]))

    def _check_use(self) -> None:
        """Note the fields of the layout that no prompt gives a value, and warn of idle ``exclude`` entries."""
        for name in sorted(self._names_missing):
            allowed = (*FIELDS, *self._names)
            message = f"unknown field '{{{name}}}'; there are {', '.join(allowed[:_NAMES_SHOWN])}"
            self.notes.problem(layout_problem(self._manifest, message, did_you_mean(name, allowed)))
        for entry in self._exclusions.unmatched():
            idle = Problem(entry.place, entry.path, "matches no combination, so it excludes nothing")
            self.notes.warn(self._includes.unknown_id(entry) or idle)

    def _note_all(self, error: ManifestError) -> None:
        for problem in error.problems:
            self.notes.problem(problem)

    def _warn(self, warning: Problem | None) -> None:
        if warning is not None and self._is_first_round:
            self.notes.warn(warning)


def _nothing_left(manifest: Manifest) -> Problem:
    if manifest.exclude:
        return Problem(manifest.exclude[0].place, "exclude", "nothing is left: every combination is excluded")
    return Problem(Place(manifest.path), "prompts", "there is no prompt, so there is nothing to make")
