"""The manifest reference, held against what reads manifests: its examples, its keys, its defaults."""

from dataclasses import replace
from pathlib import Path

import pytest

from runner.core.expansion import survey
from runner.core.model import Manifest
from runner.manifest import load
from runner.manifest.loading import KEYS
from runner.manifest.prompts import FILE_KEYS, PROMPT_KEYS
from runner.manifest.settings import LIMITS, NOTIFY, OUTPUT, PROVIDER, RETRIES, TRANSFERS
from runner.providers import capabilities_of
from tests.docs.documents import DOCUMENTS, REFERENCE, Block, blocks, code_in, rows

SECTIONS = {
    "Provider": "provider",
    "Limits": "limits",
    "Retries": "retries",
    "Notification": "notify",
    "Transfers": "transfers",
    "Output": "output",
}
PLAIN_CSV = "text\na fox\n"
NAME = "spring"


def examples() -> list[tuple[Block, str]]:
    """Each example with the ``prompts.csv`` that its page shows above it."""
    found = []
    for path in DOCUMENTS:
        csv = PLAIN_CSV
        for block in blocks(path):
            if block.language == "csv":
                csv = block.text
            elif block.language == "yaml":
                found.append((block, csv))
    return found


def read(place: Path, text: str, csv: str = PLAIN_CSV) -> Manifest:
    (place / "prompts.csv").write_text(csv, encoding="utf-8")
    path = place / f"{NAME}.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, capabilities_of("grokimagine")).manifest


def completed(text: str) -> str:
    """An example that shows some keys only, with those that every manifest needs."""
    keys = {line.partition(":")[0] for line in text.splitlines()}
    return (
        ("" if "version" in keys else "version: 1\n")
        + text
        + ("" if "prompts" in keys else "prompts: [a fox]\n")
    )


def default_of(cell: str, key: str) -> str | None:
    """A default as it would be written into a manifest, ``None`` where there is none."""
    written = [
        f'"{word}"' if "{prompt_id}" in word else word.replace("<name>", NAME) for word in code_in(cell)
    ]
    if key == "timeouts":
        connect, submit, status = written
        return f"{{connect: {connect}, submit: {submit}, status: {status}}}"
    return written[0] if written else None


def lines_of_defaults(heading: str) -> list[tuple[str, str]]:
    found = [(code_in(cells[0])[0], cells[2]) for cells in rows(REFERENCE, heading)]
    return [(key, default) for key, cell in found if (default := default_of(cell, key)) is not None]


@pytest.mark.parametrize(("example", "csv"), [pytest.param(*each, id=each[0].where) for each in examples()])
def test_an_example_is_a_manifest(example: Block, csv: str, tmp_path: Path) -> None:
    assert survey(read(tmp_path, completed(example.text), csv)).total > 0


def test_the_full_example_shows_every_key() -> None:
    (full,) = (block.text for block in blocks(REFERENCE) if "\nname: spring-campaign" in block.text)
    nested = {line.split(":")[0].strip() for line in full.splitlines() if line.startswith("  ")}
    sections = {*PROVIDER, *LIMITS, *RETRIES, *NOTIFY, *TRANSFERS, *OUTPUT} - {"proxy", "ca_file", "url"}
    assert [key for key in KEYS if f"\n{key}:" not in full] == []
    assert sections - nested == set()


def test_the_keys_are_those_that_there_are() -> None:
    def listed(heading: str) -> set[str]:
        return {key for cells in rows(REFERENCE, heading) for key in code_in(cells[0])}

    assert {heading: listed(heading) for heading in ("Keys", "Prompts", *SECTIONS)} == {
        "Keys": set(KEYS),
        "Prompts": {*PROMPT_KEYS, *FILE_KEYS},
        "Provider": set(PROVIDER),
        "Limits": set(LIMITS),
        "Retries": set(RETRIES),
        "Notification": set(NOTIFY),
        "Transfers": set(TRANSFERS),
        "Output": set(OUTPUT),
    }


@pytest.mark.parametrize(
    ("section", "key", "default"),
    [
        (section, key, default)
        for heading, section in {"Keys": "", **SECTIONS}.items()
        for key, default in lines_of_defaults(heading)
        if key not in ("version", "prompts")
    ],
)
def test_a_documented_default_is_the_default(section: str, key: str, default: str, tmp_path: Path) -> None:
    text = "version: 1\nprompts: [a fox]\n"
    written = f"{key}: {default}" if not section else f"{section}: {{{key}: {default}}}"
    plain, spelled_out = read(tmp_path, text), read(tmp_path, f"{text}{written}\n")
    assert replace(spelled_out, prompts=plain.prompts) == plain


def test_the_defaults_of_the_reference_are_read() -> None:
    assert len([key for heading in ("Keys", *SECTIONS) for key, _ in lines_of_defaults(heading)]) >= 18
