"""The nearest allowed word, for messages that end in "did you mean ...?"."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed word that looks most like ``word``, upper and lower case alike; ``None`` where none comes close."""
    by_folded = {known.casefold(): known for known in allowed}
    found = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def did_you_mean(word: str, allowed: Iterable[str]) -> str | None:
    """The hint ``did you mean 'word'?``, or ``None`` where no allowed word comes close."""
    found = nearest(word, allowed)
    return f"did you mean '{found}'?" if found is not None else None
