"""S4, S13, S18, S31, S32, S37: what must not stand in the code at all."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {
    str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "runner").rglob("*.py"))
}
CALLS = (
    *("eval", "exec", "compile", "__import__", "input", "globals", "vars"),
    *(
        "yaml.load",
        "yaml.load_all",
        "yaml.full_load",
        "yaml.unsafe_load",
        "os.system",
        "os.popen",
        "os.startfile",
    ),
    *(
        "tempfile.mktemp",
        "ssl._create_unverified_context",
        "ssl.wrap_socket",
        "sqlite3.enable_load_extension",
    ),
)
MODULES = (
    "pickle",
    "marshal",
    "shelve",
    "subprocess",
    "pty",
    "ctypes.util",
    "xml",
    "jinja2",
    "requests",
    "urllib.request",
)
PICKLE = ["frames", "on_ray", "ray_hand"]
"""Between the coordinator and the workers of a cluster that it trusts with its code anyway: docs/engines.md says who that is."""

START_PROCESSES = ["runner/media/own_code.py", "runner/media/process.py"]
"""The one module that may: videos are decoded apart from what knows the token."""

WITH_EXTRA = (
    "runner/media/",
    "runner/app/drawing.py",
    "runner/report/tables.py",
    "runner/app/loading_back.py",
)
"""What is imported only where the extra ``media`` or ``datasets`` is installed."""

FLAGS = {
    "shell": True,
    "verify": False,
    "ssl": False,
    "verify_ssl": False,
    "check_hostname": False,
    "trust_env": True,
    "auto_decompress": True,
    "allow_redirects": True,
    "unsafe": True,
}
NAMES = (
    "CERT_NONE",
    "UnsafeLoader",
    "FullLoader",
    "Loader",
    "UnsafeCookie",
    "BasicAuth",
    "enable_load_extension",
)


def nodes(*kinds: type) -> Iterator[tuple[str, ast.AST]]:
    for name, tree in SOURCES.items():
        for node in ast.walk(tree):
            if isinstance(node, kinds):
                yield f"{name}:{getattr(node, 'lineno', 0)}", node


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def test_nothing_is_evaluated_unpickled_or_run_by_a_shell():
    found = [place for place, call in nodes(ast.Call) if dotted(call.func) in CALLS]
    used = [
        place for place, name in nodes(ast.Name, ast.Attribute) if dotted(name).rsplit(".", 1)[-1] in NAMES
    ]
    assert (found, used) == ([], [])


def test_no_such_module_is_imported():
    found = []
    for place, node in nodes(ast.Import, ast.ImportFrom):
        names = [each.name for each in node.names]
        if isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{name}" for name in names)]
        found += [
            (place.rpartition(":")[0], banned)
            for name in names
            for banned in MODULES
            if name == banned or name.startswith(banned + ".")
        ]
    pickled = [(f"runner/transfers/{name}.py", "pickle") for name in PICKLE]
    assert sorted(found) == [*((name, "subprocess") for name in START_PROCESSES), *pickled]


def test_the_processes_that_are_started_are_this_interpreter_with_a_text_of_ours():
    started = [call for _, call in nodes(ast.Call) if dotted(call.func).startswith("subprocess.")]
    commands = [ast.unparse(call.args[0]) for call in started]
    assert sorted(commands) == [
        "[sys.executable, '-B', '-c', _CODE, json.dumps(sys.path), json.dumps(asked)]",  # a person's own step
        "[sys.executable, '-I', '-c', _CODE.format(module=self._module), json.dumps(sys.path)]",
    ]


def test_no_switch_that_protects_is_turned_off():
    found = [
        f"{place} {keyword.arg}"
        for place, call in nodes(ast.Call)
        for keyword in call.keywords
        if keyword.arg in FLAGS
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is FLAGS[keyword.arg]
    ]
    assert found == []


def test_every_request_that_leaves_says_that_it_follows_nothing():
    """aiohttp follows redirects unless it is told not to, a POST's among them."""
    sent = [
        (place, any(keyword.arg == "allow_redirects" for keyword in call.keywords))
        for place, call in nodes(ast.Call)
        if dotted(call.func).split(".")[-2:][0] in {"session", "_session"}
        and dotted(call.func).rsplit(".", 1)[-1] in {"get", "post", "put", "head", "request"}
    ]
    assert (len(sent) >= 2, [place for place, is_told in sent if not is_told]) == (True, [])


def test_no_statement_for_the_database_is_put_together_from_values():
    """Only names of pragmas and constants of the module stand in the texts; values are parameters."""
    allowed = re.compile(
        r"PRAGMA |INSERT INTO tasks \(|SELECT .* FROM tasks|BEGIN IMMEDIATE"
        r"|CREATE SCHEMA \{schema\}"  # a name that `places` has checked, in quotes
        r"|SELECT \{durable\}, \{asked\}",  # two texts of the module, as many parameters as there are settings
        re.DOTALL,
    )
    found = []
    for place, call in nodes(ast.Call):
        if dotted(call.func).rsplit(".", 1)[-1] not in {
            "execute",
            "executescript",
            "exec_driver_sql",
            "text",
        }:
            continue
        for argument in call.args[:1]:
            if isinstance(argument, ast.JoinedStr | ast.BinOp) and not allowed.search(ast.unparse(argument)):
                found.append(place)
    assert found == []


def test_bytes_from_outside_are_read_by_the_strict_reader():
    """``json.loads`` takes NaN, doubled keys and any depth; elsewhere it reads what the program wrote itself."""
    own = {
        "runner/providers/grokimagine/strict_json.py",
        "runner/files/partial.py",
        "runner/core/saved_plan.py",  # sealed, read with each key once, and from a file of a bounded size
        "runner/app/starting.py",  # whether a file may be replaced: its first MiB, of which only the title is looked at
        "runner/review/choosing.py",  # each key once, no NaN, of a bounded size, and what is too deep is refused
        "runner/store/learned.py",
        "runner/report/claims.py",
        "runner/store/reads.py",
        "runner/store/records.py",
        "runner/store/retakes.py",
        "runner/media/worker.py",  # questions of the process that started it
        "runner/media/process.py",  # answers of bounded length, checked field by field
        "runner/media/workshop.py",  # questions of the process that started it
        "runner/media/own_code_worker.py",  # what the process that started it says of itself
        "runner/store/processing.py",
        "runner/report/samples.py",  # lines that the same export has written
        "runner/app/loading_back.py",  # an export that has just been written
    }
    used = {
        place.split(":")[0]
        for place, call in nodes(ast.Call)
        if dotted(call.func) in {"json.loads", "json.load"}
    }
    assert {each for each in used if not each.startswith("runner/sandbox/")} <= own


def test_only_what_is_declared_is_imported():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [
        lines
        for name, lines in project["optional-dependencies"].items()
        if not name.startswith(("test", "browser", "datasets"))
    ]
    lines = [*project["dependencies"], *(line for extra in extras for line in extra)]
    declared = {re.split(r"[><=!~\[ ]", line)[0].lower() for line in lines}
    extra = {re.split(r"[><=!~\[ ]", line)[0] for line in project["optional-dependencies"]["media"]}
    imported = {
        (each if isinstance(node, ast.Import) else node.module or "").split(".")[0]
        for place, node in nodes(ast.Import, ast.ImportFrom)
        if not place.startswith(WITH_EXTRA)
        for each in [name.name for name in node.names]
    }
    others = {name for name in imported if name not in sys.stdlib_module_names} - {"runner"}
    packages = {"yaml": "pyyaml", "yarl": "aiohttp", "dotenv": "python-dotenv"}
    assert {packages.get(name, name) for name in others} <= declared
    assert all(">=" in line for line in lines)
    assert extra == {"av", "pillow"}


def test_no_option_takes_a_secret():
    """A command line is seen by everybody on the machine, and kept in the shell's history."""
    options = [
        argument.value
        for place, call in nodes(ast.Call)
        if place.startswith("runner/cli/") and dotted(call.func) in {"click.option", "option"}
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
    assert (
        [each for each in options if re.search("token|key|secret|password", each)],
        len(options) > 20,
    ) == ([], True)


@pytest.mark.parametrize("folder", ["runner", "manifests", "docs", "README.md"])
def test_no_token_stands_in_the_repository(folder):
    place = ROOT / folder
    files = [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]
    secret = re.compile(rb"(?i)(?:bearer +|sk[-_](?:live|test)[-_]?)[A-Za-z0-9_-]{16,}")
    assert [str(path) for path in files if secret.search(path.read_bytes())] == []
