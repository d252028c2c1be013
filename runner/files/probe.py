"""A look whether a bucket takes files, before money is spent on them."""

import errno
import secrets

from runner.files.bucket import Bucket

_CONTENT = b"runner looks whether it may write here; this can be deleted\n"


def prove_writable(bucket: Bucket) -> None:
    """Put a key of our own, see that it cannot be put twice, look at it, list it, and take it away.

    Raises ``OSError``; ``ENOTSUP`` where the store would overwrite a taken key, so that no promise could be kept there.
    """
    key = f".runner-probe-{secrets.token_hex(8)}"
    bucket.create(key, _CONTENT, {})
    try:
        _refuse_if_overwritten(bucket, key)
        if bucket.look(key) is None:
            raise OSError(errno.EIO, "what was put there cannot be seen")
        next(bucket.listed(), None)
    finally:
        bucket.remove(key)


def _refuse_if_overwritten(bucket: Bucket, key: str) -> None:
    try:
        bucket.create(key, _CONTENT, {})
    except FileExistsError:
        return
    raise OSError(
        errno.ENOTSUP,
        "the store overwrites a key that is taken (it ignores If-None-Match), so nothing would be safe there",
    )
