"""A page of a contact sheet: a heading, and pictures in rows with their labels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from runner.media.lettering import Lettering
from runner.media.outcomes import Still

EDGE_PX = 240
"""A picture is at most so wide and high."""

ROWS = 5
"""Rows of a page, at most: 5 of 6 pictures are as much as a slide can show."""

_GAP = 20
_MARGIN = 36
_LABEL = 14
_TITLE = 24
_TEXT = 16
_TEXT_LINES = 4
_LINE = 1.35
_LABEL_HEIGHT = 2 * math.ceil(_LABEL * _LINE) + 8
_LEAST_COLUMNS = 2

_PAPER, _INK, _PALE, _EMPTY = "#ffffff", "#1a1a1a", "#666666", "#ececec"
_GOOD, _BAD, _STAR, _WARNING = "#1a7f37", "#c62828", "#b26a00", "#b3401a"


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture with its label.

    ``picture`` is ``None`` where there is none, and ``instead`` says why. ``flag`` is ``keep`` or ``reject``; ``remark`` is
    more about it, and ``warning`` that something is not as it was asked for.
    """

    label: str
    picture: Still | None = None
    instead: str = ""
    flag: str | None = None
    rating: int | None = None
    remark: str = ""
    warning: str = ""


def page(
    heading: tuple[str, str], number: int, cells: Sequence[Cell], columns: int, lettering: Lettering
) -> Image.Image:
    """A page with at most ``columns`` x ``ROWS`` cells; ``heading`` is its title and the text below it.

    ``number`` is that of the page; it shows from the second on.
    """
    across = max(_LEAST_COLUMNS, min(columns, len(cells)))
    down = math.ceil(len(cells) / columns)
    width = 2 * _MARGIN + across * EDGE_PX + (across - 1) * _GAP
    title, text = heading
    title_line = f"{title}  ({number})" if number > 1 else title
    lines = lettering.wrapped(text, _TEXT, width - 2 * _MARGIN, _TEXT_LINES)
    top = _MARGIN + math.ceil(_TITLE * _LINE) + len(lines) * math.ceil(_TEXT * _LINE) + _GAP
    height = top + down * (EDGE_PX + _LABEL_HEIGHT) + (down - 1) * _GAP + _MARGIN
    image = Image.new("RGB", (width, height), _PAPER)
    title_line = lettering.cut(title_line, _TITLE, width - 2 * _MARGIN)
    lettering.write(image, (_MARGIN, _MARGIN), title_line, size=_TITLE, colour=_INK)
    for place, line in enumerate(lines):
        at = _MARGIN, _MARGIN + math.ceil(_TITLE * _LINE) + place * math.ceil(_TEXT * _LINE)
        lettering.write(image, at, line, size=_TEXT, colour=_PALE)
    for place, cell in enumerate(cells):
        row, column = divmod(place, columns)
        left = _MARGIN + column * (EDGE_PX + _GAP)
        _put(image, (left, top + row * (EDGE_PX + _LABEL_HEIGHT + _GAP)), cell, lettering)
    return image


def _put(image: Image.Image, at: tuple[int, int], cell: Cell, lettering: Lettering) -> None:
    left, top = at
    if cell.picture is None:
        _put_empty(image, at, cell.instead, lettering)
    else:
        picture = _turned(cell.picture)
        image.paste(picture, (left + (EDGE_PX - picture.width) // 2, top + (EDGE_PX - picture.height) // 2))
    if cell.flag is not None:
        _put_flag(image, at, cell.flag)
    label_top = top + EDGE_PX + 6
    label = lettering.cut(cell.label, _LABEL, EDGE_PX)
    lettering.write(image, (left, label_top), label, size=_LABEL, colour=_INK)
    _put_second_line(image, (left, label_top + math.ceil(_LABEL * _LINE)), cell, lettering)


def _put_empty(image: Image.Image, at: tuple[int, int], instead: str, lettering: Lettering) -> None:
    left, top = at
    ImageDraw.Draw(image).rectangle(
        (left, top, left + EDGE_PX - 1, top + EDGE_PX - 1), fill=_EMPTY, outline=_PALE
    )
    for place, line in enumerate(lettering.wrapped(instead, _LABEL, EDGE_PX - 24, 6)):
        where = left + 12, top + 44 + place * math.ceil(_LABEL * _LINE)  # below the tick or the cross
        lettering.write(image, where, line, size=_LABEL, colour=_PALE)


def _put_flag(image: Image.Image, at: tuple[int, int], flag: str) -> None:
    """A frame, and a tick or a cross: whoever sees no colours can tell them apart."""
    left, top = at
    colour = _GOOD if flag == "keep" else _BAD
    draw = ImageDraw.Draw(image)
    draw.rectangle((left, top, left + EDGE_PX - 1, top + EDGE_PX - 1), outline=colour, width=4)
    draw.rectangle((left, top, left + 31, top + 31), fill=colour)
    strokes = [((7, 16), (13, 23), (25, 9))]
    if flag != "keep":
        strokes = [((9, 9), (16, 16), (23, 23)), ((9, 23), (16, 16), (23, 9))]
    for stroke in strokes:
        draw.line([(left + x, top + y) for x, y in stroke], fill="#ffffff", width=4)


def _put_second_line(image: Image.Image, at: tuple[int, int], cell: Cell, lettering: Lettering) -> None:
    left, top = at
    draw = ImageDraw.Draw(image)
    for place in range(cell.rating or 0):
        draw.polygon(_star(left + 7 + place * 16, top + 9), fill=_STAR)
    used = 16 * cell.rating + 6 if cell.rating else 0
    parts = (
        (cell.flag or "", _GOOD if cell.flag == "keep" else _BAD),
        (cell.warning, _WARNING),
        (cell.remark, _PALE),
    )
    for text, colour in parts:
        room = EDGE_PX - used
        if text and room > 3 * _LABEL:
            shown = lettering.cut(text, _LABEL, room)
            lettering.write(image, (left + used, top), shown, size=_LABEL, colour=colour)
            used += lettering.width(shown, _LABEL) + 8


def _star(x: float, y: float) -> list[tuple[float, float]]:
    points = []
    for corner in range(10):
        radius, angle = (7 if corner % 2 == 0 else 3), math.pi * (corner / 5 - 0.5)
        points.append((x + radius * math.cos(angle), y + radius * math.sin(angle)))
    return points


def _turned(still: Still) -> Image.Image:
    picture = Image.frombytes("RGB", (still.width, still.height), still.pixels)
    return picture if still.turn is None else picture.transpose(Image.Transpose[still.turn])
