"""Addresses: of the service, of a proxy, of images; and the name of the variable that holds the token."""

import re
from urllib.parse import SplitResult, urlsplit

from runner.core.webhook import fault_of, is_loopback
from runner.manifest.nodes import quoted
from runner.manifest.spot import Spot, text

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


def base_url(spot: Spot) -> str | None:
    """The address of a service, without the ``/`` at its end; https, or http on the loopback address."""
    value = text(spot)
    parts = _web_address(spot, value, "address of a service") if value is not None else None
    if parts is None:
        return None
    if parts.username is not None or parts.password is not None:
        spot.fail(
            "the address holds a user name or a password", "name a variable for the token in 'token_env'"
        )
        return None
    if parts.query or parts.fragment:
        # not shown: a key may stand in the query
        spot.fail("the address has a query or a fragment", "write the address up to the path")
        return None
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        hint = "write https://; http is for the loopback address only"
        spot.fail(f"over {quoted(parts.geturl())} the token would travel in clear", hint)
        return None
    return parts.geturl().rstrip("/")


def proxy(spot: Spot) -> str | None:
    """The address of a proxy, without credentials."""
    value = text(spot)
    parts = _web_address(spot, value, "address of a proxy") if value is not None else None
    if parts is None:
        return None
    if parts.username is not None or parts.password is not None:
        spot.fail("the address holds a user name or a password", "a secret does not belong in a manifest")
        return None
    return parts.geturl()


def token_env(spot: Spot) -> str | None:
    """The name of the environment variable that holds the bearer token."""
    return _variable(spot, "give the variable's name, never the token")


def webhook(spot: Spot) -> str | None:
    """The address of a notification; https, or http on the loopback address. It is a secret, and never shown."""
    value = text(spot)
    fault = None if value is None else fault_of(value)
    if fault is not None:
        spot.fail(f"this address cannot be used: {fault}", "write https://, a host and a path")
        return None
    return value


def webhook_env(spot: Spot) -> str | None:
    """The name of the environment variable that holds the address of a notification."""
    return _variable(spot, "give the variable's name, or the address itself as 'url'")


def image(spot: Spot) -> str | None:
    """An image that the service fetches by itself: an http(s) URL."""
    value = text(spot)
    if value is None:
        return None
    if not _SCHEME.match(value) or value[:5].lower() in ("file:", "data:"):
        hint = "put it where the service can fetch it, and write its http:// or https:// URL"
        spot.fail(f"{quoted(value)} is not a URL: the service takes image URLs only, no local files", hint)
        return None
    return value if _web_address(spot, value, "URL of an image") is not None else None


def _variable(spot: Spot, hint: str) -> str | None:
    value = text(spot)
    if value is None or _VARIABLE.fullmatch(value):
        return value
    spot.fail(
        "this is not the name of an environment variable", hint
    )  # not shown: it may well be the secret itself
    return None


def _web_address(spot: Spot, value: str, what: str) -> SplitResult | None:
    """The parts of an http(s) address with a host."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not match, a port that is no number
        usable = False
    if not usable or re.search(r"[\s\\]", value):
        shown = "this" if "@" in value else quoted(value)  # what stands before an '@' may be a password
        spot.fail(f"{shown} is no {what}", "write http:// or https://, a host and a path, without blanks")
        return None
    return parts
