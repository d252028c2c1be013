"""Accounts: the cap over all batches that one token pays for, and what was booked for it."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, case, func, insert, literal_column, select

from runner.core.account import Account, Period, days_from
from runner.core.model import LIVE
from runner.core.money import Credits
from runner.store.prepared import change_row
from runner.store.schema import account, attempt, spending


def of_fingerprint(connection: Connection, fingerprint: str, now: str) -> Account | None:
    """The account of this fingerprint as it stands at ``now`` (ISO 8601 in UTC), or ``None`` if it was never seen."""
    row = connection.execute(select(account).where(account.c.fingerprint == fingerprint)).first()
    return None if row is None else _account(connection, row, now)


def by_pk(connection: Connection, account_pk: int, now: str) -> Account:
    """The account with this key as it stands at ``now``."""
    return _account(
        connection, connection.execute(select(account).where(account.c.id == account_pk)).one(), now
    )


def open_account(connection: Connection, fingerprint: str, now: str) -> Account:
    """The account of this fingerprint, made without a cap if there is none."""
    found = of_fingerprint(connection, fingerprint, now)
    if found is not None:
        return found
    connection.execute(insert(account).values(fingerprint=fingerprint, per=Period.EVER.value))
    return open_account(connection, fingerprint, now)


def set_cap(connection: Connection, account_pk: int, cap: Credits | None, per: Period) -> None:
    """Put a cap (in credits) in force, or none; reservations look at it from now on, those of other processes too."""
    change_row(connection, account, account_pk, cap=cap, per=per.value)


def wrong_sums(connection: Connection) -> Iterator[tuple[str, str, tuple[int, int], tuple[int, int]]]:
    """Account, day, what is kept of it and what its attempts say (spent, reserved), where these are not the same."""
    # Without parameters: PostgreSQL does not see that two expressions with parameters of their own are one.
    day = func.substr(attempt.c.submitted_at, literal_column("1"), literal_column("10"))
    is_live = attempt.c.outcome.in_(LIVE)
    summed = (
        select(
            attempt.c.account,
            day,
            func.sum(case((is_live, 0), else_=attempt.c.credits)),
            func.sum(case((is_live, attempt.c.credits), else_=0)),
        )
        .where(attempt.c.account.is_not(None))
        .group_by(attempt.c.account, day)
    )
    booked = {(row[0], row[1]): (int(row[2]), int(row[3])) for row in connection.execute(summed)}
    kept = {(row.account, row.day): (row.spent, row.reserved) for row in connection.execute(select(spending))}
    names = {row.id: row.fingerprint for row in connection.execute(select(account))}
    for pk, on in sorted(kept.keys() | booked.keys()):
        said, found = kept.get((pk, on), (0, 0)), booked.get((pk, on), (0, 0))
        if said != found:
            yield names[pk], on, said, found


def _account(connection: Connection, row: "Row[Any]", now: str) -> Account:
    per = Period(row.per)
    sums = select(
        func.coalesce(func.sum(spending.c.spent), 0), func.coalesce(func.sum(spending.c.reserved), 0)
    )
    counted = sums.where(spending.c.account == row.id, spending.c.day >= days_from(per, now))
    spent, reserved = connection.execute(counted).one()
    cap = None if row.cap is None else Credits(row.cap)
    return Account(row.id, row.fingerprint, cap, per, Credits(int(spent)), Credits(int(reserved)))
