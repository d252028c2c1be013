"""What a tree says of itself: ``metadata.jsonl`` and the dataset card, kept at the end of whatever changed it."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from runner import __version__
from runner.app import tree
from runner.app.inspecting import standing_of
from runner.app.workplace import Workplace
from runner.core.records import Batch
from runner.files import text
from runner.files.root import OutputRoot
from runner.report import card
from runner.report.card import Origin
from runner.store import batches, troubles
from runner.store.writer import Connection

_LARGEST_CARD_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Described:
    """Files that are gone or have another size, and what a person should know beside that."""

    missing: tuple[str, ...]
    notes: tuple[str, ...] = ()


def describe(
    workplace: Workplace,
    connection: Connection,
    root: OutputRoot,
    batch: Batch,
    manifest_sha256: str | None = None,
) -> Described:
    """Bring both to what the tree holds, each replaced atomically; where they say so already, nothing is written.

    ``manifest_sha256`` is the hash of the manifest that was run; without one the card keeps the hash that it names. A
    ``README.md`` that is not ours is left, with a note. Raises ``OSError``, also where the tree is not under its path any
    more.
    """
    found = tree.write_metadata(connection, root, batch)
    try:
        there = text.beginning(root, card.NAME, _LARGEST_CARD_BYTES)
        is_ours = there is None or card.is_ours(there)
    except OSError:  # a link, a directory, a file of somebody else
        there, is_ours = None, False
    if not is_ours:
        return Described(found.missing, (_left_alone(root),))
    if there is None and not found.holding.files:
        return Described(found.missing)
    old_sha256, old_version = card.origin_in((there or b"").decode("utf-8", "replace"))
    sha256 = manifest_sha256 or old_sha256 or sha256_of(batch.manifest)
    origin = Origin(Path(batch.manifest).name, sha256, old_version or __version__, workplace.sandbox)
    standing = standing_of(workplace, connection, batches.by_pk(connection, batch.pk))
    classes = troubles.by_class(connection, batch.pk)
    # A newer runner alone is no reason to write into a finished tree.
    if there != card.card(standing, classes, origin, found.holding):
        fresh = card.card(standing, classes, replace(origin, version=__version__), found.holding)
        text.replace(root, card.NAME, iter([fresh]))
    return Described(found.missing)


def origin_of(workplace: Workplace, root: OutputRoot, batch: Batch) -> Origin:
    """What the videos of a tree were made from, as its card has it, or its manifest as it is now."""
    try:
        there = text.beginning(root, card.NAME, _LARGEST_CARD_BYTES) or b""
    except OSError:
        there = b""
    sha256, _ = card.origin_in(there.decode("utf-8", "replace")) if card.is_ours(there) else (None, None)
    name, known = Path(batch.manifest).name, sha256 or sha256_of(batch.manifest)
    return Origin(name, known, __version__, workplace.sandbox)


def sha256_of(path: str) -> str | None:
    """The SHA-256 of a manifest's file, ``None`` where it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _left_alone(root: OutputRoot) -> str:
    return (
        f"{root.path}/{card.NAME} was not written by this program and is left as it is, so the tree has no dataset card; "
        "move it away, and the next run writes one"
    )
