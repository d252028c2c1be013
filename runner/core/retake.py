"""Takes that a person asked for beyond those of the manifest.

They belong to a combination of the manifest (text, images, mode and ratio), and an expansion makes them behind everything
else, with the path, the names and the order that the manifest gives their combination now. So a changed layout moves them
like all others, and a combination that the manifest no longer names takes them along: nobody wants to pay for another
take of a prompt that was dropped.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from runner.core.combination import TAKES_MAX, Cell, Rule, is_dropped
from runner.core.model import Combination, Job, JobId, Prompt
from runner.core.variation import Variation


@dataclass(frozen=True, slots=True)
class Retakes:
    """What a combination gets beyond the manifest.

    ``added`` takes were made before, or are to be. ``again`` are the rows of jobs of which another take is to be made, in
    that order. ``known`` takes are those that the state has of the combination, removed ones too: a new take is none of them.
    """

    added: frozenset[int] = frozenset()
    known: frozenset[int] = frozenset()
    again: tuple[int, ...] = ()


NO_RETAKES: Mapping[JobId, Retakes] = MappingProxyType({})
"""For an expansion of the manifest alone."""


@dataclass(slots=True)
class _Met:
    """A combination with retakes, as an expansion came by it."""

    make: Callable[[int], tuple[Job, Prompt | Combination]]
    mode: str
    ratio: str
    named: set[int] = field(default_factory=set)
    rules: list[Rule] = field(default_factory=list)

    def is_allowed(self, take: int) -> bool:
        """Whether no rule drops this take."""
        return not is_dropped(self.rules, (self.mode, self.ratio, take))


class RetakesMet:
    """The retakes of one expansion, by their combinations (``Variation.combination``)."""

    def __init__(self, retakes: Mapping[JobId, Retakes]) -> None:
        self._retakes = retakes
        self._met: dict[JobId, _Met] = {}

    def meet(
        self, variation: Variation, cell: Cell, source: Prompt | Combination, rules: Sequence[Rule]
    ) -> None:
        """The manifest names this take; ``rules`` may drop others of the combination.

        It may be met as a product and as an inclusion, in either order: all rules that were given hold.
        """
        mode, ratio, take = cell
        combination = variation.combination(mode, ratio)
        if combination not in self._retakes:
            return
        met = self._met.get(combination)
        if met is None:
            met = self._met[combination] = _Met(
                lambda number: (variation.job(mode, ratio, number, 0), source), mode, ratio
            )
        met.named.add(take)
        met.rules += [rule for rule in rules if rule not in met.rules]

    def jobs(self) -> Iterator[tuple[Job, Prompt | Combination]]:
        """The retakes of all that were met, once the expansion has named everything; the caller gives them their rank.

        Those that are new have ``instead_of``. A take that the manifest names by now, or excludes, is left out.
        """
        for combination, met in self._met.items():
            retakes = self._retakes[combination]
            for take in sorted(retakes.added - met.named):
                if met.is_allowed(take):
                    yield met.make(take)
            taken = met.named | retakes.added | retakes.known
            free = filter(met.is_allowed, range(max(taken) + 1, TAKES_MAX + 1))
            for job_pk, take in zip(retakes.again, free, strict=False):
                job, source = met.make(take)
                yield replace(job, instead_of=job_pk), source
