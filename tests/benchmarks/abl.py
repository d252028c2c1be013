"""The contestant from PyPI: async-batch-llm with its SQLite store, and a client that submits, polls and downloads.

Run by the interpreter of the environment that it is installed into (``environments``):
``python -m tests.benchmarks.abl BASE_URL JOBS AT_ONCE INTERVAL_S FOLDER DURABILITY``. Its store keeps one row a job,
written when the job is over; files are not synced. DURABILITY is ``balanced`` (its default) or ``full``.
"""

import asyncio
import os
import sys
from pathlib import Path

from async_batch_llm import (
    ArtifactIdentity,
    CallableStrategy,
    CallOutcome,
    ProcessorConfig,
    SqliteArtifactStore,
    process_prompts,
)

from tests.benchmarks.asking import Asking, open_session
from tests.benchmarks.desk import prompts


async def main(asking: Asking, jobs: int, at_once: int, folder: Path, durability: str) -> None:
    async def invoke(prompt: str, *, attempt: int, timeout: float, state: object) -> CallOutcome[int]:  # noqa: ASYNC109 - the library's signature
        return CallOutcome(await asking.make(prompt, folder / f"{prompt.rpartition(' ')[2]}.mp4"))

    batch = await process_prompts(
        CallableStrategy(invoke, identity=ArtifactIdentity(provider="sandbox", model="bench")),
        list(prompts(jobs)),
        config=ProcessorConfig(concurrency=at_once),
        artifact_store=SqliteArtifactStore(folder / "artifacts.sqlite", durability=durability),
    )
    if batch.succeeded != jobs:
        sys.exit(f"{batch.succeeded} of {jobs} jobs succeeded")


async def _started(arguments: list[str]) -> None:
    base_url, jobs, at_once, interval_s, folder, durability = arguments
    async with open_session() as session:
        asking = Asking(session, base_url, os.environ["GROKIMAGINE_API_TOKEN"], float(interval_s))
        await main(asking, int(jobs), int(at_once), Path(folder), durability)


if __name__ == "__main__":
    Path(sys.argv[5]).mkdir(parents=True, exist_ok=True)
    asyncio.run(_started(sys.argv[1:]))
