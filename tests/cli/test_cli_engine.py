"""``--engine`` where no engine is needed to see what comes of it."""

import sys

import pytest

from runner.cli import edge
from runner.core.engine_address import SCHEMES
from runner.transfers.opening import KINDS


@pytest.fixture(autouse=True)
def manifest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.yaml").write_text("version: 1\nprompts: [a fox]\nbudget: {credits: 40}\n")


def refused(capsys, engine: str) -> tuple[int, str]:
    code = edge.run(["run", "--sandbox", "--engine", engine, "m.yaml"])
    return code, capsys.readouterr().err


def test_what_is_no_engine_is_refused_with_what_there_is(capsys):
    assert refused(capsys, "spark://head:7077") == (
        2,
        (
            "error: --engine spark://head:7077: this is not the address of an engine; write tcp://host:8786 or "
            "tls://host:8786 for Dask, ray, ray://auto or ray://host:6379 for Ray (nothing was sent)\n"
        ),
    )


@pytest.mark.parametrize(("scheme", "kind"), KINDS.items())
def test_an_engine_that_is_not_installed_is_refused_with_its_extra(scheme, kind, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, kind.package, None)  # wherever this runs, it is not there
    address = f"{scheme}://host:1"
    assert refused(capsys, address) == (
        2,
        f"error: --engine {address}: {kind.name} is not installed here: pip install 'manifest-runner[{kind.extra}]'; nothing was sent\n",
    )


def test_each_scheme_has_an_engine():
    assert set(KINDS) == set(SCHEMES)
