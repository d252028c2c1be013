"""Telling somebody of a run's end, where the manifest asks for it. A run never fails for it."""

import logging
from typing import TYPE_CHECKING

from runner.app.environment import Environment
from runner.core.model import JobState, Manifest, Notify
from runner.core.occasion import occasion_of
from runner.core.webhook import fault_of, host_of
from runner.report.notification import body_of

if TYPE_CHECKING:
    from runner.app.finished import Finished
    from runner.report.webhook import Patience

log = logging.getLogger(__name__)


def warn_if_nobody_hears(manifest: Manifest, environment: Environment) -> None:
    """Say so at the start where the variable of the address does not hold one; a run is not refused for it."""
    if manifest.notify is not None and (fault := _fault(manifest.notify, environment)) is not None:
        log.warning("nobody will be told of the end of this run: %s", fault)


def told(
    manifest: Manifest,
    finished: "Finished",
    environment: Environment,
    *,
    sandbox: bool,
    patience: "Patience | None" = None,
) -> list[str]:
    """Send the notification that the manifest asks for at such an end; returns what a person should know of it.

    Takes a few seconds at most (or what ``patience`` says), whatever the other side does.
    """
    notify, standing = manifest.notify, finished.standing
    if notify is None or _fault(notify, environment) is not None:
        return []
    unknown = standing.counts.by_state[JobState.UNKNOWN] + standing.unknown_extra
    occasion = occasion_of(finished.ending, unknown, notify.on)
    if occasion is None:
        return []
    from runner.report.webhook import USUAL, post  # noqa: PLC0415 - HTTP and TLS, only where something is sent

    url = _url(notify, environment)
    try:
        body = body_of(occasion, finished.ending, standing, sandbox=sandbox)
        failure = post(url, body, patience or USUAL)
    except KeyboardInterrupt:  # the run has ended, and whoever waits for its end need not wait for this
        failure = "it was interrupted"
    return [] if failure is None else [f"the notification to {host_of(url)} failed: {failure}"]


def _url(notify: Notify, environment: Environment) -> str:
    if notify.url is not None:
        return notify.url
    found = environment.find(notify.url_env or "")
    return "" if found is None else found.text.strip()


def _fault(notify: Notify, environment: Environment) -> str | None:
    url = _url(notify, environment)
    fault = fault_of(url)
    if fault is None:
        return None
    holder = "notify.url" if notify.url_env is None else f"the environment variable {notify.url_env}"
    is_empty = notify.url is None and not url
    return f"{holder} holds no address" if is_empty else f"{holder} cannot be used: {fault}"
