"""What a step is asked to do, and what is kept from one to the next."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from runner.core.processing import StepKind
from runner.media.maker import LONGEST_S, Maker


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be made of which file.

    ``stem`` is what the names of the files in ``output_dir`` begin with: letters, digits, ``-`` and ``_``. ``sha256`` is that
    of the input. ``code_folder`` is where the modules of ``python`` are looked for first, and ``hidden`` are the variables of
    the environment that they do not see.
    """

    kind: StepKind
    parameters: Mapping[str, Any]
    input_path: str
    sha256: str
    output_dir: str
    stem: str
    code_folder: str = ""
    hidden: tuple[str, ...] = ()


@dataclass(slots=True)
class Bench:
    """What is kept from one task to the next: a process. To be used by one thread at a time, and closed."""

    is_wanted: Callable[[], bool] = lambda: True
    longest_s: float = LONGEST_S
    maker: Maker = field(init=False)

    def __post_init__(self) -> None:
        self.maker = Maker(self.is_wanted, self.longest_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.maker.close()
