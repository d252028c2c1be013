"""A caller of the service that knows no more than HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from runner.sandbox import Sandbox, SandboxOptions

BODY = {"prompt": "a fox", "mode": "fun", "ratio": "1:1"}


@dataclass
class Caller:
    sandbox: Sandbox
    session: aiohttp.ClientSession

    def post(self, body: Any = None, **kwargs):
        return self.session.post(self.sandbox.base_url + "/v1/generate", json=body or BODY, **kwargs)

    def status(self, task_id: str):
        return self.session.get(self.sandbox.base_url + "/v1/status", params={"task_id": task_id})

    async def accepted(self, prompt: str = "a fox", ratio: str = "1:1") -> str:
        async with self.post(BODY | {"prompt": prompt, "ratio": ratio}) as response:
            return (await response.json())["data"]["task_id"]

    async def standing(self, task_id: str) -> dict[str, Any]:
        async with self.status(task_id) as response:
            return (await response.json())["data"]

    async def file_url(self, **submission) -> str:
        return (await self.standing(await self.accepted(**submission)))["response"][0]


@pytest.fixture
async def call() -> AsyncIterator[Callable[..., Awaitable[Caller]]]:
    async with AsyncExitStack() as stack:

        async def build(sends: str = "secret", **options) -> Caller:
            quick = {"latency_median_s": 0, "two_files": 0} | {
                key: value for key, value in options.items() if key not in ("ledger_path", "clock", "port")
            }
            places = {key: options[key] for key in ("ledger_path", "clock", "port") if key in options}
            sandbox = await stack.enter_async_context(Sandbox(SandboxOptions(**quick), **places))
            headers = {"Authorization": f"Bearer {sends}"} if sends else {}
            session = await stack.enter_async_context(aiohttp.ClientSession(headers=headers))
            return Caller(sandbox, session)

        yield build


class SetClock:
    """Epoch seconds that a test moves by hand."""

    def __init__(self, now_s: float = 1_700_000_000.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> SetClock:
    return SetClock()
