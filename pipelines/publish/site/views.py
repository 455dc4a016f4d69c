"""Draws the rows of a section in the ways that it declares.

Belongs here: one function per kind of view. Does not belong here: computing any figure that a mart should hold; the
only arithmetic is adding up what stands in one table, and the change from one month to another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from typing import Any

from markupsafe import Markup, escape

from pipelines.publish.site import charts
from pipelines.publish.site.sankey import Flow, sankey
from pipelines.publish.site.sections import Section
from pipelines.publish.site.tables import Cells, Row, folded, framed, lights, matrix, table

View = Mapping[str, Any]

ELEMENTS = ("labour", "drug", "consumable", "depreciation", "amortisation", "risk_fund", "other")
"""The order of cost elements everywhere."""

FOLD_AT = 40
"""A table with more rows than this is folded unless its view says otherwise."""


MANY = 20
"""More members than this are not shown one under the other on one page."""


def draw(section: Section, rows: Sequence[Row], cells: Cells) -> Markup:
    """All views of a section, one under the other.

    Args:
        section: what is to be shown.
        rows: its frame, cut down to who reads it; at least one.
        cells: language, names and links.
    """
    return Markup("\n").join(_DRAWN[view["kind"]](view, rows, cells, section) for view in section.views)


def _table(view: View, rows: Sequence[Row], cells: Cells, section: Section) -> Markup:
    """`by` makes one folded table per value of that column; of very many members only links to their own pages.

    With `open_first` the first of them stands open.
    """
    if "by" not in view:
        drawn = table(cells, rows, view["columns"])
        if view.get("folded", len(rows) > FOLD_AT):
            return folded(f"{cells.words.word('data')} ({len(rows):,})", drawn)
        return drawn
    groups = [(key, list(found)) for key, found in groupby(rows, key=lambda row: row[view["by"]])]
    links = [(key, cells.link(key)) for key, _ in groups] if len(groups) > MANY else []
    if links and all(target for _, target in links):
        items = [
            Markup('<li><a href="{}#{}">{} ({:,})</a></li>').format(
                target, section.name, cells.text(key, "member"), len(found)
            )
            for (key, target), (_, found) in zip(links, groups, strict=True)
        ]
        return Markup('<ul class="toc">{}</ul>').format(Markup("").join(items))
    return Markup("\n").join(
        folded(
            f"{cells.text(key, view.get('by_kind', 'member'))} ({len(found):,})",
            table(cells, found, view["columns"]),
            is_open=len(groups) == 1 or (number == 0 and view.get("open_first", False)),
        )
        for number, (key, found) in enumerate(groups)
    )


def _matrix(view: View, rows: Sequence[Row], cells: Cells, section: Section) -> Markup:
    drawn = matrix(cells, rows, view)
    return folded(cells.words.word("data"), drawn) if view.get("folded") else drawn


def _lights(view: View, rows: Sequence[Row], cells: Cells, section: Section) -> Markup:
    return lights(cells, rows, view)


def _bars(view: View, rows: Sequence[Row], cells: Cells, section: Section) -> Markup:
    """`label: [key, kind]`, `value`, and with `series` one colour per value of that column; the longest bar on top."""
    (label, kind), value = view["label"], view["value"]
    series = _in_order({row[view["series"]] for row in rows}) if "series" in view else [""]
    amounts: dict[Any, dict[Any, Decimal]] = {}
    for row in rows:
        found = amounts.setdefault(cells.value(row, label), {})
        part = row[view["series"]] if "series" in view else ""
        found[part] = found.get(part, Decimal(0)) + Decimal(row[value] or 0)
    order = sorted(amounts, key=lambda key: (-sum(amounts[key].values(), Decimal(0)), str(key)))
    bars = [(cells.text(key, kind), [amounts[key].get(part, Decimal(0)) for part in series]) for key in order]
    names = [cells.words.code(part) for part in series]
    chart = charts.stacked_bars(
        section.titles[cells.words.language], bars, names, cells.words.code(view.get("unit", "yuan"))
    )
    return charts.legend(names) + chart if "series" in view else chart


def _trend(view: View, rows: Sequence[Row], cells: Cells, section: Section) -> Markup:
    """The newest month, its changes and a line; `label: [key, kind, 中文, English]`, `period`, `value: [key, kind]`.

    With `unit`, a column that says each label's unit, figures stand in it and labels in their own order.
    """
    (label, kind, *heads), (value, value_kind), words = view["label"], view["value"], cells.words
    history: dict[Any, dict[str, Decimal]] = {}
    for row in rows:
        if row[value] is not None:
            over = history.setdefault(cells.value(row, label), {})
            over[row[view["period"]]] = over.get(row[view["period"]], Decimal(0)) + Decimal(row[value])
    units = {cells.value(row, label): row[view["unit"]] for row in rows} if "unit" in view else {}
    newest = max((period for found in history.values() for period in found), default="")
    head = [cells.head(heads[0 if words.language == "zh" else 1])]
    head += [cells.head(text, "number") for text in (newest, words.word("to_month"), words.word("to_year"))]
    lines = []
    order = sorted(history, key=lambda key: (0 if units else -history[key].get(newest, Decimal(0)), str(key)))
    for key in order:
        found = history[key]
        now = found.get(newest)
        said = words.measured(now, units[key]) if units else cells.text(now, value_kind)
        figures = [said, *(_change(now, found.get(_month(newest, n))) for n in (-1, -12))]
        line = "".join(f'<td class="number">{escape(figure)}</td>' for figure in figures)
        spark = charts.line(cells.text(key, kind), sorted(found.items()))
        lines.append(f'<tr><th scope="row">{cells.html(key, kind)}</th>{line}<td>{spark}</td></tr>')
    return framed("".join([*head, cells.head(words.word("trend"))]), lines)


def _waterfall(view: View, rows: Sequence[Row], cells: Cells, section: Section) -> Markup:
    """One picture per value of `by`: `step` and `value` in the order of the rows, `is_total` for what stands alone."""
    drawn = []
    for key, group in groupby(rows, key=lambda row: cells.value(row, view["by"])):
        steps = [(cells.words.name(row[view["step"]]), row[view["value"]], row[view["is_total"]]) for row in group]
        drawn.append(Markup("<h3>{}</h3>\n{}").format(key, charts.waterfall(str(key), steps)))
    return Markup("\n").join(drawn)


def _sankey(view: View, rows: Sequence[Row], cells: Cells, section: Section) -> Markup:
    """Rows that lead from the same node to the same node are one ribbon."""
    amounts: dict[tuple[tuple[int, str], tuple[int, str]], Decimal] = {}
    for row in rows:
        ends = (
            (row[view["source_column"]], cells.words.name(row[view["source"]])),
            (row[view["target_column"]], cells.words.name(row[view["target"]])),
        )
        amounts[ends] = amounts.get(ends, Decimal(0)) + Decimal(row[view["value"]] or 0)
    return sankey(
        section.titles[cells.words.language],
        [Flow(source, target, amount) for (source, target), amount in amounts.items()],
    )


_DRAWN: Mapping[str, Callable[[View, Sequence[Row], Cells, Section], Markup]] = {
    "table": _table,
    "matrix": _matrix,
    "lights": _lights,
    "bars": _bars,
    "trend": _trend,
    "waterfall": _waterfall,
    "sankey": _sankey,
}


def _in_order(parts: set[Any]) -> list[Any]:
    return [*(part for part in ELEMENTS if part in parts), *sorted(parts - set(ELEMENTS))]


def _change(now: Decimal | None, before: Decimal | None) -> str:
    """By how much a figure grew, in per cent; nothing where there was none before."""
    if now is None or not before or before < 0:
        return ""
    return f"{((now / before - 1) * 100).quantize(Decimal('0.1'), ROUND_HALF_UP):+,} %"


def _month(period: str, count: int) -> str:
    """The period so many months later."""
    if not period:
        return ""
    month = int(period[:4]) * 12 + int(period[5:7]) - 1 + count
    return f"{month // 12:04d}-{month % 12 + 1:02d}"
