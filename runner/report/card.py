"""The dataset card of a tree: ``README.md``, from which ``load_dataset(<tree>)`` knows what belongs to the dataset.

Without it the ``datasets`` library makes splits of every path that holds ``test``, ``train``, ``val``, ``dev`` or
``eval``, and loses the metadata. The texts of prompts stand in ``metadata.jsonl`` alone.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from runner.core.counting import noun
from runner.core.model import JobState
from runner.core.records import Trouble
from runner.core.safe_text import for_terminal
from runner.report.features import Feature, declared
from runner.report.metadata import NAME as METADATA
from runner.report.payload import Json, Standing, dollars

NAME = "README.md"
MARK = "# Kept by the program `runner`, and written anew when its tree changes; without this line it is left alone."
_HEAD = f"---\n{MARK}\n".encode()
HEAD_LINES = 2

_NO_HASH = "not known"


@dataclass(frozen=True, slots=True)
class Origin:
    """What the videos were made from: the manifest's file name, its SHA-256 (``None``: not known), and by which version."""

    manifest: str
    manifest_sha256: str | None
    version: str
    is_sandbox: bool


@dataclass(frozen=True, slots=True)
class Holding:
    """What a tree holds: the files that are there and their bytes, where they are, and their metadata."""

    files: int
    bytes: int
    patterns: Collection[str]
    metadata: "Metadata"


@dataclass(frozen=True, slots=True)
class Metadata:
    """The kinds of the keys of a ``metadata.jsonl``, and the SHA-256 of the whole."""

    features: Mapping[str, Feature]
    sha256: str


def is_ours(head: bytes) -> bool:
    """Whether a file that begins so (``HEAD_LINES`` lines are enough) is a card that is written anew."""
    return head.startswith(_HEAD)


def origin_in(text: str) -> tuple[str | None, str | None]:
    """The SHA-256 of the manifest and the version of the runner that a card of ours names."""
    sha256 = re.search(r"^\| SHA-256 of the manifest \| `([0-9a-f]{64})` \|$", text, re.MULTILINE)
    version = re.search(r"^\| runner \| ([0-9A-Za-z.+-]{1,40}) \|$", text, re.MULTILINE)
    return sha256 and sha256[1], version and version[1]


def pattern_of(path: str) -> str:
    """The pattern that finds a file; the library leaves out directories that begin with ``__`` unless they are asked for."""
    found = PurePosixPath(path)
    hidden = sum(part.startswith("__") for part in found.parent.parts)
    return "**/" + "__*/**/" * hidden + f"*{found.suffix}"


def config(splits: Mapping[str, Sequence[str]], sha256: str, features: Sequence[Json]) -> Json:
    """The block that says which files make which split, and the kinds of the columns where they have to be declared.

    ``sha256`` is of all metadata. The library names its cache after this block and the directory's own name, and looks
    at nothing else: without the hash it would go on giving the rows of an earlier run, or of another tree of that name.
    """
    files = [{"split": split, "path": list(patterns)} for split, patterns in splits.items()]
    whole: Json = {"config_name": "default", "description": f"metadata {sha256}", "data_files": files}
    return whole | ({"features": list(features)} if features else {})


def front_matter(whole: Json) -> str:
    """A mapping as the YAML on top of a card, without the lines around it."""
    import yaml  # noqa: PLC0415 - the commands that only read need none

    return yaml.safe_dump(whole, allow_unicode=True, sort_keys=False, width=10_000) if whole else ""


def card(standing: Standing, troubles: Sequence[Trouble], origin: Origin, holding: Holding) -> bytes:
    """The card of an output tree as it stands."""
    splits = {"train": [*sorted(holding.patterns), METADATA]}
    metadata = holding.metadata
    block = config(splits, metadata.sha256, declared(metadata.features))
    name = code(standing.batch.name)
    paragraphs = [f"# {name}"]
    if holding.files:
        files = f"{holding.files} {noun(holding.files, 'video')} ({holding.bytes} bytes)"
        paragraphs.append(f"{files}, each with its prompt in `{METADATA}`. Load them with `load_dataset`.")
    else:
        paragraphs.append("There are no videos here yet.")
    if origin.is_sandbox:
        paragraphs.append("These videos are stand-ins that the sandbox made, not the service.")
    body = "\n\n".join([*paragraphs, *provenance(standing, troubles, origin)])
    top = front_matter({"configs": [block]} if holding.files else {})
    return _HEAD + f"{top}---\n\n{body}\n".encode()


def provenance(standing: Standing, troubles: Sequence[Trouble], origin: Origin) -> list[str]:
    """Where the videos come from, what they cost and what failed, as paragraphs of Markdown."""
    rows = [("batch", code(standing.batch.name)), ("manifest", code(origin.manifest))]
    sha256 = origin.manifest_sha256
    rows.append(("SHA-256 of the manifest", _NO_HASH if sha256 is None else f"`{sha256}`"))
    rows += [("runner", origin.version), ("provider", code(standing.batch.provider))]
    found = ["## Where it comes from", _table(("what", "value"), rows)]
    found += ["## Jobs and credits", _table(("what", "value"), [*_jobs(standing), *_spend(standing)])]
    if troubles:
        failed = [(one.state.value, _class_of(one), str(one.jobs)) for one in troubles]
        found += ["## Failures and troubles", _table(("state", "class", "jobs"), failed)]
    return found


def _jobs(standing: Standing) -> list[tuple[str, str]]:
    counts = standing.counts
    by_state = {state.value: counts.by_state[state] for state in JobState}
    by_state[JobState.SUBMITTING.value] -= standing.unknown_extra
    by_state[JobState.UNKNOWN.value] += standing.unknown_extra
    known = [(f"jobs {state}", str(number)) for state, number in by_state.items() if number]
    gone = [("jobs removed from the manifest", str(counts.removed))] if counts.removed else []
    return [("jobs", str(counts.total)), *known, *gone]


def _spend(standing: Standing) -> list[tuple[str, str]]:
    batch = standing.batch
    amounts = {
        "credits spent": batch.spent,
        "credits reserved": batch.reserved,
        "of them with an unknown outcome": batch.unknown + standing.unknown_extra_credits,
    }
    return [(name, f"{amount} ({dollars(batch.price, amount)})") for name, amount in amounts.items()]


def _class_of(trouble: Trouble) -> str:
    return "none" if trouble.error_class is None else trouble.error_class.value


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(text: str) -> str:
    """A name that somebody else chose, in Markdown: it is no markup, and ends no table."""
    return "`" + for_terminal(text, 200).replace("`", "'").replace("|", "\\|") + "`"
