"""The nearest allowed word, for messages that end in "did you mean ...?"."""

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

_WORDS_MAX = 500  # each is compared letter by letter; thousands of names, each misspelt, would take minutes
_CHARS_MAX = 80


def nearest(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed word that looks most like ``word``, upper and lower case alike; ``None`` where none comes close.

    Of very many words only the first ones are looked at, of a very long one only its beginning.
    """
    by_folded = {known.casefold(): known for known in islice(allowed, _WORDS_MAX) if len(known) <= _CHARS_MAX}
    found = get_close_matches(word[:_CHARS_MAX].casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def did_you_mean(word: str, allowed: Iterable[str]) -> str | None:
    """The hint ``did you mean 'word'?``, or ``None`` where no allowed word comes close."""
    found = nearest(word, allowed)
    return f"did you mean '{found}'?" if found is not None else None
