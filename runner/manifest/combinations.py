"""The entries of ``exclude`` and ``include``."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from runner.core.combination import KEYS, TAKES_MAX
from runner.core.model import Capabilities, Combination
from runner.manifest.spot import Spot, as_written, listed, members, table, whole, word

INCLUDE_NEEDS = ("prompt", "mode", "ratio")


def combinations_of(
    spot: Spot, capabilities: Capabilities, variables: Collection[str], needed: tuple[str, ...] = ()
) -> tuple[Combination, ...]:
    """The combinations of a list; each has at least one key, and all of ``needed``.

    ``variables`` are the names that may stand beside prompt, mode, ratio and take. Whether a prompt of that id and a
    value of that variable exist is seen when the manifest is expanded.
    """
    readers: dict[str, Callable[[Spot], Any]] = {
        **dict.fromkeys(variables, as_written),
        "prompt": as_written,
        "mode": partial(word, allowed=capabilities.modes),
        "ratio": partial(word, allowed=capabilities.ratios),
        "take": partial(whole, low=1, high=TAKES_MAX),
    }
    allowed = tuple(dict.fromkeys((*KEYS, *variables)))
    read: list[Combination] = []
    for entry in members(spot, "[{mode: ..., ratio: ...}]", may_be_empty=True) or ():
        found = table(entry, allowed, needed)
        if found is None:
            continue
        if not found and not getattr(entry.node, "entries", ()):
            entry.fail("an entry without keys matches everything", f"give one of {listed(allowed)}")
        values = {key: readers[key](value) for key, value in found.items()}
        keys = {key: str(value) for key, value in values.items() if value is not None}
        read.append(Combination(keys, entry.node.place, entry.path))
    return tuple(read)
