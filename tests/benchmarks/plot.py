"""A plot as SVG, by hand: panels side by side, both axes logarithmic, a line for each series."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 460, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 130, 30, 45
_COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#56606b",
    "#e69f00",
)  # told apart by the colour-blind
_LABEL_GAP = 13.0


@dataclass(frozen=True, slots=True)
class Line:
    """A series of points (x, y), both above 0, from the least x to the greatest."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class _Scale:
    """A logarithmic axis over whole decades, onto pixels."""

    low: int
    high: int
    start: float
    stop: float

    def at(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.stop - self.start)

    @property
    def decades(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def plotted(panels: Mapping[str, Sequence[Line]], across: str) -> str:
    """The SVG; the name of a panel is that of its upright axis, ``across`` that of the other one."""
    drawn = [
        f'<g transform="translate({number * _WIDTH} 0)">{_panel(name, lines, across)}</g>'
        for number, (name, lines) in enumerate(panels.items())
    ]
    width = _WIDTH * len(drawn)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT}" width="{width}" height="{_HEIGHT}"'
    style = 'font-family="sans-serif" font-size="11" fill="#222"'
    return "\n".join(
        [f"{head} {style}>", '<rect width="100%" height="100%" fill="#fff"/>', *drawn, "</svg>\n"]
    )


def _panel(name: str, lines: Sequence[Line], across: str) -> str:
    x = _scale([point[0] for line in lines for point in line.points], _LEFT, _WIDTH - _RIGHT)
    y = _scale([point[1] for line in lines for point in line.points], _HEIGHT - _BOTTOM, _TOP)
    parts = [_upright(x, y.start, y.stop, one) for one in x.decades]
    parts += [_level(y, x.start, x.stop, one) for one in y.decades]
    parts.append(_text(_LEFT, _TOP - 12, name, "middle"))
    parts.append(_text((x.start + x.stop) / 2, _HEIGHT - 8, across, "middle"))
    ends = sorted(range(len(lines)), key=lambda number: y.at(lines[number].points[-1][1]))
    label_y = -math.inf
    for number in ends:
        line, colour = lines[number], _COLOURS[number % len(_COLOURS)]
        label_y = max(label_y + _LABEL_GAP, y.at(line.points[-1][1]))
        dots = [(x.at(left), y.at(up)) for left, up in line.points]
        path = " ".join(f"{left:.1f},{up:.1f}" for left, up in dots)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        parts += [f'<circle cx="{left:.1f}" cy="{up:.1f}" r="2.6" fill="{colour}"/>' for left, up in dots]
        parts.append(_text(x.stop + 8, label_y + 4, line.name, "start", colour))
    return "\n".join(parts)


def _scale(values: Sequence[float], start: float, stop: float) -> _Scale:
    low = math.floor(math.log10(min(values)))
    return _Scale(low, max(math.ceil(math.log10(max(values))), low + 1), start, stop)


def _upright(x: _Scale, bottom: float, top: float, value: float) -> str:
    at = x.at(value)
    rule = f'<line x1="{at:.1f}" y1="{bottom}" x2="{at:.1f}" y2="{top}" stroke="#ddd"/>'
    return rule + _text(at, bottom + 16, f"{value:,g}" if value < 1e4 else f"{value:,.0f}", "middle")


def _level(y: _Scale, left: float, right: float, value: float) -> str:
    at = y.at(value)
    rule = f'<line x1="{left}" y1="{at:.1f}" x2="{right}" y2="{at:.1f}" stroke="#ddd"/>'
    return rule + _text(left - 6, at + 4, f"{value:,g}", "end")


def _text(x: float, y: float, words: str, anchor: str, colour: str = "#222") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'
