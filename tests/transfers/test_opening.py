"""What is refused before any engine is asked."""

import pytest

from runner.core.errors import UsageError
from runner.transfers.opening import refuse_unusable


def test_a_tree_in_object_storage_is_refused_with_the_way_out():
    with pytest.raises(UsageError) as refused:
        refuse_unusable("tcp://a:1", "s3://films/x", is_local=False)
    assert str(refused.value) == (
        "--engine tcp://a:1: workers cannot put files into object storage yet (s3://films/x): name an output directory "
        "that all of them share, or leave the engine out; nothing was sent"
    )
