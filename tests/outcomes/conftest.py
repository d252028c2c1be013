import os

import pytest


@pytest.fixture(autouse=True)
def _no_authorities(monkeypatch):
    """To read this machine's 140 certificates takes longer than a row, and on loopback nobody is vouched for."""
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
