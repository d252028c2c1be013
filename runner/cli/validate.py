"""``runner validate``."""

import click

from runner.cli.edge import say, show, show_json
from runner.cli.options import json_option
from runner.core.counting import noun
from runner.core.errors import ManifestError


@click.command("validate", short_help="Read and expand manifests, and report every error.")
@click.argument("manifests", metavar="MANIFEST...", nargs=-1, required=True, type=click.Path())
@json_option
@click.pass_context
def command(ctx: click.Context, *, manifests: tuple[str, ...], as_json: bool) -> None:
    """Read and expand each MANIFEST and report every error. Exit 2 if there is any."""
    from runner.app.planning import validate  # noqa: PLC0415 - heavy imports inside the command

    bad = 0
    for path in manifests:
        try:
            survey, warnings = validate(path)
        except ManifestError as error:
            bad += 1
            say(str(error))
            if as_json:
                show_json({"manifest": path, "valid": False, "errors": [str(one) for one in error.problems]})
            continue
        for warning in warnings:
            say(f"warning: {warning}")
        if as_json:
            show_json({"manifest": path, "valid": True, "jobs": survey.total, "prompts": survey.prompts})
        else:
            show(
                f"{path}: {survey.total} {noun(survey.total, 'job')} from {survey.prompts} {noun(survey.prompts, 'prompt')}"
            )
    ctx.exit(2 if bad else 0)
