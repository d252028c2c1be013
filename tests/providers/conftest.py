"""Servers, clients and certificates that end with the test."""

from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from providers_support import TOKEN, Certificate, Server, make_certificate, serving

from runner.core.model import ProviderSettings, Timeouts
from runner.providers import capabilities_of, connect


@pytest.fixture
async def serve():
    """Start servers that end with the test."""
    async with AsyncExitStack() as stack:

        async def start(behaviour, **how) -> Server:
            return await stack.enter_async_context(serving(behaviour, **how))

        yield start


@pytest.fixture
async def client_for():
    """Clients that are closed with the test; their timeouts are short."""
    clients = []

    def make(base_url: str, *, timeouts: Timeouts | None = None, **changes):
        offer = capabilities_of("grokimagine")
        settings = ProviderSettings(
            offer.name, base_url, offer.token_env, offer.price, timeouts or Timeouts(2.0, 2.0, 2.0)
        )
        clients.append(connect(replace(settings, **changes), TOKEN))
        return clients[-1]

    yield make
    for client in clients:
        await client.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def future_certificate(tmp_path_factory) -> Certificate:
    """A certificate that is valid from tomorrow."""
    return make_certificate(tmp_path_factory.mktemp("tls"), starts_in=timedelta(days=1))
