"""What the head of an answer says about the body: pure readings of headers (RFC 9110)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime

Headers = Mapping[str, str]

_RETRY_CAP_S = 900.0  # a Retry-After in the year 2100 must not park a file


@dataclass(frozen=True, slots=True)
class Source:
    """What a partial file is a part of; with all of it a later request may ask for the rest.

    ``resource`` names the URL without its query (validators say nothing across resources, RFC 9110 section 8.8.1),
    ``validator`` is a strong ETag or a Last-Modified date, ``total_bytes`` the whole length.
    """

    resource: str
    validator: str
    total_bytes: int


def source_of(resource: str, headers: Headers) -> Source | None:
    """What a 200 is the beginning of, ``None`` if it cannot be resumed: no length or no validator to trust."""
    total, validator = announced_bytes(headers), _validator(headers)
    return Source(resource, validator, total) if total is not None and validator is not None else None


def continues(headers: Headers, source: Source, offset: int) -> bool:
    """Whether the body of a 206 is exactly the rest of ``source`` from ``offset`` on.

    Servers exist that answer from an earlier, aligned start, or ignore If-Range: both would corrupt the file.
    """
    found = re.fullmatch(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", headers.get("Content-Range", "").strip())
    if found is None:
        return False
    start, last, total = map(int, found.groups())
    is_rest = start == offset and total == source.total_bytes and last == total - 1
    field = "ETag" if source.validator.startswith('"') else "Last-Modified"
    is_same = headers.get(field, "").strip() == source.validator
    return is_rest and is_same and announced_bytes(headers) in {None, total - offset}


def announced_bytes(headers: Headers) -> int | None:
    """The length of the body in bytes, ``None`` where none is announced."""
    text = headers.get("Content-Length", "").strip()
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def is_end_proven(headers: Headers) -> bool:
    """Whether a cut of the body would be noticed: by its length, or by the end mark of chunked coding."""
    return announced_bytes(headers) is not None or "chunked" in headers.get("Transfer-Encoding", "").lower()


def is_encoded(headers: Headers) -> bool:
    """Whether the body is compressed although identity was asked for."""
    return headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}


def retry_after_s(headers: Headers) -> float | None:
    """Seconds to wait, 0 to 900, ``None`` where nothing readable is said; a date is read against the answer's Date."""
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(float(text), _RETRY_CAP_S)
    wait = _between(headers.get("Date"), text)
    return None if wait is None else min(max(wait.total_seconds(), 0.0), _RETRY_CAP_S)


def is_expiry(body: bytes) -> bool:
    """Whether the body of a 400 says that a signed URL has run out."""
    return re.search(rb"expir", body, re.IGNORECASE) is not None


def _validator(headers: Headers) -> str | None:
    etag = headers.get("ETag", "").strip()
    if re.fullmatch(
        r'"[\x21\x23-\x7e]{1,256}"', etag
    ):  # W/"..." is weak: equal for bodies that differ in bytes
        return etag
    modified = headers.get("Last-Modified", "").strip()
    age = _between(modified, headers.get("Date"))
    # A file may change twice within the second that a date can tell apart (RFC 9110 section 8.8.2.2).
    return modified if not etag and age is not None and age >= timedelta(seconds=60) else None


def _between(earlier: str | None, later: str | None) -> timedelta | None:
    try:
        return parsedate_to_datetime(later or "") - parsedate_to_datetime(earlier or "")
    except (ValueError, TypeError, OverflowError):  # TypeError: one with a zone, the other without
        return None
