"""The cap of an account: over all batches in one state that are paid with one token."""

from dataclasses import dataclass

from runner.app import service
from runner.app.workplace import DEFAULT_PROVIDER, Workplace, load_manifest, stamp
from runner.core.account import Account, Period, fingerprint_of
from runner.core.model import Manifest
from runner.core.money import Credits
from runner.providers import capabilities_of
from runner.store import accounts
from runner.store.database import open_for_writing
from runner.store.writer import Connection, DirectWriter


@dataclass(frozen=True, slots=True)
class Change:
    """A cap that a person puts in force; ``cap`` is in credits, ``None`` lifts it. ``per`` is ``None``: as it was."""

    cap: Credits | None
    per: Period | None


def account(workplace: Workplace, manifest: str | None, change: Change | None) -> Account:
    """The account of the token that a manifest names (without one: the usual variable), after the change.

    Raises ``UsageError`` without a token, ``ManifestError``, and ``StateError``. Asked for an account that no run has used yet,
    and that has no cap, it answers so, and nothing is written.
    """
    token_env = None if manifest is None else load_manifest(manifest).manifest.provider.token_env
    fingerprint = _fingerprint(workplace, token_env or capabilities_of(DEFAULT_PROVIDER).token_env)
    if change is None:
        with workplace.reading() as connection:
            found = None if connection is None else accounts.of_fingerprint(connection, fingerprint, stamp())
        return found or Account(0, fingerprint, None, Period.EVER, Credits(0), Credits(0))
    writer = DirectWriter(open_for_writing(workplace.state))
    try:
        known = writer.write_now(accounts.open_account, fingerprint, stamp())
        writer.write_now(accounts.set_cap, known.pk, change.cap, change.per or known.per)
        return writer.write_now(accounts.open_account, fingerprint, stamp())
    finally:
        writer.close()


def known(connection: Connection, workplace: Workplace, manifest: Manifest) -> Account | None:
    """The account of a manifest's token, if there is a token here and the state knows it."""
    found = workplace.environment.find(manifest.provider.token_env)
    token = service.SANDBOX_TOKEN if workplace.sandbox else None if found is None else found.text
    return None if token is None else accounts.of_fingerprint(connection, fingerprint_of(token), stamp())


def opened(writer: DirectWriter, token: str) -> Account:
    """The account that a run pays with."""
    return writer.write_now(accounts.open_account, fingerprint_of(token), stamp())


def _fingerprint(workplace: Workplace, token_env: str) -> str:
    return fingerprint_of(service.token_at(workplace, token_env))
