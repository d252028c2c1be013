"""The files of the batch over HTTP: those that the state lists as placed, and no other (RFC 9110, 13 and 14)."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from aiohttp import web

from runner.core.bucket_url import is_url
from runner.core.errors import UsageError
from runner.core.records import StoredFile
from runner.files.depot import Depot, open_depot
from runner.files.folder import Folder
from runner.files.reading import Reading
from runner.review.choosing import RefusedError

T = TypeVar("T")

_BLOCK_BYTES = 256 * 1024
_FAR_BYTES = 2 * 1024 * 1024  # a request each
_AT_ONCE = 8
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_NEVER = re.compile(
    r"%(?:2f|5c|00)|\\", re.IGNORECASE
)  # separators that hide, of two systems, and the end of a C string
_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
}


def path_of(raw: str) -> str | None:
    """The path below the tree that a path as it was sent means, ``None`` where it means none.

    It is decoded once, and what is left of it after that is looked for as it stands.
    """
    if _NEVER.search(raw):
        return None
    try:
        path = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        return None
    components = path.split("/")
    return None if any(each in ("", ".", "..") or "\0" in each for each in components) else path


@dataclass(frozen=True, slots=True)
class Part:
    """What of a file is sent: ``status`` is 200, 206, 304 or 416; bytes from ``start`` to before ``stop``."""

    status: int
    start: int
    stop: int


def part_of(size_bytes: int, etag: str, headers: Mapping[str, str], *, has_body: bool) -> Part:
    """What is sent of a file of that length; several ranges at once are answered with the whole.

    Where no body is asked for (HEAD), a range means nothing.
    """
    if _matches(headers.get("If-None-Match"), etag):
        return Part(304, 0, 0)
    wanted = _RANGE.fullmatch(headers.get("Range", "").replace(" ", ""))
    whole = Part(200, 0, size_bytes)
    if not has_body or wanted is None or headers.get("If-Range", etag) != etag:
        return whole
    first, last = wanted[1], wanted[2]
    if not (first or last) or (first and last and int(first) > int(last)):  # no range, by the grammar
        return whole
    if not first:
        start, stop = max(0, size_bytes - int(last)), size_bytes
    else:
        start, stop = int(first), min(int(last) + 1, size_bytes) if last else size_bytes
    return Part(206, start, stop) if start < stop else Part(416, 0, 0)


class Trees:
    """Where the videos are read: a tree on this machine is opened for each, one in a bucket once for all. To be closed."""

    def __init__(self, spool: Path) -> None:
        """``spool`` is a directory that nothing is put into."""
        self._spool = spool
        self._far: dict[str, Depot] = {}
        self._threads = ThreadPoolExecutor(_AT_ONCE)

    def close(self) -> None:
        """Let go of what is open; nothing is awaited."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def call(self, function: Callable[..., T], *args: object) -> T:
        """Call what blocks, in a thread of its own kind: a store that hangs holds up nobody who chooses."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *args)

    @contextlib.contextmanager
    def opened(self, tree: str, file: StoredFile) -> Iterator[Reading]:
        """Reads the file in its tree, reached through no symlink.

        Raises ``FileNotFoundError`` where it is not as it is recorded, ``RefusedError`` where a store cannot say that.
        """
        with contextlib.ExitStack() as stack:
            try:
                root = self._depot(tree) if is_url(tree) else stack.enter_context(Folder(tree, create=False))
                read = stack.enter_context(root.reading(file.path or "", file.bytes or 0))
            except (UsageError, OSError, ValueError) as error:
                if is_url(tree) and not isinstance(error, FileNotFoundError):
                    why = error.strerror if isinstance(error, OSError) else error
                    raise RefusedError(503, f"{tree}: {why}") from error
                raise FileNotFoundError(f"{file.path} cannot be opened") from error
            yield read

    def _depot(self, tree: str) -> Depot:
        if tree not in self._far:
            self._far[tree] = open_depot(tree, self._spool)
        return self._far[tree]


async def send(
    request: web.BaseRequest, headers: Mapping[str, str], trees: Trees, tree: str, file: StoredFile
) -> web.StreamResponse | None:
    """Answer with the file, or the part of it that was asked for; ``None`` where it is not there as it is recorded."""
    with contextlib.ExitStack() as stack:
        try:
            read = await trees.call(stack.enter_context, trees.opened(tree, file))
        except FileNotFoundError:
            return None
        size_bytes = file.bytes or 0
        part = part_of(size_bytes, _etag(file), request.headers, has_body=request.method != "HEAD")
        answer = web.StreamResponse(status=part.status, headers=_about(file, part, size_bytes, headers))
        answer.content_length = part.stop - part.start
        await answer.prepare(request)
        if request.method == "GET":
            async for block in _blocks(trees, read, part, _FAR_BYTES if is_url(tree) else _BLOCK_BYTES):
                await answer.write(block)
        await answer.write_eof()
        return answer


async def _blocks(trees: Trees, read: Reading, part: Part, most_bytes: int) -> AsyncIterator[bytes]:
    """The bytes of a part; what cannot be read ends the connection before the announced length."""
    position = part.start
    while position < part.stop:
        try:
            block = await trees.call(read, position, min(most_bytes, part.stop - position))
        except OSError as error:
            raise ConnectionResetError("it cannot be read any more") from error
        if not block:
            raise ConnectionResetError("it was cut meanwhile")
        yield block
        position += len(block)


def _about(file: StoredFile, part: Part, size_bytes: int, headers: Mapping[str, str]) -> dict[str, str]:
    suffix = PurePosixPath(file.path or "").suffix.lower()
    about = {
        **headers,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",  # kept, but asked about: another take may get the same path
        "Content-Type": _TYPES.get(suffix, "application/octet-stream"),
        "ETag": _etag(file),
    }
    if part.status == 206:
        about["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size_bytes}"
    if part.status == 416:
        about["Content-Range"] = f"bytes */{size_bytes}"
    return about


def _etag(file: StoredFile) -> str:
    return f'"{file.sha256}"'


def _matches(given: str | None, etag: str) -> bool:
    if given is None:
        return False
    return any(one.strip().removeprefix("W/") in (etag, "*") for one in given.split(","))
