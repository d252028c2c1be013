"""A batch: its name, its place, its price and its cap."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection, Row, insert, select, update

from runner.core.money import Credits, Price
from runner.core.records import Batch
from runner.store.prepared import change_row
from runner.store.schema import batch


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """What a run brings along for its batch; paths are absolute."""

    name: str
    manifest: str
    provider: str
    output_dir: str
    price: Price


def by_name(connection: Connection, name: str) -> Batch | None:
    """The batch of this name, or ``None``."""
    row = connection.execute(select(batch).where(batch.c.name == name)).first()
    return None if row is None else _batch(row)


def by_pk(connection: Connection, batch_pk: int) -> Batch:
    """The batch with this key."""
    return _batch(connection.execute(select(batch).where(batch.c.id == batch_pk)).one())


def by_manifest(connection: Connection, manifest: str) -> Batch | None:
    """The batch that this manifest (absolute path) ran last, or ``None``."""
    row = connection.execute(
        select(batch).where(batch.c.manifest == manifest).order_by(batch.c.id.desc())
    ).first()
    return None if row is None else _batch(row)


def by_output_dir(connection: Connection, output_dir: str) -> Batch | None:
    """The batch that writes into this directory (absolute path), or ``None``."""
    row = connection.execute(select(batch).where(batch.c.output_dir == output_dir)).first()
    return None if row is None else _batch(row)


def every(connection: Connection) -> list[Batch]:
    """All batches, by name."""
    return [_batch(row) for row in connection.execute(select(batch).order_by(batch.c.name))]


def open_batch(connection: Connection, terms: BatchTerms, now: str) -> Batch:
    """The batch of this name with these terms, made if there is none. Its books and its cap are left as they are."""
    values = {
        "manifest": terms.manifest,
        "provider": terms.provider,
        "output_dir": terms.output_dir,
        "price_credits": terms.price.credits,
        "price_usd": str(terms.price.usd),
        "updated_at": now,
    }
    changed = connection.execute(update(batch).where(batch.c.name == terms.name).values(values))
    if changed.rowcount == 0:
        connection.execute(insert(batch).values(name=terms.name, created_at=now, **values))
    return _batch(connection.execute(select(batch).where(batch.c.name == terms.name)).one())


def set_budget(
    connection: Connection, batch_pk: int, budget: Credits | None, manifest_budget: str | None
) -> None:
    """Put a cap (in credits) in force, noting what the manifest said at that time."""
    change_row(connection, batch, batch_pk, budget=budget, manifest_budget=manifest_budget)


def touch(connection: Connection, batch_pk: int, now: str) -> None:
    """Note that the batch was worked on."""
    change_row(connection, batch, batch_pk, updated_at=now)


def mark_tree(connection: Connection, batch_pk: int, *, stale: bool) -> None:
    """Note whether ``metadata.jsonl`` may differ from what the tree holds."""
    change_row(connection, batch, batch_pk, tree_stale=int(stale))


def _batch(row: "Row[tuple[object, ...]]") -> Batch:
    of = row._mapping  # noqa: SLF001  # the documented name of a row's mapping view
    return Batch(
        pk=of["id"],
        name=of["name"],
        manifest=of["manifest"],
        provider=of["provider"],
        output_dir=of["output_dir"],
        api_origin=of["api_origin"],
        price=Price(Credits(of["price_credits"]), Decimal(of["price_usd"])),
        highest_charge=Credits(of["highest_charge"]),
        budget=None if of["budget"] is None else Credits(of["budget"]),
        manifest_budget=of["manifest_budget"],
        spent=Credits(of["spent"]),
        reserved=Credits(of["reserved"]),
        unknown=Credits(of["unknown"]),
        generation=of["generation"],
        fingerprint=of["fingerprint"],
        tree_stale=bool(of["tree_stale"]),
        updated_at=of["updated_at"],
    )
