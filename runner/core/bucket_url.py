"""Where a tree stands in object storage: ``s3://bucket/prefix``, ``gs://bucket/prefix``, ``az://container/prefix``.

A URL names a place and nothing else. How it is reached and by whom is said by the store's own variables, because a URL
stands in manifests, in the state and in logs.
"""

import re
from dataclasses import dataclass

SCHEMES = ("s3", "gs", "az")

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_BEGINNINGS = tuple(f"{scheme}:" for scheme in SCHEMES)
_WAY_OUT = "write s3://bucket/prefix, gs://, az://, or a local path"
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}")
_PREFIX_BYTES = 400  # a key has at most 1024 bytes; what is left is for the paths of files


class BucketUrlError(ValueError):
    """A text that names no place in object storage; ``hint`` is the way out. Neither shows what may be a secret."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class BucketUrl:
    """A bucket (in Azure a container), and the prefix of all keys, without slashes at its ends; may be empty."""

    scheme: str
    bucket: str
    prefix: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")


def is_url(text: str) -> bool:
    """Whether the text is meant as a URL, of whatever scheme, and so as no local path; ``s3:/films`` is, too."""
    return _URL.fullmatch(text) is not None or text.lower().startswith(_BEGINNINGS)


def bucket_url(text: str) -> BucketUrl:
    """The place that a URL names, in its one spelling; raises ``BucketUrlError``."""
    found = _URL.fullmatch(text)
    if found is None:
        raise BucketUrlError("a URL has '://' after its scheme", _WAY_OUT)
    scheme = found[1].lower()
    if scheme not in SCHEMES:
        raise BucketUrlError(f"'{scheme}://' is no storage that is known", _WAY_OUT)
    authority, _, path = found[2].partition("/")
    if "@" in authority:
        raise BucketUrlError(
            "a URL with credentials in it (not shown here)",
            "take them out: the store's own variables hold them, such as AWS_ACCESS_KEY_ID",
        )
    if "?" in found[2] or "#" in found[2]:
        raise BucketUrlError(
            "a URL with a query or a fragment (not shown here)", f"write {scheme}://bucket/prefix and no more"
        )
    if not _BUCKET.fullmatch(authority):
        raise BucketUrlError(
            f"'{scheme}://' is not followed by the name of a bucket",
            f"write {scheme}://bucket/prefix; another address of the store is named by its own variable, such as "
            "AWS_ENDPOINT_URL",
        )
    return BucketUrl(scheme, authority, _prefix(path.removesuffix("/")))


def _prefix(path: str) -> str:
    components = path.split("/") if path else []
    if any(each in {"", ".", ".."} for each in components):
        raise BucketUrlError("the prefix has an empty, '.' or '..' folder", "write one '/' between two names")
    if "\\" in path or not path.isprintable():
        raise BucketUrlError("the prefix has a backslash or a control character", "write plain names")
    if len(path.encode()) > _PREFIX_BYTES:
        raise BucketUrlError(f"the prefix has more than {_PREFIX_BYTES} bytes", "name a shorter one")
    return path
