"""Looking into videos: how large and how long they are, one picture of each, contact sheets of many, and processing steps.

It needs the extra ``media``. ``decoding`` opens files with PyAV, in a process of its own (``worker``): what came from
outside can neither end nor stop nor starve the run that looks at it. ``viewer`` is that process seen from here (as any such
``process``), and answers with the values of ``outcomes``. ``sheet`` puts pictures on pages with Pillow, ``lettering`` writes
on them, ``pages`` saves them.

``carrying`` carries a step out for one video, as a ``task`` says: by ``making``, in a process of its own (``workshop``, seen
from here as ``maker``), or by a function that a manifest names (``own_code``, and in its process ``own_code_worker``).
"""

from importlib.util import find_spec

INSTALL = "pip install 'manifest-runner[media]'"
"""The command that brings the extra."""


def is_installed() -> bool:
    """Whether the extra ``media`` is there; nothing of it is imported to find out."""
    return all(find_spec(name) is not None for name in ("av", "PIL"))
