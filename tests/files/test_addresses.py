import asyncio
import contextlib
import socket

import pytest
from files_support import LOOPBACK
from hypothesis import given
from hypothesis import strategies as st

from runner.files.addresses import (
    AddressClass,
    AddressPolicy,
    AddressRefusedError,
    classify,
    policy_for,
    socket_factory,
)
from runner.files.download import FetchRequest, fetch
from runner.files.outcomes import Broken, Refused
from runner.files.session import open_session

PUBLIC, LOCAL, PRIVATE = AddressClass.PUBLIC, AddressClass.LOOPBACK, AddressClass.PRIVATE
LINK, RESERVED = AddressClass.LINK_LOCAL, AddressClass.RESERVED

CLASSES = {
    "8.8.8.8": PUBLIC, "1.1.1.1": PUBLIC, "100.63.255.255": PUBLIC, "100.128.0.0": PUBLIC, "172.32.0.1": PUBLIC,
    "223.255.255.255": PUBLIC, "2606:4700::1111": PUBLIC, "2a00:1450::1": PUBLIC,
    "127.0.0.1": LOCAL, "127.255.255.255": LOCAL, "::1": LOCAL, "::ffff:127.0.0.1": LOCAL,
    "10.0.0.1": PRIVATE, "172.16.0.1": PRIVATE, "172.31.255.255": PRIVATE, "192.168.1.1": PRIVATE,
    "fc00::1": PRIVATE, "fd12:3456::1": PRIVATE, "::ffff:10.1.2.3": PRIVATE, "fd00:ec2::254": PRIVATE,
    "169.254.169.254": LINK, "fe80::1": LINK, "fe80::1%eth0": LINK, "::ffff:169.254.169.254": LINK,
    "0.0.0.0": RESERVED, "0.1.2.3": RESERVED, "100.64.0.1": RESERVED, "100.100.100.200": RESERVED,
    "192.0.0.192": RESERVED, "192.0.2.1": RESERVED, "198.18.0.1": RESERVED, "198.51.100.1": RESERVED,
    "203.0.113.1": RESERVED, "224.0.0.1": RESERVED, "239.255.255.255": RESERVED, "240.0.0.1": RESERVED,
    "255.255.255.255": RESERVED, "::": RESERVED, "::127.0.0.1": RESERVED, "ff02::1": RESERVED,
    "fec0::1": RESERVED, "2001:db8::1": RESERVED, "2001::1": RESERVED, "3fff::1": RESERVED, "100::1": RESERVED,
    "64:ff9b::7f00:1": RESERVED, "64:ff9b::a00:1": RESERVED, "64:ff9b::808:808": PUBLIC,
    "64:ff9b:1::808:808": RESERVED, "2002:7f00:1::": RESERVED, "2002:a9fe:a9fe::1": RESERVED,
    "2002:808:808::1": RESERVED, "2001:0:808:808::f7f7:f7f7": RESERVED, "2001:0:a00:1::f7f7:f7f7": RESERVED, "2001:0:808:808::80ff:fffe": RESERVED,
    "::ffff:0:7f00:1": RESERVED, "5f00::1": RESERVED, "localhost": RESERVED, "": RESERVED, "127.1": RESERVED,
}  # fmt: skip


@pytest.mark.parametrize("address", CLASSES)
def test_every_address_has_its_class(address):
    assert classify(address) == CLASSES[address]


HOSTS = [
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7F000001", "017700000001",
    "0177.0.0.1", "0x7f.0.0.1", "0x7f.1", "0177.0x0.0.1", "127.0.0.1.", "localhost", "LOCALHOST", "localhost.",
    "a.localhost", "[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[::127.0.0.1]", "[::]", "0.0.0.0", "0", "0x0", "00", "169.254.169.254", "0xa9fea9fe", "2852039166",
    "[fe80::1]", "[fe80::1%25lo]", "[::ffff:169.254.169.254]", "10.0.0.1", "012.0.0.1", "192.168.0.1", "3232235521",
    "100.64.0.1", "172.16.0.1", "224.0.0.1", "255.255.255.255", "[fc00::1]", "[ff02::1]", "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]", "[2001:0:7f00:1::]", "①②⑦.⓪.⓪.①", "127。0。0。1", "%31%32%37.0.0.1",
]  # fmt: skip


@contextlib.asynccontextmanager
async def listening():
    """A port on all addresses of this machine, and a list that grows with every connection to it."""
    connected = []

    async def note(_reader, writer):
        connected.append(writer.get_extra_info("sockname"))
        writer.close()

    server = await asyncio.start_server(note, ["127.0.0.1", "127.255.255.254"], 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield port, connected


@pytest.mark.parametrize("host", HOSTS)
async def test_s8_no_spelling_of_an_inner_address_is_connected_to(host, root):
    policy = AddressPolicy(allow_http=True)
    async with listening() as (port, connected), open_session(policy) as session:
        outcome = await fetch(session, root, FetchRequest(f"http://{host}:{port}/", "job-1", policy))
        assert (isinstance(outcome, Refused | Broken), connected) == (True, [])


class OfThisMachine:
    """Answers as resolvers should for names below ``localhost`` (RFC 6761, 6.3); many ask a server for them."""

    async def resolve(self, host, port=0, family=socket.AF_INET):
        return [
            {"hostname": host, "host": "127.0.0.1", "port": port, "family": family, "proto": 0, "flags": 0}
        ]

    async def close(self):
        pass


@pytest.mark.parametrize("host", HOSTS)
async def test_the_socket_alone_stops_every_spelling_too(host):
    policy = AddressPolicy(allow_http=True)
    resolver = OfThisMachine() if host in {"localhost.", "a.localhost"} else None
    async with listening() as (port, connected), open_session(policy, resolver=resolver) as session:
        with pytest.raises((OSError, ValueError)):
            await session.get(f"http://{host}:{port}/")
        assert connected == []


async def test_the_refusal_names_the_address(root):
    class Rebinding:
        """Public at the first look-up, private at the next: only the address of the connection counts."""

        answers = iter(["10.9.8.7"])

        async def resolve(self, host, port=0, family=socket.AF_INET):
            address = next(self.answers)
            return [
                {"hostname": host, "host": address, "port": port, "family": family, "proto": 0, "flags": 0}
            ]

        async def close(self):
            pass

    async with open_session(LOOPBACK, resolver=Rebinding()) as session:
        outcome = await fetch(session, root, FetchRequest("http://cdn.example/", "job-1", LOOPBACK))
    assert outcome == Refused("10.9.8.7 is not an address that downloads may connect to")


async def test_a_name_with_only_inner_addresses_is_refused(root):
    class Both:
        async def resolve(self, host, port=0, family=socket.AF_INET):
            return [
                {"hostname": host, "host": address, "port": port, "family": kind, "proto": 0, "flags": 0}
                for address, kind in (("10.0.0.1", socket.AF_INET), ("fe80::1", socket.AF_INET6))
            ]

        async def close(self):
            pass

    async with open_session(LOOPBACK, resolver=Both()) as session:
        outcome = await fetch(session, root, FetchRequest("http://cdn.example/", "job-1", LOOPBACK))
    assert isinstance(outcome, Refused)


POLICIES = {
    "https://api.example.com": AddressPolicy(),
    "https://api.example.com:8443/v1": AddressPolicy(),
    "http://127.0.0.1:8000": AddressPolicy(allow_loopback=True, allow_http=True),
    "http://localhost:8000": AddressPolicy(allow_loopback=True, allow_http=True),
    "http://LOCALHOST.:8000": AddressPolicy(allow_loopback=True, allow_http=True),
    "http://[::1]:8000": AddressPolicy(allow_loopback=True, allow_http=True),
    "https://127.0.0.1": AddressPolicy(allow_loopback=True),
    "https://192.168.0.7": AddressPolicy(allow_private=True),
    "http://[fd00::7]/": AddressPolicy(allow_private=True, allow_http=True),
    "https://169.254.169.254": AddressPolicy(),
    "https://localhost.example.com": AddressPolicy(),
    "https://127.0.0.1.example.com": AddressPolicy(),
}


@pytest.mark.parametrize("base_url", POLICIES)
def test_a_base_url_opens_its_own_class_and_no_other(base_url):
    assert policy_for(base_url) == POLICIES[base_url]


@pytest.mark.parametrize("policy", [AddressPolicy(), LOOPBACK, AddressPolicy(allow_private=True)])
@pytest.mark.parametrize("address", CLASSES)
def test_a_policy_allows_the_public_and_what_it_opens(policy, address):
    opened = (
        {PUBLIC}
        | ({LOCAL} if policy.allow_loopback else set())
        | ({PRIVATE} if policy.allow_private else set())
    )
    assert policy.allows(address) is (CLASSES[address] in opened)


@given(st.ip_addresses())
def test_what_python_knows_to_be_special_is_never_public(address):
    is_special = address.is_private or address.is_loopback or address.is_link_local or address.is_multicast
    assert not (is_special and AddressPolicy().allows(str(address)))


def test_other_families_are_refused():
    with pytest.raises(AddressRefusedError):
        socket_factory(LOOPBACK)((socket.AF_UNIX, socket.SOCK_STREAM, 0, "", ("x.socket",)))
