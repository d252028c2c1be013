"""The edge of the program: what is raised below becomes a message and an exit code."""

import contextlib
import io
import os
import sys
from collections.abc import Sequence

import click

from runner.core.errors import RunnerError, UsageError
from runner.core.safe_text import for_json, for_terminal

EXIT_USAGE = 2
EXIT_INTERNAL = 70
EXIT_INTERRUPTED = 130


def run(arguments: Sequence[str]) -> int:
    """Run the command line; the exit code, whatever happens."""
    from runner.cli.root import root  # noqa: PLC0415 - keeps the edge importable by itself

    if isinstance(sys.stdout, io.TextIOWrapper):
        # A prompt that the locale cannot write ends no command.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = root.main(list(arguments), prog_name="runner", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        code = exit_.exit_code
    except click.ClickException as error:
        code = _usage(error)
    except (KeyboardInterrupt, click.Abort):
        say("interrupted; what is in the state is safe")
        code = EXIT_INTERRUPTED
    except RunnerError as error:
        code = _refused(error)
    except BrokenPipeError:
        code = 0  # whoever read our output has seen enough
    except Exception as error:  # noqa: BLE001 - the edge: whatever comes ends with a message, a log and a code
        code = _internal(error)
    _flush()
    return code if isinstance(code, int) else 0


def say(text: str) -> None:
    """A message for people, on stderr, stripped of what could act on the terminal."""
    if sys.stderr is None:  # it was closed when the program began; print() would take stdout instead
        return
    with contextlib.suppress(OSError, ValueError):
        print(for_terminal(text, keep_newlines=True), file=sys.stderr, flush=True)  # noqa: T201 - this is the terminal


def show(text: str) -> None:
    """A result for people, on stdout, stripped like a message; raises ``UsageError`` where it cannot be written."""
    show_styled(for_terminal(text, keep_newlines=True))


def show_json(value: object) -> None:
    """A result for programs, on stdout, on one line: as lossless as JSON is, and stripped like a message.

    Raises ``UsageError`` where it cannot be written.
    """
    show_styled(for_json(value))


def show_styled(text: str) -> None:
    """A result that was stripped, and after that perhaps styled; no colour goes where none is wanted.

    Raises ``UsageError`` where it cannot be written.
    """
    try:
        click.echo(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(
            f"the result cannot be written to standard output: {error.strerror}; make room where it goes, and ask again"
        ) from error


def _usage(error: click.ClickException) -> int:
    context = getattr(error, "ctx", None)
    if context is not None:
        say(context.get_usage())
    say(f"error: {error.format_message()}")
    return EXIT_USAGE


def _refused(error: RunnerError) -> int:
    from runner.cli.logs import note_refusal  # noqa: PLC0415 - a command that succeeds has logged what it had to

    say(f"error: {error}")
    note_refusal(error)
    return error.exit_code


def _internal(error: Exception) -> int:
    from runner.cli.logs import note_internal_error  # noqa: PLC0415 - JSON lines and files: only after an internal error

    note_internal_error(error)
    return EXIT_INTERNAL


def _flush() -> None:
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except (OSError, ValueError):
            # `| head` has gone: without this the interpreter complains at its end, and makes the exit code 120.
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
