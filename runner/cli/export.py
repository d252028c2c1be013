"""``runner export``."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from runner.cli import completing
from runner.cli.edge import say, show, show_json
from runner.cli.options import json_option, sandbox_option, workplace
from runner.core.counting import noun
from runner.core.model import JobState

if TYPE_CHECKING:
    from runner.app.exporting import Exported, ExportWishes

_FORMS = ("hf", "webdataset", "parquet", "csv", "jsonl")
_SHOWN = 3


@click.command("export", short_help="The videos of a batch as a dataset, in a directory of its own.")
@click.argument("batch", shell_complete=completing.batches)
@click.option("--format", "form", type=click.Choice(_FORMS), required=True, help="Who is going to read it.")
@click.option(
    "-o",
    "--output",
    "destination",
    metavar="DEST",
    type=click.Path(),
    required=True,
    help="A directory that is not there yet, or such a place in object storage (s3://, gs://, az://).",
)
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in JobState]),
    help="Only jobs in this state.",
)
@click.option(
    "--only",
    metavar="KEY=VALUE,...",
    shell_complete=completing.conditions,
    help="Only these jobs, e.g. mode=fun,prompt=animals.",
)
@click.option("--kept", is_flag=True, help="Only what was chosen to keep.")
@click.option("--min-rating", type=click.IntRange(1, 5), help="Only what has so many stars or more.")
@click.option("--split", metavar="SHARES", help="By prompt, e.g. 0.9/0.1 or train=8/validation=1/test=1.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the split.")
@click.option(
    "--copy/--link",
    "copies",
    default=True,
    help="Copy the videos (the default), or link them where possible.",
)
@click.option("--embed", is_flag=True, help="parquet: the bytes of the videos in the tables.")
@click.option(
    "--shard-size", metavar="SIZE", default="1GB", show_default=True, help="Of videos in a shard, at most."
)
@click.option("--shard-samples", metavar="N", type=click.IntRange(1), help="Videos in a shard, at most.")
@click.option("--verify-load", is_flag=True, help="Load it back with the library of that format, and count.")
@sandbox_option
@json_option
@click.pass_context
def command(ctx: click.Context, /, batch: str, **given: Any) -> None:
    """Write the videos of BATCH with their prompts into DEST; every file is checked on the way.

    DEST has its name once it is whole. Until then DEST.partial stands beside it, and the same command goes on there. In
    object storage each key has its name once it is whole, and DEST.partial/export is there until all are.
    """
    from runner.app import export_forms, exporting, loading_back  # noqa: PLC0415 - heavy imports inside the command

    asked = _Asked(**given)
    wishes = _wishes(asked)
    loading_back.refuse_without(wishes, loads=asked.verify_load)
    place = workplace(ctx, sandbox=asked.sandbox)
    exported = exporting.export(place, batch, wishes, export_forms.MAKERS[wishes.form])
    if asked.verify_load and exported.stopped is None:
        exported = loading_back.with_count(exported, wishes)
    repair = place.call(exported.batch, "").of_batch("verify", "--repair")
    _conclude(exported, repair, as_json=asked.as_json)
    ctx.exit(exported.exit_code)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The options, by name."""

    form: str
    destination: str
    states: tuple[str, ...]
    only: str | None
    kept: bool
    min_rating: int | None
    split: str | None
    seed: int
    copies: bool
    embed: bool
    shard_size: str
    shard_samples: int | None
    verify_load: bool
    sandbox: bool
    as_json: bool


def _wishes(asked: _Asked) -> "ExportWishes":
    from runner.app.exporting import ExportWishes, Form  # noqa: PLC0415 - heavy imports inside the command
    from runner.core.filters import parse_only  # noqa: PLC0415 - heavy imports inside the command
    from runner.core.shards import size_in_bytes  # noqa: PLC0415 - heavy imports inside the command
    from runner.core.splits import parse_splits  # noqa: PLC0415 - heavy imports inside the command
    from runner.store.records import Selection  # noqa: PLC0415 - heavy imports inside the command

    return ExportWishes(
        form=Form(asked.form),
        destination=asked.destination,
        selection=Selection(tuple(JobState(one) for one in asked.states), parse_only(asked.only)),
        kept=asked.kept,
        min_rating=asked.min_rating,
        splits=parse_splits(asked.split, asked.seed),
        link=not asked.copies,
        embed=asked.embed,
        shard_bytes=size_in_bytes(asked.shard_size),
        shard_samples=asked.shard_samples,
    )


def _conclude(exported: "Exported", repair: str, *, as_json: bool) -> None:
    if as_json:
        whole = {
            "batch": exported.batch,
            "path": exported.path,
            "files": exported.files,
            "bytes": exported.bytes,
        }
        show_json(
            whole | {"missing": len(exported.missing), "loaded": exported.loaded, "stopped": exported.stopped}
        )
    elif exported.stopped is None:
        total = sum(exported.files.values())
        splits = ", ".join(f"{split} {files}" for split, files in exported.files.items())
        show(
            f"{exported.batch}: {total} {noun(total, 'video')} ({splits}; {exported.bytes / 1e6:.1f} MB) in {exported.path}"
        )
    if exported.stopped is not None:
        say(
            f"stopped: {exported.stopped}; `{repair}` fetches it again, free of charge, and then the same command goes on"
        )
    if exported.loaded is not None:
        say(f"loaded back: {exported.loaded} {noun(exported.loaded, 'video')}")
    if exported.missing:
        named = ", ".join(exported.missing[:_SHOWN]) + (" ..." if len(exported.missing) > _SHOWN else "")
        files = f"{len(exported.missing)} {noun(len(exported.missing), 'file is', 'files are')}"
        say(f"{files} gone or changed and left out ({named}); `{repair}` fetches them again, free of charge")
