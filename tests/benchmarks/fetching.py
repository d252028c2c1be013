"""The runner's way of a file, without the rest of it: ``Tree.fetch`` (hash, check, sync) and ``Tree.place``.

``python -m tests.benchmarks.fetching BASE_URL FILES AT_ONCE FOLDER``: fetches as many files from ``BASE_URL/files/N.mp4``.
"""

import asyncio
import sys
from pathlib import Path

from runner.core.model import ProviderSettings
from runner.files.folder import Folder
from runner.files.outcomes import Fetched, Placed
from runner.files.tree import open_tree
from runner.providers import capabilities_of


async def main(base_url: str, files: int, at_once: int, folder: Path) -> None:
    slots = asyncio.Semaphore(at_once)
    offer = capabilities_of("grokimagine")
    provider = ProviderSettings(offer.name, base_url, offer.token_env, offer.price)
    with Folder(str(folder)) as root:
        async with open_tree(root, provider, at_once) as tree:

            async def one(number: int) -> bool:
                async with slots:
                    fetched = await tree.fetch(f"{base_url}/files/{number}.mp4", f"{number}")
                    if not isinstance(fetched, Fetched):
                        sys.exit(f"{fetched}")
                    placed = await tree.place(f"{number}", f"{number}.mp4", fetched.content)
                    return isinstance(placed, Placed)

            done = await asyncio.gather(*map(one, range(files)))
    if not all(done):
        sys.exit("not every file has its name")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])))
