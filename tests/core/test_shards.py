"""How samples are dealt to shards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.errors import UsageError
from runner.core.shards import Sharding, bucket_path, sample_key, shard_name, size_in_bytes


@pytest.mark.parametrize(
    ("sharding", "sizes", "shards"),
    [
        (Sharding(), [5, 5, 5], [0, 0, 0]),
        (Sharding(most_bytes=10), [5, 5, 5], [0, 0, 1]),
        (Sharding(most_bytes=10), [11, 11, 1], [0, 1, 2]),
        (Sharding(most_samples=2), [1, 1, 1, 1, 1], [0, 0, 1, 1, 2]),
        (Sharding(most_bytes=3, most_samples=2), [1, 1, 1, 3], [0, 0, 1, 2]),
    ],
)
def test_a_shard_is_full_where_the_next_sample_would_exceed_a_bound(
    sharding: Sharding, sizes: list[int], shards: list[int]
) -> None:
    assert [sharding.place(size) for size in sizes] == shards


@given(sizes=st.lists(st.integers(1, 20)), most_bytes=st.integers(1, 30), most_samples=st.integers(1, 5))
def test_no_shard_exceeds_a_bound_but_by_one_sample_alone(
    sizes: list[int], most_bytes: int, most_samples: int
) -> None:
    sharding = Sharding(most_bytes, most_samples)
    shards: dict[int, list[int]] = {}
    for size in sizes:
        shards.setdefault(sharding.place(size), []).append(size)
    assert list(shards) == list(range(len(shards)))
    assert all(
        len(one) <= most_samples and (sum(one) <= most_bytes or len(one) == 1) for one in shards.values()
    )


@pytest.mark.parametrize(
    ("text", "size"), [("1GB", 10**9), ("500 mb", 5 * 10**8), ("1.5k", 1500), ("7", 7), ("2T", 2 * 10**12)]
)
def test_a_size_may_have_a_unit(text: str, size: int) -> None:
    assert size_in_bytes(text) == size


@pytest.mark.parametrize("text", ["", "0", "GB", "-1", "1 PB", "1e9", "0.0001kB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no size"):
        size_in_bytes(text)


def test_names_hold_what_the_readers_need() -> None:
    assert shard_name("train", 12, "tar") == "train-000012.tar"
    assert sample_key("0123456789abcdef01234567", 2) == "0123456789abcdef01234567-2"
    assert bucket_path("ab" * 32, ".mp4") == f"ab/{'ab' * 32}.mp4"
