"""What a deliberate bug is: replacements in a copy of the tree, and the tests of which one must fail."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Edit:
    """One replacement in one file; ``old`` must stand there exactly once, or the list is out of date."""

    file: str
    old: str
    new: str

    def apply(self, tree: Path, name: str) -> None:
        """Make it in a copy of the tree; raises ``LookupError`` where the code has changed."""
        path = tree / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise LookupError(
                f"{name}: {self.file} holds {text.count(self.old)} times, not once: {self.old!r}"
            )
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


@dataclass(frozen=True)
class Bug:
    """A bug, and the tests (files or test ids for pytest) of which one must fail."""

    name: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]

    def apply(self, tree: Path) -> None:
        """Make its edits in a copy of the tree, one after the other; raises ``LookupError`` where one has no place."""
        for edit in self.edits:
            edit.apply(tree, self.name)


def bug(name: str, test: str, *edits: tuple[str, str, str]) -> Bug:
    """A bug that one test must catch; an edit is (file, old, new)."""
    return Bug(name, tuple(Edit(*each) for each in edits), (test,))
