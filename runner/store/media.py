"""What was found in placed files: written without the lock of the batch, and true while a file's hash is the one it holds for."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import ColumnElement, Connection, and_, func, select

from runner.core.records import Media, StoredFile
from runner.store.dialects import insert_into
from runner.store.reads import to_file
from runner.store.schema import file, job, media


@dataclass(frozen=True, slots=True)
class Unseen:
    """A placed file that nobody has looked into, and the ratio that was asked for it."""

    file: StoredFile
    ratio: str


@dataclass(frozen=True, slots=True)
class Shape:
    """So many files of this ratio have a picture of this size, in pixels."""

    ratio: str
    width: int
    height: int
    files: int


def unseen_page(connection: Connection, batch_pk: int, after_pk: int, most: int) -> list[Unseen]:
    """Placed files of the batch that nobody has looked into as they are now, by row behind ``after_pk``, at most ``most``."""
    looked_into = and_(media.c.file == file.c.id, media.c.sha256 == file.c.sha256)
    rows = connection.execute(
        select(file, job.c.ratio)
        .join(job, job.c.id == file.c.job)
        .outerjoin(media, looked_into)
        # "+ 0" keeps SQLite from starting with the jobs, which would sort all files anew for each page.
        .where(job.c.batch + 0 == batch_pk, file.c.state == "placed", file.c.id > after_pk)
        .where(media.c.file.is_(None))
        .order_by(file.c.id)
        .limit(most)
    )
    return [Unseen(to_file(row), row.ratio) for row in rows]


def keep(connection: Connection, found: Sequence[tuple[StoredFile, Media]]) -> None:
    """Keep what was found in these files (a page); ``Media()`` says that somebody looked and found no picture.

    A file that was replaced meanwhile, or is gone, is passed over.
    """
    looked_into = [one.pk for one, _ in found]
    hashes = select(file.c.id, file.c.sha256).where(file.c.id.in_(looked_into))
    now = {row.id: row.sha256 for row in connection.execute(hashes)}
    for one, seen in found:
        if one.sha256 is None or now.get(one.pk) != one.sha256:
            continue
        row = asdict(seen) | {"sha256": one.sha256}
        new = insert_into(connection.dialect.name, media).values(file=one.pk, **row)
        connection.execute(new.on_conflict_do_update(index_elements=["file"], set_=row))


def shapes(connection: Connection, batch_pk: int) -> list[Shape]:
    """How large the pictures of a batch are, by the ratio that was asked for; removed jobs count as well."""
    columns = (job.c.ratio, media.c.width, media.c.height)
    rows = connection.execute(
        select(*columns, func.count().label("files"))
        .select_from(_SEEN)
        .where(*_of(batch_pk), media.c.width.is_not(None), media.c.height.is_not(None))
        .group_by(*columns)
        .order_by(*columns)
    )
    return [Shape(row.ratio, row.width, row.height, row.files) for row in rows]


def paths_of(connection: Connection, batch_pk: int, shape: Shape, most: int) -> list[str]:
    """The files of that shape, at most ``most`` of them, by row."""
    chosen = (
        select(file.c.path)
        .select_from(_SEEN)
        .where(*_of(batch_pk), job.c.ratio == shape.ratio)
        .where(media.c.width == shape.width, media.c.height == shape.height)
    )
    return list(connection.execute(chosen.order_by(file.c.id).limit(most)).scalars())


_SEEN = media.join(file, and_(file.c.id == media.c.file, file.c.sha256 == media.c.sha256)).join(
    job, job.c.id == file.c.job
)


def _of(batch_pk: int) -> list[ColumnElement[bool]]:
    return [job.c.batch == batch_pk, file.c.state == "placed"]
