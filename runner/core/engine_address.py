"""The address of an engine that makes transfers: ``tcp://host:port`` or ``tls://host:port``, a scheduler of Dask's."""

import re

_SCHEDULER = re.compile(r"(?:tcp|tls)://(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})")
_RAY = re.compile(r"ray(?:://.*)?", re.IGNORECASE | re.DOTALL)
_WAY_OUT = "write the address of a Dask scheduler: tcp://host:8786, or tls://host:8786"


class EngineAddressError(ValueError):
    """A text that names no engine; ``hint`` is the way out."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def engine_address(text: str) -> str:
    """The address as it is; raises ``EngineAddressError``."""
    if _RAY.fullmatch(text):
        raise EngineAddressError("transfers on Ray are not built in yet", _WAY_OUT)
    found = _SCHEDULER.fullmatch(text)
    if found is None:
        raise EngineAddressError("this is not the address of an engine", _WAY_OUT)
    if not 0 < int(found[1]) < 65536:
        raise EngineAddressError(f"{found[1]} is not a port", _WAY_OUT)
    return text
