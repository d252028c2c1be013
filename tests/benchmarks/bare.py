"""The contestant that many would write: aiohttp, a semaphore, no state, a poll at a fixed interval, no sync.

``python -m tests.benchmarks.bare BASE_URL JOBS AT_ONCE INTERVAL_S FOLDER``
"""

import asyncio
import os
import sys
from pathlib import Path

from tests.benchmarks.asking import Asking, open_session
from tests.benchmarks.desk import prompts


async def main(base_url: str, jobs: int, at_once: int, interval_s: float, folder: Path) -> None:
    slots = asyncio.Semaphore(at_once)
    async with open_session() as session:
        asking = Asking(session, base_url, os.environ["GROKIMAGINE_API_TOKEN"], interval_s)

        async def one(number: int, prompt: str) -> int:
            async with slots:
                return await asking.make(prompt, folder / f"{number}.mp4")

        sizes = await asyncio.gather(*(one(*numbered) for numbered in enumerate(prompts(jobs))))
    if len(sizes) != jobs or min(sizes) == 0:
        sys.exit("not every job has its file")


if __name__ == "__main__":
    _base_url, _jobs, _at_once, _interval_s, _folder = sys.argv[1:]
    Path(_folder).mkdir(parents=True, exist_ok=True)
    asyncio.run(main(_base_url, int(_jobs), int(_at_once), float(_interval_s), Path(_folder)))
