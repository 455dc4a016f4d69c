"""Delimited text: what hospitals export, and what goes wrong with it on the way."""

import codecs
import tracemalloc

import pytest

from pipelines.ingest.readers import Unreadable
from pipelines.ingest.readers import csv as reader

DIAGNOSES = ["encounter_id", "seq", "icd10", "present_on_admission"]
RUIKANG = ["就诊流水号", "顺序号", "疾病诊断编码", "入院时已存在"]


def test_canonical_rows_come_as_they_stand(read, files):
    frame = read(
        "canonical", "diagnoses", files.csv(DIAGNOSES, [["E1", 1, "I10", "true"], ["E1", 2, "J18.9", None]]), ".csv"
    )
    assert frame.rows() == [("E1", "1", "I10", "true", 1), ("E1", "2", "J18.9", None, 2)]


def test_gb18030_with_four_byte_characters_and_words(read, files):
    content = files.csv(RUIKANG, [["E1", 1, " I10 ", "是"], ["E㐀", 2, "J18", "否"]], "gb18030")
    frame = read("ruikang", "diagnoses", content)
    assert frame.rows() == [("E1", "1", "I10", "true", 1), ("E㐀", "2", "J18", "false", 2)]


def test_fen_and_slashed_dates_become_yuan_and_iso(read, files):
    headers = ["结算单号", "就诊流水号", "申报日期", "费用总额", "基金支付", "个人支付", "拒付金额"]
    rows = [
        ["S1", "E1", "2026/10/31", "123456", "100000", "23456", "0"],
        ["S2", "E2", "20261031", "7", "-5", "1.5", "12元"],
        ["S3", "E3", "31.10.2026", "1e3", "", "0", "0"],
    ]
    frame = read("ruikang", "settlements", files.csv(headers, rows, "gb18030"))
    told = frame.select("claimed_on", "total_charge", "fund_paid", "patient_paid", "denied_amount").rows()
    assert told == [
        ("2026-10-31", "1234.56", "1000", "234.56", "0"),
        ("2026-10-31", "0.07", "-0.05", "0.015", "12元 分"),
        ("31.10.2026", "1e3 分", None, "0", "0"),
    ]


def test_a_word_no_map_knows_passes_for_the_contract_to_name(read, files):
    frame = read("ruikang", "diagnoses", files.csv(RUIKANG, [["E1", 1, "I10", "不详"]], "gb18030"))
    assert frame["present_on_admission"].to_list() == ["不详"]


def test_byte_order_mark_wins_over_the_declared_encoding(read, files):
    content = codecs.BOM_UTF8 + files.csv(RUIKANG, [["E1", 1, "肺炎", "是"]])
    assert read("ruikang", "diagnoses", content)["icd10"].to_list() == ["肺炎"]


def test_headers_may_be_full_width_quoted_and_in_any_order(read):
    content = '"\uff33eq","icd10 ",encounter_id,note\n1,I10,E1,x\n'.replace("\uff33", "\uff53").encode()
    assert read("canonical", "diagnoses", content, ".csv").row(0) == ("E1", "1", "I10", None, 1)


def test_line_ends_quotes_and_blank_lines(read):
    content = b'encounter_id,seq,icd10\r\n"E1",1,"a ""b"", c\r\nd"\r\n\r\nE2,2,\r\nE3,3,""'
    frame = read("canonical", "diagnoses", content, ".csv")
    assert frame.select("encounter_id", "icd10", "source_row").rows() == [
        ("E1", 'a "b", c\r\nd', 1),
        ("E2", None, 3),
        ("E3", None, 4),
    ]


@pytest.mark.parametrize(
    ("content", "code", "where", "detail"),
    [
        (b"encounter_id,seq,icd10\nE1,1,I10\nE1,2\n", "ragged_row", "row 2 (line 3)", "2 fields"),
        (b"encounter_id,seq,icd10\nE1,1,I10\nE1,2,a,b\n", "ragged_row", "row 2 (line 3)", "4 fields"),
        (b'encounter_id,seq,icd10\nE1,1,"I\n10"\nE1,2\n', "ragged_row", "row 2 (line 4)", "2 fields"),
        (b'encounter_id,seq,icd10\nE1,1,"I10\nE1,2,x\n', "unbalanced_quote", "after byte 23", "never closes"),
        (b"encounter_id,seq,icd10\nE1,1,\xb7\xce\n", "wrong_encoding", "byte 28 (line 2)", "utf-8"),
        (b"encounter_id,seq,icd10\nE1,1,a\0b\n", "binary_content", "byte 29", "zero byte"),
        (b"encounter_id,seq\nE1,1\n", "missing_header", "2026-10.csv", "icd10 (icd10); the file has: encounter_id"),
        (b"encounter_id,seq,icd10,icd10\nE1,1,a,b\n", "ambiguous_header", "2026-10.csv", "icd10"),
        (b"", "file_empty", "2026-10.csv", "no byte"),
        ("encounter_id,seq,icd10\n".encode("utf-16"), "wrong_encoding", "byte 0", "UTF-16"),
        (b"PK\x03\x04rest", "wrong_format", "byte 0", "XLSX"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_where_and_why(read, content, code, where, detail):
    with pytest.raises(Unreadable) as caught:
        read("canonical", "diagnoses", content, ".csv")
    assert caught.value.reason_code == code
    assert where in caught.value.where
    assert detail in caught.value.detail


def test_a_file_without_a_header_row_shows_nobody(read, files):
    with pytest.raises(Unreadable, match="is there a header row") as caught:
        read("ruikang", "diagnoses", files.csv(["E1", "张三", "110101199001011234"], [["E2", 1, "I10"]], "gb18030"))
    assert "张三" not in str(caught.value)
    assert "1990" not in str(caught.value)


def test_utf8_where_gb18030_was_agreed_is_named(read, files):
    with pytest.raises(Unreadable, match=r"reads as utf-8|is not gb18030") as caught:
        read("ruikang", "diagnoses", files.csv(RUIKANG, [["E1", 1, "I10", "是"]]))
    assert caught.value.reason_code == "wrong_encoding"


def test_a_bad_byte_deep_in_a_gb18030_file_is_found_to_the_byte(read, files):
    good = files.csv(RUIKANG, [["E1", 1, "肺炎", "是"]] * 50, "gb18030")
    with pytest.raises(Unreadable, match=f"byte {len(good) + 5}"):
        read("ruikang", "diagnoses", good + b"E1,2,\xff\xff,\r\n")


@pytest.mark.parametrize("start", ["x^", "x\u0680", "x\x01", "\x1f", "PK\x03\x04", "(\ufffd/", "BZh"])
def test_rows_that_begin_like_an_archive_are_rows(read, files, start):
    assert (
        read("canonical", "diagnoses", files.csv(DIAGNOSES, [[start, 1, "I10", None]]), ".csv")["encounter_id"][0]
        == start
    )


def test_small_blocks_change_nothing(read, files, monkeypatch):
    rows = [[f"E{n}", n, f'{n} "x"\n,y' if n % 3 else "肺炎", "true"] for n in range(1, 200)]
    content = files.csv(DIAGNOSES, rows)
    whole = read("canonical", "diagnoses", content, ".csv")
    monkeypatch.setattr(reader, "BLOCK_BYTES", 64)
    pieces = read("canonical", "diagnoses", content, ".csv", batch_rows=7)
    assert pieces.equals(whole)
    assert whole["source_row"].to_list() == list(range(1, 200))
    assert whole["icd10"].to_list() == [row[2] for row in rows]


def test_a_header_alone_is_a_file_without_rows(read, files):
    assert read("canonical", "diagnoses", files.csv(DIAGNOSES, []), ".csv").height == 0


def test_python_memory_is_some_blocks_whatever_the_size(read, files, monkeypatch):
    monkeypatch.setattr(reader, "BLOCK_BYTES", 2**16)
    content = files.csv(DIAGNOSES, [["E1", 1, "I10", "true"]] * 200_000)
    read("canonical", "diagnoses", content, ".csv")
    tracemalloc.start()
    read("canonical", "diagnoses", None, ".csv")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(content) > 3_000_000
    assert peak < 1_500_000
