"""The cost office's workbook: one XLSX file per member and period, a sheet per report, printed as it stands.

Here: reading a publication and laying the report set (`reports`) out: titles, widths, totals and checks as formulas
that hold their value, pages that print. Not here: which reports there are, and any figure: those are the marts'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from xlsxwriter.utility import xl_col_to_name

from pipelines.costing.reports import CHECKS, SHEETS
from pipelines.costing.sheets import Column, Sheet

HEADER_ROW = 3
"""Row of the column titles (0 = first): above it stand title, member and period, and a note."""
CONTENTS = "目录"
FORMATS = {
    "text": {},
    "count": {"num_format": "#,##0"},
    "quantity": {"num_format": "#,##0.00"},
    "money": {"num_format": "#,##0.00;[Red]-#,##0.00"},
    "price": {"num_format": "#,##0.0000"},
    "share": {"num_format": "0.00%"},
}
WIDTHS = {"text": 14, "count": 9, "quantity": 12, "money": 15, "price": 12, "share": 9}
Row = Mapping[str, Any]


class NoReport(RuntimeError):
    """There is nothing to make a workbook of; the text says what is missing and what to do."""


@dataclass(frozen=True)
class Written:
    """One workbook: where it stands and the reports in it."""

    path: Path
    member_id: str
    period: str
    sheets: tuple[str, ...]


def write_all(
    publication: Path, into: Path, *, members: Sequence[str] = (), periods: Sequence[str] = ()
) -> list[Written]:
    """Writes a workbook per member and period of a publication.

    Args:
        publication: the published DuckDB file (`current/consortium.duckdb`).
        into: folder of the workbooks, `<member>-<period>.xlsx`; made where it is missing.
        members: only these; all that have a cost, where empty.
        periods: only these; the newest where empty.

    Raises:
        NoReport: no publication, or nobody with a cost in what was asked for.
    """
    if not publication.exists():
        raise NoReport(f"{publication} isn't there: nothing is published yet, run `yilian nightly` first")
    with duckdb.connect(str(publication), read_only=True) as connection:
        found = connection.execute(
            "select distinct member_id, member_name, period from cost.structure order by period, member_id"
        ).fetchall()
        newest = {max((period for _, _, period in found), default="")}
        chosen = [
            (member, name, period)
            for member, name, period in found
            if (not members or member in members) and period in (set(periods) or newest)
        ]
        wanted = ", ".join(sorted(set(periods) or newest))
        if missing := sorted(set(members) - {member for member, _, _ in chosen}):
            known = ", ".join(sorted({member for member, _, period in found if period in wanted})) or "nobody"
            raise NoReport(f"no cost of {', '.join(missing)} in {wanted}; there is one of {known}")
        if not chosen:
            months = ", ".join(sorted({period for _, _, period in found})) or "no month"
            raise NoReport(f"no cost in {wanted or 'this publication'}; there is one in {months}")
        (published_at,) = connection.execute("select max(published_at) from governance.publication").fetchone() or (
            None,
        )
        into.mkdir(parents=True, exist_ok=True)
        return [_write(connection, into, member, name, period, published_at) for member, name, period in chosen]


def _write(
    connection: duckdb.DuckDBPyConnection,
    into: Path,
    member: str,
    name: str,
    period: str,
    published_at: datetime | None,
) -> Written:
    import xlsxwriter

    rows_of = {sheet.name: _rows(connection, sheet.query, member, period) for sheet in SHEETS}
    reasons = _rows(
        connection,
        "select reason from cost.not_available where period = $period and member_id = $member",
        member,
        period,
    )
    path = into / f"{member}-{period}.xlsx"
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    # A workbook says when its figures were published, so that the same figures give the same file.
    book.set_properties({"title": f"{name} {period} 成本报表", "created": published_at or datetime(1980, 1, 1)})
    styles = _Styles(book)
    contents = book.add_worksheet(CONTENTS)
    places: dict[tuple[str, str], tuple[str, float]] = {}
    for sheet in SHEETS:
        if rows_of[sheet.name]:
            _lay_out(book.add_worksheet(sheet.name), sheet, rows_of[sheet.name], styles, f"{name}　{period}", places)
    _contents(contents, styles, name, period, rows_of, [row["reason"] for row in reasons], places)
    book.close()
    return Written(path, member, period, tuple(sheet.name for sheet in SHEETS if rows_of[sheet.name]))


def _rows(connection: duckdb.DuckDBPyConnection, query: str, member: str, period: str) -> list[Row]:
    cursor = connection.execute(query, {"period": period, "member": member})
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


class _Styles:
    """Cell formats of a workbook, made once each."""

    def __init__(self, book: Any) -> None:
        base = {"font_name": "宋体", "font_size": 10, "valign": "vcenter"}
        line = {"border": 1, "border_color": "#A6A6A6"}
        self.title = book.add_format(base | {"bold": True, "font_size": 16, "align": "center"})
        self.subtitle = book.add_format(base | {"align": "center", "font_color": "#404040"})
        self.note = book.add_format(base | {"font_color": "#7F7F7F", "text_wrap": True, "valign": "top"})
        self.head = book.add_format(
            base | line | {"bold": True, "align": "center", "text_wrap": True, "bg_color": "#DCE6F1"}
        )
        self.cell = {kind: book.add_format(base | line | extra) for kind, extra in FORMATS.items()}
        self.total = {
            kind: book.add_format(base | line | extra | {"bold": True, "top": 2, "bg_color": "#F2F2F2"})
            for kind, extra in FORMATS.items()
        }
        self.link = book.add_format(base | line | {"font_color": "#0563C1", "underline": 1})
        self.plain = book.add_format(base)
        self.bad = book.add_format({"bold": True, "font_color": "#C00000"})


def _lay_out(
    page: Any,
    sheet: Sheet,
    rows: Sequence[Row],
    styles: _Styles,
    whose: str,
    places: dict[tuple[str, str], tuple[str, float]],
) -> None:
    last = len(sheet.columns) - 1
    first_row, total_row = HEADER_ROW + 1, HEADER_ROW + 1 + len(rows)
    page.merge_range(0, 0, 0, last, sheet.title, styles.title)
    page.merge_range(1, 0, 1, last, f"{whose}　　单位：元", styles.subtitle)
    page.merge_range(2, 0, 2, last, sheet.note, styles.note)
    page.set_row(0, 26)
    widths = [column.width or WIDTHS[column.kind] for column in sheet.columns]
    lines = max(-(-2 * len(column.title) // width) for column, width in zip(sheet.columns, widths, strict=True))
    page.set_row(HEADER_ROW, 14 * lines + 6)
    place = {column.key: number for number, column in enumerate(sheet.columns)}
    for number, column in enumerate(sheet.columns):
        page.set_column(number, number, widths[number])
        page.write_string(HEADER_ROW, number, column.title, styles.head)
        for offset, row in enumerate(rows):
            _cell(page, first_row + offset, number, column, row, place, styles)
        if column.is_totalled:
            letter = xl_col_to_name(number)
            value = float(sum(row[column.key] or 0 for row in rows))
            formula = f"=SUM({letter}{first_row + 1}:{letter}{total_row})"
            page.write_formula(total_row, number, formula, styles.total[column.kind], value)
            places[sheet.name, column.key] = (f"'{sheet.name}'!{letter}{total_row + 1}", value)
        elif any(each.is_totalled for each in sheet.columns):
            page.write_string(total_row, number, "合计" if number == 0 else "", styles.total["text"])
    page.freeze_panes(first_row, sum(1 for column in sheet.columns[:3] if column.kind == "text"))
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(HEADER_ROW)
    page.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.7)
    page.set_footer("&L制表：　　　　复核：　　　　财务负责人：&C&A&R第 &P 页，共 &N 页")


def _cell(
    page: Any, row: int, number: int, column: Column, values: Row, place: Mapping[str, int], styles: _Styles
) -> None:
    style = styles.cell[column.kind]
    if column.share_of:
        part, whole = column.share_of
        if values[part] is None or not values[whole]:
            page.write_blank(row, number, None, style)
            return
        formula = f"={xl_col_to_name(place[part])}{row + 1}/{xl_col_to_name(place[whole])}{row + 1}"
        page.write_formula(row, number, formula, style, float(values[part] / values[whole]))
        return
    value = values[column.key]
    if value is None:
        page.write_blank(row, number, None, style)
    elif column.kind == "text":
        page.write_string(row, number, str(value), style)
    elif column.adds and sum(values[key] or 0 for key in column.adds) == value:
        page.write_formula(
            row, number, f"=SUM({_cells([place[key] for key in column.adds], row)})", style, float(value)
        )
    elif column.kind == "quantity" and value == int(value):
        page.write_number(row, number, int(value), styles.cell["count"])
    else:
        page.write_number(row, number, float(value), style)


def _contents(
    page: Any,
    styles: _Styles,
    name: str,
    period: str,
    rows_of: Mapping[str, Sequence[Row]],
    reasons: Sequence[str],
    places: Mapping[tuple[str, str], tuple[str, float]],
) -> None:
    page.set_column(0, 0, 6)
    page.set_column(1, 1, 44)
    page.set_column(2, 5, 17)
    page.merge_range(0, 0, 0, 5, f"{name}　成本报表", styles.title)
    page.merge_range(1, 0, 1, 5, f"会计期间 {period}", styles.subtitle)
    page.set_row(0, 30)
    line = 3
    for number, title in enumerate(("序号", "报表", "行数")):
        page.write_string(line, number, title, styles.head)
    for number, sheet in enumerate(SHEETS, start=1):
        line += 1
        count = len(rows_of[sheet.name])
        page.write_number(line, 0, number, styles.cell["count"])
        if count:
            page.write_url(line, 1, f"internal:'{sheet.name}'!A1", styles.link, sheet.title)
            page.write_number(line, 2, count, styles.cell["count"])
        else:
            page.write_string(line, 1, sheet.title, styles.cell["text"])
            page.write_string(line, 2, "无数据", styles.cell["text"])
    for reason in reasons:
        line += 1
        page.merge_range(line, 0, line, 5, reason, styles.note)
    line += 2
    for number, title in enumerate(("序号", "勾稽关系", "左方", "右方", "差额", "结果")):
        page.write_string(line, number, title, styles.head)
    for number, check in enumerate(CHECKS, start=1):
        if not all(end in places for end in (*check.left, *check.right)):
            continue
        line += 1
        page.write_number(line, 0, number, styles.cell["count"])
        page.write_string(line, 1, check.name, styles.cell["text"])
        sums = []
        for place, ends in ((2, check.left), (3, check.right)):
            sums.append(round(sum(places[end][1] for end in ends), 2))
            formula = "=" + "+".join(places[end][0] for end in ends)
            page.write_formula(line, place, formula, styles.cell["money"], sums[-1])
        page.write_formula(line, 4, f"=ROUND(C{line + 1}-D{line + 1},2)", styles.cell["money"], sums[0] - sums[1])
        verdict = "平" if sums[0] == sums[1] else "不平"
        page.write_formula(line, 5, f'=IF(E{line + 1}=0,"平","不平")', styles.cell["text"], verdict)
        page.conditional_format(
            line, 5, line, 5, {"type": "cell", "criteria": "==", "value": '"不平"', "format": styles.bad}
        )
    page.hide_gridlines(2)
    page.set_paper(9)
    page.fit_to_pages(1, 1)


def _cells(numbers: Sequence[int], row: int) -> str:
    """The cells of a row at these columns: as a range where they stand side by side."""
    names = [f"{xl_col_to_name(number)}{row + 1}" for number in numbers]
    side_by_side = list(numbers) == list(range(numbers[0], numbers[0] + len(numbers)))
    return f"{names[0]}:{names[-1]}" if side_by_side else ",".join(names)
