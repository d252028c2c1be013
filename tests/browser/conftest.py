"""Debian's Chromium, without a head, that reaches nothing but loopback; and a batch of 24 jobs that the sandbox made."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.album import Album
from tests.faults.needs import mark_folder, missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MARKUP = '<img src=x onerror="document.title=\'acted\'"></script><script>document.title="acted"</script>'
ONLY_LOOPBACK = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
ARGUMENTS = ["--no-sandbox", ONLY_LOOPBACK]
CHROMIUM = shutil.which("chromium")


LEAVES = ("net::ERR_CONNECTION_REFUSED", "net::ERR_CONNECTION_RESET", "net::ERR_INCOMPLETE_CHUNKED_ENCODING")
"""What a page says that asks on though the review has ended."""


def missing_tools() -> str | None:
    """Why these tests cannot run here; in CI they run, and fail."""
    absent = [
        name for name in ("playwright", "axe_playwright_python") if importlib.util.find_spec(name) is None
    ]
    if absent and not os.environ.get("CI"):
        return f"needs {', '.join(absent)}: pip install '.[browser]'"
    return missing("chromium")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark_folder(items, __file__, "browser", missing_tools())


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: "Browser") -> Iterator[Callable[..., Album]]:
    """Open an address in a browser profile of its own. What goes wrong in the page fails the test."""
    contexts, troubles = [], []

    def opened(url: str, **options: Any) -> Album:
        context = chromium.new_context(**({"viewport": {"width": 1200, "height": 800}} | options))
        contexts.append(context)
        page: Page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        page.goto(url)
        return Album(page)

    yield opened
    for context in contexts:
        context.close()
    assert [one for one in troubles if not any(left in one for left in LEAVES)] == []


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory in which the sandbox has made 24 videos; one of them under a name that is odd in an address."""
    place = tmp_path_factory.mktemp("made")
    prompts = [
        {"id": "fox", "text": "a red fox in the snow", "meta": {"place": "snow", "season": "winter"}},
        {"id": "owl", "text": f"a grey owl {MARKUP}", "meta": {"place": "#2 at 100%", "season": "winter"}},
        {"id": "bear", "text": "a bear by the river", "meta": {"place": "größe 🦉", "season": "summer"}},
    ]
    run(
        place,
        manifest_of(
            prompts=prompts,
            ratios=["2:3", "3:2"],
            modes=["normal", "fun"],
            takes=2,
            output={"layout": "{prompt_id}/{place} {mode} {ratio}/take-{take:02d}"},
        ),
    )
    return place


def manifest_of(**keys: Any) -> dict[str, Any]:
    limits = {"requests_per_minute": 100_000, "in_flight": 10}
    return {"version": 1, "name": "demo", "budget": {"credits": 4000}, "limits": limits} | keys


def run(place: Path, manifest: dict[str, Any], *more: str) -> None:
    (place / "demo.yaml").write_text(json.dumps(manifest), encoding="utf-8")
    options = "latency=0,two_files=0"
    runner(place, "run", "demo.yaml", "--sandbox", "--sandbox-options", options, *more)


def runner(place: Path, *words: str) -> str:
    """Run the program to its end; what it wrote."""
    done = subprocess.run(
        [sys.executable, "-m", "runner", *words],
        cwd=place,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
