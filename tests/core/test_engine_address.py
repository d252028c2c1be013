"""What names an engine."""

import pytest

from runner.core.engine_address import EngineAddressError, engine_address


@pytest.mark.parametrize(
    "text",
    ["tcp://scheduler:8786", "tls://10.0.0.1:1", "tcp://[::1]:65535", "ray", "ray://auto", "ray://head:6379"],
)
def test_a_scheduler_and_a_cluster_are_engines(text):
    assert engine_address(text) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ray://", "this is not the address of an engine"),
        ("ray://head", "this is not the address of an engine"),
        ("ray://head:0", "0 is not a port"),
        ("Ray", "this is not the address of an engine"),
        ("", "this is not the address of an engine"),
        ("tcp://scheduler", "this is not the address of an engine"),
        ("tcp://user:secret@scheduler:1", "this is not the address of an engine"),
        ("http://scheduler:8786", "this is not the address of an engine"),
        ("tcp://scheduler:0", "0 is not a port"),
        ("tcp://scheduler:65536", "65536 is not a port"),
    ],
)
def test_anything_else_is_not(text, message):
    with pytest.raises(EngineAddressError) as refused:
        engine_address(text)
    assert (refused.value.message, str(refused.value), "tcp://host:8786" in refused.value.hint) == (
        message,
        message,
        True,
    )
