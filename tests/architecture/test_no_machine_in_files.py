"""What is in the repository must not tell on which machine, or from which registry, it was built."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMON = {
    "/",
    "/app",
    "/builds",
    "/home",
    "/mnt",
    "/opt",
    "/src",
    "/srv",
    "/tmp",
    "/usr",
    "/var",
}  # anybody's
REGISTRY = re.compile(
    r"https?://[^\s\"'<>]+/simple\b|(?:index[-_]url|find[-_]links|trusted[-_]host)[\s=:\"']+[\w:/@-]+[.:/]\w",
    re.IGNORECASE,
)


def machine_paths() -> re.Pattern[str]:
    """The folder around this repository and the home folder, where they say something about the machine."""
    paths = {str(path) for path in (ROOT, ROOT.parent, Path.home())} - COMMON
    return re.compile(rf"(?<![\w.~}}*/-])(?:{'|'.join(map(re.escape, sorted(paths)))})(?![\w-])")


def repository_texts() -> dict[str, str]:
    """What git has and what it would take at the next ``git add``, as far as it is text."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git repository")
    names = sorted(filter(None, listed.stdout.decode().split("\0")))
    files = {name: ROOT / name for name in names}
    return {
        name: path.read_text(encoding="utf-8", errors="replace")
        for name, path in files.items()
        if path.is_file()
    }


@pytest.mark.parametrize("kind", ["machine path", "registry"])
def test_no_file_names_a(kind: str) -> None:
    pattern = machine_paths() if kind == "machine path" else REGISTRY
    found = {
        f"{name}:{number}": match[0]
        for name, text in repository_texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if (match := pattern.search(line))
    }
    assert found == {}


@pytest.mark.parametrize("line", ["see {root}/x.py", "'{root}'", "cd {root}"])
def test_a_machine_path_is_found(line: str) -> None:
    assert machine_paths().search(line.format(root=ROOT))


@pytest.mark.parametrize(
    "line",
    [
        "--index" + "-url https://packages.example.com/x",
        "extra-index" + '_url = "https://example.com/x"',
        "http://10.0.0.1:8080/pypi" + "/simple/",
        "find" + "-links = wheels.example.com",
    ],
)
def test_a_registry_is_found(line: str) -> None:
    assert REGISTRY.search(line)
