"""Statements as a workbook for an accountant: a sheet per statement, the eliminations, and what doesn't agree.

Belongs here: sheets, headings, formats, and formulas where a figure is a sum of others on its sheet. Does not belong
here: figures (the publication has them; a formula's value is the published one).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from pipelines.ledger.statements import STATEMENTS, Line, Published, Row, Statement

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

TITLE_ROW, UNIT_ROW, HEAD_ROW, FIRST_ROW = 0, 1, 2, 3
_MONEY = '#,##0.00;[Red]-#,##0.00;"-"'
_FORMATS: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 16, "align": "center"},
    "unit": {"font_color": "#595959"},
    "head": {
        "bold": True,
        "bg_color": "#DDEBF7",
        "border": 1,
        "align": "center",
        "valign": "vcenter",
        "text_wrap": True,
    },
    "text": {"border": 1, "valign": "vcenter"},
    "place": {"border": 1, "valign": "vcenter", "align": "center"},
    "wrapped": {"border": 1, "valign": "vcenter", "text_wrap": True},
    "indented": {"border": 1, "valign": "vcenter", "indent": 1},
    "english": {"border": 1, "valign": "vcenter", "font_color": "#7F7F7F", "font_size": 9},
    "money": {"border": 1, "valign": "vcenter", "num_format": _MONEY},
    "share": {"border": 1, "valign": "vcenter", "num_format": "0.00%"},
    "total": {"border": 1, "valign": "vcenter", "bold": True, "bg_color": "#F2F2F2"},
    "total_place": {"border": 1, "valign": "vcenter", "align": "center", "bold": True, "bg_color": "#F2F2F2"},
    "total_money": {"border": 1, "valign": "vcenter", "bold": True, "bg_color": "#F2F2F2", "num_format": _MONEY},
    "check": {"italic": True, "font_color": "#595959", "align": "right"},
    "signed": {"font_color": "#595959"},
    "check_money": {"italic": True, "font_color": "#595959", "num_format": _MONEY},
}
# Lists behind the statements: sheet, query, columns as (column, heading, kind).
_LISTS: tuple[tuple[str, str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "抵销分录",
        "select * from ledger.elimination where period = $period order by leg, rule_id, a_member_id, b_member_id, "
        "member_id, account_code",
        (
            ("rule_id", "规则", "text"), ("rule_name", "规则名称", "text"), ("leg", "口径", "text"),
            ("a_member_name", "甲方", "text"), ("b_member_name", "乙方", "text"), ("member_name", "账簿", "text"),
            ("account_code", "科目编码", "text"), ("account_name", "科目名称", "text"), ("debit", "借方", "money"),
            ("credit", "贷方", "money"),
        ),
    ),
    (
        "内部往来对账",
        "select * from ledger.intercompany where period = $period and side = 'a' order by status = 'matched', rule_id, "
        "member_id, counterparty_member_id",
        (
            ("rule_id", "规则", "text"), ("rule_name", "规则名称", "text"), ("leg", "口径", "text"),
            ("member_name", "甲方", "text"), ("counterparty_member_name", "乙方", "text"),
            ("own_amount", "甲方金额", "money"), ("counterparty_amount", "乙方金额", "money"),
            ("difference", "差额", "money"), ("eliminated_amount", "已抵销", "money"),
            ("suspense_amount", "甲方挂账", "money"), ("status", "状态", "text"), ("reason", "原因", "wrapped"),
            ("open_reference", "单据", "text"),
        ),
    ),
    (
        "账实核对",
        "select * from ledger.reconciliation where period = $period order by is_ok, check_name, member_id",
        (
            ("member_name", "机构", "text"), ("check_name_zh", "核对项目", "text"), ("left_amount", "账面", "money"),
            ("right_amount", "对照", "money"), ("difference", "差额", "money"), ("tolerance", "容差", "money"),
            ("is_ok", "相符", "text"), ("settlement_difference_amount", "结算差额", "money"),
            ("in_progress_amount", "在院病人变动", "money"),
        ),
    ),
    (
        "未实现损益",
        "select * from ledger.unrealised_margin where period = $period "
        "order by rule_id, seller_member_id, buyer_member_id",
        (
            ("rule_name", "规则", "text"), ("seller_member_name", "卖方", "text"),
            ("buyer_member_name", "买方", "text"), ("ic_reference", "单据", "text"),
            ("transferred_amount", "当期内部销售", "money"),
            ("margin_amount", "当期内部损益", "money"), ("margin_rate", "毛利率", "share"),
            ("held_amount", "期末结存", "money"), ("in_transit_amount", "其中：在途", "money"),
            ("unrealised_amount", "未实现损益", "money"),
        ),
    ),
    (
        "账务疑点",
        "select * from ledger.issue where period = $period order by member_id, issue, subject",
        (
            ("member_name", "机构", "text"), ("issue_name", "疑点", "text"), ("subject", "对象", "text"),
            ("amount", "金额", "money"), ("lines", "分录数", "text"), ("detail", "说明", "wrapped"),
        ),
    ),
)  # fmt: skip
_A3, _A4 = 8, 9  # paper, as Excel numbers it
_COLUMNS_OF_A3 = 20
_SIGNED = "单位负责人：                    财务负责人：                    复核：                    制表："
# Ends of the position that must be equal.
_BALANCE = ("FP_ASSETS", "FP_LIABILITIES_NET_ASSETS")


def write(ledger: Published, path: Path) -> list[str]:
    """Writes the workbook of a period.

    Each total is a formula over the lines that add into it, the aggregate over the members, the consolidated figure
    over aggregate and elimination; assets less claims and debits less credits stand as checks that must show nothing.

    Args:
        path: an .xlsx file; replaced.

    Returns:
        the names of the sheets.
    """
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        formats = {name: book.add_format({"font_name": "SimSun"} | said) for name, said in _FORMATS.items()}
        if made := ledger.publication.get("published_at"):
            book.set_properties({"title": f"合并报表 {ledger.period}", "created": made})
        sheets = [_Sheet(book, formats, ledger, statement).write() for statement in _statements(ledger)]
        sheets += [_list(book, formats, ledger, *each) for each in _LISTS]
    return [name for name in sheets if name]


def _statements(ledger: Published) -> Iterable[Statement]:
    return (found for found in map(ledger.statement, STATEMENTS) if found is not None)


class _Sheet:
    """One statement: lines down, members and what becomes of their sum across."""

    def __init__(self, book: Workbook, formats: dict[str, Format], ledger: Published, statement: Statement) -> None:
        self.statement, self.ledger, self.formats = statement, ledger, formats
        self.sheet: Worksheet = book.add_worksheet(statement.name)
        self.members = list(ledger.members)
        self.row_of = {line.code: FIRST_ROW + place for place, line in enumerate(statement.lines)}
        self.aggregate = 3 + len(self.members)
        self.elimination, self.consolidated = self.aggregate + 1, self.aggregate + 2
        self.last = self.consolidated

    def write(self) -> str:
        headings = ["行次", "项目", "Item", *self.ledger.members.values(), "汇总", "抵销", "合并"]
        if self.statement.since is not None:
            headings.append(f"本年累计\n{self.statement.since} 起")
        if self.statement.compared is not None:
            headings.append(f"上年同期\n{self.statement.compared}")
        self.last = len(headings) - 1
        is_position = self.statement.statement == "financial_position"
        when = f"截至 {_last_day(self.ledger.period)}" if is_position else f"会计期间 {self.ledger.period}"
        _head(self.sheet, self.formats, f"合并{self.statement.name}", self.ledger, headings, when)
        for line in self.statement.lines:
            self._line(line)
        self._checks()
        foot = FIRST_ROW + len(self.statement.lines) + 2
        self.sheet.write_string(foot, 1, _SIGNED, self.formats["signed"])
        self.sheet.set_column(0, 0, 6)
        self.sheet.set_column(1, 2, 32)
        self.sheet.set_column(3, self.last, 18)
        self.sheet.freeze_panes(FIRST_ROW, 3)
        # Wide consortia are printed over several sheets of A3, line names on each.
        self.sheet.set_paper(_A3 if self.last > 7 else _A4)
        self.sheet.repeat_columns(0, 1)
        self.sheet.fit_to_pages(-(-(self.last + 1) // _COLUMNS_OF_A3), 0)
        return self.statement.name

    def _line(self, line: Line) -> None:
        row, is_total = self.row_of[line.code], bool(line.children)
        text, money = ("total", "total_money") if is_total else ("indented", "money")
        self.sheet.write_number(row, 0, row - FIRST_ROW + 1, self.formats["total_place" if is_total else "place"])
        self.sheet.write_string(row, 1, line.name, self.formats[text])
        self.sheet.write_string(row, 2, line.name_en, self.formats["total" if is_total else "english"])
        for place, member in enumerate(self.members):
            self._cell(row, 3 + place, line.by_member.get(member), line, money)
        first, last = _name(row, 3), _name(row, 2 + len(self.members))
        self._formula(row, self.aggregate, f"SUM({first}:{last})", line.aggregate, money)
        self._cell(row, self.elimination, line.elimination, line, money)
        summed = f"{_name(row, self.aggregate)}+{_name(row, self.elimination)}"
        self._formula(row, self.consolidated, summed, line.consolidated, money)
        beside = [line.year_to_date] if self.statement.since is not None else []
        beside += [line.comparative] if self.statement.compared is not None else []
        for place, amount in enumerate(beside):
            self._cell(row, self.consolidated + 1 + place, amount, line, money)

    def _cell(self, row: int, column: int, amount: Decimal | None, line: Line, money: str) -> None:
        """A detail's number, or a total's formula over the lines that add into it."""
        if line.children:
            parts = "".join(
                f"{'+' if sign > 0 else '-'}{_name(self.row_of[code], column)}" for code, sign in line.children
            )
            self._formula(row, column, parts.removeprefix("+"), amount or Decimal(0), money)
        elif amount is None:
            self.sheet.write_blank(row, column, None, self.formats[money])
        else:
            self.sheet.write_number(row, column, float(amount), self.formats[money])

    def _formula(self, row: int, column: int, formula: str, value: Decimal, money: str) -> None:
        self.sheet.write_formula(row, column, f"={formula}", self.formats[money], float(value))

    def _checks(self) -> None:
        left, right = _BALANCE
        if self.statement.statement != "financial_position" or not {left, right} <= set(self.row_of):
            return
        row = FIRST_ROW + len(self.statement.lines) + 1
        amounts = {line.code: line for line in self.statement.lines}
        self.sheet.write_string(row, 1, "校验：资产总计－负债和净资产总计（应为零）", self.formats["check"])
        for column in range(3, self.last + 1):
            gap = Decimal(0)
            if column == self.consolidated:
                gap = amounts[left].consolidated - amounts[right].consolidated
            formula = f"ROUND({_name(self.row_of[left], column)}-{_name(self.row_of[right], column)},2)"
            self._formula(row, column, formula, gap, "check_money")


def _list(
    book: Workbook,
    formats: dict[str, Format],
    ledger: Published,
    name: str,
    query: str,
    columns: Sequence[tuple[str, str, str]],
) -> str:
    """A sheet of rows; differences are formulas, debits and credits are added up. No rows, no sheet."""
    rows = ledger.rows(query)
    if not rows:
        return ""
    # A publication made before a column was has none.
    columns = [each for each in columns if each[0] in rows[0]]
    sheet = book.add_worksheet(name)
    _head(sheet, formats, name, ledger, [heading for _, heading, _ in columns], f"会计期间 {ledger.period}")
    places = {column: place for place, (column, _, _) in enumerate(columns)}
    for number, row in enumerate(rows, start=FIRST_ROW):
        for column, _, kind in columns:
            _write(sheet, formats, number, places, column, kind, row)
    if {"debit", "credit"} <= set(places):
        end = FIRST_ROW + len(rows)
        sheet.write_string(end, places["debit"] - 1, "合计", formats["total"])
        for column in ("debit", "credit"):
            first, last = _name(FIRST_ROW, places[column]), _name(end - 1, places[column])
            total = sum((row[column] for row in rows), Decimal(0))
            sheet.write_formula(end, places[column], f"=SUM({first}:{last})", formats["total_money"], float(total))
        gap = f"=ROUND({_name(end, places['debit'])}-{_name(end, places['credit'])},2)"
        sheet.write_string(end + 1, places["debit"] - 1, "校验：借方－贷方（应为零）", formats["check"])
        sheet.write_formula(end + 1, places["debit"], gap, formats["check_money"], 0)
    for column, heading, kind in columns:
        shown = [heading, *(_WORDS.get(row[column], str(row[column])) for row in rows if row[column] is not None)]
        width = {"money": 17, "share": 10, "wrapped": 60}.get(kind) or min(max(map(_width, shown)) + 3, 50)
        sheet.set_column(places[column], places[column], width)
    sheet.autofilter(FIRST_ROW - 1, 0, FIRST_ROW - 1 + len(rows), len(columns) - 1)
    sheet.freeze_panes(FIRST_ROW, 0)
    return name


def _write(
    sheet: Worksheet, formats: dict[str, Format], number: int, places: dict[str, int], column: str, kind: str, row: Row
) -> None:
    value, place = row[column], places[column]
    sides = [
        pair for pair in (("own_amount", "counterparty_amount"), ("left_amount", "right_amount")) if pair[0] in places
    ]
    if column == "difference" and sides:
        left, right = (_name(number, places[each]) for each in sides[0])
        sheet.write_formula(number, place, f"={left}-{right}", formats[kind], float(value))
    elif value is None:
        sheet.write_blank(number, place, None, formats[kind])
    elif isinstance(value, bool):
        sheet.write_string(number, place, "是" if value else "否", formats[kind])
    elif isinstance(value, (Decimal, int)):
        sheet.write_number(number, place, float(value), formats[kind])
    else:
        sheet.write_string(number, place, _WORDS.get(value, str(value)), formats[kind])


# Words of codes that a reader of the workbook meets.
_WORDS = {
    "balance": "余额", "movement": "发生额", "matched": "相符", "difference": "金额不符", "one_sided": "单边入账",
    "timing": "时间性差异", "wrong_counterparty": "往来单位有误", "ELIM": "抵销账簿",
}  # fmt: skip


def _width(text: str) -> int:
    """Columns of a text as printed: a Chinese character takes two."""
    return sum(2 if east_asian_width(each) in "WF" else 1 for each in text)


def _last_day(period: str) -> str:
    year, month = map(int, period.split("-"))
    return f"{period}-{monthrange(year, month)[1]}"


def _head(
    sheet: Worksheet, formats: dict[str, Format], title: str, ledger: Published, headings: Sequence[str], when: str
) -> None:
    """Title, unit and headings; printed wide, the headings on every page."""
    last = max(len(headings) - 1, 1)
    sheet.merge_range(TITLE_ROW, 0, TITLE_ROW, last, title, formats["title"])
    made = ledger.publication
    source = f"    发布 {made['publication_id']}" if made.get("publication_id") else ""
    scope = f"编制范围：{len(ledger.members)} 家成员机构"
    sheet.write_string(UNIT_ROW, 0, f"{when}    单位：元    {scope}{source}", formats["unit"])
    for place, heading in enumerate(headings):
        sheet.write_string(HEAD_ROW, place, heading, formats["head"])
    sheet.set_row(HEAD_ROW, 32)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.center_horizontally()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(TITLE_ROW, HEAD_ROW)
    sheet.set_footer("&C&P / &N")


def _name(row: int, column: int) -> str:
    """A cell's name, A1 for (0, 0)."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    return str(xl_rowcol_to_cell(row, column))
