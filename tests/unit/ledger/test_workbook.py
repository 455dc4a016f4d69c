"""The workbook of the statements: a formula where a figure is a sum, and every formula gives the published figure."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from pipelines.ledger import statements, workbook

CELL = re.compile(r"([A-Z]+\d+):([A-Z]+\d+)|([A-Z]+\d+)")


def value(sheet: Worksheet, cell: str) -> float:
    """What a spreadsheet makes of a cell: numbers, and formulas of +, -, SUM and ROUND."""
    held = sheet[cell].value
    if not isinstance(held, str) or not held.startswith("="):
        return float(held or 0)

    def number(found: re.Match[str]) -> str:
        first, last, single = found.groups()
        if single:
            return f"({value(sheet, single)!r})"
        return ",".join(f"({value(sheet, each.coordinate)!r})" for row in sheet[first:last] for each in row)

    python = CELL.sub(number, held[1:].replace("SUM(", "total(").replace("ROUND(", "round("))
    return float(eval(python, {"total": lambda *all: sum(all), "round": round}))


@pytest.fixture
def book(publication: Callable[[], Path], tmp_path: Path) -> Path:
    path = tmp_path / "statements.xlsx"
    with statements.published(publication(), "2026-10") as ledger:
        assert workbook.write(ledger, path) == ["资产负债表", "收入费用表", "抵销分录", "内部往来对账", "账实核对"]
    return path


def test_every_formula_gives_the_published_figure(book: Path) -> None:
    formulas, shown = openpyxl.load_workbook(book), openpyxl.load_workbook(book, data_only=True)
    computed = 0
    for sheet in formulas:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    computed += 1
                    assert value(sheet, cell.coordinate) == pytest.approx(shown[sheet.title][cell.coordinate].value)
    assert computed > 40


def test_a_total_takes_off_what_the_form_takes_off(book: Path) -> None:
    sheet = openpyxl.load_workbook(book)["资产负债表"]
    formula = {sheet.cell(row, 2).value: sheet.cell(row, 4).value for row in range(4, 11)}
    assert formula["净值"] == "=D5-D6"
    assert formula["资产总计"] == "=D4+D7"
    heads = [cell.value for cell in sheet[3]]
    assert heads == ["行次", "项目", "Item", "甲医院", "乙卫生院", "汇总", "抵销", "合并"]


def test_a_sheet_says_its_month_unit_and_publication(book: Path) -> None:
    sheet = openpyxl.load_workbook(book)["收入费用表"]
    assert sheet["A1"].value == "合并收入费用表"
    assert sheet["A2"].value == "会计期间 2026-10    单位：元    编制范围：2 家成员机构    发布 000007-x"
    assert sheet["I3"].value == "本年累计\n2026-09 起"
    assert openpyxl.load_workbook(book)["资产负债表"]["A2"].value.startswith("截至 2026-10-31    单位：元")


def test_a_sheet_is_laid_out_to_be_printed_and_signed(book: Path) -> None:
    """Across one page, names and headings on every one, what is listed wide enough to be read."""
    formulas = openpyxl.load_workbook(book)
    position, pairs = formulas["资产负债表"], formulas["内部往来对账"]
    assert (position.page_setup.orientation, position.sheet_properties.pageSetUpPr.fitToPage) == ("landscape", True)
    assert (position.print_title_rows, position.print_title_cols) == ("$1:$3", "$A:$B")
    assert position.freeze_panes == "D4"
    assert "财务负责人" in str(position.cell(position.max_row, 2).value)
    assert pairs.column_dimensions["L"].width > 40


def test_assets_less_claims_and_debits_less_credits_are_checks_of_their_own(book: Path) -> None:
    formulas = openpyxl.load_workbook(book)
    position, journal = formulas["资产负债表"], formulas["抵销分录"]
    assert position["H12"].value == "=ROUND(H8-H10,2)"
    assert value(position, "H12") == 0
    assert (value(journal, "I7"), value(journal, "J7"), value(journal, "I8")) == (50, 50, 0)


def test_text_out_of_a_members_books_is_never_a_formula(book: Path) -> None:
    sheet = openpyxl.load_workbook(book)["内部往来对账"]
    (cell,) = [cell for row in sheet.iter_rows(min_row=4) for cell in row if cell.value == '=HYPERLINK("x")']
    assert cell.data_type == "s"


def test_a_month_that_is_not_published_names_those_that_are(publication: Callable[[], Path], tmp_path: Path) -> None:
    with (
        pytest.raises(statements.NoStatements, match=r"2026-12 has no statements; published are 2026-10"),
        statements.published(publication(), "2026-12"),
    ):
        pass
    with (
        pytest.raises(statements.NoStatements, match="run `yilian nightly` first"),
        statements.published(tmp_path / "nowhere", "2026-10"),
    ):
        pass
