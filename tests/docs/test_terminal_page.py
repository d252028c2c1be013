"""The captures in docs/terminal.md are such as the program draws today."""

import re

import pytest

from runner.core.advice import Invocation, advise
from runner.core.outcomes import ErrorClass
from runner.report.panel import KEYS
from tests.docs.documents import ROOT, blocks

CAPTURES = [block.text for block in blocks(ROOT / "docs" / "terminal.md")]
LABELS = ("jobs", "credits", "pace", "requests", "files", "waiting", "trouble")
ADVICE = advise(ErrorClass.SERVICE, Invocation("spring", "demo.yaml", sandbox=True))


@pytest.mark.parametrize("text", CAPTURES)
def test_a_capture_fits_80_columns(text: str) -> None:
    assert [line for line in text.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("text", [text for text in CAPTURES if "── spring ──" in text])
def test_a_panel_has_the_lines_that_it_has(text: str) -> None:
    panel = text[text.index("── spring ──") :].splitlines()
    labels = [line[:9].strip() for line in panel[1:-1] if line[:9].strip()]
    assert (panel[-1], set(labels) <= set(LABELS)) == (KEYS, True)
    assert labels == sorted(labels, key=LABELS.index)


def test_the_advice_is_what_is_advised() -> None:
    (end,) = (text for text in CAPTURES if "  to do " in text)
    assert (ADVICE.command in end, ADVICE.sentence in re.sub(r"\s+", " ", end)) == (True, True)
    assert len(CAPTURES) == 4
