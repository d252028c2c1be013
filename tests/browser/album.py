"""The page as somebody who looks at it and presses keys: what is found by what it says, not by how it is built."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

PATIENCE_S = 20.0


@dataclass(frozen=True)
class Album:
    """An open page."""

    page: "Page"

    def cells(self) -> "Locator":
        return self.page.locator(".cell")

    def cell(self, name: str) -> "Locator":
        """The job whose spoken name begins so: ``fox, normal 2:3 take 01``."""
        return self.page.locator(f'.cell[aria-label^="{name}"]')

    def names(self) -> list[str]:
        """The spoken names of all jobs that have elements now, in their order."""
        return [cell.get_attribute("aria-label") or "" for cell in self.cells().all()]

    def shown(self) -> str:
        return self.page.locator("#shown").inner_text()

    def choose(self, filter_: str, value: str) -> None:
        self.page.get_by_label(filter_, exact=True).select_option(value)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def focused(self) -> str:
        """What a screen reader would say of where the focus is."""
        return str(
            self.page.evaluate(
                "document.activeElement.getAttribute('aria-label') ?? document.activeElement.id"
            )
        )

    def until(self, condition: str) -> None:
        """Wait until a piece of JavaScript is true. Playwright's own way evaluates in the page, which its policy forbids."""
        ends = time.monotonic() + PATIENCE_S
        while not self.page.evaluate(condition):
            assert time.monotonic() < ends, f"never came true: {condition}"
            self.page.wait_for_timeout(30)

    def violations(self) -> list[str]:
        """What axe finds that is serious or worse."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        return [
            f"{one['id']}: {one['nodes'][0]['html'][:200]}"
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
