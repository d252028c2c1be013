"""The doctor: everything that a run needs, looked at without spending or writing anything."""

import asyncio
import contextlib
import platform
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from runner import __version__
from runner.app import service
from runner.app.environment import ENV_FILE
from runner.app.findings import Check, Grade
from runner.app.settings import settings
from runner.app.soundness import output_check, room_checks, state_checks
from runner.app.surroundings import env_file_check, on_this_machine, proxy_check, unread_proxies
from runner.app.workplace import DEFAULT_PROVIDER, SANDBOX_OUTPUTS, Workplace, load_manifest
from runner.core.bucket_url import is_url
from runner.core.errors import ManifestError, RunnerError, UsageError
from runner.core.model import Manifest, ProviderSettings
from runner.core.outcomes import NotFound, NothingLearned, Probe, Refused, Throttled
from runner.core.records import Batch
from runner.providers import Secret, capabilities_of
from runner.store import batches

SQLITE_LEAST = (3, 38, 0)
"""STRICT tables came with 3.37, JSON functions in every build with 3.38."""

SKEW_ADVISED_S = 60.0


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be examined: the words of ``--state``, ``--sandbox`` and ``--sandbox-options``, and a manifest's path."""

    state: str | None
    manifest: str | None = None
    sandbox: bool = False
    sandbox_options: str = ""


def examine(question: Question, tell: Callable[[Check], None]) -> int:
    """Check everything, and tell each check as it ends; without a manifest what every manifest needs by default.

    Returns 0, or 2 where something here fails, or 5 where only the service does. Raises ``UsageError`` for a state
    that is no file.
    """
    failed: set[str] = set()
    for check in _checks(question):
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


def versions_check(sqlite: tuple[int, int, int]) -> Check:
    """What it means that SQLite has this version."""
    dotted = ".".join(map(str, sqlite))
    found = f"runner {__version__}, Python {platform.python_version()}, SQLite {dotted}"
    if sqlite < SQLITE_LEAST:
        least = ".".join(map(str, SQLITE_LEAST))
        return Check("versions", Grade.FAIL, found, f"SQLite {least} is needed: take a newer Python")
    return Check("versions", Grade.OK, found)


def _checks(question: Question) -> Iterator[Check]:
    yield versions_check(sqlite3.sqlite_version_info)
    environment, of_env_file = env_file_check()
    yield of_env_file
    workplace = Workplace.at(question.state, sandbox=question.sandbox, environment=environment)
    manifest, given, of_manifest = _manifest(workplace, question.manifest)
    if of_manifest is not None:
        yield of_manifest
    token, of_token = _token(workplace, manifest)
    yield of_token
    yield from state_checks(workplace, manifest)
    output_dir = workplace.output_dir(manifest)
    yield output_check(workplace, manifest.name, output_dir)
    is_local = not is_url(output_dir)
    places = {"state": workplace.beside.parent} | ({"output": Path(output_dir)} if is_local else {})
    yield from room_checks(places)
    yield from _beyond(workplace, manifest, token, question.sandbox_options)
    yield from map(Check.of_setting, settings(workplace, manifest, given, _batch(workplace, manifest)))


def _batch(workplace: Workplace, manifest: Manifest) -> Batch | None:
    """What the state holds of the batch; nothing where the state cannot be read, which is told by a check of its own."""
    with contextlib.suppress(RunnerError), workplace.reading() as connection:
        return None if connection is None else batches.by_name(connection, manifest.name)
    return None


def _beyond(
    workplace: Workplace, manifest: Manifest, token: str | None, sandbox_options: str
) -> Iterator[Check]:
    """The way to the service, and the service."""
    if not workplace.sandbox:
        try:
            manifest = on_this_machine(workplace.environment, manifest)
        except UsageError as error:
            yield Check("proxy", Grade.FAIL, str(error), "the service was not asked")
            return
    yield proxy_check(workplace, manifest.provider.proxy)
    yield from _service(workplace, manifest, token, sandbox_options)


def _manifest(workplace: Workplace, path: str | None) -> tuple[Manifest, frozenset[str], Check | None]:
    """The manifest and the keys that stand in it, or what holds where there is none to read; its path is empty then."""
    offered = capabilities_of(DEFAULT_PROVIDER)
    provider = ProviderSettings(offered.name, offered.base_url, offered.token_env, offered.price)
    output_dir = SANDBOX_OUTPUTS if workplace.sandbox else "outputs"
    default = Manifest("", "", provider, offered, lambda: iter(()), output_dir, "")
    if path is None:
        return default, frozenset(), None
    try:
        loaded = load_manifest(path)
    except ManifestError as error:
        count = len(error.problems)
        found = str(error) if count == 1 else f"{count} problems, the first: {error.problems[0]}"
        way_out = f"mend it; `runner validate {path}` shows all that is wrong with it"
        return default, frozenset(), Check("manifest", Grade.FAIL, found, way_out)
    check = Check("manifest", Grade.OK, f"{path}, batch {loaded.manifest.name}")
    return loaded.manifest, loaded.given, check


def _token(workplace: Workplace, manifest: Manifest) -> tuple[str | None, Check]:
    """The token, ``None`` where there is none that can be used; it is never shown."""
    if workplace.sandbox:
        return service.SANDBOX_TOKEN, Check("token", Grade.OK, "the sandbox needs none")
    name = manifest.provider.token_env
    found = workplace.environment.find(name)
    if found is None:
        missing = f"{name} is not set, neither in the environment nor in {ENV_FILE}"
        return None, Check(
            "token", Grade.FAIL, missing, f"export {name}=..., or write {name}=... into {ENV_FILE}"
        )
    where = f"{name} ({found.source})"
    try:
        Secret.token(found.text, where)
    except UsageError as error:
        return None, Check("token", Grade.FAIL, str(error))
    return found.text, Check("token", Grade.OK, f"{where} holds one of {len(found.text.strip())} characters")


def _service(
    workplace: Workplace, manifest: Manifest, token: str | None, sandbox_options: str
) -> Iterator[Check]:
    if token is None:
        yield Check("service", Grade.WARN, "not asked, because there is no token", "set the token first")
        return
    with contextlib.ExitStack() as stack:
        if workplace.sandbox:  # in memory: to look is not to make files
            manifest = stack.enter_context(service.embedded(manifest, sandbox_options, None))
        try:
            probe, at = asyncio.run(_probed(manifest, token))
        except UsageError as error:
            yield Check("settings", Grade.FAIL, str(error))
            return
    yield _answer(workplace, manifest.provider, probe)
    if probe.served_at is not None:
        yield clock_check(at - probe.served_at)


async def _probed(manifest: Manifest, token: str) -> tuple[Probe, float]:
    """How the service answers, and this computer's clock then (epoch seconds)."""
    async with service.connected(manifest, token) as provider:
        return await provider.probe(), time.time()


def _answer(workplace: Workplace, provider: ProviderSettings, probe: Probe) -> Check:
    base_url = provider.base_url
    match probe.outcome:
        case NotFound():
            return Check("service", Grade.OK, f"{base_url} answers, and takes the token")
        case Refused(message=message):
            way_out = f"check the token in {provider.token_env}, and provider.base_url"
            return Check("service", Grade.FAIL, f"{base_url}: {message}", way_out)
        case NothingLearned(reason=reason, reached=False):
            way_out = f"check the network, {_way(workplace, provider)} and provider.base_url"
            return Check("service", Grade.FAIL, f"{base_url} cannot be reached: {reason}", way_out)
        case NothingLearned(reason=reason):
            found = f"{base_url} answers, but not as expected: {reason}"
            return Check(
                "service", Grade.WARN, found, "check provider.base_url; if it is right, try again later"
            )
        case Throttled(message=message):
            return Check("service", Grade.WARN, f"{base_url} answers: {message}", "try again later")
        case _:
            found = f"{base_url} answers, and knows a task that nobody made"
            return Check("service", Grade.WARN, found, "check provider.base_url")


def _way(workplace: Workplace, provider: ProviderSettings) -> str:
    if provider.proxy is not None:
        return f"the proxy {provider.proxy}"
    names = unread_proxies(workplace.environment)
    return f"{names} (not read: a proxy is named in RUNNER_PROXY)" if names else "the firewall"
