"""The edge of the program: what is raised below becomes a message and an exit code."""

import contextlib
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from runner.core.errors import RunnerError
from runner.core.safe_text import for_terminal

EXIT_USAGE = 2
EXIT_INTERNAL = 70
EXIT_INTERRUPTED = 130


def run(arguments: Sequence[str]) -> int:
    """Run the command line; the exit code, whatever happens."""
    from runner.cli.root import root  # noqa: PLC0415 - keeps the edge importable by itself

    try:
        code = root.main(list(arguments), prog_name="runner", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        code = exit_.exit_code
    except click.ClickException as error:
        code = _usage(error)
    except (KeyboardInterrupt, click.Abort):
        code = EXIT_INTERRUPTED
    except RunnerError as error:
        say(f"error: {error}")
        code = error.exit_code
    except BrokenPipeError:
        code = 0  # whoever read our output has seen enough
    except Exception:  # noqa: BLE001 - the edge: whatever comes ends with a message, a log and a code
        code = _internal()
    _flush()
    return code if isinstance(code, int) else 0


def say(text: str) -> None:
    """A message for people, on stderr, stripped of what could act on the terminal."""
    with contextlib.suppress(OSError, ValueError):
        print(for_terminal(text, keep_newlines=True), file=sys.stderr, flush=True)  # noqa: T201 - this is the terminal


def _usage(error: click.ClickException) -> int:
    context = getattr(error, "ctx", None)
    if context is not None:
        say(context.get_usage())
    say(f"error: {error.format_message()}")
    return EXIT_USAGE


def _internal() -> int:
    trace = traceback.format_exc()
    name = f"runner-error-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.log"
    for directory in (Path("state"), Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError):
            place = directory / name
            place.write_text(trace, encoding="utf-8")
            say(
                f"internal error: {trace.strip().splitlines()[-1]}\nthe details are in {place}; the state is safe"
            )
            return EXIT_INTERNAL
    say(trace)
    return EXIT_INTERNAL


def _flush() -> None:
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        # `| head` has gone: without this the interpreter complains about it once more at its end.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
