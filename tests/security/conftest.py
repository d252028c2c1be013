"""A folder with the program in it, and services that end with the test."""

import contextlib

import pytest

from .support import Program, Service


@pytest.fixture
def program(tmp_path) -> Program:
    (tmp_path / "work").mkdir()
    return Program(tmp_path / "work")


@pytest.fixture
def serve():
    with contextlib.ExitStack() as stack:
        yield lambda *tls: stack.enter_context(Service(*tls))


@pytest.fixture
def service(serve) -> Service:
    return serve()
