"""YAML by the core rules of version 1.2, on the scanner and parser of PyYAML's safe loader.

PyYAML alone reads YAML 1.1: ``ratios: [16:9]`` would be the number 969, ``no`` would be false, and the second of two
equal keys would silently win. So only its events are used, and the values are made here. An event is read at a time
and every limit is checked while composing, so that a bomb is refused before it has grown.
"""

import re
from collections.abc import Iterator
from typing import Protocol

import yaml

from runner.core.errors import ManifestError, Place, Problem
from runner.manifest.findings import Findings
from runner.manifest.nodes import DEPTH_MAX, Items, Kind, Leaf, Node, Table, kind_of, path_of, quoted
from runner.manifest.source import SourceError, read_lines, read_text
from runner.manifest.yaml_errors import place_of, reworded

NODES_MAX = 100_000
"""How many values a document may have; what an alias stands for counts each time."""
ALIASES_MAX = 100

Trail = tuple[str | int, ...]

_UNFIT = re.compile(r"[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_CORE = "tag:yaml.org,2002:"
_KINDS = {
    "!": Kind.TEXT,  # the non-specific tag: what stands behind it is a text (YAML 1.2.2, 6.8.2)
    _CORE + "str": Kind.TEXT,
    _CORE + "int": Kind.INTEGER,
    _CORE + "float": Kind.NUMBER,
    _CORE + "bool": Kind.BOOLEAN,
    _CORE + "null": Kind.NULL,
}


def read_document(file: str, findings: Findings) -> Node:
    """The one document of a small file.

    Duplicate keys and unfit keys are added to ``findings``; what ends the reading raises ``ManifestError``.
    """
    try:
        text = read_text(file)
    except SourceError as error:
        raise ManifestError([Problem(error.place(file), "", error.message, error.hint)]) from error
    for number, line in enumerate(text.split("\n"), 1):
        refuse_unfit(line, file, number)
    return Composer(text, file, findings).document()


def read_members(file: str, findings: Findings) -> Iterator[Node]:
    """The members of the list that a file of any size holds, one at a time.

    Raises ``SourceError`` for the file and ``ManifestError`` for the YAML, in the middle if it is wrong there.
    """
    return Composer(_Chunks(file), file, findings).members()


def refuse_unfit(line: str, file: str, number: int) -> None:
    """``ManifestError`` for a character that may not stand in a YAML file as it is."""
    found = _UNFIT.search(line)
    if found is not None:
        code = f"U+{ord(found[0]):04X}"
        place = Place(file, number, found.start() + 1)
        hint = "remove it"
        if (
            found[0] in "\u2028\u2029"
        ):  # PyYAML would end the line here, and every line number after it were wrong
            hint = f'remove it, or write it as "\\u{ord(found[0]):04x}" in double quotes'
        raise ManifestError([Problem(place, "", f"the character {code} may not stand here", hint)])


class _Readable(Protocol):
    def read(self, size: int = ..., /) -> str: ...


class _Chunks:
    """A file of any size as PyYAML wants to read it, checked line by line."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._lines = read_lines(file)

    def read(self, _size: int = 0, /) -> str:
        for number, line in self._lines:
            refuse_unfit(line, self._file, number)
            return line
        return ""


class Composer:
    """Makes nodes from the events of a YAML stream; ``source`` is the text, or what can be read in pieces."""

    def __init__(self, source: str | _Readable, file: str, findings: Findings) -> None:
        self._file = file
        self._findings = findings
        self._loader = yaml.SafeLoader(source)
        # only its scanner and parser are used; get_event answers None after the last event
        self._events: Iterator[yaml.Event] = iter(self._loader.get_event, None)
        self._anchors: dict[str, tuple[Node, int] | None] = {}
        self._nodes = 0
        self._aliases = 0

    def document(self) -> Node:
        """The one document of the stream; ``ManifestError`` where there is none, or a second one."""
        self._open_document()
        root = self._compose(self._next(), ())
        self._close_document()
        return root

    def members(self) -> Iterator[Node]:
        """The members of the list at the top, one at a time; the limit of values holds for each of them."""
        self._open_document()
        start = self._next()
        if not isinstance(start, yaml.SequenceStartEvent):
            raise self._fatal(start, "the file holds no list", "begin every entry with '- '")
        index = 0
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            self._nodes = 0
            yield self._compose(event, (index,))
            index += 1
        self._close_document()

    def _open_document(self) -> None:
        self._next()
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            hint = "begin with 'version: 1' and 'prompts:'"
            raise ManifestError([Problem(Place(self._file), "", "the file is empty", hint)])

    def _close_document(self) -> None:
        self._next()
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._fatal(
                event, "a second document begins here", "a file holds one document: remove the '---'"
            )

    def _next(self) -> yaml.Event:
        try:
            return next(self._events)
        except yaml.MarkedYAMLError as error:
            raise ManifestError([reworded(error, self._file)]) from error
        except (
            ValueError,
            OverflowError,
        ) as error:  # an escape such as \Uffffffff, or a number of 5000 digits in a directive
            place = place_of(self._loader.get_mark(), self._file)
            raise ManifestError([Problem(place, "", "this escape is no character")]) from error

    def _place(self, event: yaml.Event) -> Place:
        return place_of(event.start_mark, self._file)

    def _fatal(self, event: yaml.Event, message: str, hint: str | None = None) -> ManifestError:
        return ManifestError([Problem(self._place(event), "", message, hint)])

    def _compose(self, event: yaml.Event, trail: Trail) -> Node:
        """The node that ``event`` begins; ``trail`` leads to it from the root."""
        if isinstance(event, yaml.AliasEvent):
            return self._aliased(event)
        before = self._nodes
        self._count(event, 1)
        if len(trail) > DEPTH_MAX:
            raise self._fatal(event, f"nested deeper than {DEPTH_MAX} levels")
        anchor = event.anchor if isinstance(event, yaml.NodeEvent) else None
        if anchor is not None:
            self._anchors[anchor] = None
        match event:
            case yaml.ScalarEvent():
                node: Node = self._leaf(event)
            case yaml.SequenceStartEvent():
                node = self._items(event, trail)
            case yaml.MappingStartEvent():
                node = self._table(event, trail)
            case _:
                raise self._fatal(event, "a value is needed here")
        if anchor is not None:
            self._anchors[anchor] = (node, self._nodes - before)
        return node

    def _aliased(self, event: yaml.AliasEvent) -> Node:
        name = event.anchor or ""
        self._aliases += 1
        if self._aliases > ALIASES_MAX:
            raise self._fatal(event, f"more than {ALIASES_MAX} aliases")
        if name not in self._anchors:
            hint = "quote a text that begins with '*'"
            raise self._fatal(event, f"the alias {quoted('*' + name)} has no anchor before it", hint)
        found = self._anchors[name]
        if found is None:
            raise self._fatal(event, f"the alias {quoted('*' + name)} contains itself")
        node, size = found
        self._count(event, size)
        return node

    def _count(self, event: yaml.Event, added: int) -> None:
        self._nodes += added
        if self._nodes > NODES_MAX:
            raise self._fatal(
                event, f"more than {NODES_MAX} values", "put the prompts into a file of their own"
            )

    def _leaf(self, event: yaml.ScalarEvent) -> Leaf:
        text: str = _PAIR.sub(_joined, event.value)
        plain = kind_of(text) if event.implicit[0] else Kind.TEXT
        if event.tag is None:
            return Leaf(text, plain, self._place(event))
        kind = _KINDS.get(event.tag)
        if kind is None:
            raise self._unknown_tag(event, event.tag)
        if kind is not Kind.TEXT and kind_of(text) is not kind:
            raise self._fatal(event, f"{quoted(text)} is not what its tag {_shown(event.tag)} says")
        return Leaf(text, kind, self._place(event))

    def _items(self, event: yaml.SequenceStartEvent, trail: Trail) -> Items:
        if event.tag not in (None, "!", _CORE + "seq"):
            raise self._unknown_tag(event, event.tag)
        members: list[Node] = []
        while not isinstance(inner := self._next(), yaml.SequenceEndEvent):
            members.append(self._compose(inner, (*trail, len(members))))
        return Items(tuple(members), self._place(event))

    def _table(self, event: yaml.MappingStartEvent, trail: Trail) -> Table:
        if event.tag not in (None, "!", _CORE + "map"):
            raise self._unknown_tag(event, event.tag)
        first_lines: dict[str, int] = {}
        entries: list[tuple[Leaf, Node]] = []
        while not isinstance(inner := self._next(), yaml.MappingEndEvent):
            key = self._key(inner, trail)
            value = self._compose(self._next(), (*trail, key.text))
            if key.text in first_lines:
                message = f"the key {quoted(key.text)} stands here again, it is already on line {first_lines[key.text]}"
                self._findings.add(key.place, path_of((*trail, key.text)), message, "keep one of the two")
                continue
            first_lines[key.text] = key.place.line
            entries.append((key, value))
        return Table(tuple(entries), self._place(event))

    def _key(self, event: yaml.Event, trail: Trail) -> Leaf:
        key = self._compose(event, (*trail, ""))
        if not isinstance(key, Leaf):
            hint = "quote a text that begins with '{' or '['"
            raise self._fatal(event, "a key must be a text, not a list or a mapping", hint)
        if key.text == "<<" and isinstance(event, yaml.ScalarEvent) and event.style is None:
            raise self._fatal(event, "merge keys ('<<') are not part of YAML 1.2", "write the keys out")
        return key

    def _unknown_tag(self, event: yaml.Event, tag: str) -> ManifestError:
        return self._fatal(event, f"the tag {_shown(tag)} is not allowed", "values need no tags")


def _joined(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")


def _shown(tag: str) -> str:
    return quoted("!!" + tag.removeprefix(_CORE) if tag.startswith(_CORE) else tag)
