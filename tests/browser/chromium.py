"""Debian's Chromium, and what a test asks of a page in it."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
ARGS = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
PATIENCE_MS = 20_000


def missing() -> str | None:
    """Why there is no browser here, or ``None``; never in CI, where a skipped test would prove nothing."""
    if os.environ.get("CI"):
        return None
    if shutil.which("chromium") is None:
        return "needs chromium: apt-get install chromium"
    try:
        import playwright  # noqa: F401
    except ImportError:
        return "needs playwright: pip install '.[browser]'"
    return None


@contextlib.contextmanager
def running() -> Iterator["Browser"]:
    """A browser, for as long as the ``with``."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS)
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def page_in(browser: "Browser", **options: Any) -> Iterator["Page"]:
    """An empty page of its own; fails where something in it was refused by its policy, or a script raised."""
    context = browser.new_context(**({"viewport": WIDE} | options))
    try:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if "Content Security" in said.text else None)
        yield page
        assert errors == []
    finally:
        context.close()


def labels(page: "Page") -> list[str]:
    """What the cards that exist now are called, in order."""
    return page.eval_on_selector_all(".card .open", "all => all.map(one => one.getAttribute('aria-label'))")


def until(page: "Page", claim: str, argument: object = None) -> None:
    """Wait until an expression (a function's body, or one of ``argument``) holds in the page."""
    page.wait_for_function(claim, arg=argument)


NEEDS = pytest.mark.skipif(missing() is not None, reason=missing() or "")
