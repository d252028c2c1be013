"""Opening a page whose address is a secret in the person's browser."""

import contextlib
import html
import os
import secrets
import threading
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def doorstep(directory: Path) -> Iterator[Callable[[str], None]]:
    """Gives what opens a URL; raises ``OSError`` where the file that leads there cannot be written.

    The browser is handed a file that only its owner can read: an address on its command line could be read by every user
    of the machine. The file is gone afterwards.
    """
    path = directory / f"review-{secrets.token_hex(8)}.html"

    def open_page(url: str) -> None:
        shown = html.escape(url)
        text = (
            '<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
            f'<meta http-equiv="refresh" content="0; url={shown}"><title>Review</title><a href="{shown}">Review</a>\n'
        )
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)  # a state on a server has none yet
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        # A thread: a browser of the terminal is waited for, and the page must be served meanwhile.
        threading.Thread(target=webbrowser.open, args=(path.as_uri(),), daemon=True).start()

    try:
        yield open_page
    finally:
        path.unlink(missing_ok=True)
