"""Prompts that moderation refuses again and again: one that does so across modes and ratios is paused, not the batch."""

REPEATED = 2
"""In so many combinations of mode and ratio a prompt must have been refused: then it is the prompt, and not chance."""


class Moderated:
    """Which prompts (by their row) moderation has refused; only those take up memory.

    Several takes of one combination count once: what the service drew from it may have been refused, not the prompt.
    """

    def __init__(self) -> None:
        self._refused: dict[int, tuple[tuple[str, str], ...]] = {}

    def refused(self, prompt: int, mode: str, ratio: str) -> None:
        """A job of this prompt failed by moderation."""
        known = self._refused.get(prompt, ())
        if len(known) < REPEATED and (mode, ratio) not in known:
            self._refused[prompt] = (*known, (mode, ratio))

    def is_paused(self, prompt: int) -> bool:
        """Whether the prompt's other jobs should be left where they are."""
        return len(self._refused.get(prompt, ())) >= REPEATED
