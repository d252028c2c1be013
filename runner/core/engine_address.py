"""The address of an engine that makes transfers: a scheduler of Dask's, or a cluster of Ray's.

``tcp://host:port`` and ``tls://host:port`` are Dask's; ``ray`` is a cluster on this machine for one run, ``ray://auto`` and
``ray://host:port`` one that this machine belongs to.
"""

import re

_HOST_PORT = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>\d{1,5})"
_FORMS = {
    "tcp": re.compile(rf"tcp://{_HOST_PORT}"),
    "tls": re.compile(rf"tls://{_HOST_PORT}"),
    "ray": re.compile(rf"ray(?:://(?:auto|{_HOST_PORT}))?"),
}
"""What may stand, by the scheme; ``transfers.opening`` knows which engine each is."""

SCHEMES = tuple(_FORMS)
_WAY_OUT = "write tcp://host:8786 or tls://host:8786 for Dask, ray, ray://auto or ray://host:6379 for Ray"


class EngineAddressError(ValueError):
    """A text that names no engine; ``hint`` is the way out."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def scheme_of(address: str) -> str:
    """What stands before ``://``, or all of it."""
    return address.partition("://")[0]


def engine_address(text: str) -> str:
    """The address as it is; raises ``EngineAddressError``."""
    form = _FORMS.get(scheme_of(text))
    found = None if form is None else form.fullmatch(text)
    if found is None:
        raise EngineAddressError("this is not the address of an engine", _WAY_OUT)
    port = found["port"]
    if port is not None and not 0 < int(port) < 65536:
        raise EngineAddressError(f"{port} is not a port", _WAY_OUT)
    return text
