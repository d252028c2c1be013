"""What depends on the machine and not on the batch: how the service is reached from here."""

import os
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from runner.app.environment import ENV_FILE, Environment, Found
from runner.app.findings import Check, Grade
from runner.app.workplace import Workplace
from runner.core.errors import UsageError
from runner.core.model import Manifest

PROXY_ENV = "RUNNER_PROXY"
CA_FILE_ENV = "RUNNER_CA_FILE"


def on_this_machine(environment: Environment, manifest: Manifest) -> Manifest:
    """The manifest with the proxy and the certificates that the environment names, which go before its own.

    Raises ``UsageError`` where they cannot be used.
    """
    proxy, ca_file = environment.find(PROXY_ENV), environment.find(CA_FILE_ENV)
    provider = manifest.provider
    if proxy is not None:
        provider = replace(provider, proxy=_address_in(proxy))
    if ca_file is not None:
        provider = replace(provider, ca_file=_file_in(ca_file))
    return replace(manifest, provider=provider)


def env_file_check() -> tuple[Environment, Check]:
    """The variables of this process and of its ``.env``, without the latter where it cannot be used; and what it is like."""
    try:
        environment = Environment.here()
    except UsageError as error:
        return Environment(dict(os.environ), {}), Check(ENV_FILE, Grade.FAIL, str(error))
    path = Path(ENV_FILE)
    if not path.is_file():
        return environment, Check(ENV_FILE, Grade.OK, "there is none")
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        found = f"{ENV_FILE} has mode {mode:03o}: others can read the secrets in it"
        return environment, Check(ENV_FILE, Grade.WARN, found, f"chmod 600 {ENV_FILE}")
    return environment, Check(ENV_FILE, Grade.OK, f"{len(environment.env_file)} variables, for you alone")


def proxy_check(workplace: Workplace, proxy: str | None) -> Check:
    """By which way the service is reached; whether it is reached is another check's business."""
    if proxy is not None:
        return Check("proxy", Grade.OK, f"the service is reached through {proxy}")
    names = unread_proxies(workplace.environment)
    unread = f" ({names} is set and not read; RUNNER_PROXY or provider.proxy names one)" if names else ""
    return Check("proxy", Grade.OK, f"none{unread}")


def unread_proxies(environment: Environment) -> str:
    """The variables that name a proxy for other programs, for a message; empty where there are none."""
    names = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
    return ", ".join(name for name in names if environment.process.get(name))


def _address_in(found: Found) -> str:
    text = found.text.strip()
    where = f"{PROXY_ENV} ({found.source})"
    if "@" in text:  # a password may stand before it, so the value is not shown
        raise UsageError(f"{where} holds a user name or a password; write the proxy's address alone")
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not match, a port that is no number
        usable = False
    if not usable or re.search(r"[\s\\]", text):
        raise UsageError(
            f"{where}: {text!r} is no address of a proxy; write it like http://proxy.example:3128"
        )
    return text


def _file_in(found: Found) -> str:
    text = found.text.strip()
    if not Path(text).is_file():
        raise UsageError(
            f"{CA_FILE_ENV} ({found.source}): there is no file {text!r}; name a file with certificates (PEM), a "
            "relative path counts from the working directory"
        )
    return text
