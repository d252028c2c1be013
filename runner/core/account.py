"""The account behind a token, and a cap over all batches that are paid with it."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from runner.core.money import Credits

FINGERPRINT_DIGITS = 16


class Period(StrEnum):
    """Over what time a cap counts: days and months are those of the calendar in UTC."""

    DAY = "day"
    MONTH = "month"
    EVER = "ever"


@dataclass(frozen=True, slots=True)
class Account:
    """An account and what it holds at a moment; ``cap`` is in credits, ``None`` where none is in force.

    ``spent`` and ``reserved`` are those of the attempts of all batches that were begun in the present ``per``.
    """

    pk: int
    fingerprint: str
    cap: Credits | None
    per: Period
    spent: Credits
    reserved: Credits

    @property
    def left(self) -> int | None:
        """Credits that may still be reserved; negative after an overcharge or a lowered cap, ``None`` without a cap."""
        return None if self.cap is None else self.cap - self.spent - self.reserved

    def has_room_for(self, price: int) -> bool:
        """Whether one more reservation at this price keeps within the cap; the store guards it with the same comparison."""
        return self.left is None or price <= self.left

    @property
    def why_full(self) -> str:
        """What to say where it has no room for a generation."""
        return (
            f"the account's cap of {self.terms} has no room for another generation ({self.spent} spent, {self.reserved} "
            "reserved); raise it with `runner account --limit`"
        )

    @property
    def terms(self) -> str:
        """The cap as a person would say it."""
        if self.cap is None:
            return "no cap"
        return f"{self.cap} credits" + ("" if self.per is Period.EVER else f" a {self.per}")


def fingerprint_of(token: str) -> str:
    """What tells the accounts of two tokens apart, and says nothing of either.

    A token is long and random, so nobody finds it by trying; it must not be kept where the state goes.
    """
    return hashlib.sha256(b"runner account\n" + token.strip().encode()).hexdigest()[:FINGERPRINT_DIGITS]


def days_from(per: Period, moment: str) -> str:
    """The first day (``YYYY-MM-DD``, or the beginning of one) that counts at a moment (ISO 8601 in UTC)."""
    return {Period.DAY: moment[:10], Period.MONTH: moment[:7], Period.EVER: ""}[per]
