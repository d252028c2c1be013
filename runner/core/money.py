"""Credits and dollars. Credits are whole numbers, dollars are decimals, and neither is ever a float."""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import NewType

Credits = NewType("Credits", int)
"""A number of the service's credits, 0 or more."""

NOTHING = Credits(0)


@dataclass(frozen=True, slots=True)
class Price:
    """What one generation costs: ``credits`` (1 or more) and the same in dollars."""

    credits: Credits
    usd: Decimal

    def usd_of(self, amount: int) -> Decimal:
        """The dollars that ``amount`` credits stand for, to the cent or finer where the price is finer."""
        exact = self.usd * amount / self.credits
        return (
            exact.quantize(Decimal("0.01")) if exact == exact.quantize(Decimal("0.01")) else exact.normalize()
        )

    def credits_for(self, usd: Decimal) -> Credits:
        """The whole credits that ``usd`` buys, rounded down; a price of 0 dollars buys none."""
        if self.usd == 0:
            return Credits(0)
        return Credits(int((usd * self.credits / self.usd).to_integral_value(rounding=ROUND_FLOOR)))


@dataclass(frozen=True, slots=True)
class Budget:
    """A cap as it was written: exactly one of ``credits`` and ``usd`` is given."""

    credits: Credits | None = None
    usd: Decimal | None = None

    def __str__(self) -> str:
        """As ``--budget`` takes it."""
        return f"{self.credits}" if self.credits is not None else f"{self.usd}usd"

    def in_credits(self, price: Price) -> Credits:
        """The cap in credits at this price."""
        if self.credits is not None:
            return self.credits
        return price.credits_for(self.usd if self.usd is not None else Decimal(0))


def fits(*, spent: int, reserved: int, price: int, budget: int | None) -> bool:
    """Whether one more reservation at ``price`` keeps within ``budget``; ``None`` is no cap.

    The store guards its reservation with the same comparison in SQL, inside the reserving transaction.
    """
    return budget is None or spent + reserved + price <= budget


def jobs_that_fit(*, spent: int, reserved: int, price: int, budget: int | None, wanted: int) -> int:
    """How many of ``wanted`` jobs the rest of the budget pays for, at most ``wanted``, at least 0."""
    if budget is None:
        return wanted
    return max(0, min(wanted, (budget - spent - reserved) // price))
