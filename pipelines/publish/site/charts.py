"""Charts as inline SVG: no script, nothing loaded, readable in print and by a screen reader (S5-PLAT-09).

Belongs here: geometry and labels of bars, lines and waterfalls. Does not belong here: which figures; flows (`sankey`).
Colours are classes of `style.css`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from markupsafe import Markup, escape

WIDTH, ROW, LABEL, VALUE = 720, 30, 190, 120

SERIES = 8
"""Colours there are; the parts beyond them share the last one."""


def stacked_bars(title: str, rows: Sequence[tuple[str, Sequence[Decimal]]], series: Sequence[str], unit: str) -> Markup:
    """Horizontal bars, one per row, made of the series' amounts (none negative; negatives are drawn as nothing).

    Args:
        title: what a screen reader says.
        rows: label and one amount per series.
        series: names of the parts, in the order of their colours.
        unit: stands behind the amounts that are told.
    """
    room = WIDTH - LABEL - VALUE
    most = max((sum(max(amount, Decimal(0)) for amount in amounts) for _, amounts in rows), default=Decimal(0))
    parts = []
    for index, (label, amounts) in enumerate(rows):
        top, left = index * ROW, Decimal(LABEL)
        parts.append(_label(label, top + 19))
        for number, (name, amount) in enumerate(zip(series, amounts, strict=True)):
            width = room * amount / most if most > 0 and amount > 0 else Decimal(0)
            if width > 0:
                said = f"{label}, {name}" if name else label
                parts.append(_bar(left, top + 5, width, f"s{min(number, SERIES - 1)}", f"{said}: {amount:,.2f} {unit}"))
            left += width
        parts.append(_value(f"{sum(amounts, Decimal(0)):,.2f}", top + 19))
    return svg(title, len(rows) * ROW, parts)


def legend(series: Sequence[str]) -> Markup:
    """The colours' names."""
    items = [
        Markup('<li><span class="key s{}"></span>{}</li>').format(min(n, SERIES - 1), name)
        for n, name in enumerate(series)
    ]
    return Markup('<ul class="legend">{}</ul>').format(Markup("").join(items))


def waterfall(title: str, steps: Sequence[tuple[str, Decimal, bool]]) -> Markup:
    """From one total to another: each step begins where the one before ended, a total stands on the ground.

    Args:
        title: what a screen reader says.
        steps: label, amount, and whether it is a total.
    """
    ends: list[tuple[Decimal, Decimal]] = []
    level = Decimal(0)
    for _, amount, is_total in steps:
        begin = Decimal(0) if is_total else level
        level = amount if is_total else level + amount
        ends.append((begin, level))
    low = min((Decimal(0), *(min(pair) for pair in ends)))
    high = max((Decimal(0), *(max(pair) for pair in ends)))
    scale = (WIDTH - LABEL - VALUE) / (high - low) if high > low else Decimal(0)
    parts = []
    for index, ((label, amount, is_total), pair) in enumerate(zip(steps, ends, strict=True)):
        top, (left, right) = index * ROW, sorted(LABEL + (amount - low) * scale for amount in pair)
        name = "total" if is_total else "up" if amount >= 0 else "down"
        parts.append(_label(label, top + 19))
        parts.append(_bar(left, top + 5, max(right - left, Decimal(1)), name, f"{label}: {amount:,.2f}"))
        if index + 1 < len(steps):
            parts.append(
                Markup('<line class="tie" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/>').format(
                    LABEL + (pair[1] - low) * scale, top + 23, top + ROW + 5
                )
            )
        parts.append(_value(f"{amount:,.2f}" if is_total else f"{amount:+,.2f}", top + 19))
    return svg(title, len(steps) * ROW, parts)


def line(title: str, points: Sequence[tuple[str, Decimal]]) -> Markup:
    """A small line over periods at their true distance, its scale from zero to the greatest value.

    Args:
        title: what a screen reader says.
        points: period (YYYY-MM) and value, in order; fewer than two draw nothing.
    """
    if len(points) < 2:
        return Markup("")
    width, height = 140, 30
    least = min(Decimal(0), *(value for _, value in points))
    span = max(Decimal(0), *(value for _, value in points)) - least or Decimal(1)
    months = [int(period[:4]) * 12 + int(period[5:7]) for period, _ in points]
    spots = [
        (4 + Decimal(width - 8) * (month - months[0]) / (months[-1] - months[0]),
         height - 4 - (height - 8) * (value - least) / span)
        for month, (_, value) in zip(months, points, strict=True)
    ]  # fmt: skip
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    said = f"{title}: " + ", ".join(f"{period} {value:,.2f}" for period, value in points)
    dots = [
        Markup('<circle cx="{:.1f}" cy="{:.1f}" r="{}"/>').format(x, y, 2.5 if n + 1 == len(spots) else 1.5)
        for n, (x, y) in enumerate(spots)
    ]
    return Markup(
        '<svg class="spark" viewBox="0 0 {} {}" role="img" aria-label="{}"><polyline points="{}"/>{}</svg>'
    ).format(width, height, said, path, Markup("").join(dots))


def shorten(label: str, room: int = 26) -> str:
    """A label that fits its place; a Chinese character takes two Latin letters' room."""
    taken = 0
    for place, character in enumerate(label):
        taken += 2 if ord(character) > 0x2E80 else 1
        if taken > room:
            return label[: place - 1] + "…"
    return label


def svg(title: str, height: int, parts: Sequence[Markup]) -> Markup:
    """A picture as wide as its column, in a frame that scrolls on a narrow screen."""
    return Markup(
        '<div class="wide" tabindex="0">'
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg></div>'
    ).format(WIDTH, max(height, 1), escape(title), Markup("").join(parts))


def _label(label: str, y: int) -> Markup:
    return Markup('<text class="label" x="0" y="{}">{}</text>').format(y, shorten(label))


def _value(text: str, y: int) -> Markup:
    return Markup('<text class="value" x="{}" y="{}">{}</text>').format(WIDTH, y, text)


def _bar(x: Decimal, y: int, width: Decimal, name: str, said: str) -> Markup:
    return Markup('<rect class="{}" x="{:.1f}" y="{}" width="{:.1f}" height="18"><title>{}</title></rect>').format(
        name, x, y, width, said
    )
