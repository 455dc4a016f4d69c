"""DBF: fixed width, code pages, deleted records, and fields that a reader must not guess at."""

import pytest

from pipelines.ingest.readers import Unreadable

FIELDS = [
    ("PZBH", "C", 12), ("HH", "N", 4), ("JZRQ", "D", 8), ("KMBM", "C", 10), ("KMMC", "C", 20), ("KSBM", "C", 6),
    ("JFJE", "N", 14), ("DFJE", "F", 14), ("JFLY", "C", 1), ("ZY", "C", 30), ("FLAG", "L", 1),
]  # fmt: skip


def voucher(number: str, debit: str, summary: str = "收入") -> list[object]:
    return [number, 1, "20261031", "1002", "银行存款", "0101", debit, "0.00", "1", summary, "T"]


def test_a_ledger_as_a_township_system_exports_it(read, files):
    frame = read("guojian", "gl_entries", files.dbf(FIELDS, [voucher("记1", "1830221.50"), voucher("记2", "-.5", "")]))
    assert frame.row(0, named=True) | {} == {
        "voucher_no": "记1", "line_no": "1", "posting_date": "2026-10-31", "account_code": "1002",
        "account_name": "银行存款", "dept_code": "0101", "debit": "1830221.50", "credit": "0.00",
        "counterparty_member_id": None, "ic_reference": None, "ic_type": None, "ic_period": None, "fund_source": "own",
        "project_code": None, "summary": "收入", "source_row": 1,
    }  # fmt: skip
    assert frame.select("debit", "summary").row(1) == ("-0.5", None)


def test_logical_fields_and_empty_dates(read, files):
    fields = [("ZCBH", "C", 4), ("ZCMC", "C", 10), ("ZCFL", "C", 2), ("SBLX", "C", 2), ("KSBM", "C", 4),
              ("YZ", "N", 10), ("YZJE", "N", 10), ("YWBF", "N", 10), ("QYRQ", "D", 8), ("GXSB", "L", 1),
              ("KYJS", "N", 8)]  # fmt: skip
    rows = [["A1", "CT机", "01", "01", "0101", 1, 1, 1, day, shared, 8] for day, shared in
            (("20260101", "T"), ("00000000", "f"), ("", "?"), ("        ", "y"))]  # fmt: skip
    frame = read("guojian", "assets", files.dbf(fields, rows))
    assert frame["in_service_on"].to_list() == ["2026-01-01", None, None, None]
    assert frame["is_shared"].to_list() == ["true", "false", None, "true"]


def test_deleted_records_are_left_out_and_the_others_keep_their_numbers(read, files):
    content = files.dbf(FIELDS, [voucher(f"P{n}", "1") for n in range(1, 6)], deleted=[1, 4])
    frame = read("guojian", "gl_entries", content, batch_rows=2)
    assert frame.select("voucher_no", "source_row").rows() == [("P1", 1), ("P3", 3), ("P4", 4)]


def test_the_code_page_byte_names_the_encoding(read, files):
    traditional = [*voucher("P1", "1", "醫療收入")[:4], "存款", *voucher("P1", "1", "醫療收入")[5:]]
    assert read("guojian", "gl_entries", files.dbf(FIELDS, [traditional], "big5", 0x78))["summary"][0] == "醫療收入"
    simplified = files.dbf(FIELDS, [voucher("P1", "1", "医疗收入")], "gbk", 0x03)  # the byte says Western, as often
    assert read("guojian", "gl_entries", simplified)["summary"][0] == "医疗收入"


def test_amounts_too_wide_for_their_field_pass_as_stars(read, files):
    assert read("guojian", "gl_entries", files.dbf(FIELDS, [voucher("P1", "*" * 14)]))["debit"][0] == "*" * 14


def test_a_character_cut_in_half_at_the_field_end_is_found(read, files):
    content = files.dbf(FIELDS, [voucher("P1", "1"), voucher("P2", "1", "医" * 15), voucher("P3", "1")])
    cut = content.replace("医".encode("gbk") * 15, "医".encode("gbk") * 14 + b" " + "医".encode("gbk")[:1])
    with pytest.raises(Unreadable, match=r"row 2, column ZY: is not gb18030, or a character is cut in half"):
        read("guojian", "gl_entries", cut)


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (lambda b: b[:-60], "truncated", "promises 3 records and holds 2"),
        (lambda b: b"\xff" + b[1:], "wrong_format", "no known version"),
        (lambda b: b[:10], "wrong_format", "no DBF file"),
        (lambda b: b[:10] + b"\x07\x00" + b[12:], "wrong_format", "record length 7"),
        (lambda b: b.replace(b"ZY\0\0\0\0\0\0\0\0\0C", b"ZY\0\0\0\0\0\0\0\0\0M"), "memo_field", "export it as text"),
        (lambda b: b.replace(b"JFJE\0\0\0\0\0\0\0N", b"JFJE\0\0\0\0\0\0\0I"), "field_type", "type I"),
        (lambda b: b.replace(b"KMMC\0", b"KMXX\0"), "missing_header", "KMMC (account_name)"),
        (lambda b: b.replace(b"KMMC\0", b"KMBM\0"), "wrong_format", "twice the name KMBM"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why(read, files, change, code, said):
    content = change(files.dbf(FIELDS, [voucher(f"P{n}", "1") for n in range(1, 4)]))
    with pytest.raises(Unreadable) as caught:
        read("guojian", "gl_entries", content)
    assert caught.value.reason_code == code
    assert said in caught.value.detail


def test_a_memo_field_that_nobody_needs_does_no_harm(read, files):
    content = files.dbf([*FIELDS, ("BZ", "M", 10)], [[*voucher("P1", "1"), "1"]])
    assert read("guojian", "gl_entries", content).height == 1
