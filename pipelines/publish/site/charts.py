"""Charts as inline SVG: no script, nothing loaded, readable in print and by a screen reader.

Belongs here: geometry and labels of the two charts the pages need. Does not belong here: which figures; colours are
classes of `style.css`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from markupsafe import Markup, escape

WIDTH, ROW, LABEL, VALUE = 720, 30, 170, 110


def stacked_bars(title: str, rows: Sequence[tuple[str, Sequence[Decimal]]], series: Sequence[str], unit: str) -> Markup:
    """Horizontal bars, one per row, made of the series' amounts (none negative; negatives are drawn as nothing).

    Args:
        title: what a screen reader says.
        rows: label and one amount per series.
        series: names of the parts, in the order of their colours.
        unit: stands behind the total.
    """
    room = WIDTH - LABEL - VALUE
    most = max((sum(amounts, Decimal(0)) for _, amounts in rows), default=Decimal(0))
    parts = []
    for index, (label, amounts) in enumerate(rows):
        top, left = index * ROW, Decimal(LABEL)
        parts.append(Markup('<text class="label" x="{}" y="{}">{}</text>').format(0, top + 19, shorten(label)))
        for number, (name, amount) in enumerate(zip(series, amounts, strict=True)):
            width = room * amount / most if most > 0 and amount > 0 else Decimal(0)
            if width > 0:
                parts.append(
                    Markup(
                        '<rect class="s{}" x="{:.1f}" y="{}" width="{:.1f}" height="18"><title>{}: {} {}</title></rect>'
                    ).format(number % 8, left, top + 5, width, f"{label}, {name}", f"{amount:,.2f}", unit)
                )
            left += width
        total = f"{sum(amounts, Decimal(0)):,.2f}"
        parts.append(Markup('<text class="value" x="{}" y="{}">{}</text>').format(WIDTH, top + 19, total))
    return _svg(title, len(rows) * ROW, parts)


def legend(series: Sequence[str]) -> Markup:
    """The colours' names."""
    items = [Markup('<li><span class="key s{}"></span>{}</li>').format(n % 8, name) for n, name in enumerate(series)]
    return Markup('<ul class="legend">{}</ul>').format(Markup("").join(items))


def line(title: str, points: Sequence[tuple[str, Decimal]]) -> Markup:
    """A small line over periods, its scale from zero to the greatest value.

    Args:
        title: what a screen reader says.
        points: period and value, in order; fewer than two draw nothing.
    """
    if len(points) < 2:
        return Markup("")
    width, height = 120, 28
    most = max(value for _, value in points) or Decimal(1)
    step = Decimal(width - 8) / (len(points) - 1)
    spots = [(4 + step * n, height - 4 - (height - 8) * max(v, Decimal(0)) / most) for n, (_, v) in enumerate(points)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    x, y = spots[-1]
    said = f"{title}: " + ", ".join(f"{period} {value:,.2f}" for period, value in points)
    return Markup(
        '<svg class="spark" viewBox="0 0 {} {}" role="img" aria-label="{}"><polyline points="{}"/>'
        '<circle cx="{:.1f}" cy="{:.1f}" r="2.5"/></svg>'
    ).format(width, height, said, path, x, y)


def shorten(label: str, room: int = 22) -> str:
    """A label that fits its place; a Chinese character takes two Latin letters' room."""
    taken = 0
    for place, character in enumerate(label):
        taken += 2 if ord(character) > 0x2E80 else 1
        if taken > room:
            return label[: place - 1] + "…"
    return label


def _svg(title: str, height: int, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, max(height, 1), escape(title), Markup("").join(parts)
    )
