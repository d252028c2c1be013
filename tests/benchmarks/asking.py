"""What the two simple clients share: submit, poll at a fixed interval, download. It knows aiohttp and nothing else."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Asking:
    """A client without a memory; what the service refuses with 429 it asks again when the answer says so."""

    session: aiohttp.ClientSession
    base_url: str
    token: str
    interval_s: float

    async def make(self, prompt: str, path: Path) -> int:
        """Makes one job up to its file, and gives the file's size."""
        body = {"prompt": prompt, "mode": "normal", "ratio": "1:1"}
        accepted = await self._answer("POST", "/v1/generate", json=body)
        task_id = accepted["data"]["task_id"]
        while True:
            standing = (await self._answer("GET", "/v1/status", params={"task_id": task_id}))["data"]
            if standing["status"] == "completed":
                return await self._download(standing["response"][0], path)
            await asyncio.sleep(self.interval_s)

    async def _answer(self, method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        while True:
            async with self.session.request(
                method, self.base_url + path, headers=headers, **more
            ) as response:
                if response.status == 200:
                    return await response.json()
                if response.status != 429:
                    response.raise_for_status()
                wait_s = float(response.headers.get("Retry-After", self.interval_s))
            await asyncio.sleep(wait_s)

    async def _download(self, url: str, path: Path) -> int:
        async with self.session.get(url) as response:
            response.raise_for_status()
            with path.open("wb") as out:
                async for chunk in response.content.iter_chunked(CHUNK_BYTES):
                    out.write(chunk)
                return out.tell()


def open_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
