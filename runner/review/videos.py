"""The files of the batch over HTTP: those that the state lists as placed, and no other (RFC 9110, 13 and 14)."""

import asyncio
import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote_to_bytes

from aiohttp import web

from runner.core.errors import UsageError
from runner.core.records import StoredFile
from runner.files.disk import Access, Kind
from runner.files.root import OutputRoot

_BLOCK_BYTES = 256 * 1024
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


@contextlib.contextmanager
def opened(tree: str, file: StoredFile) -> Iterator[tuple[OutputRoot, int]]:
    """The file in its tree, reached through no symlink; raises ``FileNotFoundError`` where it is not as it is recorded."""
    with contextlib.ExitStack() as stack:
        try:
            root = stack.enter_context(OutputRoot(tree, create=False))
            entry = stack.enter_context(root.entry(file.path or ""))
            handle = root.disk.open_file(entry, Access.READ)
        except (UsageError, OSError, ValueError) as error:
            raise FileNotFoundError(f"{file.path} cannot be opened") from error
        stack.callback(root.disk.close, handle)
        found = root.disk.stat_handle(handle)
        if found.kind is not Kind.FILE or found.size_bytes != file.bytes:
            raise FileNotFoundError(f"{file.path} is not as it was recorded")
        yield root, handle


async def send(
    request: web.BaseRequest, headers: Mapping[str, str], tree: str, file: StoredFile
) -> web.StreamResponse | None:
    """Answer with the file, or the part of it that was asked for; ``None`` where it is not there as it is recorded."""
    with contextlib.ExitStack() as stack:
        try:
            root, handle = await asyncio.to_thread(stack.enter_context, opened(tree, file))
        except FileNotFoundError:
            return None
        size_bytes = file.bytes or 0
        part = part_of(size_bytes, _etag(file), request.headers, has_body=request.method != "HEAD")
        answer = web.StreamResponse(status=part.status, headers=_about(file, part, size_bytes, headers))
        answer.content_length = part.stop - part.start
        await answer.prepare(request)
        position = part.start if request.method == "GET" else part.stop
        while position < part.stop:
            wanted = min(_BLOCK_BYTES, part.stop - position)
            block = await asyncio.to_thread(root.disk.read, handle, wanted, position)
            if not block:  # it was cut meanwhile: the connection ends before the announced length
                raise ConnectionResetError(f"{file.path} ended early")
            await answer.write(block)
            position += len(block)
        await answer.write_eof()
        return answer


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
