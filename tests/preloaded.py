"""What the fork server imports before it forks: all of the program, as its commands would one by one.

The extras are left out, so that a process has loaded no library that it would not have loaded by itself.
"""

import importlib
import importlib.abc
import os
import pkgutil
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import runner

_EXTRAS = frozenset(
    {"PIL", "av", "dask", "datasets", "distributed", "obstore", "psutil", "psycopg", "pyarrow", "ray"}
)


class _WithoutExtras(importlib.abc.MetaPathFinder):
    """As where no extra is installed."""

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in _EXTRAS:
            raise ModuleNotFoundError(f"{fullname} is left out here", name=fullname)
        return None


def _import_all() -> None:
    for module in pkgutil.walk_packages(runner.__path__, "runner.", onerror=lambda _: None):
        if module.name == "runner.__main__":
            continue
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] not in _EXTRAS:
                # The fork server would pass over an import error, and every process lack what comes after it.
                raise AssertionError(f"{module.name} needs {error.name}, which is no extra") from error


_finder = _WithoutExtras()
sys.meta_path.insert(0, _finder)
try:
    _import_all()
finally:
    sys.meta_path.remove(_finder)

# The server outlives the directory in which it was asked for.
sys.path[:] = [str(Path(entry).resolve()) for entry in sys.path]
os.chdir("/")
