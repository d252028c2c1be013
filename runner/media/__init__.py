"""Looking into videos: how large and how long they are, one picture of each, and contact sheets of many.

It needs the extra ``media``. ``decoding`` opens files with PyAV, in a process of its own (``worker``): what came from
outside can neither end nor stop nor starve the run that looks at it. ``viewer`` is that process seen from here, and answers
with the values of ``outcomes``. ``sheet`` puts pictures on pages with Pillow, ``lettering`` writes on them, ``pages`` saves
them.
"""

from importlib.util import find_spec

INSTALL = "pip install 'manifest-runner[media]'"
"""The command that brings the extra."""


def is_installed() -> bool:
    """Whether the extra ``media`` is there; nothing of it is imported to find out."""
    return all(find_spec(name) is not None for name in ("av", "PIL"))
