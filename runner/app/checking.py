"""The doctor: everything that a run needs, looked at without spending or writing anything."""

import asyncio
import contextlib
import platform
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from runner.app import service
from runner.app.findings import Check, Grade
from runner.app.soundness import output_check, room_checks, state_checks
from runner.app.workplace import DEFAULT_PROVIDER, SANDBOX_OUTPUTS, Workplace, load_manifest
from runner.core.errors import ManifestError, UsageError
from runner.core.model import Manifest, ProviderSettings
from runner.core.outcomes import NotFound, NothingLearned, Probe, Refused, Throttled
from runner.providers import Secret, capabilities_of

SQLITE_LEAST = (3, 38, 0)
"""STRICT tables came with 3.37, JSON functions in every build with 3.38."""

SKEW_ADVISED_S = 60.0


def examine(
    workplace: Workplace, path: str | None, sandbox_options: str, tell: Callable[[Check], None]
) -> int:
    """Check everything, and tell each check as it ends; without ``path`` what every manifest needs by default.

    Returns 0, or 2 where something here fails, or 5 where only the service does.
    """
    failed: set[str] = set()
    for check in _checks(workplace, path, sandbox_options):
        tell(check)
        if check.grade is Grade.FAIL:
            failed.add(check.name)
    if not failed:
        return 0
    return 5 if failed == {"service"} else 2


def clock_check(ahead_s: float) -> Check:
    """What it means that this computer's clock is so many seconds ahead of the service's."""
    if abs(ahead_s) > SKEW_ADVISED_S:
        side = "ahead of" if ahead_s > 0 else "behind"
        found = f"this clock is {abs(ahead_s):.0f} s {side} the service's"
        hint = "set it: budgets do not depend on it, but certificates and the times that are shown do"
        return Check("clock", Grade.WARN, found, hint)
    return Check("clock", Grade.OK, "within a minute of the service's")


def _checks(workplace: Workplace, path: str | None, sandbox_options: str) -> Iterator[Check]:
    yield _versions()
    manifest, of_manifest = _manifest(workplace, path)
    if of_manifest is not None:
        yield of_manifest
    token, of_token = _token(workplace, manifest)
    yield of_token
    yield from state_checks(workplace, manifest)
    output_dir = workplace.output_dir(manifest) if manifest.name else Path(manifest.output_dir).absolute()
    yield output_check(output_dir)
    yield from room_checks({"state": workplace.state.parent, "output": output_dir})
    yield from _service(workplace, manifest, token, sandbox_options)


def _versions() -> Check:
    found = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    if sqlite3.sqlite_version_info < SQLITE_LEAST:
        least = ".".join(map(str, SQLITE_LEAST))
        return Check("versions", Grade.FAIL, found, f"SQLite {least} is needed: take a newer Python")
    return Check("versions", Grade.OK, found)


def _manifest(workplace: Workplace, path: str | None) -> tuple[Manifest, Check | None]:
    """The manifest, or what holds where none is given or it cannot be read; its path and name are empty then."""
    offered = capabilities_of(DEFAULT_PROVIDER)
    settings = ProviderSettings(offered.name, offered.base_url, offered.token_env, offered.price)
    output_dir = SANDBOX_OUTPUTS if workplace.sandbox else "outputs"
    default = Manifest("", "", settings, offered, lambda: iter(()), output_dir, "")
    if path is None:
        return default, None
    try:
        loaded = load_manifest(path)
    except ManifestError as error:
        found = f"{len(error.problems)} problems, the first: {error.problems[0]}"
        return default, Check("manifest", Grade.FAIL, found, f"`runner validate {path}` shows all of them")
    return loaded.manifest, Check("manifest", Grade.OK, f"{path}, batch {loaded.manifest.name}")


def _token(workplace: Workplace, manifest: Manifest) -> tuple[str | None, Check]:
    """The token, ``None`` where there is none that can be used; it is never shown."""
    if workplace.sandbox:
        return service.SANDBOX_TOKEN, Check("token", Grade.OK, "the sandbox needs none")
    name = manifest.provider.token_env
    try:
        token = service.token_of(workplace, manifest)
        Secret.token(token, name)
    except UsageError as error:
        return None, Check("token", Grade.FAIL, str(error))
    return token, Check("token", Grade.OK, f"{name} holds one")


def _service(
    workplace: Workplace, manifest: Manifest, token: str | None, sandbox_options: str
) -> Iterator[Check]:
    if token is None:
        yield Check("service", Grade.WARN, "not asked: there is no token")
        return
    with contextlib.ExitStack() as stack:
        if workplace.sandbox:  # in memory: to look is not to make files
            manifest = stack.enter_context(service.embedded(manifest, sandbox_options, None))
        try:
            probe, at = asyncio.run(_probed(manifest, token))
        except UsageError as error:
            yield Check("settings", Grade.FAIL, str(error))
            return
    yield _answer(manifest.provider.base_url, probe)
    if probe.served_at is not None:
        yield clock_check(at - probe.served_at)


async def _probed(manifest: Manifest, token: str) -> tuple[Probe, float]:
    """How the service answers, and this computer's clock then (epoch seconds)."""
    async with service.connected(manifest, token) as provider:
        return await provider.probe(), time.time()


def _answer(base_url: str, probe: Probe) -> Check:
    match probe.outcome:
        case NotFound():
            return Check("service", Grade.OK, f"{base_url} answers, and takes the token")
        case Refused(message=message):
            return Check(
                "service", Grade.FAIL, f"{base_url}: {message}", "check the token and provider.base_url"
            )
        case NothingLearned(reason=reason, reached=False):
            return Check(
                "service", Grade.FAIL, f"{base_url} cannot be reached: {reason}", "check the network"
            )
        case NothingLearned(reason=reason):
            return Check("service", Grade.WARN, f"{base_url} answers, but not as expected: {reason}")
        case Throttled(message=message):
            return Check("service", Grade.WARN, f"{base_url} answers: {message}", "try again later")
        case _:
            return Check("service", Grade.WARN, f"{base_url} answers, and knows a task that nobody made")
