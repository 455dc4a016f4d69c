"""The report on a first delivery: what was found, what is refused and why, and nobody's name in it."""

from datetime import date
from pathlib import Path

import pytest

from pipelines.ingest.adapter_check import check

ON = date(2026, 11, 1)
HEADERS = (
    "就诊流水号,病人标识,就诊类型,性别,年龄,医保类型,本地居民,科室编码,医生工号,就诊时间,主要诊断编码,自报成本,电话"
)
ROWS = [
    "E1,110101199001011234,住院,男,36,职工医保,是,0101,D7,2026/10/31 08:05:09,I10,123456,13800000000",
    "E2,110101199001011235,住院,女,三岁,居民医保,是,0101,D7,2026/10/31 08:05:09,I10,,13800000000",
    "E3,110101199001011236,观察,女,40,公费,是,0101,D7,31.10.2026,I10,12x,13800000000",
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "就诊_2026-10.csv"
    path.write_bytes("\n".join([HEADERS, *ROWS, ""]).encode("gb18030"))
    return path


def test_every_column_tells_where_it_comes_from_and_what_it_becomes(file):
    report = check(file, "ruikang", delivered_on=ON)
    by_name = {column.name: column for column in report.columns}
    assert (report.extract, report.format, report.rows, report.is_good) == ("encounters", "csv", 3, False)
    assert by_name["sex"].examples == [("女", "F"), ("男", "M")]
    assert by_name["reported_cost"].examples[0] == ("123456", "1234.56")
    assert (by_name["reported_cost"].nulls, by_name["sex"].distinct) == (1, 2)
    assert by_name["started_at"].source == "就诊时间"
    assert (by_name["care_path"].source, by_name["care_path"].is_found) == ("no 临床路径编码", False)
    assert report.unread_headers == ["电话"]


def test_refused_cells_are_counted_by_reason_with_their_first_row(file):
    report = check(file, "ruikang", delivered_on=ON)
    told = {
        (column.name, each.reason, each.cells, each.first_row) for column in report.columns for each in column.rejected
    }
    assert told == {
        ("encounter_type", "not_in_list", 1, 3),
        ("age_years", "not_a_number", 1, 2),
        ("payer", "not_in_list", 1, 3),
        ("started_at", "not_a_timestamp", 1, 3),
        ("reported_cost", "not_a_number", 1, 3),
    }
    assert report.rows_with_rejected_cells == 2


def test_no_person_and_no_unread_cell_is_shown(file):
    text = check(file, "ruikang", delivered_on=ON).to_table()
    assert "1101011990" not in text
    assert "13800000000" not in text
    assert "D7" not in text
    assert "男 -> M" in text


def test_the_extract_is_guessed_by_the_columns_where_names_say_nothing(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text("encounter_id,seq,icd10\nE1,1,I10\n", encoding="utf-8")
    assert check(path, "canonical", delivered_on=ON).extract == "diagnoses"
    assert check(path, "canonical", delivered_on=ON).is_good


@pytest.mark.parametrize(
    ("vendor", "content", "code"),
    [
        ("nobody", b"x", "unknown_vendor"),
        ("canonical", b"a,b\n1,2\n", "no_extract_fits"),
        ("canonical", b"", "file_empty"),
        ("canonical", b"\xff\xfea\0", "wrong_encoding"),
    ],
)
def test_what_cannot_be_read_is_reported_not_raised(tmp_path, vendor, content, code):
    path = tmp_path / "export.csv"
    path.write_bytes(content)
    report = check(path, vendor, delivered_on=ON)
    assert report.reason_code == code
    assert "can't be read" in report.to_table()
