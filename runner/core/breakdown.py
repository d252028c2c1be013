"""What a plan holds, by prompt and by mode and ratio, in memory that does not grow with the batch."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from runner.core.model import Job, JobState

PROMPTS_MAX = 10_000
"""The prompts that have a count of their own; those behind them are counted together."""


@dataclass(slots=True)
class Share:
    """The jobs of one row: those that the call may submit, those that are done, and all the others."""

    to_submit: int = 0
    done: int = 0
    other: int = 0

    @property
    def jobs(self) -> int:
        """All of them."""
        return self.to_submit + self.done + self.other

    def include(self, more: "Share") -> None:
        """Count those of another row as well."""
        self.to_submit += more.to_submit
        self.done += more.done
        self.other += more.other


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The jobs of a manifest, each in one row of either table. ``to_submit`` is before ``--limit`` and ``--fit``.

    ``by_prompt`` has the first ``PROMPTS_MAX`` prompts that came; ``behind`` are the jobs of the later ones.
    ``by_kind`` has what may be submitted by mode and whether there are images: task times are learned by that.
    """

    by_prompt: Mapping[str, Share] = field(default_factory=dict)
    by_mode_and_ratio: Mapping[tuple[str, str], Share] = field(default_factory=dict)
    by_kind: Mapping[tuple[str, bool], int] = field(default_factory=dict)
    behind: Share = field(default_factory=Share)

    def largest_prompts(self, most: int) -> tuple[list[tuple[str, Share]], Share]:
        """The prompts with the most to submit (then with the most jobs, then in manifest order), and the sum of the rest.

        The rest are the other prompts of ``by_prompt``; ``behind`` is not in it.
        """
        ordered = sorted(self.by_prompt.items(), key=lambda item: (-item[1].to_submit, -item[1].jobs))
        rest = Share()
        for _, share in ordered[most:]:
            rest.include(share)
        return ordered[:most], rest


class Tally:
    """Counts the jobs of an expansion as they come."""

    def __init__(self) -> None:
        self._by_prompt: dict[str, Share] = {}
        self._by_cell: dict[tuple[str, str], Share] = {}
        self._by_kind: dict[tuple[str, bool], int] = {}
        self._behind = Share()

    def add(self, job: Job, state: JobState | None, *, may_submit: bool) -> None:
        """Count a job that stands there (``None``: it is new)."""
        cell = self._by_cell.get((job.mode, job.ratio))
        if cell is None:
            cell = self._by_cell[job.mode, job.ratio] = Share()
        for share in (self._share_of(job.prompt_id), cell):
            if may_submit:
                share.to_submit += 1
            elif state is JobState.DONE:
                share.done += 1
            else:
                share.other += 1
        if may_submit:
            kind = job.mode, bool(job.images)
            self._by_kind[kind] = self._by_kind.get(kind, 0) + 1

    def breakdown(self) -> Breakdown:
        """What was counted so far."""
        return Breakdown(self._by_prompt, self._by_cell, self._by_kind, self._behind)

    def _share_of(self, prompt_id: str) -> Share:
        found = self._by_prompt.get(prompt_id)
        if found is not None:
            return found
        if len(self._by_prompt) >= PROMPTS_MAX:
            return self._behind
        return self._by_prompt.setdefault(prompt_id, Share())
