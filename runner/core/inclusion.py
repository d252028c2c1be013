"""The ``include`` entries of a manifest, brought together with their prompts while these stream by."""

from collections.abc import Iterator

from runner.core.combination import Addition, new_values, read_include
from runner.core.errors import Problem
from runner.core.model import Combination, Manifest
from runner.core.notes import Notes
from runner.core.request_check import images_warning
from runner.core.suggestion import did_you_mean
from runner.core.variation import Outline

_IDS_MAX = 10_000  # kept for "did you mean" only

Included = tuple[Combination, Outline, Addition]


class Includes:
    """Keeps the prompts that ``include`` and ``exclude`` name, and turns ``include`` into additions at the end."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._wanted = {entry.keys.get("prompt", "") for entry in manifest.include}
        self._named = self._wanted | {entry.keys.get("prompt", "") for entry in manifest.exclude}
        self._outlines: dict[str, Outline] = {}
        self._ids: dict[str, None] = {}
        self._named_ids: set[str] = set()
        self._read: list[Included] | None = None

    def meet(self, outline: Outline) -> None:
        """Look at a prompt that comes by; of several with one id the first is kept."""
        if not self._named:
            return
        if outline.prompt_id in self._named:
            self._named_ids.add(outline.prompt_id)
        if outline.prompt_id in self._wanted:
            self._outlines.setdefault(outline.prompt_id, outline)
        if len(self._ids) < _IDS_MAX:
            self._ids[outline.prompt_id] = None

    def unknown_id(self, entry: Combination) -> Problem | None:
        """The problem of an entry that names a prompt which did not come by."""
        prompt_id = entry.keys.get("prompt")
        if prompt_id is None or prompt_id in self._named_ids:
            return None
        hint = did_you_mean(prompt_id, self._ids)
        return Problem(entry.place, f"{entry.path}.prompt", f"no prompt has the id '{prompt_id}'", hint)

    def additions(self, notes: Notes) -> list[Included]:
        """What ``include`` adds, in manifest order, once all prompts came by; its mistakes are noted once."""
        if self._read is None:
            self._read = list(self._resolved(notes))
        return self._read

    @property
    def last_take(self) -> int:
        """The highest take of the additions; 0 without any."""
        return max((addition.take for _, _, addition in self._read or ()), default=0)

    def _resolved(self, notes: Notes) -> Iterator[Included]:
        for entry in self._manifest.include:
            outline = self._outlines.get(entry.keys.get("prompt", ""))
            if outline is None:
                message = "names no prompt; `prompt` is the id of one"
                notes.problem(self.unknown_id(entry) or Problem(entry.place, entry.path, message))
                continue
            read = read_include(entry, outline.offer, self._manifest.capabilities)
            if isinstance(read, Addition):
                self._warn(entry, outline, read, notes)
                yield entry, outline, read
            else:
                for problem in read:
                    notes.problem(problem)

    def _warn(self, entry: Combination, outline: Outline, addition: Addition, notes: Notes) -> None:
        images = images_warning(outline.prompt.images, [addition.mode], entry, self._manifest.capabilities)
        for warning in (*new_values(entry, outline.offer), *([images] if images else [])):
            notes.warn(warning)
