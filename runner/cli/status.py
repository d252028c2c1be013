"""``runner status``."""

import click

from runner.cli import completing
from runner.cli.edge import say, show, show_json
from runner.cli.options import json_option, sandbox_option, workplace


@click.command("status", short_help="Where a batch stands: jobs by state, credits, last errors.")
@click.argument("batch", required=False, shell_complete=completing.batches)
@sandbox_option
@json_option
@click.pass_context
def command(ctx: click.Context, *, batch: str | None, sandbox: bool, as_json: bool) -> None:
    """Say where BATCH stands (all batches without a name). Works while a run goes on."""
    from runner.app.inspecting import standings  # noqa: PLC0415 - heavy imports inside the command
    from runner.report.closing import what_is_left  # noqa: PLC0415 - heavy imports inside the command
    from runner.report.payload import status_json  # noqa: PLC0415 - heavy imports inside the command
    from runner.report.summary import status_text  # noqa: PLC0415 - heavy imports inside the command

    place = workplace(ctx, sandbox=sandbox)
    found = standings(place, batch)
    for look in found:
        standing = look.standing
        if as_json:
            show_json(status_json(standing))
            continue
        show(status_text(standing, look.errors))
        if standing.running_pid is None:
            call = place.call(standing.batch.name, standing.batch.manifest)
            said = [error for _, error in look.errors]
            for line in what_is_left(standing, look.troubles, call, said):
                say(line)
    if not found and not as_json:
        say("there is no batch yet; `runner run MANIFEST` makes one")
