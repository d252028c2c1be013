"""The services that generate videos, by name.

Importing this package imports no HTTP client: ``runner plan`` and ``runner --help`` need none, and it is slow.
"""

from runner.core.errors import UsageError
from runner.core.model import Capabilities, ProviderSettings
from runner.core.suggestion import did_you_mean
from runner.providers.base import Provider
from runner.providers.grokimagine.capabilities import CAPABILITIES as GROKIMAGINE
from runner.providers.secret import Redactor, Secret, hide_opened

__all__ = ["Provider", "Redactor", "Secret", "capabilities_of", "connect", "hide_opened", "names"]

_OFFERS = {GROKIMAGINE.name: GROKIMAGINE}


def names() -> tuple[str, ...]:
    """The names of all providers, sorted."""
    return tuple(sorted(_OFFERS))


def capabilities_of(name: str) -> Capabilities:
    """What the provider takes and documents; raises ``UsageError`` for a name that there is not."""
    try:
        return _OFFERS[name]
    except KeyError:
        hint = did_you_mean(name, names())
        way_out = f" - {hint}" if hint else ""
        raise UsageError(f"provider {name!r} is not one of {', '.join(names())}{way_out}") from None


def connect(settings: ProviderSettings, token: str) -> Provider:
    """A client of the provider that ``settings`` name; nothing is sent yet, and no event loop is needed yet.

    Raises ``UsageError`` for an unknown name, a token that is none, a ``base_url``, ``proxy`` or ``ca_file`` that
    cannot be used. The error never shows the token.
    """
    capabilities = capabilities_of(settings.name)
    secret = Secret.token(token, settings.token_env)
    from runner.providers.grokimagine.client import Client  # noqa: PLC0415 - aiohttp only where something is sent

    return Client(capabilities, settings, secret)
