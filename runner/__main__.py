"""``python -m runner``, and the ``runner`` command."""

import os
import sys
import threading
from typing import Any


def main() -> None:
    """Run the command line and leave with its exit code; nobody is shown a traceback."""
    _open_streams()
    sys.unraisablehook = threading.excepthook = _note_stray
    try:
        from runner.cli.edge import run  # noqa: PLC0415 - inside the try: Ctrl-C may come while it is imported

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while the program was still being imported
        code = 130
    sys.exit(code)


def _open_streams() -> None:
    """Have something behind the numbers 0 to 2: else a file that is opened gets one, and what a library says goes into it."""
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(opened)


def _note_stray(stray: Any) -> None:
    """Log an error that came up where nobody waits for it: in a thread, or while something was thrown away."""
    from runner.cli.logs import note_internal_error  # noqa: PLC0415 - JSON lines and files: only after such an error

    if stray.exc_value is not None:
        note_internal_error(stray.exc_value)


if __name__ == "__main__":
    main()
