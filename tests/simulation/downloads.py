"""The output tree of one simulated process: the real ``Partial`` and ``place`` on a simulated disk and network."""

import asyncio
import contextlib

from runner.files.outcomes import Broken, EndedError, Expired, Refused
from runner.files.partial import Partial, recover
from runner.files.place import place
from runner.files.replies import Source
from runner.files.root import OutputRoot

from .disk import ROOT

LARGE_BYTES = 4 * 1024 * 1024
"""What is larger is written while it comes, and not at its end."""

_PAGE = b"<html>please log in</html>" * 8


class Downloads:
    """Implements ``runner.engine.ports.Files`` for one process."""

    def __init__(self, process):
        self._process = process
        self._world = process.world
        self._root = OutputRoot(ROOT, disk=process.world.disk)
        self._root.lock()

    def close(self):
        self._root.close()

    async def fetch(self, url, partial):
        process, world = self._process, self._world
        process.point("download asked")
        await asyncio.sleep(world.latency_s())
        body, fate = world.service.file(url, process.now()), world.download_fate()
        process.log("download of", url, "expired" if body is None else fate)
        if body is None:
            world.seen("a URL had run out")
            return Expired(403)
        if fate == "refused":
            return Refused("not an address to connect to")
        try:
            with contextlib.closing(Partial(self._root, partial)) as file:
                outcome = await self._received(file, partial, url, body, fate)
        except EndedError as ended:
            outcome = ended.outcome
        is_large = len(body) > LARGE_BYTES
        world.seen(f"{'a large' if is_large else 'a small'} download gave {type(outcome).__name__}")
        return outcome

    async def place(self, partial, path, content):
        self._process.point("place asked")
        self._world.about_to_place(path)
        outcome = place(self._root, partial, path, content)
        self._process.log("placed", path, outcome)
        self._world.seen(f"placing gave {type(outcome).__name__}")
        return outcome

    async def _received(self, file, partial, url, body, fate):
        resource = url.partition("?")[0]
        beginning = recover(self._root, partial, resource)
        sent = _PAGE if fate == "page" else body
        if beginning is None or fate in {"page", "no ranges"}:
            file.restart(Source(resource, '"v1"', len(sent)), len(sent))
        else:
            self._world.seen("a download went on where it was")
            file.resume(beginning)
        half = file.offset + (len(sent) - file.offset) // 2
        file.write(sent[file.offset : half])
        await asyncio.sleep(self._world.latency_s())
        if fate == "cut":
            return Broken("the connection was reset")
        file.write(sent[half:])
        return file.hand_over().run(length_proven=True)
