"""What the service would refuse, or may not do well: checks of single texts and combinations."""

from collections.abc import Collection, Mapping

from runner.core.errors import Problem
from runner.core.model import Capabilities, Combination, Prompt

_VALUE_CHARS = 40


def text_problem(
    text: str, values: Mapping[str, str], source: Prompt | Combination, allowed: Capabilities
) -> Problem | None:
    """What is wrong with a text after substitution: blank, or longer than the service takes (in code points)."""
    if not text.strip():
        return Problem(source.place, source.path, "the text is blank" + _with(values))
    return length_problem(len(text), values, source, allowed)


def length_problem(
    chars: int, values: Mapping[str, str], source: Prompt | Combination, allowed: Capabilities
) -> Problem | None:
    """A problem where a text would have more characters than the service takes."""
    if chars <= allowed.prompt_chars_max:
        return None
    message = (
        f"the text is {chars} characters long{_with(values)}; at most {allowed.prompt_chars_max} are allowed"
    )
    return Problem(source.place, source.path, message, "shorten it")


def text_warning(
    text: str, values: Mapping[str, str], source: Prompt | Combination, allowed: Capabilities
) -> Problem | None:
    """A warning for a text that is longer than the service advises."""
    if len(text) <= allowed.prompt_chars_advised:
        return None
    message = f"the text is {len(text)} characters long{_with(values)}; above {allowed.prompt_chars_advised}"
    return Problem(source.place, source.path, f"{message} the service may ignore some of it")


def images_warning(
    images: Collection[str], modes: Collection[str], source: Prompt | Combination, allowed: Capabilities
) -> Problem | None:
    """A warning for a prompt with images in a mode in which the service's model refuses them."""
    refused = [mode for mode in modes if mode in allowed.modes_refused_with_images]
    if not images or not refused:
        return None
    message = f"mode {', '.join(refused)} with images: the service's model is known to refuse this"
    return Problem(source.place, source.path, message, "leave the mode out, or exclude it for this prompt")


def _with(values: Mapping[str, str]) -> str:
    """The values behind a text, in words; long ones are cut."""
    if not values:
        return ""
    return " with " + ", ".join(f"{name}={_cut(value)}" for name, value in values.items())


def _cut(value: str) -> str:
    return value if len(value) <= _VALUE_CHARS else value[: _VALUE_CHARS - 1] + "…"
