"""Tables, matrices and heat maps as HTML.

Belongs here: cells and how they are written. Does not belong here: which figures, and charts (`charts`, `sankey`).
Written in Python and not as templates: a site of sixty members has a million cells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from markupsafe import Markup, escape

from pipelines.publish.dictionary import bilingual
from pipelines.publish.site.words import Words, moment, money, number, share

Row = Mapping[str, Any]
Link = Callable[[str], str | None]
"""Where a member's own pages are, or None."""

NUMERIC = frozenset({"money", "number", "share", "ratio", "figure"})
STEPS = 5
"""Shades of a heat map."""


class Cells:
    """Writes cells in one language; `link` says where a member's name leads."""

    def __init__(self, words: Words, link: Link) -> None:
        self.words = words
        self.link = link

    def value(self, row: Row, key: str) -> Any:
        """A cell's value. `a/b` is the Chinese column or the English one, `a+b` a code and its name, `a@b` a figure and
        its unit."""
        if "@" in key:
            figure, unit = (row[part] for part in key.split("@"))
            return self.words.measured(figure, unit)
        if "/" in key:
            chinese, english = key.split("/")
            return row[english] or row[chinese] if self.words.language == "en" else row[chinese]
        if "+" in key:
            code, name = (row[part] for part in key.split("+"))
            return f"{code} {name}" if name and name != code else code
        return row[key]

    def text(self, value: Any, kind: str) -> str:
        """What stands in a cell, without markup."""
        if kind == "money":
            return money(value)
        if kind == "share":
            return share(value)
        if kind == "number":
            return number(value)
        if kind == "ratio":
            return "" if value is None else f"{value:,.4f}"
        if kind == "member":
            return self.words.name(value)
        if kind == "extract":
            return self.words.extract(value)
        if kind == "date":
            return moment(value)
        if kind in ("word", "tag"):
            return self.words.code(_spoken(value))
        if kind == "phrase" and value:
            return next(filter(None, bilingual(value) if self.words.language == "zh" else bilingual(value)[::-1]))
        return "" if value is None else str(value)

    def html(self, value: Any, kind: str) -> str:
        """The same with markup."""
        text = str(escape(self.text(value, kind)))
        if kind == "tag":
            return f'<span class="tag {self.words.colour(_spoken(value))}">{text}</span>' if text else ""
        target = self.link(value) if kind == "member" and value is not None else None
        return f'<a href="{target}">{text}</a>' if target else text

    def head(self, title: str, kind: str = "text") -> str:
        """A heading of a column."""
        right = ' class="number"' if kind in NUMERIC else ""
        return f'<th scope="col"{right}>{escape(title)}</th>'

    def cell(self, value: Any, kind: str, first: bool) -> str:
        """A cell of a table's body; the first one of a row is its heading."""
        inner = self.html(value, kind)
        if first and kind not in NUMERIC:
            return f'<th scope="row">{inner}</th>'
        name = "number" if kind in NUMERIC else kind if kind in ("date", "code") else ""
        return f'<td class="{name}">{inner}</td>' if name else f"<td>{inner}</td>"


def table(cells: Cells, rows: Sequence[Row], columns: Sequence[Sequence[str]]) -> Markup:
    """Rows down, columns `[key, kind, 中文, English]` across."""
    place = 2 if cells.words.language == "zh" else 3
    head = "".join(cells.head(column[place], column[1]) for column in columns)
    body = [
        "".join(cells.cell(cells.value(row, key), kind, not n) for n, (key, kind, *_) in enumerate(columns))
        for row in rows
    ]
    return framed(head, [f"<tr>{line}</tr>" for line in body])


def matrix(cells: Cells, rows: Sequence[Row], view: Mapping[str, Any]) -> Markup:
    """One key down, one across, a figure where they meet.

    `view` says `rows: [key, kind, 中文, English]`, `across: [key, kind]`, `cell: [key, kind]`; `small: [key, kind]` is
    a second line, `tag` a column whose code is shown beneath unless it is good; `heat` shades cells by value, fully at
    the greatest one (`true`) or at a given one.
    """
    key, kind = view["cell"]
    shades = _shades([row[key] for row in rows], view["heat"]) if view.get("heat") else {}
    numeric = "number" if kind in NUMERIC else ""

    def cell(row: Row) -> tuple[str, str]:
        inner = cells.html(row[key], kind)
        if view.get("small") and row[view["small"][0]] is not None:
            inner += f"<br><small>{cells.html(row[view['small'][0]], view['small'][1])}</small>"
        if view.get("tag") and cells.words.colour(_spoken(row[view["tag"]])) not in ("", "green"):
            inner += f"<br>{cells.html(row[view['tag']], 'tag')}"
        return f"{numeric} {shades.get(row[key], '')}".strip(), inner

    return _grid(cells, rows, view, kind, cell)


def lights(cells: Cells, rows: Sequence[Row], view: Mapping[str, Any]) -> Markup:
    """A board of lights: colour, and its word for those who do not see colours.

    `light` is the column with the colour; `small` are columns with how many stand at each colour beneath it.
    """

    def cell(row: Row) -> tuple[str, str]:
        beneath = " ".join(
            f'<span class="dot {cells.words.colour(name)}">{escape(cells.words.code(name))} {row[name]}</span>'
            for name in view.get("small", ())
            if row[name]
        )
        word = str(escape(cells.words.code(row[view["light"]])))
        return f"light {cells.words.colour(row[view['light']])}".strip(), "<br>".join(filter(None, [word, beneath]))

    return _grid(cells, rows, view, "text", cell)


def folded(summary: str, content: Markup, is_open: bool = False) -> Markup:
    """Something that is opened by who wants it."""
    return Markup("<details{}><summary>{}</summary>\n{}</details>").format(
        Markup(" open") if is_open else "", summary, content
    )


def framed(head: str, body: Sequence[str], name: str = "") -> Markup:
    """A table in a frame that scrolls on a narrow screen; its parts are HTML already.

    A region that scrolls must be reachable by keyboard: hence the tabindex.
    """
    kind, inside = f' class="{name}"' if name else "", "\n".join(body)
    return Markup(
        f'<div class="scroll" tabindex="0"><table{kind}>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{inside}\n</tbody></table></div>"
    )


def _grid(
    cells: Cells, rows: Sequence[Row], view: Mapping[str, Any], kind: str, cell: Callable[[Row], tuple[str, str]]
) -> Markup:
    """Lays rows out by `rows` and `across`; `cell` gives a cell's class and what stands in it."""
    (down, down_kind, *titles), (across, across_kind) = view["rows"], view["across"]
    columns = list(dict.fromkeys(cells.value(row, across) for row in rows))
    lines: dict[Any, dict[Any, Row]] = {}
    for row in rows:
        lines.setdefault(cells.value(row, down), {})[cells.value(row, across)] = row
    head = cells.head(titles[0 if cells.words.language == "zh" else 1]) + "".join(
        cells.head(cells.text(column, across_kind), kind) for column in columns
    )
    body = []
    for label, found in lines.items():
        drawn = [cell(found[column]) if column in found else ("", "") for column in columns]
        line = "".join(f'<td class="{name}">{inner}</td>' if name else f"<td>{inner}</td>" for name, inner in drawn)
        body.append(f'<tr><th scope="row">{cells.html(label, down_kind)}</th>{line}</tr>')
    return framed(head, body, "matrix")


def _shades(values: Sequence[Decimal | int | None], full: bool | float) -> dict[Decimal | int | None, str]:
    """A class `h1` … `h5` per value, by its share of the one with the full shade; what is not above zero has none."""
    greatest = max((value for value in values if value is not None), default=0)
    most = Decimal(greatest if full is True else str(full))
    if most <= 0:
        return {}
    return {
        value: f"h{min(STEPS, 1 + int(value * STEPS / most))}" for value in values if value is not None and value > 0
    }


def _spoken(value: Any) -> Any:
    """The code of a yes or no."""
    return ("yes" if value else "no") if isinstance(value, bool) else value
