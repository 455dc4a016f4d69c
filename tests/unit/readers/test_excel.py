"""Workbooks: what Excel does to amounts, dates and codes, and what somebody may hide in one."""

import datetime as dt
import io
import zipfile

import openpyxl
import pytest

from pipelines.ingest.readers import Unreadable, archive

BUDGETS = ["预算明细号", "年度", "月度", "科室代码", "支出类别", "是否重点专科", "预算额(万元)", "预算版本", "审批日期"]


def budget(number: str, amount: object, approved: object, key: object = "×") -> list[object]:
    return [number, 2026, 10, "0101", "人员支出", key, amount, 1, approved]


def test_a_budget_in_wan_with_a_title_row(read, files):
    rows = [
        ["民和医院预算表"],
        BUDGETS,
        budget("B1", 12.34, dt.date(2026, 1, 5), "√"),
        budget("B2", "1,200.5", "2026年1月5日"),
    ]
    frame = read("minhe", "budgets", files.xlsx(rows), ".xlsx")
    assert frame.row(0, named=True) == {
        "budget_line_id": "B1", "fiscal_year": "2026", "month": "10", "dept_code": "0101", "budget_category": "labour",
        "is_key_discipline": "true", "amount": "123400", "version": "1", "approved_on": "2026-01-05", "source_row": 1,
    }  # fmt: skip
    assert frame.row(1, named=True)["amount"] == "12005000"
    assert frame["approved_on"].to_list() == ["2026-01-05", "2026-01-05"]


def test_xls_reads_as_xlsx_does(read, files):
    rows = [["标题"], BUDGETS, budget("B1", 0.1 + 0.2, "2026.1.5"), budget("B2", -7, 46027)]
    old, new = (
        read("minhe", "budgets", write(rows), suffix) for write, suffix in ((files.xls, ".xls"), (files.xlsx, ".xlsx"))
    )
    assert old.equals(new)
    assert old["amount"].to_list() == ["3000", "-70000"]
    assert old["approved_on"].to_list() == ["2026-01-05", "2026-01-05"]  # 46027 is that day's serial number


def test_amounts_keep_the_fifteen_digits_that_excel_keeps(read, files):
    rows = [
        ["标题"],
        BUDGETS,
        *[budget(f"B{n}", cell, "2026.1.5") for n, cell in enumerate([12.340000000000002, 1e-4, 123456789.01, "-"])],
    ]
    frame = read("minhe", "budgets", files.xlsx(rows), ".xlsx")
    assert frame["amount"].to_list() == ["123400", "1", "1234567890100", None]


def test_moments_keep_their_seconds_and_days_have_none(read, files):
    headers = ["病历文书号", "就诊号", "病历类别", "记录时间", "病历正文"]
    rows = [
        ["t"],
        headers,
        ["N1", "E1", "病程", dt.datetime(2026, 10, 31, 8, 5, 9), "好"],
        ["N2", "E1", "病程", "2026年10月31日 08:05:09", "好"],
    ]
    assert (
        read("minhe", "clinical_notes", files.xlsx(rows), ".xlsx")["written_at"].to_list()
        == ["2026-10-31 08:05:09"] * 2
    )


def test_formulas_are_not_evaluated_and_injected_ones_stay_text(read, files):
    rows = [["t"], BUDGETS, budget("B1", "=1+1", "2026.1.5")]
    content = files.xlsx(rows)
    assert read("minhe", "budgets", content, ".xlsx")["amount"].to_list() == [None]
    book = openpyxl.load_workbook(io.BytesIO(content))
    cell = book.active["A3"]
    cell.value, cell.data_type = "=cmd|'/c calc'!A1", "s"
    out = io.BytesIO()
    book.save(out)
    assert read("minhe", "budgets", out.getvalue(), ".xlsx")["budget_line_id"].to_list() == ["=cmd|'/c calc'!A1"]


def test_debit_and_credit_out_of_one_amount_and_a_word(read, files):
    headers = [
        "凭证字号",
        "序号",
        "凭证日期",
        "科目代码",
        "科目名称",
        "科室代码",
        "发生额(元)",
        "借贷",
        "资金性质",
        "凭证摘要",
    ]
    rows = [["t"], headers] + [
        ["记1", n, "2026年10月31日", "1002", "银行存款", None, amount, side, "事业收入", "x"]
        for n, (amount, side) in enumerate([(5, "借"), (5, "贷"), (3, "平"), (3, None)], start=1)
    ]
    frame = read("minhe", "gl_entries", files.xlsx(rows), ".xlsx")
    assert frame.select("debit", "credit").rows() == [("5", "0"), ("0", "5"), ("借贷=平?",) * 2, ("借贷=?",) * 2]


def test_blank_rows_are_passed_over_and_the_rest_keeps_its_place(read, files):
    rows = [["t"], BUDGETS, budget("B1", 1, "2026.1.5"), [None] * 9, budget("B2", 1, "2026.1.5")]
    assert read("minhe", "budgets", files.xlsx(rows), ".xlsx")["source_row"].to_list() == [1, 3]


def test_a_header_in_another_row_is_pointed_at(read, files):
    with pytest.raises(Unreadable, match=r"the header stands in row 4, the adapter minhe.yml says 2"):
        read("minhe", "budgets", files.xlsx([["t"], ["x"], ["y"], BUDGETS, budget("B1", 1, "2026.1.5")]), ".xlsx")


def test_identity_numbers_saved_as_numbers_are_refused(read, files):
    headers = ["就诊号", "序号", "诊断ICD编码"]
    rows = [["t"], headers] + [[110101199001011230 + n * 1000, 1, "I10"] for n in range(5)]
    with pytest.raises(Unreadable, match="codes_as_numbers"):
        read("minhe", "diagnoses", files.xls(rows), ".xls")
    rows = [["t"], headers] + [[str(110101199001011230 + n), 1, "I10"] for n in range(5)]
    assert read("minhe", "diagnoses", files.xlsx(rows), ".xlsx").height == 5


@pytest.mark.parametrize("suffix", [".xlsx", ".xls"])
@pytest.mark.parametrize("kept", [3, 100, 1500, 0.7])
def test_a_workbook_cut_off_anywhere_is_unreadable_or_whole(read, files, suffix, kept):
    write = files.xlsx if suffix == ".xlsx" else files.xls
    content = write([["t"], BUDGETS, *[budget(f"B{n}", n, "2026.1.5") for n in range(400)]])
    cut = content[: int(len(content) * kept) if isinstance(kept, float) else kept]
    with pytest.raises(Unreadable) as caught:
        read("minhe", "budgets", cut, suffix)
    assert caught.value.reason_code in ("wrong_format", "header_missing")


def test_text_named_xlsx_is_no_workbook(read):
    with pytest.raises(Unreadable, match="neither XLSX nor XLS"):
        read("minhe", "budgets", "预算\n".encode(), ".xlsx")


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return out.getvalue()


def test_a_zip_bomb_is_refused_before_it_is_unpacked(read):
    bomb = zipped({"xl/worksheets/sheet1.xml": b"0" * 64 * 2**20})
    assert len(bomb) < 2**17
    with pytest.raises(Unreadable, match="archive_bomb"):
        read("minhe", "budgets", bomb, ".xlsx")


def test_a_bomb_that_lies_about_its_size_is_counted(read):
    bomb = bytearray(zipped({"xl/worksheets/sheet1.xml": b"0" * 64 * 2**20}))
    real = (64 * 2**20).to_bytes(4, "little")
    assert bomb.count(real) == 2
    with pytest.raises(Unreadable, match="archive_bomb"):
        read("minhe", "budgets", bytes(bomb.replace(real, (1000).to_bytes(4, "little"))), ".xlsx")


def test_many_members_share_one_limit(read, monkeypatch):
    monkeypatch.setattr(archive, "LARGEST_TOTAL", 3 * 2**20)
    noise = bytes(range(256)) * 4096
    with pytest.raises(Unreadable, match="archive_bomb"):
        read("minhe", "budgets", zipped({f"m{n}": noise for n in range(4)}, zipfile.ZIP_STORED), ".xlsx")


def test_an_encrypted_archive_asks_for_an_open_one(read):
    content = bytearray(zipped({"xl/workbook.xml": b"x"}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(Unreadable, match="password"):
        read("minhe", "budgets", bytes(content), ".xlsx")


def test_a_sheet_is_found_by_name_or_missed_by_name(read, files, vendor):
    vendor(
        "sheets",
        "vendor: sheets\nname_zh: 表\nextracts:\n  diagnoses:\n    file: d*.xlsx\n    sheet: 诊断\n"
        "    columns: {encounter_id: e, seq: s, icd10: i}\n",
    )
    rows = [["e", "s", "i"], ["E1", 1, "I10"]]
    assert read("sheets", "diagnoses", files.xlsx(rows, "诊断"), ".xlsx").height == 1
    with pytest.raises(Unreadable, match="has no sheet 诊断; it has 其他"):
        read("sheets", "diagnoses", files.xlsx(rows, "其他"), ".xlsx")
