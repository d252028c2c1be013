"""How samples are dealt to shards, and what a sample of a dataset is called."""

import re
from dataclasses import dataclass

from runner.core.errors import UsageError

DEFAULT_BYTES = 1_000_000_000
_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,3})?) ?(k|M|G|T)?B?", re.IGNORECASE)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


@dataclass(slots=True)
class Sharding:
    """Deals samples in their order: a shard is full where the next sample would exceed a bound.

    A sample that alone is larger than ``most_bytes`` has a shard of its own.
    """

    most_bytes: int = DEFAULT_BYTES
    most_samples: int | None = None
    shard: int = 0
    samples: int = 0
    bytes: int = 0

    def place(self, size_bytes: int) -> int:
        """The number of the shard, from 0, that the next sample of so many bytes goes to."""
        is_full = self.bytes + size_bytes > self.most_bytes or self.samples == self.most_samples
        if is_full and self.samples:
            self.shard, self.samples, self.bytes = self.shard + 1, 0, 0
        self.samples += 1
        self.bytes += size_bytes
        return self.shard


def size_in_bytes(text: str) -> int:
    """``1GB``, ``500 MB`` or a number of bytes, above 0; raises ``UsageError``."""
    found = _SIZE.fullmatch(text.strip())
    size = int(float(found[1]) * _UNITS[(found[2] or "").lower()]) if found else 0
    if size <= 0:
        raise UsageError(f"{text!r} is no size: write 500MB, 1GB or a number of bytes")
    return size


def shard_name(split: str, number: int, extension: str) -> str:
    """The name of a shard's file: ``train-000000.tar``."""
    return f"{split}-{number:06d}.{extension}"


def sample_key(job_id: str, position: int) -> str:
    """The name of a sample, without dots: what follows the first dot of a member's name is its kind."""
    return f"{job_id}-{position}"


def bucket_path(sha256: str, extension: str) -> str:
    """Where a file goes by its hash: names that no tool mistakes for a split, in 256 folders.

    Below two million files none of the folders comes near 10,000, which is as many as hosts of datasets take.
    """
    return f"{sha256[:2]}/{sha256}{extension}"
