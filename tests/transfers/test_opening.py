"""What is refused before any engine is asked."""

import pytest

from runner.core.errors import UsageError
from runner.transfers.opening import refuse_unusable


@pytest.mark.parametrize("address", ["ray", "ray://auto"])
def test_a_tree_in_object_storage_is_refused_to_ray_with_the_way_out(address):
    with pytest.raises(UsageError) as refused:
        refuse_unusable(address, "s3://films/x", is_local=False)
    assert str(refused.value) == (
        f"--engine {address}: the workers of Ray cannot put files into object storage yet (s3://films/x): take Dask "
        "(tcp://host:port), name an output directory that all of them share, or leave the engine out; nothing was sent"
    )
