"""A page of a contact sheet, by its pixels."""

import pytest
from PIL import Image, ImageChops

from runner.media import sheet
from runner.media.lettering import Lettering
from runner.media.outcomes import Still
from runner.media.sheet import EDGE_PX, Cell

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)
LEFT, STEP = 36, EDGE_PX + 20
LABEL_PX = 50


def still(width: int, height: int, colour=RED) -> Still:
    return Still(width, height, bytes(colour) * (width * height))


def drawn(*cells: Cell, columns: int = 3, text: str = "", number: int = 1) -> Image.Image:
    return sheet.page(("animals", text), number, cells, columns, Lettering())


def top_of(page: Image.Image, rows: int = 1) -> int:
    """Where the first row of pictures begins."""
    return page.height - 36 - rows * EDGE_PX - (rows - 1) * 20 - rows * (page_label())


def page_label() -> int:
    one, two = drawn(Cell("a")), drawn(Cell("a"), Cell("b"), columns=1)
    return two.height - one.height - EDGE_PX - 20


def cell_of(page: Image.Image, column: int = 0, row: int = 0, rows: int = 1) -> Image.Image:
    left, top = LEFT + column * STEP, top_of(page, rows) + row * (EDGE_PX + page_label() + 20)
    return page.crop((left, top, left + EDGE_PX, top + EDGE_PX))


def label_of(page: Image.Image, column: int = 0) -> Image.Image:
    left, top = LEFT + column * STEP, top_of(page) + EDGE_PX
    return page.crop((left, top, left + EDGE_PX, top + page_label()))


def ink(image: Image.Image) -> int:
    """How many pixels are not white."""
    return sum(image.convert("L").point(lambda value: value < 255 and 1).histogram()[1:])


def differ(one: Image.Image, other: Image.Image) -> bool:
    return ImageChops.difference(one, other).getbbox() is not None


def test_a_red_video_gives_a_red_cell_and_a_blue_one_a_blue_cell_beside_it():
    page = drawn(Cell("a", still(EDGE_PX, EDGE_PX)), Cell("b", still(EDGE_PX, EDGE_PX, BLUE)))
    colours = [cell_of(page, column).getcolors() for column in (0, 1)]
    assert colours == [[(EDGE_PX**2, RED)], [(EDGE_PX**2, BLUE)]]


@pytest.mark.parametrize(("width", "height"), [(160, 240), (240, 160), (240, 240), (240, 1)])
def test_a_picture_keeps_its_shape_and_stands_in_the_middle(width, height):
    found = ImageChops.invert(cell_of(drawn(Cell("a", still(width, height))))).getbbox()
    left, top = (EDGE_PX - width) // 2, (EDGE_PX - height) // 2
    assert found == (left, top, left + width, top + height)


@pytest.mark.parametrize(
    ("turn", "red_at"),
    [
        (None, (61, 120)),
        ("ROTATE_90", (120, 179)),
        ("ROTATE_180", (179, 120)),
        ("ROTATE_270", (120, 61)),
        ("FLIP_LEFT_RIGHT", (179, 120)),
    ],
)
def test_a_picture_is_turned_as_its_video_says(turn, red_at):
    halves = Still(120, 80, (bytes(RED) * 60 + bytes(BLUE) * 60) * 80, turn)
    cell = cell_of(drawn(Cell("a", halves)))
    across, down = red_at
    mirrored = EDGE_PX - 1 - across, EDGE_PX - 1 - down
    assert (cell.getpixel(red_at), cell.getpixel(mirrored)) == (RED, BLUE)


def test_each_label_is_written_and_differs_from_that_of_another_take():
    page = drawn(*(Cell(f"normal 2:3 take-0{take}", still(60, 90)) for take in (1, 2, 1)))
    labels = [label_of(page, column) for column in range(3)]
    assert (min(map(ink, labels)) > 100, differ(*labels[:2]), differ(labels[0], labels[2])) == (
        True,
        True,
        False,
    )


def test_what_has_no_picture_is_an_empty_cell_that_says_why():
    failed, pending = (cell_of(drawn(Cell("a", instead=why))) for why in ("failed: moderation", "pending"))
    assert (failed.getpixel((120, 200)), differ(failed, pending)) == ((0xEC, 0xEC, 0xEC), True)


def test_choices_show_in_the_cell_and_in_words():
    page = drawn(*(Cell("a", still(240, 240), flag=flag) for flag in (None, "keep", "reject")))
    corners = [cell_of(page, column).getpixel((1, 100)) for column in range(3)]
    assert corners == [RED, (0x1A, 0x7F, 0x37), (0xC6, 0x28, 0x28)]
    assert ink(label_of(page, 0)) < ink(label_of(page, 1)) < ink(label_of(page, 2))


def test_more_stars_are_more_ink():
    page = drawn(*(Cell("a", still(9, 9), rating=stars) for stars in (None, 1, 5)))
    none, one, five = (ink(label_of(page, column)) for column in range(3))
    assert five - none == 5 * (one - none) > 0


def test_a_warning_and_a_remark_are_written():
    plain, warned, remarked = (
        label_of(drawn(Cell("a", still(9, 9), warning=warning, remark=remark)))
        for warning, remark in (("", ""), ("is 640x640", ""), ("", "fox"))
    )
    assert (differ(plain, warned), differ(plain, remarked)) == (True, True)


def test_the_longest_words_stay_within_the_page():
    long = "w" * 400
    page = drawn(Cell(long, still(9, 9), remark=long, warning=long), Cell(long, instead=long), text=long * 9)
    margin = page.crop((page.width - 30, 0, page.width, page.height))
    assert (ink(margin), page.width) == (0, 2 * 36 + 2 * EDGE_PX + 20)


def test_a_long_text_takes_no_more_than_four_lines():
    heights = [drawn(Cell("a"), text="word " * words).height for words in (1, 400, 4000)]
    assert heights[0] < heights[1] == heights[2]


def test_a_full_page_is_no_larger_than_a_slide_can_show():
    page = drawn(*[Cell("a", still(240, 240))] * 30, columns=6)
    assert (page.width, page.height < 1800) == (2 * 36 + 6 * EDGE_PX + 5 * 20, True)


def test_a_further_page_shows_its_number():
    assert differ(drawn(Cell("a")), drawn(Cell("a"), number=2))
