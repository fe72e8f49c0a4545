"""Small charts as inline SVG.  Colours come from the page's style sheet, so that they follow light and dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 560, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 16, 44
_BAR, _GAP, _LABELS = 11, 12, 150
COLOURS = 6
"""Series beyond this many start again with the first colour."""


@dataclass(frozen=True)
class Point:
    """A point of a series, with the interval of its height if there is one."""

    x: float
    y: float
    label: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Bar:
    """One bar: a value and its interval."""

    value: float
    low: float
    high: float


def scatter(
    series: dict[str, list[Point]],
    *,
    x_title: str,
    y_title: str,
    log_x: bool = False,
    connect: bool = False,
    diagonal: bool = False,
) -> str:
    """Points by series, with whiskers where a point has an interval.

    Args:
        series: points by the name of their series.
        x_title, y_title: axis titles.
        log_x: logarithmic x axis; all x must be positive.
        connect: draw a line through each series' points.
        diagonal: draw the line on which x equals y.
    """
    points = [point for group in series.values() for point in group]
    if not points:
        return ""
    xs = _Axis([p.x for p in points], _LEFT, WIDTH - _RIGHT, log=log_x)
    heights = [v for p in points for v in (p.y, p.low, p.high) if v is not None]
    ys = _Axis(heights, HEIGHT - _BOTTOM, _TOP)
    parts = [_grid(xs, ys, x_title, y_title)]
    if diagonal:
        low, high = max(xs.low, ys.low), min(xs.high, ys.high)
        if low < high:
            parts.append(_line(xs(low), ys(low), xs(high), ys(high), "axis dashed"))
    for number, (name, group) in enumerate(series.items()):
        colour = f"c{number % COLOURS}"
        if connect and len(group) > 1:
            path = " ".join(f"{xs(p.x):.1f},{ys(p.y):.1f}" for p in group)
            parts.append(f'<polyline class="line {colour}" points="{path}"/>')
        for p in group:
            if p.low is not None and p.high is not None:
                parts.append(_line(xs(p.x), ys(p.low), xs(p.x), ys(p.high), f"whisker {colour}"))
            title = f"{name} {p.label}: {p.x:.4g}, {p.y:.4g}"
            parts.append(
                f'<circle class="dot {colour}" cx="{xs(p.x):.1f}" cy="{ys(p.y):.1f}" r="5">'
                f"<title>{escape(title)}</title></circle>"
            )
            if not connect:
                # A label that would leave the picture goes to the point's other side.
                near_edge = xs(p.x) > WIDTH * 0.7
                anchor, shift = ("end", -9) if near_edge else ("start", 9)
                parts.append(_text(xs(p.x) + shift, ys(p.y) - 7, name, anchor))
    return _svg(WIDTH, HEIGHT, parts, f"{y_title} against {x_title}")


def bars(rows: dict[str, dict[str, Bar]], series: Sequence[str], *, x_title: str) -> str:
    """Horizontal bars with intervals: a group of bars a row, a bar a series.

    Args:
        rows: bars by row and series; a series may be missing in a row.
        series: all series, in their order.
        x_title: title of the axis.
    """
    if not rows:
        return ""
    every = [v for row in rows.values() for bar in row.values() for v in (bar.value, bar.low, bar.high)]
    group = len(series) * _BAR + _GAP
    height = _TOP + len(rows) * group + _BOTTOM
    xs = _Axis([0.0, *every], _LABELS, WIDTH - _RIGHT)
    parts = []
    for tick in xs.ticks():
        parts.append(_line(xs(tick), _TOP, xs(tick), height - _BOTTOM, "grid"))
        parts.append(_text(xs(tick), height - _BOTTOM + 16, f"{tick:g}", "middle"))
    for i, (label, row) in enumerate(rows.items()):
        top = _TOP + i * group
        parts.append(_text(_LABELS - 8, top + (group - _GAP) / 2 + 4, label, "end"))
        for j, name in enumerate(series):
            if name not in row:
                continue
            bar, y = row[name], top + j * _BAR
            title = f"{name}, {label}: {bar.value:.4g} ({bar.low:.4g} to {bar.high:.4g})"
            parts.append(
                f'<rect class="bar c{j % COLOURS}" x="{xs(0):.1f}" y="{y + 1:.1f}" '
                f'width="{max(0.5, xs(bar.value) - xs(0)):.1f}" height="{_BAR - 2}">'
                f"<title>{escape(title)}</title></rect>"
            )
            parts.append(_line(xs(bar.low), y + _BAR / 2, xs(bar.high), y + _BAR / 2, "whisker ink"))
    parts.append(_text((_LABELS + WIDTH - _RIGHT) / 2, height - 6, x_title, "middle"))
    return _svg(WIDTH, height, parts, x_title)


def legend(series: Sequence[str]) -> str:
    """Names of the series beside their colours, as HTML."""
    items = "".join(
        f'<span><i class="c{number % COLOURS}"></i>{escape(name)}</span>' for number, name in enumerate(series)
    )
    return f'<p class="legend">{items}</p>'


class _Axis:
    """Maps values to pixels, over a range a little wider than the values'."""

    def __init__(self, values: list[float], start_px: float, end_px: float, *, log: bool = False) -> None:
        self._log, self._start, self._end = log, start_px, end_px
        low, high = min(values), max(values)
        if log:
            self.low, self.high = low / 1.5, high * 1.5
        else:
            margin = (high - low) * 0.08 or max(abs(high) * 0.1, 0.01)
            self.low = low if low == 0 else low - margin
            self.high = high + margin

    def __call__(self, value: float) -> float:
        low, high = (math.log(v) if self._log else v for v in (self.low, self.high))
        at = math.log(value) if self._log else value
        return self._start + (at - low) / (high - low) * (self._end - self._start)

    def ticks(self) -> list[float]:
        """Four to eight round values within the range."""
        if self._log:
            first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
            steps = [digit * 10.0**power for power in range(first, last + 1) for digit in (1, 2, 5)]
            return [step for step in steps if self.low <= step <= self.high]
        rough = (self.high - self.low) / 5
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(digit * power for digit in (1, 2, 5, 10) if digit * power >= rough)
        first = math.ceil(self.low / step - 1e-9)
        return [round(k * step, 10) for k in range(first, math.floor(self.high / step + 1e-9) + 1)]


def _grid(xs: _Axis, ys: _Axis, x_title: str, y_title: str) -> str:
    parts = []
    for tick in xs.ticks():
        parts.append(_line(xs(tick), _TOP, xs(tick), HEIGHT - _BOTTOM, "grid"))
        parts.append(_text(xs(tick), HEIGHT - _BOTTOM + 16, f"{tick:g}", "middle"))
    for tick in ys.ticks():
        parts.append(_line(_LEFT, ys(tick), WIDTH - _RIGHT, ys(tick), "grid"))
        parts.append(_text(_LEFT - 6, ys(tick) + 4, f"{tick:g}", "end"))
    parts.append(_text((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 6, x_title, "middle"))
    middle = (_TOP + HEIGHT - _BOTTOM) / 2
    parts.append(
        f'<text text-anchor="middle" transform="translate(13 {middle:.0f}) rotate(-90)">{escape(y_title)}</text>'
    )
    return "".join(parts)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(width: float, height: float, parts: list[str], label: str) -> str:
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(label, quote=True)}">'
        f"{''.join(parts)}</svg>"
    )
