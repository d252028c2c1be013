"""The variables that a command may read: the process's own, and those of ``.env`` in the working directory.

Nothing of ``.env`` is put into the environment of this process: what it holds reaches nobody who does not ask for it,
and no program that is started from here.
"""

import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.core.errors import UsageError
from runner.core.setting import Source

ENV_FILE = ".env"
SIZE_MAX = 64 * 1024

_NOT_SHOWN = "the line is not shown here, because it may hold a secret"


@dataclass(frozen=True, slots=True)
class Found:
    """The value of a variable, and where it was found."""

    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class Environment:
    """What the process was given, and what its ``.env`` holds (empty where there is none)."""

    process: Mapping[str, str]
    env_file: Mapping[str, str]

    @classmethod
    def here(cls) -> "Environment":
        """That of this process and its working directory; raises ``UsageError`` for a ``.env`` that cannot be used."""
        return cls(dict(os.environ), read_env_file(Path(ENV_FILE)))

    def find(self, name: str) -> Found | None:
        """The variable, the environment's before that of ``.env``. An empty one counts as not set, in both."""
        for values, source in ((self.process, Source.ENVIRONMENT), (self.env_file, Source.ENV_FILE)):
            text = values.get(name, "")
            if text.strip():
                return Found(text, source)
        return None


def read_env_file(path: Path) -> dict[str, str]:
    """The variables of a ``.env`` file; none where there is no such file, or where the name is a directory's.

    Values stand for themselves: ``${NAME}`` and ``$(command)`` are texts, nothing is looked up or run. Where a name
    stands twice, the last one holds. Raises ``UsageError`` with the line, and without what stands in it.
    """
    if not path.exists() or path.is_dir():  # some call their virtual environment so
        return {}
    return dict(_pairs(_text_of(path), path))


def _text_of(path: Path) -> str:
    if not path.is_file():
        raise UsageError(f"{path} is not a regular file; put a file in its place, or move it away")
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_MAX + 1)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}; make it readable for you (chmod 600 {path}), or move it away"
        ) from error
    if len(content) > SIZE_MAX:
        raise UsageError(f"{path} has more than {SIZE_MAX} bytes; it holds variables only, one a line")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}:{line}: not UTF-8; save the file as UTF-8 ({_NOT_SHOWN})") from error


def _pairs(text: str, path: Path) -> Iterator[tuple[str, str]]:
    from dotenv.parser import parse_stream  # noqa: PLC0415 - only where there is a .env

    for binding in parse_stream(io.StringIO(text)):
        written = binding.original.string
        line = binding.original.line + written[: len(written) - len(written.lstrip())].count("\n")
        if binding.error:
            raise UsageError(
                f"{path}:{line}: this is not NAME=value; write one variable a line, and put a value with blanks, "
                f"'#' or line breaks into quotes ({_NOT_SHOWN})"
            )
        if binding.key is None:
            continue
        if binding.value is None:
            raise UsageError(
                f"{path}:{line}: {binding.key} has no value; write {binding.key}=value, or remove the line"
            )
        yield binding.key, binding.value
