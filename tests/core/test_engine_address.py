"""What names an engine."""

import pytest

from runner.core.engine_address import EngineAddressError, engine_address


@pytest.mark.parametrize("text", ["tcp://scheduler:8786", "tls://10.0.0.1:1", "tcp://[::1]:65535"])
def test_a_scheduler_is_an_engine(text):
    assert engine_address(text) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ray", "transfers on Ray are not built in yet"),
        ("ray://head:10001", "transfers on Ray are not built in yet"),
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
