"""How a simulated process ends before its time."""

from dataclasses import dataclass


class Died(BaseException):
    """The process is gone: whatever it still does is done by nobody. No part of the program may catch this."""


@dataclass(frozen=True)
class Crash:
    """When one process dies: at its n-th point (from 1), or after so many seconds; ``None``: not by that.

    ``kind``: only points whose name begins so are counted.

    ``power``: the machine loses power, so that what was not synced is lost, but for the share of it that ``survives``
    (``None``: drawn).
    """

    at_point: int | None = None
    at_s: float | None = None
    power: bool = False
    kind: str = ""
    survives: float | None = None


NO_CRASH = Crash()
