"""The sections that say how a batch is run: provider, budget, limits, retries, notify, transfers, output."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from runner.core.bucket_url import BucketUrlError, bucket_url, is_url
from runner.core.engine_address import EngineAddressError, engine_address
from runner.core.model import (
    Capabilities,
    Limits,
    Notify,
    Occasion,
    OnUnknown,
    ProviderSettings,
    Retries,
    Timeouts,
    Transfers,
)
from runner.core.money import Budget, Credits
from runner.manifest.addresses import base_url, proxy, token_env, webhook, webhook_env
from runner.manifest.nodes import Kind, Leaf, described, quoted, quoted_file
from runner.manifest.quantities import CREDITS_MAX, dollars, duration, failure_cap, price
from runner.manifest.spot import Spot, each_once, flag, members, number, record, table, text, whole, word

TIMEOUTS: dict[str, tuple[str, Callable[[Spot], Any]]] = {
    "connect": ("connect_s", duration),
    "submit": ("submit_s", duration),
    "status": ("status_s", duration),
}
PROVIDER = ("name", "base_url", "token_env", "price", "timeouts", "proxy", "ca_file")


def provider_of(spot: Spot | None, capabilities: Capabilities, folder: str) -> ProviderSettings:
    """How to reach the service, with the provider's own defaults; ``ca_file`` is relative to ``folder``."""
    settings = ProviderSettings(
        name=capabilities.name,
        base_url=capabilities.base_url,
        token_env=capabilities.token_env,
        price=capabilities.price,
    )
    if spot is None:
        return settings
    if isinstance(spot.node, Leaf) and spot.node.kind is Kind.TEXT:
        spot.fail(
            f"found {described(spot.node)}, a mapping is needed", f"write {{name: {capabilities.name}}}"
        )
        return settings
    readers: dict[str, tuple[str, Callable[[Spot], Any]]] = {
        "name": ("name", partial(word, allowed=(capabilities.name,))),
        "base_url": ("base_url", base_url),
        "token_env": ("token_env", token_env),
        "price": ("price", partial(price, documented=capabilities.price)),
        "timeouts": ("timeouts", lambda at: replace(Timeouts(), **record(at, TIMEOUTS))),
        "proxy": ("proxy", proxy),
        "ca_file": ("ca_file", partial(_ca_file, folder=folder)),
    }
    return replace(settings, **record(spot, readers))


def budget_of(spot: Spot) -> Budget | None:
    """A cap in credits or in dollars, exactly one of them."""
    found = table(spot, ("credits", "usd"))
    if found is None:
        return None
    if len(found) != 1:
        spot.fail("exactly one of 'credits' and 'usd' is needed", "write {credits: 4000} or {usd: 40.00}")
        return None
    if "credits" in found:
        credits_given = whole(found["credits"], 1, CREDITS_MAX)
        return Budget(credits=Credits(credits_given)) if credits_given is not None else None
    usd = dollars(found["usd"])
    if usd is not None and usd <= 0:
        found["usd"].fail("a budget of 0 dollars buys nothing", "write {usd: 40.00}")
        return None
    return Budget(usd=usd) if usd is not None else None


def _on_unknown(spot: Spot) -> OnUnknown | None:
    value = word(spot, tuple(OnUnknown))
    return OnUnknown(value) if value is not None else None


def _folder(spot: Spot) -> str | None:
    value = text(spot)
    if value is not None and is_url(value):
        try:
            return str(bucket_url(value))
        except BucketUrlError as error:
            spot.fail(error.message, error.hint)
            return None
    if value is not None and (value.startswith("~") or re.match(r"\$(?:\{|[A-Za-z_])", value)):
        spot.fail(
            f"{quoted(value)} would be taken literally", "'~' and variables are not expanded: write the path"
        )
        return None
    return value


def _occasions(spot: Spot) -> tuple[Occasion, ...] | None:
    listed = members(spot, "[done, stopped, unknown]")
    if listed is None:
        return None
    words = tuple(Occasion)
    return tuple(map(Occasion, each_once(listed, partial(word, allowed=words))))


def _engine(spot: Spot) -> str | None:
    value = text(spot)
    try:
        return None if value is None else engine_address(value)
    except EngineAddressError as error:
        spot.fail(f"{quoted(value or '')}: {error.message}", error.hint)
        return None


LIMITS: dict[str, tuple[str, Callable[[Spot], Any]]] = {
    "in_flight": ("in_flight", partial(whole, low=1, high=1000)),
    "requests_per_minute": ("requests_per_minute", partial(number, high=1_000_000)),
    "submissions_per_hour": ("submissions_per_hour", partial(number, high=1_000_000)),
    "downloads": ("downloads", partial(whole, low=1, high=100)),
    "task_deadline": ("task_deadline_s", duration),
    "canary": ("canary", flag),
    "max_failures": ("max_failures", failure_cap),
}
RETRIES: dict[str, tuple[str, Callable[[Spot], Any]]] = {
    "attempts": ("attempts", partial(whole, low=1, high=100)),
    "regenerate_failed": ("regenerate_failed", partial(whole, low=0, high=100)),
    "on_unknown": ("on_unknown", _on_unknown),
}
NOTIFY: dict[str, tuple[str, Callable[[Spot], Any]]] = {
    "url": ("url", webhook),
    "url_env": ("url_env", webhook_env),
    "on": ("on", _occasions),
}
TRANSFERS: dict[str, tuple[str, Callable[[Spot], Any]]] = {"engine": ("engine", _engine)}
OUTPUT: dict[str, tuple[str, Callable[[Spot], Any]]] = {
    "dir": ("dir", _folder),
    "layout": ("layout", text),
}


def limits_of(spot: Spot) -> Limits:
    """How hard the service may be asked; what is not given has its default."""
    return replace(Limits(), **record(spot, LIMITS))


def retries_of(spot: Spot) -> Retries:
    """What may be tried again; what is not given has its default."""
    return replace(Retries(), **record(spot, RETRIES))


def transfers_of(spot: Spot) -> Transfers:
    """Who downloads; by default this process."""
    return replace(Transfers(), **record(spot, TRANSFERS))


def notify_of(spot: Spot) -> Notify | None:
    """Who is told of a run's end: an address, or the variable that holds it, exactly one of them."""
    if isinstance(spot.node, Leaf) and spot.node.kind is Kind.TEXT:
        spot.fail(
            "a mapping is needed", "write {url: ...} or {url_env: ...}"
        )  # not shown: it may be the address
        return None
    found = table(spot, NOTIFY)
    if found is None:
        return None
    if ("url" in found) == ("url_env" in found):
        spot.fail("exactly one of 'url' and 'url_env' is needed", "write {url_env: RUNNER_NOTIFY_URL}")
    read = {key: NOTIFY[key][1](value) for key, value in found.items()}
    return Notify(**{key: value for key, value in read.items() if value is not None})


def _ca_file(spot: Spot, folder: str) -> str | None:
    value = text(spot)
    if value is None:
        return None
    file = os.path.join(folder, value)  # noqa: PTH118 - Path would drop a leading './' that the person wrote
    if not Path(file).is_file():
        spot.fail(f"there is no file {quoted_file(file)}", "a relative path counts from the manifest")
        return None
    return file
