"""Amounts: durations, dollars, prices, shares. All of them are read from the text as it is written."""

import re
from decimal import Decimal

from runner.core.model import FailureCap
from runner.core.money import Credits, Price
from runner.manifest.nodes import Kind, Leaf, described
from runner.manifest.spot import Spot, table, whole

CREDITS_MAX = 10**12
"""More credits than any account holds; beyond it a typing error is likelier."""

_DURATION = re.compile(
    r"(?:(?P<d>[0-9.]+)d)?(?:(?P<h>[0-9.]+)h)?(?:(?P<m>[0-9.]+)m)?(?:(?P<s>[0-9.]+)s)?(?:(?P<ms>[0-9.]+)ms)?"
)
_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION_MAX_S = 30 * 86400.0
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_USD = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,6})?")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%")


def duration(spot: Spot) -> float | None:
    """Seconds, above 0 and at most 30 days, from ``500ms``, ``10s``, ``45m``, ``2h``, ``1h30m``, ``1d``."""
    node = spot.node
    allowed = "a duration such as 10s, 45m, 2h or 1h30m is needed"
    if not isinstance(node, Leaf) or node.kind is not Kind.TEXT:
        hint = None
        if isinstance(node, Leaf) and node.kind in (Kind.INTEGER, Kind.NUMBER):
            hint = f"give it a unit: {node.text[:20]}s"
        spot.fail(f"found {described(node)}, {allowed}", hint)
        return None
    found = _DURATION.fullmatch(node.text) if len(node.text) <= 40 else None
    parts = {unit: amount for unit, amount in found.groupdict().items() if amount} if found else {}
    if not parts or not all(_NUMBER.fullmatch(amount) for amount in parts.values()):
        spot.fail(f"found {described(node)}, {allowed}")
        return None
    seconds = sum(float(amount) * _SECONDS[unit] for unit, amount in parts.items())
    if not 0 < seconds <= _DURATION_MAX_S:
        spot.fail(f"found {described(node)}, a duration above 0, at most 30 days, is needed")
        return None
    return seconds


def dollars(spot: Spot) -> Decimal | None:
    """An amount of dollars, 0 or more, as an exact decimal."""
    node = spot.node
    if isinstance(node, Leaf) and node.kind in (Kind.INTEGER, Kind.NUMBER) and _USD.fullmatch(node.text):
        return Decimal(node.text)  # from the text: as a float, 0.1 would already be another number
    spot.fail(f"found {described(node)}, an amount of dollars such as 40.00 is needed")
    return None


def price(spot: Spot, documented: Price) -> Price | None:
    """Credits and dollars of one generation; one of the two alone keeps the documented relation between credits and dollars."""
    found = table(spot, ("credits", "usd"))
    if not found:
        if found is not None:
            spot.fail("'credits' is missing", "write {credits: 40, usd: 0.40}")
        return None
    credits_given: int | None = documented.credits
    if "credits" in found:
        credits_given = whole(found["credits"], 1, CREDITS_MAX)
    usd = dollars(found["usd"]) if "usd" in found else None
    if credits_given is None or ("usd" in found and usd is None):
        return None
    if usd is None:
        usd = documented.usd * credits_given / documented.credits
    return Price(Credits(credits_given), usd)


def failure_cap(spot: Spot) -> FailureCap | None:
    """A number of jobs, or a share of them such as ``5%``."""
    node = spot.node
    if isinstance(node, Leaf) and (share := _SHARE.fullmatch(node.text)):
        percent = float(share[1])
        if 0 < percent <= 100:
            return FailureCap(share=percent / 100)
        spot.fail(f"found {described(node)}, a share above 0%, at most 100%, is needed")
        return None
    if isinstance(node, Leaf) and node.kind is Kind.INTEGER:
        count = whole(spot, 1, 10**9)
        return FailureCap(count=count) if count is not None else None
    spot.fail(f"found {described(node)}, a number of jobs or a share such as 5% is needed")
    return None
