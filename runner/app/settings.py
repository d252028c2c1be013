"""The settings that hold for a command, each with who said so."""

import dataclasses
from collections.abc import Iterator

from runner.app.planning import budget_in_force
from runner.app.surroundings import CA_FILE_ENV, PROXY_ENV
from runner.app.workplace import STATE_ENV, Workplace
from runner.core.model import FailureCap, Manifest
from runner.core.records import Batch
from runner.core.setting import Setting, Source
from runner.report.payload import dollars


def settings(
    workplace: Workplace, manifest: Manifest, given: frozenset[str], batch: Batch | None
) -> Iterator[Setting]:
    """Every setting; ``given`` are the keys that stand in the manifest, ``batch`` is what the state holds of it.

    Of the token only its length is told.
    """
    yield _state(workplace)
    yield _token(workplace, manifest)
    yield from _provider(workplace, manifest, given)
    yield _budget(manifest, batch)
    yield _output(workplace, manifest, given)
    for section, values in (("limits", manifest.limits), ("retries", manifest.retries)):
        for one in dataclasses.fields(values):
            key = one.name.removesuffix("_s")
            yield _of(f"{section}.{key}", _words(getattr(values, one.name), one.name), given)


def _state(workplace: Workplace) -> Setting:
    named_by = workplace.named_by
    where = {Source.FLAG: "--state", Source.DEFAULT: None}.get(named_by, STATE_ENV)
    return Setting("state", str(workplace.state), named_by, where)


def _token(workplace: Workplace, manifest: Manifest) -> Setting:
    name = manifest.provider.token_env
    if workplace.sandbox:
        return Setting("token", "none needed (--sandbox)", Source.FLAG, "--sandbox")
    found = workplace.environment.find(name)
    if found is None:
        return Setting("token", None, Source.DEFAULT, f"{name} is not set")
    return Setting("token", f"set, {len(found.text.strip())} characters", found.source, name)


def _provider(workplace: Workplace, manifest: Manifest, given: frozenset[str]) -> Iterator[Setting]:
    provider = manifest.provider
    yield _of("provider.token_env", provider.token_env, given)
    yield _of("provider.base_url", provider.base_url, given)
    price = f"{provider.price.credits} credits ({dollars(provider.price, provider.price.credits)})"
    yield _of("provider.price", price, given)
    for key, name in (("proxy", PROXY_ENV), ("ca_file", CA_FILE_ENV)):
        found = workplace.environment.find(name)
        own = _of(f"provider.{key}", getattr(provider, key), given)
        if found is not None:  # a password may stand before an '@'
            text = "***" if "@" in found.text else found.text.strip()
            own = Setting(own.name, text, found.source, name)
        yield own


def _budget(manifest: Manifest, batch: Batch | None) -> Setting:
    in_force = budget_in_force(manifest, batch, None)
    own = None if manifest.budget is None else manifest.budget.in_credits(manifest.provider.price)
    value = None if in_force is None else f"{in_force} credits"
    if in_force != own:
        return Setting("budget", value, Source.FLAG, "--budget of an earlier run")
    return Setting("budget", value, Source.DEFAULT if own is None else Source.MANIFEST)


def _output(workplace: Workplace, manifest: Manifest, given: frozenset[str]) -> Setting:
    if workplace.sandbox:
        return Setting("output.dir", str(workplace.output_dir(manifest)), Source.FLAG, "--sandbox")
    return _of("output.dir", manifest.output_dir, given)


def _of(name: str, value: str | None, given: frozenset[str]) -> Setting:
    return Setting(name, value, Source.MANIFEST if name in given else Source.DEFAULT)


def _words(value: object, field: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, FailureCap):
        return f"{value.count} jobs" if value.count is not None else f"{(value.share or 0) * 100:g}%"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:g}s" if field.endswith("_s") else f"{value:.15g}"
    return str(value)
