"""The address that is told of a run's end. It is a secret: whoever knows it can write there, so no message shows it."""

import ipaddress
import re
from urllib.parse import urlsplit

_LONGEST = 2048
_VISIBLE = re.compile(r"[!-~]+")


def fault_of(url: str) -> str | None:
    """What is wrong with the address, in words that do not repeat it; ``None`` for https, or http to this machine."""
    if not _VISIBLE.fullmatch(url) or len(url) > _LONGEST:
        return f"it is not 1 to {_LONGEST} visible ASCII characters without blanks"
    try:
        parts = urlsplit(url)
        is_complete = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not match, a port that is no number
        is_complete = False
    if not is_complete:
        return "it is no http(s) URL with a host"
    if "@" in parts.netloc or parts.fragment:
        return "it has a user name, a password or a fragment"
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        return "over http it would travel in clear; http is for the loopback address only"
    return None


def host_of(url: str) -> str:
    """The part of a faultless address that may be shown."""
    return urlsplit(url).hostname or ""


def is_loopback(host: str) -> bool:
    """Whether a host, as it is written, is this machine."""
    if host == "localhost" or host.endswith(".localhost"):  # RFC 6761, 6.3
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
