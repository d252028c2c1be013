"""CSV for people."""

import csv
import io

import pytest

from runner.report.features import Kind
from runner.report.spreadsheet import MARK, csv_head, csv_line

FEATURES = {
    "prompt": Kind.TEXT,
    "take": Kind.WHOLE,
    "variables": Kind.NOTHING,
    "meta": {"sku": Kind.TEXT, "=n": Kind.NUMBER},
    "images": (Kind.TEXT,),
    "removed": Kind.TRUTH,
}


def cells_of(**row):
    text = csv_line({"file_name": "videos/a.mp4"} | row, FEATURES).decode()
    (cells,) = csv.reader(io.StringIO(text, newline=""))
    return cells


def test_the_head_says_that_it_is_utf_8_and_takes_objects_apart():
    head = csv_head(FEATURES)
    assert (head[:3], head[3:].decode()) == (
        MARK,
        "file_name,prompt,take,variables,meta.sku,meta.=n,images,removed\r\n",
    )


def test_a_row_has_a_cell_for_every_column():
    row = {"prompt": 'à "l\'aube", 🦊\nzwei', "take": 2, "variables": None, "meta": {"sku": "A", "=n": -1.5}}
    found = cells_of(**row, images=["https://x/1.png", "https://x/2.png"], removed=False)
    assert found == [
        "videos/a.mp4",
        'à "l\'aube", 🦊\nzwei',
        "2",
        "",
        "A",
        "-1.5",
        "https://x/1.png\nhttps://x/2.png",
        "false",
    ]


def test_what_is_not_there_is_an_empty_cell():
    assert cells_of() == ["videos/a.mp4", *[""] * 7]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", " =1", "\t=1", "＝1"])
def test_no_text_is_a_formula(text):
    cells = cells_of(prompt=text, images=[text], meta={"sku": text})
    assert {cells[1][0], cells[4][0], cells[6][0]} == {"'"}


def test_nothing_that_acts_reaches_a_cell():
    assert "\x1b" not in cells_of(prompt="\x1b[31mred\x00")[1]
