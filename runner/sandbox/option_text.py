"""Sandbox options as a person writes them: ``latency=0.2,faults=1%,seed=7``."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import Any, get_type_hints

from runner.core.errors import UsageError
from runner.sandbox.options import ResetForm, SandboxOptions, with_faults

_UNITS = ("_s", "_bytes", "_credits")
_SHORT_NAMES = {"latency": "latency_median_s", "spread": "latency_spread"}


def parse_options(text: str) -> SandboxOptions:
    """The options that ``text`` names, over the defaults; an empty text is the defaults.

    Items are ``name=value``, separated by commas. A name may leave out its unit (``url_life=5``); ``latency`` and
    ``spread`` are short for ``latency_median_s`` and ``latency_spread``; ``faults`` sets every fault, and a fault
    named beside it keeps its own share, whatever their order. Shares are ``0.01`` or ``1%``, switches ``yes`` or
    ``no``, and ``none`` lifts a limit.

    Raises ``UsageError``, with the nearest name, for an unknown or repeated name or a value that does not fit.
    """
    words = _items(text)
    options = SandboxOptions()
    if "faults" in words:
        options = with_faults(options, _share(words.pop("faults")))
    return replace(options, **{name: _value(name, word) for name, word in words.items()})


def option_names() -> tuple[str, ...]:
    """Every name that ``parse_options`` takes in full, ``faults`` last."""
    return (*(option.name for option in fields(SandboxOptions)), "faults")


def _items(text: str) -> dict[str, str]:
    words: dict[str, str] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        written, equals, word = item.partition("=")
        if not equals:
            raise UsageError(f"sandbox option '{item}' has no value - write {item}=VALUE")
        name = _full_name(written.strip())
        if name in words:
            raise UsageError(f"sandbox option {name} is given twice")
        words[name] = word.strip()
    return words


def _full_name(written: str) -> str:
    known = option_names()
    name = _SHORT_NAMES.get(written, written)
    for candidate in (name, *(name + unit for unit in _UNITS)):
        if candidate in known:
            return candidate
    near = get_close_matches(written, (*known, *_SHORT_NAMES), n=1)
    way_out = f"did you mean '{near[0]}'?" if near else "known are: " + ", ".join(known)
    raise UsageError(f"'{written}' is not an option of the sandbox - {way_out}")


def _value(name: str, word: str) -> Any:
    wanted, parse = _PARSERS[get_type_hints(SandboxOptions)[name]]
    try:
        return parse(word)
    except ValueError as error:
        raise UsageError(f"sandbox option {name}: '{word}' is not {wanted}") from error


def _share(word: str) -> float:
    try:
        share = _number(word)
    except ValueError:
        share = -1.0
    if 0 <= share <= 1:
        return share
    raise UsageError(f"sandbox option faults: '{word}' is not a share, as 0.01 or 1%")


def _number(word: str) -> float:
    return float(word[:-1]) / 100 if word.endswith("%") else float(word)


def _switch(word: str) -> bool:
    if word.lower() not in _SWITCHES:
        raise ValueError(word)
    return _SWITCHES[word.lower()]


def _or_none(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda word: None if word.lower() == "none" else parse(word)


_SWITCHES = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}

_PARSERS: Mapping[Any, tuple[str, Callable[[str], Any]]] = {
    int: ("a whole number", int),
    int | None: ("a whole number or none", _or_none(int)),
    float: ("a number", _number),
    bool: ("yes or no", _switch),
    str: ("a text", str),
    str | None: ("a text", _or_none(str)),
    ResetForm: ("one of " + ", ".join(ResetForm), ResetForm),
}
