"""The providers by name, and what a client refuses before anything is sent."""

import subprocess
import sys
from dataclasses import replace
from decimal import Decimal

import pytest
from providers_support import TOKEN

from runner.core.errors import UsageError
from runner.core.model import Capabilities, ProviderSettings
from runner.core.money import Credits, Price
from runner.providers import Provider, capabilities_of, connect, names

SETTINGS = ProviderSettings(
    "grokimagine", "https://api.example", "TOKEN_VARIABLE", Price(Credits(40), Decimal(1))
)


def test_what_grokimagine_takes():
    assert names() == ("grokimagine",)
    assert capabilities_of("grokimagine") == Capabilities(
        name="grokimagine",
        base_url="https://grokimagineapi.com",
        token_env="GROKIMAGINE_API_TOKEN",
        price=Price(Credits(40), Decimal("0.40")),
        modes=("fun", "normal", "spicy"),
        ratios=("2:3", "3:2", "1:1"),
        prompt_chars_max=5000,
        prompt_chars_advised=2000,
        modes_refused_with_images=("spicy",),
    )


def test_an_unknown_provider_is_named_with_the_nearest():
    with pytest.raises(
        UsageError, match=r"'Grokimagin' is not one of grokimagine - did you mean 'grokimagine'"
    ):
        capabilities_of("Grokimagin")
    with pytest.raises(UsageError, match=r"'x' is not one of grokimagine$"):
        capabilities_of("x")


def test_the_package_imports_no_http_client():
    code = "import sys, runner.providers as p; p.capabilities_of('grokimagine'); sys.exit('aiohttp' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_client_is_a_provider_and_needs_no_loop_yet():
    provider: Provider = connect(SETTINGS, f"  {TOKEN}\n")
    assert provider.capabilities == capabilities_of("grokimagine")
    assert TOKEN not in repr(vars(provider))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "  \n",
        f"Bearer {TOKEN}",
        f"{TOKEN}\r\nX: 1",
        f"{TOKEN}\u2028x",
        f"{TOKEN}ğ",
        f"{TOKEN}\x7f",
        TOKEN * 999,
    ],
)
def test_a_token_that_is_none_is_refused_without_being_shown(token):
    with pytest.raises(UsageError) as refused:
        connect(SETTINGS, token)
    assert str(refused.value).startswith("TOKEN_VARIABLE ")
    assert "CANARY" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "base_url",
    [
        *("", "x", "ftp://h", "https://", "https://u:secret@h", "https://h?key=secret", "https://h#secret"),
        *("https://h:secret", "https://[secret", "//h", "https:h"),
    ],
)
def test_a_base_url_that_is_none_is_refused_without_being_shown(base_url):
    with pytest.raises(UsageError, match=r"^base_url ") as refused:
        connect(replace(SETTINGS, base_url=base_url), TOKEN)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("proxy", ["", "x", "socks5://h:1", "http://u:secret@", "http://u:secret@h:secret"])
def test_a_proxy_that_is_none_is_refused_without_being_shown(proxy):
    with pytest.raises(UsageError, match=r"^proxy ") as refused:
        connect(replace(SETTINGS, proxy=proxy), TOKEN)
    assert "secret" not in str(refused.value)


def test_a_proxy_is_not_handed_the_token():
    with pytest.raises(UsageError, match="would read the token"):
        connect(replace(SETTINGS, base_url="http://127.0.0.1:1", proxy="http://127.0.0.1:2"), TOKEN)


def test_a_ca_file_that_cannot_be_read_is_refused(tmp_path):
    empty = tmp_path / "empty.pem"
    empty.touch()
    for path in (tmp_path / "missing.pem", empty, tmp_path):
        with pytest.raises(UsageError, match=r"^ca_file "):
            connect(replace(SETTINGS, ca_file=str(path)), TOKEN)
