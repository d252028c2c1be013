"""Which addresses a download may connect to.

The rule is enforced where a socket is made, because only there the final address is known: a rule on names or in the
resolver is passed by IP-literal URLs (measured: the resolver is not called), by ``0x7f000001`` and by rebinding.
Ranges: the IANA registries of special-purpose IPv4 and IPv6 addresses (RFC 6890 and its updates), written out here
because the answers of ``ipaddress`` change between releases of Python.
"""

import errno
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

AddrInfo = tuple[int, int, int, str, tuple[Any, ...]]
"""An entry of ``socket.getaddrinfo``: family, type, protocol, canonical name, address."""


class AddressClass(StrEnum):
    """What an address is, as far as downloads are concerned."""

    PUBLIC = "public"
    LOOPBACK = "loopback"
    PRIVATE = "private"
    LINK_LOCAL = "link-local"
    RESERVED = "reserved"


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Where downloads may go besides public addresses over https. Link-local and reserved ones stay closed."""

    allow_loopback: bool = False
    allow_private: bool = False
    allow_http: bool = False

    def allows(self, address: str) -> bool:
        """Whether a connection to ``address`` (as ``getaddrinfo`` writes it) may be made."""
        return self.allows_class(classify(address))

    def allows_class(self, found: AddressClass) -> bool:
        """Whether addresses of that class may be connected to."""
        match found:
            case AddressClass.PUBLIC:
                return True
            case AddressClass.LOOPBACK:
                return self.allow_loopback
            case AddressClass.PRIVATE:
                return self.allow_private
            case AddressClass.LINK_LOCAL | AddressClass.RESERVED:
                return False


def policy_for(base_url: str) -> AddressPolicy:
    """The policy that belongs to the API at ``base_url``.

    Only a literal address or ``localhost`` opens its class: what a name resolves to may change with every look-up.
    http is open where the API itself is reached over http.
    """
    url = urlsplit(base_url)
    found = literal_class(url.hostname or "")
    return AddressPolicy(
        allow_loopback=found is AddressClass.LOOPBACK,
        allow_private=found is AddressClass.PRIVATE,
        allow_http=url.scheme == "http",
    )


class AddressRefusedError(OSError):
    """A connection that the policy forbids; ``address`` is the one that would have been connected to.

    An OSError with one text for all addresses: so the connector goes on to a name's next address, and this class
    survives where all of them were refused.
    """

    def __init__(self, address: str) -> None:
        super().__init__(errno.EACCES, "not a public address")
        self.address = address


def socket_factory(policy: AddressPolicy) -> Callable[[AddrInfo], socket.socket]:
    """For ``aiohttp.TCPConnector(socket_factory=...)``; the factory raises ``AddressRefusedError``."""

    def make(info: AddrInfo) -> socket.socket:
        family, kind, protocol, _, address = info
        if family not in {socket.AF_INET, socket.AF_INET6} or not policy.allows(str(address[0])):
            raise AddressRefusedError(str(address[0]))
        return socket.socket(family, kind, protocol)

    return make


def literal_class(host: str) -> AddressClass | None:
    """The class of a URL's host where it is an address or ``localhost``, ``None`` where it is any other name.

    Reads what ``inet_aton`` reads (``127.1``, ``0x7f000001``, ``2130706433``), as the system's resolver does.
    """
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return AddressClass.LOOPBACK
    if re.fullmatch(r"[0-9a-fx.]+", name) and name[:1].isdigit():
        try:
            return classify(socket.inet_ntoa(socket.inet_aton(name)))
        except OSError:
            return None
    return classify(name) if ":" in name else None


def classify(address: str) -> AddressClass:
    """The class of a numeric address; what is not one is reserved."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return AddressClass.RESERVED
    return _classify_v4(parsed) if isinstance(parsed, IPv4Address) else _classify_v6(parsed)


_V4_LOOPBACK = IPv4Network("127.0.0.0/8")
_V4_LINK_LOCAL = IPv4Network("169.254.0.0/16")
_V4_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_V4_RESERVED = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # 0.0.0.0 connects to this machine
            "100.64.0.0/10",  # shared by carriers, and the address of some clouds' metadata
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
_V6_CLASSES = {
    IPv6Network("::1/128"): AddressClass.LOOPBACK,
    IPv6Network("fe80::/10"): AddressClass.LINK_LOCAL,
    IPv6Network("fc00::/7"): AddressClass.PRIVATE,
}
_V6_GLOBAL = IPv6Network("2000::/3")
_V6_RESERVED = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # Teredo is in it (RFC 4380)
            "2001:db8::/32",
            "2002::/16",  # 6to4 (RFC 3056): a tunnel to whatever IPv4 address stands in it, and used by nobody
            "3fff::/20",
        ),
    )
)
_V6_MAPPED = IPv6Network("::ffff:0:0/96")
_V6_NAT64 = IPv6Network("64:ff9b::/96")


def _classify_v4(address: IPv4Address) -> AddressClass:
    if address in _V4_LOOPBACK:
        return AddressClass.LOOPBACK
    if address in _V4_LINK_LOCAL:
        return AddressClass.LINK_LOCAL
    if any(address in network for network in _V4_PRIVATE):
        return AddressClass.PRIVATE
    if any(address in network for network in _V4_RESERVED):
        return AddressClass.RESERVED
    return AddressClass.PUBLIC


def _classify_v6(address: IPv6Address) -> AddressClass:
    if address in _V6_MAPPED:
        return _classify_v4(IPv4Address(int(address) & 0xFFFFFFFF))
    for network, found in _V6_CLASSES.items():
        if address in network:
            return found
    if address in _V6_NAT64:
        # A translator's private address is no reason to open the private class for what comes through it (RFC 6052).
        inner = _classify_v4(IPv4Address(int(address) & 0xFFFFFFFF))
        return AddressClass.PUBLIC if inner is AddressClass.PUBLIC else AddressClass.RESERVED
    is_reserved = address not in _V6_GLOBAL or any(address in network for network in _V6_RESERVED)
    return AddressClass.RESERVED if is_reserved else AddressClass.PUBLIC
