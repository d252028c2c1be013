"""A bucket under a URL: the few calls that a tree needs of it, through ``obstore``, and what their errors mean.

Every call ends: a request after ``timeout``, its repetitions after ``retry_timeout`` (``_LIMITS``). Errors of the library
become ``OSError`` with an ``errno`` and a text of ours, as those of a disk: what a store answers may name keys and
signatures, so nothing of it is kept but its code. A store object holds the secret keys: it stays in here, is never
pickled or shown, and whoever needs a bucket elsewhere is given the URL.
"""

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn

from runner.core.bucket_url import BucketUrl
from runner.core.errors import UsageError
from runner.files.bucket_errors import translated

SMALL_BYTES = 16 * 1024 * 1024
"""Bodies up to this length are one conditional PUT; larger ones go in parts."""

KEY_BYTES_MAX = 1024
SHA256 = "sha256"
"""The attribute that holds the SHA-256 of what was put."""

_INSTALL = "pip install 'manifest-runner[cloud]'"
_PART_BYTES = 8 * 1024 * 1024
_PARTS_AT_ONCE = 2  # what they hold in memory is 16 MB a file, as much as a small body
_LIMITS: Mapping[str, str] = {"timeout": "120s", "connect_timeout": "10s"}
_PREFIXES = {"s3": "AWS", "gs": "GOOGLE", "az": "AZURE"}
_RETRY = {
    "max_retries": 8,
    "retry_timeout": timedelta(seconds=60),
    "backoff": {
        "init_backoff": timedelta(milliseconds=200),
        "max_backoff": timedelta(seconds=10),
        "base": 2,
    },
}


@dataclass(frozen=True, slots=True)
class Held:
    """What stands under a key: its length, what tells its version, and the SHA-256 that its writer gave it, if one did."""

    size_bytes: int
    e_tag: str | None
    version: str | None
    sha256: str | None


class Bucket:
    """Keys below the prefix of one URL. Every method blocks, except ``upload``, and raises ``OSError`` as in ``disk``.

    ``FileExistsError``: the key is taken. ``FileNotFoundError``: there is no such key. ``ESTALE``: it changed meanwhile.
    """

    def __init__(self, url: BucketUrl) -> None:
        """Nothing is asked of the store yet; raises ``UsageError`` without the library or with wrong variables."""
        self.url = url
        self._library = _library()
        refuse_without_credentials(url, os.environ)
        self._store = _made(url, os.environ)

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{self.url}: a bucket holds secret keys and is not pickled; pass its URL on")

    def look(self, key: str) -> Held | None:
        """What stands under the key, ``None`` where nothing does."""
        try:
            with translated():
                found = self._library.get(self._store, key, options={"head": True})
        except FileNotFoundError:
            return None
        sha256 = found.attributes.get(SHA256)
        return Held(
            int(found.meta["size"]),
            found.meta["e_tag"],
            found.meta["version"],
            None if sha256 is None else str(sha256),
        )

    def read(self, key: str, offset: int, size: int, held: Held) -> bytes:
        """Up to ``size`` bytes of just what was ``held`` there, from ``offset``; empty at the end."""
        end = min(offset + size, held.size_bytes)
        if offset >= end:
            return b""
        with translated():
            options: dict[str, Any] = {"range": (offset, end)}
            if held.e_tag is not None:
                options["if_match"] = held.e_tag
            content = bytes(self._library.get(self._store, key, options=options).bytes())
        if len(content) != end - offset:
            raise OSError(errno.EIO, f"{len(content)} bytes came instead of {end - offset}")
        return content

    def create(self, key: str, content: bytes, attributes: Mapping[str, str]) -> None:
        """Put ``content`` under a key that is free."""
        with translated():
            self._library.put(self._store, key, content, **_once(attributes))

    def replace(self, key: str, content: bytes, attributes: Mapping[str, str], held: Held | None) -> None:
        """Put ``content`` in the place of just what was ``held`` (``None``: of nothing)."""
        if held is None:
            mode: Any = "create"
        else:
            known = {"e_tag": held.e_tag, "version": held.version}
            mode = {name: value for name, value in known.items() if value is not None} or "overwrite"
        with translated():
            how = {**_once(attributes), "mode": mode}
            self._library.put(self._store, key, content, **how)

    def replace_in_parts(self, key: str, parts: Iterable[bytes], attributes: Mapping[str, str]) -> None:
        """Put what the parts hold there, for all to see once the last has come; an error of theirs leaves the key as it was."""
        with translated():
            self._library.put(self._store, key, iter(parts), **_in_parts(attributes))

    async def upload(self, key: str, content: bytes, attributes: Mapping[str, str]) -> None:
        """``create`` without blocking; if it is cancelled, the key may hold the whole or nothing."""
        with translated():
            await self._library.put_async(self._store, key, content, **_once(attributes))

    async def upload_in_parts(self, key: str, parts: Any, attributes: Mapping[str, str]) -> None:
        """The same for an asynchronous iterator of parts. What it raises aborts the upload, and comes out as it is.

        It must not be cancelled: that would leave the parts in the bucket, where nobody sees them and all pay for them.
        """
        with translated():
            await self._library.put_async(self._store, key, parts, **_in_parts(attributes))

    def copy(self, old: str, new: str) -> None:
        """Give what stands at ``old`` the free key ``new`` as well; its attributes do not come along everywhere."""
        with translated():
            self._library.copy(self._store, old, new, overwrite=False)

    def remove(self, key: str) -> None:
        """Take a key away."""
        with translated():
            self._library.delete(self._store, key)

    def listed(self, below: str | None = None) -> Iterator[tuple[str, int]]:
        """Every key below the prefix, or below that directory of it, with its length, a thousand a request."""
        pages = self._library.list(self._store, below, chunk_size=1000)
        while True:
            with translated():
                page = next(pages, None)
            if page is None:
                return
            yield from ((str(one["path"]), int(one["size"])) for one in page)


def refuse_without_credentials(url: BucketUrl, environ: Mapping[str, str]) -> None:
    """Raise ``UsageError`` where only the instance's metadata service could tell credentials, and that is forbidden.

    The variables are those that the vendors' own tools read; ``obstore`` knows neither.
    """
    forbidden, sources = _INSTANCE.get(url.scheme, ("", ()))
    if environ.get(forbidden, "").lower() not in {"true", "1"} or any(environ.get(one) for one in sources):
        return
    raise UsageError(
        f"{url}: there are no credentials: none of {', '.join(sources)} is set, and {forbidden} forbids to ask the "
        "instance's metadata service"
    )


_INSTANCE: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "s3": (
        "AWS_EC2_METADATA_DISABLED",
        (
            "AWS_ACCESS_KEY_ID",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_SKIP_SIGNATURE",
        ),
    ),
    "gs": (
        "NO_GCE_CHECK",
        (
            "GOOGLE_APPLICATION_CREDENTIALS",
            "GOOGLE_SERVICE_ACCOUNT",
            "GOOGLE_SERVICE_ACCOUNT_PATH",
            "GOOGLE_SERVICE_ACCOUNT_KEY",
            "GOOGLE_SKIP_SIGNATURE",
        ),
    ),
}


def _once(attributes: Mapping[str, str]) -> dict[str, Any]:
    return {"attributes": dict(attributes), "mode": "create", "use_multipart": False}


def _in_parts(attributes: Mapping[str, str]) -> dict[str, Any]:
    return {
        "attributes": dict(attributes),
        "use_multipart": True,
        "chunk_size": _PART_BYTES,
        "max_concurrency": _PARTS_AT_ONCE,
    }


def _library() -> Any:
    try:
        # An extra that may be missing, for a type checker too: imported only where a tree stands in object storage.
        import obstore  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 - see above
    except ImportError as error:
        raise UsageError(f"object storage needs a library that is not installed: {_INSTALL}") from error
    return obstore


def _made(url: BucketUrl, environ: Mapping[str, str]) -> Any:
    # As in `_library`, which has looked whether they are there.
    from obstore import store  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 - see above
    from obstore.exceptions import (  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 - see above
        BaseError,
    )

    given = _of_environment(url.scheme, environ)
    options: dict[str, Any] = {key: value for key, value in _LIMITS.items() if key not in given}
    options |= {"prefix": url.prefix or None, "retry_config": _RETRY}
    makers: Mapping[str, Callable[..., Any]] = {
        "s3": store.S3Store,
        "gs": store.GCSStore,
        "az": store.AzureStore,
    }
    if url.scheme == "s3" and "copy_if_not_exists" not in given:
        options["copy_if_not_exists"] = "multipart"  # otherwise S3 has no copy that leaves a taken key alone
    try:
        return makers[url.scheme](url.bucket, **options)
    except (BaseError, ValueError, OSError) as error:
        # Not shown: it may quote the value of a variable.
        raise UsageError(
            f"{url}: the store cannot be opened with the {_PREFIXES[url.scheme]}_... variables of this environment; see "
            "docs/storage.md for those that are needed"
        ) from error


def _of_environment(scheme: str, environ: Mapping[str, str]) -> dict[str, str]:
    begin = _PREFIXES[scheme] + "_"
    return {
        name.removeprefix(begin).lower(): value for name, value in environ.items() if name.startswith(begin)
    }
