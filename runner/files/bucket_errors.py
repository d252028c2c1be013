"""What a store's errors mean, as the ``OSError`` that a disk would raise: the rest of the program knows those."""

import contextlib
import errno
import re
from collections.abc import Iterator

_FULL = frozenset(
    {
        "QuotaExceeded",  # Ceph
        "XMinioAdminBucketQuotaExceeded",
        "XMinioStorageFull",
        "InsufficientStorage",
        "StorageQuotaExceeded",
        "AccountStorageQuotaExceeded",
    }
)
_NO_BUCKET = frozenset({"NoSuchBucket", "ContainerNotFound"})
_DENIED = frozenset(
    {
        "AccessDenied",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "InvalidToken",
        "AuthenticationFailed",
        "AuthorizationFailure",
        "AccountProblem",
        "AllAccessDisabled",
    }
)


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Raises what the library raises as ``OSError``; its ``strerror`` says all of it."""
    from obstore.exceptions import BaseError  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 - an extra, there wherever this is called

    try:
        yield
    except (BaseError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of a disk, or of a call inside of this one
        # from None: the text of the cause, which a traceback would show, has the whole answer in it
        raise _meaning(error) from None


def _meaning(error: Exception) -> OSError:
    text = str(error)
    code, status = _code(text), _status(text)
    said = code or (f"HTTP {status}" if status else type(error).__name__)
    if code in _NO_BUCKET:
        return OSError(errno.ENODEV, f"there is no such bucket ({said}): make it, or mend `output.dir`")
    if code in _FULL or status == 507:
        return OSError(errno.EDQUOT, f"the store has no room or no quota left ({said}): make room there")
    name = type(error).__name__
    if name in {"AlreadyExistsError", "NotModifiedError"} or status == 409:
        return FileExistsError(errno.EEXIST, f"the key is taken ({said})")
    if name == "PreconditionError" or status == 412:
        return OSError(errno.ESTALE, f"somebody else changed it meanwhile ({said})")
    if code in _DENIED or status in {401, 403}:
        return PermissionError(
            errno.EACCES, f"the store denies it ({said}): check the credentials and what they may do there"
        )
    if isinstance(error, FileNotFoundError):
        return FileNotFoundError(errno.ENOENT, "there is no such key")
    return _unknown(text, said)


def _unknown(text: str, said: str) -> OSError:
    if "/latest/api/token" in text or "/latest/meta-data" in text or "computeMetadata" in text:
        return PermissionError(errno.EACCES, "there are no credentials: the store's own variables hold none")
    if "error sending request" in text or "timed out" in text or "operation timed out" in text:
        return TimeoutError(
            errno.ETIMEDOUT, "the store cannot be reached: check the network and the address of the store"
        )
    if "BadScheme" in text:
        return OSError(
            errno.EINVAL, "http is not allowed: set AWS_ALLOW_HTTP=true where the store has no https"
        )
    if said == "NotImplemented" or "NotImplemented" in text:
        return OSError(errno.ENOTSUP, f"the store does not know this request ({said})")
    return OSError(errno.EIO, f"the store failed ({said})")


def _code(text: str) -> str | None:
    found = re.search(r"<Code>([A-Za-z0-9.]{1,64})</Code>", text)
    return found[1] if found else None


def _status(text: str) -> int | None:
    found = re.search(r"non-2xx status code: (\d{3})", text)
    return int(found[1]) if found else None
