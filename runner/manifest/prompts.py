"""The entries of ``prompts``: one reader for those in the manifest and for the rows of prompt files."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from runner.core.combination import TAKES_MAX
from runner.core.model import Capabilities, Prompt, Scalar
from runner.core.suggestion import did_you_mean
from runner.core.template import TemplateError, parse
from runner.manifest.addresses import image
from runner.manifest.nodes import Items, Kind, Leaf, Node, Table, described, quoted, whole_number
from runner.manifest.spot import Spot, each_once, entries, fit_text, listed, members, table, text, whole, word

PROMPT_KEYS = ("id", "text", "images", "ratios", "modes", "takes", "meta")
FILE_KEYS = ("file", "images", "ratios", "modes", "takes", "meta")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What a batch's name and a prompt's id may be."""

_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words that an entry may use: those of the provider, and the variables that its text may name."""

    capabilities: Capabilities
    variables: Collection[str]


@dataclass(frozen=True, slots=True)
class Traits:
    """What a prompt may carry beside its text; a ``file:`` entry gives its rows these as defaults."""

    images: tuple[str, ...] = ()
    ratios: tuple[str, ...] | None = None
    modes: tuple[str, ...] | None = None
    takes: int | None = None
    meta: Mapping[str, Scalar] = field(default_factory=dict)


PLAIN = Traits()


def prompt_of(
    spot: Spot, vocabulary: Vocabulary, defaults: Traits = PLAIN, columns: Mapping[str, str] = _NOTHING
) -> Prompt | None:
    """A prompt in its short form (a text) or long form (a mapping); ``None`` where something is wrong with it.

    ``columns`` are the further columns of a CSV row: variables of the text, and part of its meta.
    """
    if isinstance(spot.node, Leaf):
        template = template_text(spot, vocabulary, columns)
        return _prompt(spot, template, defaults) if template is not None else None
    before = len(spot.findings.problems)
    found = _long_form(spot, PROMPT_KEYS, "text")
    if found is None:
        return None
    template = template_text(found["text"], vocabulary, columns) if "text" in found else None
    prompt_id = name_of(found["id"]) if "id" in found else None
    traits = traits_of(found, vocabulary.capabilities, defaults)
    if template is None or len(spot.findings.problems) > before:
        return None
    if columns:
        filled = {name: cell for name, cell in columns.items() if cell or name not in traits.meta}
        traits = replace(traits, meta={**traits.meta, **filled})
    return _prompt(spot, template, traits, prompt_id, columns)


def file_entry(spot: Spot, capabilities: Capabilities) -> tuple[Spot, Traits] | None:
    """The ``file`` value of a ``file:`` entry and the defaults of its rows; ``None`` where the value is no text."""
    if isinstance(spot.node, Table) and any(key.text == "text" for key, _ in spot.node.entries):
        spot.fail("found both 'text' and 'file'", "make two entries of it")
        return None
    found = _long_form(spot, FILE_KEYS, "file")
    if found is None or "file" not in found:
        return None
    traits = traits_of(found, capabilities, PLAIN)
    return (found["file"], traits) if text(found["file"]) is not None else None


def traits_of(found: Mapping[str, Spot], capabilities: Capabilities, defaults: Traits) -> Traits:
    """What is given, with ``defaults`` for the rest; meta is merged key by key."""
    images, takes = defaults.images, defaults.takes
    if "images" in found:
        images = each_once(members(found["images"], "[https://...]") or (), image)
    if "takes" in found:
        takes = whole(found["takes"], 1, TAKES_MAX)
    meta = {**defaults.meta, **meta_of(found["meta"])} if "meta" in found else defaults.meta
    ratios = words_of(found["ratios"], capabilities.ratios) if "ratios" in found else defaults.ratios
    modes = words_of(found["modes"], capabilities.modes) if "modes" in found else defaults.modes
    return Traits(images, ratios, modes, takes, meta)


def words_of(spot: Spot, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """A list of words out of ``allowed``, each once."""
    return each_once(members(spot, f"[{quoted(allowed[0])}]") or (), partial(word, allowed=allowed))


def name_of(spot: Spot) -> str | None:
    """A batch's name or a prompt's id."""
    value = text(spot)
    if value is not None and not NAME.fullmatch(value):
        hint = "1 to 64 letters (a-z), digits, '.', '_' and '-', beginning with a letter or a digit"
        spot.fail(f"{quoted(value)} is not a name", hint)
        return None
    return value


def template_text(spot: Spot, vocabulary: Vocabulary, columns: Collection[str]) -> str | None:
    """A text without the blanks around it, whose variables are all known."""
    value = text(spot)
    if value is None:
        return None
    value = value.strip()  # a text in a block ('|') ends with a newline that nobody meant to send
    if "{" not in value and "}" not in value:
        return value
    try:
        names = parse(value).names
    except TemplateError as error:
        spot.fail(str(error), error.hint)
        return None
    unknown = [name for name in names if name not in columns and name not in vocabulary.variables]
    for name in unknown:
        _report_unknown_variable(spot, name, [*vocabulary.variables, *columns])
    return None if unknown else value


def meta_of(spot: Spot) -> dict[str, Scalar]:
    """Meta as it goes into the metadata files: single values keep their type, nested ones become JSON text."""
    meta: dict[str, Scalar] = {}
    for key, value in entries(spot) or ():
        fit_text(Spot(key, value.path, spot.findings), key.text)
        if isinstance(value.node, Leaf):
            meta[key.text] = _scalar(value, value.node)
        else:
            meta[key.text] = json.dumps(_plain_value(value), ensure_ascii=False)
    return meta


def _prompt(
    spot: Spot,
    template: str,
    traits: Traits,
    prompt_id: str | None = None,
    columns: Mapping[str, str] = _NOTHING,
) -> Prompt:
    return Prompt(
        text=template,
        place=spot.node.place,
        path=spot.path,
        prompt_id=prompt_id,
        images=traits.images,
        ratios=traits.ratios,
        modes=traits.modes,
        takes=traits.takes,
        meta=traits.meta,
        columns=columns,
    )


def _long_form(spot: Spot, keys: tuple[str, ...], needed: str) -> dict[str, Spot] | None:
    node = spot.node
    if not isinstance(node, Table):
        spot.fail(f"found {described(node)}, a text or a mapping with {', '.join(keys)} is needed")
        return None
    given = [key.text for key, _ in node.entries]
    if len(given) == 1 and given[0] not in keys and did_you_mean(given[0][:80], keys) is None:
        hint = "quote a text that contains ': ' or begins with '{'"
        spot.fail(
            f"found a mapping with the key {quoted(given[0])}, a text or {', '.join(keys)} is needed", hint
        )
        return None
    return table(spot, keys, (needed,))


def _report_unknown_variable(spot: Spot, name: str, known: list[str]) -> None:
    if not known:
        hint = "define it under 'variables', or write '{{' and '}}' for literal braces"
        spot.fail(f"the variable {quoted('{' + name + '}')} is unknown; there are none", hint)
        return
    hint = (
        did_you_mean(name, known) or "define it under 'variables', or write '{{' and '}}' for literal braces"
    )
    spot.fail(
        f"the variable {quoted('{' + name + '}')} is unknown; there are {listed(dict.fromkeys(known))}",
        hint,
    )


def _plain_value(spot: Spot) -> object:
    """The value that JSON would hold."""
    match spot.node:
        case Items(members=inner):
            return [_plain_value(_within(spot, member)) for member in inner]
        case Table(entries=inner_entries):
            return {key.text: _plain_value(_within(spot, value)) for key, value in inner_entries}
        case Leaf() as leaf:
            return _scalar(spot, leaf)


def _scalar(spot: Spot, leaf: Leaf) -> Scalar:
    match leaf.kind:
        case Kind.TEXT:
            return fit_text(spot, leaf.text, may_be_blank=True)
        case Kind.NULL:
            return None
        case Kind.BOOLEAN:
            return leaf.text.lower() == "true"
        case Kind.INTEGER:
            number: float | None = whole_number(leaf)
        case Kind.NUMBER:
            is_finite = leaf.text[-1] in "0123456789." and abs(float(leaf.text)) < 1e300
            number = float(leaf.text) if is_finite and len(leaf.text) <= 40 else None
    if number is None:  # infinite, or more digits than JSON readers keep
        spot.fail(f"{described(leaf)} cannot be kept exactly", "quote it to keep it as a text")
    return number


def _within(spot: Spot, node: Node) -> Spot:
    return Spot(node, spot.path, spot.findings)
