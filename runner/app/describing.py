"""What a tree says of itself: ``metadata.jsonl``, the dataset card and the gallery, kept by whatever changed it."""

import hashlib
import itertools
from dataclasses import dataclass, replace
from pathlib import Path

from runner import __version__
from runner.app import gallery, tree
from runner.app.inspecting import standing_of
from runner.app.kept_file import keep
from runner.app.workplace import Workplace
from runner.core.advice import Invocation
from runner.core.counting import noun
from runner.core.records import Batch
from runner.files.depot import Depot
from runner.report import card
from runner.report.card import Holding, Origin
from runner.report.payload import Standing
from runner.store import batches, troubles
from runner.store.writer import Connection

_SHOWN = 3
_LONGEST_LINE_BYTES = 64 * 1024
_MOST_LINES = 100_000
"""A card has a line or two for each key of ``meta``."""


@dataclass(frozen=True, slots=True)
class Described:
    """Files that are gone or have another size, and what a person should know beside that."""

    missing: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def told(self, call: Invocation) -> list[str]:
        """All of it for people, with the way out."""
        files = len(self.missing)
        if not files:
            return list(self.notes)
        named = ", ".join(self.missing[:_SHOWN]) + (" ..." if files > _SHOWN else "")
        repair = f"`{call.of_batch('verify', '--repair')}` fetches {noun(files, 'it', 'them')} again, free of charge"
        return [
            f"{files} {noun(files, 'file is', 'files are')} gone or changed ({named}): {repair}",
            *self.notes,
        ]


def describe(
    workplace: Workplace,
    connection: Connection,
    root: Depot,
    batch: Batch,
    manifest_sha256: str | None = None,
    *,
    with_gallery: bool = True,
) -> Described:
    """Bring all of it to what the tree holds, each replaced atomically; where they say so already, nothing is written.

    ``manifest_sha256`` is the hash of the manifest that was run; without one the card keeps the hash that it names. A
    ``README.md`` that is not ours is left, with a note. Raises ``OSError``, also where the tree is not under its path any
    more.
    """
    found = tree.write_metadata(connection, root, batch)
    fresh = batches.by_pk(connection, batch.pk)
    standing = replace(standing_of(workplace, connection, fresh), running_pid=None)
    note = _keep_card(workplace, connection, root, standing, found.holding, manifest_sha256)
    notes = gallery.at_the_end(connection, root, workplace, standing) if with_gallery else []
    return Described(found.missing, (*([] if note is None else [note]), *notes))


def _keep_card(
    workplace: Workplace,
    connection: Connection,
    root: Depot,
    standing: Standing,
    holding: Holding,
    manifest_sha256: str | None,
) -> str | None:
    """Bring the card to what the tree holds; a note where there is none because something else has its name."""
    there = _card_in(root)
    if there is None:
        return _left_alone(root)
    if not there and not holding.files:
        return None
    batch = standing.batch
    old_sha256, old_version = card.origin_in(there.decode("utf-8", "replace"))
    sha256 = manifest_sha256 or old_sha256 or sha256_of(batch.manifest)
    origin = Origin(Path(batch.manifest).name, sha256, old_version or __version__, workplace.sandbox)
    classes = troubles.by_class(connection, batch.pk)
    # A newer runner alone is no reason to write into a finished tree.
    if there != card.card(standing, classes, origin, holding):
        fresh = card.card(standing, classes, replace(origin, version=__version__), holding)
        keep(root, card.NAME, lambda: [fresh])
    return None


def origin_of(workplace: Workplace, root: Depot, batch: Batch) -> Origin:
    """What the videos of a tree were made from, as its card has it, or its manifest as it is now."""
    sha256, _ = card.origin_in((_card_in(root) or b"").decode("utf-8", "replace"))
    name, known = Path(batch.manifest).name, sha256 or sha256_of(batch.manifest)
    return Origin(name, known, __version__, workplace.sandbox)


def sha256_of(path: str) -> str | None:
    """The SHA-256 of a manifest's file, ``None`` where it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _card_in(root: Depot) -> bytes | None:
    """The card of the tree, empty where nothing has its name; ``None`` where something that is not ours has it."""
    try:
        found = root.lines(card.NAME, _LONGEST_LINE_BYTES)
        first = list(itertools.islice(found, card.HEAD_LINES))
        if not first or not card.is_ours(_joined(first)):
            return None
        return _joined([*first, *itertools.islice(found, _MOST_LINES)])
    except FileNotFoundError:
        return b""
    except OSError:
        if not root.is_local:  # a store that fails is no file of somebody else
            raise
        return None  # a link, a directory


def _joined(lines: list[bytes | None]) -> bytes:
    return b"".join((line or b"") + b"\n" for line in lines)


def _left_alone(root: Depot) -> str:
    return (
        f"{root.path}/{card.NAME} was not written by this program and is left as it is, so the tree has no dataset card; "
        "move it away, and the next run writes one"
    )
