"""A directory of its own for each test, with a service on loopback."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tests.security.support import TOKEN, TOKEN_ENV, Asked, Service, manifest


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(TOKEN_ENV, TOKEN)
    monkeypatch.delenv("RUNNER_STATE", raising=False)
    return tmp_path


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as one:
        yield one


@pytest.fixture
def write(place: Path, service: Service) -> Callable[..., str]:
    """Write a manifest for the service; gives its path."""

    def written(name: str = "b", prompts: tuple[str, ...] = ("a fox", "an owl"), **more: object) -> str:
        path = place / f"{name}.yaml"
        path.write_text(manifest(service.url, prompts, **({"name": name} | more)), encoding="utf-8")
        return str(path)

    return written


class Held:
    """Submissions that the service answers only once it is told to: requests in the air."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._came = threading.Semaphore(0)
        self._go_on = threading.Event()
        service.on_post = self._answer

    async def has_come(self, number: int = 1) -> None:
        """Wait until so many requests are in the air."""
        for _ in range(number):
            assert await asyncio.to_thread(self._came.acquire, timeout=30), "no request came"

    def let_go(self) -> None:
        self._go_on.set()

    async def _answer(self, asked: Asked) -> AsyncIterator[bytes]:
        self._came.release()
        await asyncio.to_thread(self._go_on.wait, 30)
        yield self._service.accept(asked)


@pytest.fixture
def held(service: Service) -> Iterator[Held]:
    one = Held(service)
    yield one
    one.let_go()
