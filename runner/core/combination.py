"""The single combinations of a manifest: what ``exclude`` drops and what ``include`` adds."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from runner.core.errors import Problem
from runner.core.model import Capabilities, Combination
from runner.core.suggestion import did_you_mean

KEYS = ("prompt", "mode", "ratio", "take")
"""The keys that every combination may give, beside the names of variables."""

TAKES_MAX = 1000
"""The highest take."""

Cell = tuple[str, str, int]
"""A mode, a ratio and a take."""


@dataclass(slots=True)
class Rule:
    """An ``exclude`` entry in use; ``has_matched`` once it dropped something."""

    entry: Combination
    variables: Mapping[str, str]
    has_matched: bool = False

    def allows(self, key: str, value: str) -> bool:
        """Whether the entry says nothing about ``key``, or says ``value``."""
        return self.entry.keys.get(key, value) == value


@dataclass(slots=True)
class Exclusions:
    """All ``exclude`` entries, found by the prompt they name."""

    entries: Iterable[Combination]
    _by_prompt: defaultdict[str | None, list[Rule]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for entry in self.entries:
            variables = {key: value for key, value in entry.keys.items() if key not in KEYS}
            self._by_prompt[entry.keys.get("prompt")].append(Rule(entry, variables))

    def about(self, prompt_id: str, names: Collection[str]) -> list[Rule]:
        """The rules that may drop jobs of this prompt, whose text names the variables ``names``."""
        if not self._by_prompt:
            return []
        rules = (*self._by_prompt.get(None, ()), *self._by_prompt.get(prompt_id, ()))
        return [rule for rule in rules if rule.variables.keys() <= set(names)]

    def of_takes(self, prompt_id: str, values: Mapping[str, str]) -> list[Rule]:
        """The rules that may drop further takes of an included combination: those that name a take.

        The others are what it is included in spite of.
        """
        rules = self.about(prompt_id, values.keys())
        return [rule for rule in narrowed(rules, values) if "take" in rule.entry.keys]

    def unmatched(self) -> Iterator[Combination]:
        """The entries that dropped nothing."""
        for rules in self._by_prompt.values():
            yield from (rule.entry for rule in rules if not rule.has_matched)


def narrowed(rules: list[Rule], values: Mapping[str, str]) -> list[Rule]:
    """The rules that agree with these values of variables; each of them knows no other variable."""
    return [rule for rule in rules if all(values[name] == value for name, value in rule.variables.items())]


def is_dropped(rules: list[Rule], cell: Cell) -> bool:
    """Whether one of the rules drops this mode, ratio and take; marks all that do."""
    mode, ratio, take = cell
    matching = [
        rule
        for rule in rules
        if rule.allows("mode", mode) and rule.allows("ratio", ratio) and rule.allows("take", str(take))
    ]
    for rule in matching:
        rule.has_matched = True
    return bool(matching)


@dataclass(frozen=True, slots=True)
class Addition:
    """What an ``include`` entry adds to its prompt."""

    values: Mapping[str, str]
    mode: str
    ratio: str
    take: int

    @property
    def cell(self) -> Cell:
        """Where in the product it stands."""
        return self.mode, self.ratio, self.take


class Offer(NamedTuple):  # a tuple, as it is made for each of a million prompts
    """What the prompt of an ``include`` entry leaves open: each variable that its text names with its values."""

    choices: Mapping[str, tuple[str, ...]]
    modes: tuple[str, ...]
    ratios: tuple[str, ...]


def read_include(entry: Combination, offer: Offer, allowed: Capabilities) -> Addition | list[Problem]:
    """What the entry adds, or what is wrong with it.

    It has to name every variable; their values may be new ones. ``mode`` and ``ratio`` may be left out where the
    prompt has only one, and ``take`` is 1 unless named.
    """
    wrong = [*_wrong_names(entry, offer), *_wrong_take(entry)]
    picked = {}
    for key, own, known in (("mode", offer.modes, allowed.modes), ("ratio", offer.ratios, allowed.ratios)):
        value = entry.keys.get(key) or (own[0] if len(own) == 1 else None)
        if value is None:
            wrong.append(_problem(entry, "", f"names no {key}, and its prompt has {', '.join(own)}"))
        elif value not in known:
            message = f"'{value}' is not one of {', '.join(known)}"
            wrong.append(_problem(entry, key, message, did_you_mean(value, known)))
        picked[key] = value or ""
    if wrong:
        return wrong
    values = {name: entry.keys[name] for name in offer.choices}
    return Addition(values, picked["mode"], picked["ratio"], int(entry.keys.get("take", "1")))


def new_values(entry: Combination, offer: Offer) -> list[Problem]:
    """A warning for each variable of an ``include`` entry whose value the manifest does not list: it may be a typo."""
    return [
        _problem(
            entry,
            name,
            f"'{entry.keys[name]}' is not among the values of {name}: {_few(known)}; it is added all the same",
            did_you_mean(entry.keys[name], known),
        )
        for name, known in offer.choices.items()
        if entry.keys[name] not in known
    ]


def _wrong_names(entry: Combination, offer: Offer) -> Iterator[Problem]:
    for name in offer.choices:
        if name not in entry.keys:
            yield _problem(entry, "", f"names no '{name}', which the text of its prompt uses")
    for key in entry.keys:
        if key not in KEYS and key not in offer.choices:
            allowed = (*KEYS, *offer.choices)
            message = f"unknown key; allowed are {', '.join(allowed)}"
            yield _problem(entry, key, message, did_you_mean(key, allowed))


def _wrong_take(entry: Combination) -> Iterator[Problem]:
    take = entry.keys.get("take", "1")
    is_number = take.isascii() and take.isdigit() and len(take) <= 4
    if not is_number or not 1 <= int(take) <= TAKES_MAX:
        yield _problem(entry, "take", f"'{take}' is not a whole number from 1 to {TAKES_MAX}")


def _few(words: Collection[str]) -> str:
    shown = list(words)[:10]
    return ", ".join(shown) + (", ..." if len(words) > len(shown) else "")


def _problem(entry: Combination, key: str, message: str, hint: str | None = None) -> Problem:
    return Problem(entry.place, f"{entry.path}.{key}" if key else entry.path, message, hint)
