"""The file of a saved plan: JSON with a mark, a version and a seal.

The seal is a SHA-256 over everything else. It keeps damage and edits by hand from deciding about money; whoever means
to forge one can, and could as well edit the manifest.
"""

import hashlib
import json
from decimal import Decimal
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from runner.core.errors import UsageError
from runner.core.money import Budget, Credits
from runner.core.snapshot import Snapshot

FORMAT: Final = "runner plan"
VERSION: Final = 1


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class SavedOptions(_Strict):
    """The options of the run that was reviewed; a budget is given in credits or in dollars."""

    only: dict[str, str]
    limit: int | None
    fit: bool
    budget_credits: int | None
    budget_usd: str | None

    @property
    def budget(self) -> Budget | None:
        """The cap that was asked for, as it was written; ``None`` where none was."""
        if self.budget_credits is not None:
            return Budget(credits=Credits(self.budget_credits))
        return None if self.budget_usd is None else Budget(usd=Decimal(self.budget_usd))


class Spending(_Strict):
    """What the plan may submit, and what that costs."""

    jobs: int
    credits: int
    usd: str


class SavedPlan(_Strict):
    """A plan that was made for a run of its own. ``manifest`` is the path as it was given."""

    format: Literal["runner plan"] = FORMAT
    version: Literal[1] = VERSION
    made_at: str
    made_by: str
    batch: str
    manifest: str
    sandbox: bool
    options: SavedOptions
    spends: Spending
    snapshot: Snapshot


def text_of(plan: SavedPlan) -> str:
    """The file's text, sealed; raises ``UsageError`` where a path or an option is not UTF-8."""
    content: dict[str, object] = plan.model_dump()
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{plan.manifest!a}: what is not UTF-8 in its path or in the options cannot be saved in a plan; rename it"
        ) from error
    return json.dumps(content | {"seal": _seal(content)}, indent=1) + "\n"


def is_plan(content: bytes) -> bool:
    """Whether a file is a saved plan of any version, whole or not."""
    return _parsed(content) is not None


def plan_in(content: bytes, where: str) -> SavedPlan:
    """The plan that a file holds; raises ``UsageError``, which names the file as ``where``, for anything else."""
    found = _parsed(content)
    if found is None:
        raise UsageError(
            f"{where}: no saved plan; name a file that `runner plan MANIFEST -o FILE` wrote. Nothing was sent"
        )
    version = found.get("version")
    if isinstance(version, int) and version > VERSION:
        raise UsageError(
            f"{where}: a plan of version {version}, and this program reads version {VERSION}: a newer one wrote it. "
            "Use that one, or plan again with this one. Nothing was sent"
        )
    seal = found.pop("seal", None)
    try:
        plan = SavedPlan.model_validate_json(json.dumps(found))
    except ValidationError:
        plan = None
    if plan is None or seal != _seal(found):
        raise UsageError(
            f"{where}: the plan is damaged or was edited: its seal does not fit. Plan again with other options instead "
            "(`runner plan MANIFEST -o FILE`). Nothing was sent"
        )
    return plan


def _parsed(content: bytes) -> dict[str, object] | None:
    try:
        found = json.loads(content, object_pairs_hook=_unique, parse_constant=_refused)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("format") == FORMAT else None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A doubled key would be shown to a reviewer with one value and read with the other."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refused(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")


def _seal(content: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
