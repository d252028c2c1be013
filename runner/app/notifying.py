"""Telling somebody of a run's end, where the manifest asks for it. A run never fails for it."""

import logging
import os
from typing import TYPE_CHECKING

from runner.core.model import JobState, Manifest, Notify
from runner.core.occasion import occasion_of
from runner.core.webhook import fault_of, host_of
from runner.report.notification import body_of

if TYPE_CHECKING:
    from runner.app.running import Finished

log = logging.getLogger(__name__)


def warn_if_nobody_hears(manifest: Manifest) -> None:
    """Say so at the start where the variable of the address does not hold one; a run is not refused for it."""
    if manifest.notify is not None and (fault := _fault(manifest.notify)) is not None:
        log.warning("nobody will be told of the end of this run: %s", fault)


def told(manifest: Manifest, finished: "Finished", *, sandbox: bool) -> list[str]:
    """Send the notification that the manifest asks for at such an end; returns what a person should know of it.

    Takes a few seconds at most, whatever the other side does.
    """
    notify, standing = manifest.notify, finished.standing
    if notify is None or _fault(notify) is not None:
        return []
    unknown = standing.counts.by_state[JobState.UNKNOWN] + standing.unknown_extra
    occasion = occasion_of(finished.ending, unknown, notify.on)
    if occasion is None:
        return []
    from runner.report.webhook import post  # noqa: PLC0415 - HTTP and TLS, only where something is sent

    url = _url(notify)
    try:
        failure = post(url, body_of(occasion, finished.ending, standing, sandbox=sandbox))
    except KeyboardInterrupt:  # the run has ended, and whoever waits for its end need not wait for this
        failure = "it was interrupted"
    return [] if failure is None else [f"the notification to {host_of(url)} failed: {failure}"]


def _url(notify: Notify) -> str:
    return notify.url if notify.url is not None else os.environ.get(notify.url_env or "", "").strip()


def _fault(notify: Notify) -> str | None:
    fault = fault_of(_url(notify))
    if fault is None:
        return None
    holder = "notify.url" if notify.url_env is None else f"the environment variable {notify.url_env}"
    is_empty = notify.url is None and not _url(notify)
    return f"{holder} holds no address" if is_empty else f"{holder} cannot be used: {fault}"
