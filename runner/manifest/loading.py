"""From a manifest file to the values that the rest of the program works with."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

from runner.core.combination import TAKES_MAX
from runner.core.errors import ManifestError, Problem
from runner.core.layout import FIELDS, LayoutError, parse_layout
from runner.core.model import Capabilities, Combination, Limits, Manifest, Order, Prompt, Retries, Transfers
from runner.core.request_check import images_warning
from runner.core.template import is_name
from runner.manifest.combinations import INCLUDE_NEEDS, combinations_of
from runner.manifest.findings import PER_MANIFEST_MAX, Findings, FullError
from runner.manifest.nodes import Items, Leaf, Node, Table, described, keys_of, quoted
from runner.manifest.processing import steps_of
from runner.manifest.prompt_files import PromptFile, PromptStream
from runner.manifest.prompts import NAME, Vocabulary, file_entry, name_of, prompt_of, words_of
from runner.manifest.settings import (
    OUTPUT,
    budget_of,
    limits_of,
    notify_of,
    provider_of,
    retries_of,
    transfers_of,
)
from runner.manifest.spot import (
    Spot,
    as_written,
    each_once,
    entries,
    fit_text,
    members,
    record,
    table,
    whole,
    word,
)
from runner.manifest.yaml12 import read_document

T = TypeVar("T")

KEYS = (
    "version",
    "name",
    "provider",
    "budget",
    "variables",
    "prompts",
    "ratios",
    "modes",
    "takes",
    "exclude",
    "include",
    "order",
    "limits",
    "retries",
    "notify",
    "steps",
    "transfers",
    "output",
)
DEFAULT_LAYOUT = "{prompt_id}/{variant}{mode}_{ratio}/take-{take:02d}"
RESERVED = (*FIELDS, "prompt")
"""What no variable may be called: in a layout or a combination the word already means something."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A manifest that is right as far as it was read, and what is unwise in it, in the order of places.

    ``given`` holds the keys that stand in it, the others have their defaults: ``limits`` and ``limits.in_flight``.
    """

    manifest: Manifest
    warnings: tuple[Problem, ...]
    given: frozenset[str]


def load(path: str | os.PathLike[str], capabilities: Capabilities) -> Loaded:
    """Read and check a manifest.

    Prompt files are opened and their headers read; their rows are checked when ``manifest.prompts()`` is consumed, or
    here if something else is wrong, so that everything is shown at once. Raises ``ManifestError`` with all problems,
    sorted by place, for whatever a person can put into a file.
    """
    findings = Findings(PER_MANIFEST_MAX)
    try:
        manifest, given = _read(os.fspath(path), capabilities, findings)
    except FullError as error:
        message = f"{PER_MANIFEST_MAX} problems; the rest of the manifest was not looked at"
        findings.problems.append(Problem(findings.problems[-1].place, "", message))
        raise findings.error() from error
    warnings = sorted(findings.warnings, key=lambda warning: (warning.place, warning.path))
    return Loaded(manifest, tuple(warnings), given)


def _read(file: str, capabilities: Capabilities, findings: Findings) -> tuple[Manifest, frozenset[str]]:
    root = read_document(file, findings)
    if not isinstance(root, Table):
        _refuse_root(root)
    reading = _Reading(file, capabilities, findings, Spot(root, "", findings))
    manifest = reading.manifest()
    if findings.problems:
        reading.check_rows()
        raise findings.error()
    return manifest, keys_of(root)


class _Reading:
    """One manifest on its way from nodes to values."""

    def __init__(self, file: str, capabilities: Capabilities, findings: Findings, root: Spot) -> None:
        self._file = file
        self._folder = os.path.dirname(file)  # noqa: PTH120 - keeps './' and '' as the person wrote them
        self._capabilities = capabilities
        self._findings = findings
        self._root = root
        self._found: Mapping[str, Spot] = table(root, KEYS, ("version", "prompts")) or {}
        self._variables: Mapping[str, tuple[str, ...]] = {}
        self._columns: dict[str, None] = {}
        self._sources: list[Prompt | PromptFile] = []

    def manifest(self) -> Manifest:
        """The manifest with defaults where something is wrong or not given."""
        allowed = self._capabilities
        self._read("version", _version, None)
        name = self._name()
        self._variables = self._read("variables", _variables_of, {})
        ratios = self._read(
            "ratios", lambda spot: words_of(spot, allowed.ratios), _default("1:1", allowed.ratios)
        )
        modes = self._read(
            "modes", lambda spot: words_of(spot, allowed.modes), _default("normal", allowed.modes)
        )
        self._read("prompts", self._prompts, None)
        self._warn_of_images(modes)
        output = record(self._found["output"], OUTPUT) if "output" in self._found else {}
        self._check_layout()
        return Manifest(
            path=self._file,
            name=name,
            provider=provider_of(self._found.get("provider"), allowed, self._folder),
            capabilities=allowed,
            prompts=PromptStream(tuple(self._sources)),
            output_dir=output.get("dir", f"outputs/{name}"),
            layout=output.get("layout", DEFAULT_LAYOUT),
            budget=self._read("budget", budget_of, None),
            variables=self._variables,
            ratios=ratios,
            modes=modes,
            takes=self._read("takes", lambda spot: whole(spot, 1, TAKES_MAX), None) or 1,
            exclude=self._combinations("exclude", ()),
            include=self._combinations("include", INCLUDE_NEEDS),
            order=Order(self._read("order", lambda spot: word(spot, tuple(Order)), None) or Order.MANIFEST),
            limits=self._read("limits", limits_of, Limits()),
            retries=self._read("retries", retries_of, Retries()),
            notify=self._read("notify", notify_of, None),
            steps=self._read("steps", lambda spot: steps_of(spot, self._folder, output.get("dir")), ()),
            transfers=self._read("transfers", transfers_of, Transfers()),
            prompt_files=tuple(source.file for source in self._sources if isinstance(source, PromptFile)),
        )

    def check_rows(self) -> None:
        """Look for problems in the rows of all prompt files."""
        for source in self._sources:
            if isinstance(source, PromptFile):
                for _ in source.prompts(self._findings):
                    pass

    def _read(self, key: str, read: Callable[[Spot], T], default: T) -> T:
        return read(self._found[key]) if key in self._found else default

    def _name(self) -> str:
        stem = Path(self._file).stem
        if "name" in self._found:
            return name_of(self._found["name"]) or "unnamed"
        if not NAME.fullmatch(stem):
            hint = "give a 'name': letters (a-z), digits, '.', '_' and '-'"
            self._root.fail(f"the file's name, {quoted(stem)}, cannot be the name of the batch", hint)
        return stem

    def _prompts(self, spot: Spot) -> None:
        vocabulary = Vocabulary(self._capabilities, tuple(self._variables))
        given: dict[str, str] = {}
        for entry in members(spot, "prompts: [a beautiful landscape]") or ():
            if isinstance(entry.node, Table) and any(key.text == "file" for key, _ in entry.node.entries):
                self._add_file(entry, vocabulary)
                continue
            prompt = prompt_of(entry, vocabulary)
            if prompt is None:
                continue
            self._sources.append(prompt)
            first = (
                given.setdefault(prompt.prompt_id, entry.path) if prompt.prompt_id is not None else entry.path
            )
            if first != entry.path:
                entry.fail(
                    f"the id '{prompt.prompt_id}' is already that of {first}", "give each prompt its own id"
                )

    def _add_file(self, entry: Spot, vocabulary: Vocabulary) -> None:
        read = file_entry(entry, self._capabilities)
        if read is None:
            return
        named, defaults = read
        written = named.node.text if isinstance(named.node, Leaf) else ""
        source = PromptFile(
            file=os.path.join(self._folder, written),  # noqa: PTH118 - keeps './' and '' as the person wrote them
            place=entry.node.place,
            file_place=named.node.place,
            path=entry.path,
            defaults=defaults,
            vocabulary=vocabulary,
        )
        before = len(self._findings.problems)
        self._columns.update(dict.fromkeys(source.check(self._findings)))
        if len(self._findings.problems) == before:
            self._sources.append(source)

    def _combinations(self, key: str, needed: tuple[str, ...]) -> tuple[Combination, ...]:
        names = (*self._variables, *self._columns)
        return self._read(key, lambda spot: combinations_of(spot, self._capabilities, names, needed), ())

    def _check_layout(self) -> None:
        output = self._found.get("output")
        found = dict(entries(output) or ()) if output is not None and isinstance(output.node, Table) else {}
        layout = next((spot for key, spot in found.items() if key.text == "layout"), None)
        if layout is None or not isinstance(layout.node, Leaf):
            return
        names = {*self._variables, *self._columns}
        prompts = self._found.get("prompts")
        written = len(prompts.node.members) if prompts is not None and isinstance(prompts.node, Items) else 0
        is_open = len(self._sources) < written  # the meta of an entry that could not be read is not known
        for source in self._sources:
            if isinstance(source, PromptFile):
                names.update(source.defaults.meta)
                is_open = is_open or not source.file.lower().endswith((".csv", ".txt"))
            else:
                names.update(source.meta)
        try:
            parse_layout(layout.node.text, extra_fields=None if is_open else sorted(names))
        except LayoutError as error:
            layout.fail(str(error), error.hint)

    def _warn_of_images(self, modes: tuple[str, ...]) -> None:
        for source in self._sources:
            if isinstance(source, Prompt):
                warning = images_warning(source.images, source.modes or modes, source, self._capabilities)
                self._findings.warnings.extend([warning] if warning is not None else [])


def _refuse_root(root: Node) -> NoReturn:
    hint = "begin with 'version: 1' and 'prompts:'"
    if isinstance(root, Items):
        raise ManifestError([Problem(root.place, "", "found a list, a manifest is a mapping", hint)])
    if isinstance(root, Leaf) and not root.text:
        raise ManifestError([Problem(root.place, "", "the document is empty", hint)])
    raise ManifestError([Problem(root.place, "", f"found {described(root)}, a manifest is a mapping", hint)])


def _version(spot: Spot) -> None:
    if not isinstance(spot.node, Leaf) or spot.node.kind != "integer" or spot.node.text != "1":
        spot.fail(f"found {described(spot.node)}, this program reads version 1", "write 'version: 1'")


def _default(usual: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    return (usual if usual in allowed else allowed[0],)


def _variables_of(spot: Spot) -> Mapping[str, tuple[str, ...]]:
    variables: dict[str, tuple[str, ...]] = {}
    for key, value in entries(spot) or ():
        named = Spot(key, value.path, spot.findings)
        if fit_text(named, key.text) is None:
            continue
        if not is_name(key.text):
            named.fail(
                f"{quoted(key.text)} cannot be the name of a variable",
                "a letter or '_', then letters, digits, '_', '-'",
            )
        elif key.text in RESERVED:
            named.fail(
                f"{quoted(key.text)} already has a meaning of its own", "call the variable something else"
            )
        listed = members(value, "[fox, owl]") or () if isinstance(value.node, Items) else [value]
        variables[key.text] = each_once(listed, as_written)
    return variables
