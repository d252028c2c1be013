"""``GET`` and ``HEAD`` of ``/files/<task>/<n>.mp4``: the pretend CDN, which wants a signature and no token."""

import re
from collections.abc import Mapping
from email.utils import formatdate

from runner.sandbox.answers import Answer, Ending, page
from runner.sandbox.service import Service
from runner.sandbox.videos import Section, Video, video_of

PREFIX = "/files/"

_FILE_PATH = re.compile(r"/files/(?P<task>task_[0-9a-f]+)/(?P<number>[1-9])\.mp4")
_RANGE = re.compile(r"bytes=(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})")
_FAULTS = ("download_500", "download_html", "download_dropped", "download_short")


def signed_path(service: Service, task_id: str, number: int, life_s: float) -> str:
    """The path and query under which a file can be had for ``life_s`` seconds; ``expires`` is epoch milliseconds."""
    path = f"{PREFIX}{task_id}/{number}.mp4"
    expires_ms = str(int((service.clock() + life_s) * 1000))
    return f"{path}?expires={expires_ms}&sig={_signature(service, path, expires_ms)}"


def answer(service: Service, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
    """The file, a part of it (RFC 9110, 14: single ranges, ``If-Range``), or why not.

    A request that carries the API's token is noted with the decision ``token_leaked`` and answered all the same.
    """
    named = _FILE_PATH.fullmatch(path)
    task = service.ledger.task(named["task"]) if named else None
    if named is None or task is None or int(named["number"]) > task.files:
        return service.turn_away(path, page(404, "404 Not Found"))
    turn = service.ledger.turn("download", path)
    if not _is_open(service, path, query):
        service.note("download", path, turn, "403")
        return _denied()
    fault = service.drawn(_FAULTS, path, turn)
    video = video_of(
        task.task_id, int(named["number"]), task.submission.ratio, service.options.file_size_bytes
    )
    about_file = {
        "Accept-Ranges": "bytes",
        "ETag": video.etag,
        "Last-Modified": formatdate(task.ready_at_s, usegmt=True),
    }
    is_wrong = "Range" in headers and service.strikes("wrong_range", path, turn)
    found = _cut_out(video, about_file, headers, is_wrong=is_wrong)
    decision = fault or ("wrong_range" if is_wrong else str(found.status))
    service.note("download", path, turn, "token_leaked" if "Authorization" in headers else decision)
    return _spoilt(found, fault) if fault else found


def _signature(service: Service, path: str, expires_ms: str) -> str:
    return service.draws.name("signature", f"{path}?{expires_ms}")


def _is_open(service: Service, path: str, query: Mapping[str, str]) -> bool:
    expires_ms = query.get("expires", "")
    if query.get("sig") != _signature(service, path, expires_ms):
        return False
    return service.clock() * 1000 < int(expires_ms)


def _denied() -> Answer:
    text = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>\n'
    return Answer(403, text, "application/xml")


def _cut_out(
    video: Video, about_file: Mapping[str, str], headers: Mapping[str, str], *, is_wrong: bool
) -> Answer:
    whole = Answer(200, Section(video, 0, video.size_bytes), "video/mp4", about_file)
    wanted = _RANGE.fullmatch(headers.get("Range", ""))
    if wanted is None or not (wanted["first"] or wanted["last"]):
        return whole  # no range, or one of a form that a server may ignore
    if headers.get("If-Range", video.etag) not in (video.etag, about_file["Last-Modified"]):
        return whole
    size_bytes = video.size_bytes
    start, stop = _bounds(wanted["first"], wanted["last"], size_bytes)
    if start >= stop:
        outside = {**about_file, "Content-Range": f"bytes */{size_bytes}"}
        return Answer(416, b"", "video/mp4", outside)
    if is_wrong:
        start = start // 2 if start else min(1, stop - 1)
    within = {**about_file, "Content-Range": f"bytes {start}-{stop - 1}/{size_bytes}"}
    return Answer(206, Section(video, start, stop), "video/mp4", within)


def _bounds(first: str, last: str, size_bytes: int) -> tuple[int, int]:
    if not first:
        return max(0, size_bytes - int(last)), size_bytes
    return int(first), min(int(last) + 1, size_bytes) if last else size_bytes


def _spoilt(found: Answer, fault: str) -> Answer:
    match fault:
        case "download_500":
            return page(500, "500 Internal Server Error")
        case "download_html":
            return page(200, "Please log in")
        case "download_dropped":
            return Answer(found.status, found.body, found.content_type, found.headers, ending=Ending.TORN)
        case _:
            return Answer(found.status, found.body, found.content_type, found.headers, ending=Ending.CUT)
