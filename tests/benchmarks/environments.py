"""What the contestants need that the project does not: an environment of its own for a package, and Debian's programs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.measured import FailedError


def python_with(cache: Path, *packages: str) -> str:
    """The interpreter of an environment in ``cache`` that holds these packages, made at the first call."""
    place = cache / "-".join(packages).replace("==", "-")
    python = place / "bin" / "python"
    done = place / "installed"
    if not done.exists():
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, *packages], check=True, stdout=sys.stderr)
        done.touch()
    return str(python)


def program(name: str, package: str) -> str:
    """The path of a program; raises ``FailedError`` with the name of Debian's package where it is not installed."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        raise FailedError(f"{name} is not installed (Debian's package {package})")
    return found
