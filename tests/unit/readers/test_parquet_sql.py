"""Typed sources: Parquet by row groups, a delivered SQLite file, a database behind a URL."""

import datetime as dt
import io
import sqlite3
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.contract import load
from pipelines.ingest.readers import Unreadable
from pipelines.ingest.typed import convert

BUDGET = {
    "budget_line_id": ["B1", "B2", "B3"], "fiscal_year": [2026] * 3, "month": [9, 10, 11],
    "budget_category": ["drug"] * 3, "is_key_discipline": [True, False, False],
    "amount": [Decimal("1.10"), Decimal("-2.25"), Decimal("1e9")], "version": [1] * 3,
    "approved_on": [dt.date(2026, 1, 5)] * 3, "not_in_the_contract": ["张三"] * 3,
}  # fmt: skip


def parquet(columns: dict[str, object], **more: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, **more)
    return out.getvalue()


def test_parquet_keeps_types_leaves_out_strangers_and_counts_across_row_groups(read):
    frame = read("canonical", "budgets", parquet(BUDGET, row_group_size=2), ".parquet", batch_rows=1)
    assert frame["amount"].to_list() == [Decimal("1.10"), Decimal("-2.25"), Decimal("1e9")]
    assert frame["source_row"].to_list() == [1, 2, 3]
    assert frame.schema["is_key_discipline"] == pl.Boolean
    assert frame["dept_code"].to_list() == [None] * 3
    assert "not_in_the_contract" not in frame.columns


def test_parquet_under_a_vendor_rule_goes_through_text(read, vendor):
    vendor(
        "columns",
        "vendor: columns\nname_zh: 列\nheaders_are_names: true\n"
        "defaults:\n  file: '*.parquet'\n  types:\n    money: {unit: fen}\n"
        "    boolean: {map: {'true': 'false', 'false': 'true'}}\n"
        "extracts:\n  budgets:\n",
    )
    frame = read("columns", "budgets", parquet(BUDGET | {"amount": [110, -225, 7]}), ".parquet")
    assert frame["amount"].to_list() == ["1.1", "-2.25", "0.07"]
    assert frame["is_key_discipline"].to_list() == ["false", "true", "true"]


def test_parquet_floats_and_categories_as_pandas_writes_them(read):
    words = pa.array(["drug", "drug", "office"]).dictionary_encode()
    frame = read(
        "canonical", "budgets", parquet(BUDGET | {"amount": [1.1, 2.2, 3.3], "budget_category": words}), ".parquet"
    )
    amount, bad = convert(frame["amount"], load().extracts["budgets"].columns["amount"], dt.date(2026, 11, 1))
    assert (amount.to_list(), bad) == ([Decimal("1.10"), Decimal("2.20"), Decimal("3.30")], None)
    assert frame.schema["budget_category"] == pl.String


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (parquet(BUDGET)[:-40], "wrong_format"),
        (b"PAR1", "wrong_format"),
        (parquet({key: value for key, value in BUDGET.items() if key != "amount"}), "missing_header"),
    ],
)
def test_parquet_that_cannot_be_read_says_why(read, content, code):
    with pytest.raises(Unreadable) as caught:
        read("canonical", "budgets", content, ".parquet")
    assert caught.value.reason_code == code


CASH = ["movementNo", "movedOn", "accountKind", "direction", "category", "amount", "counterparty"]


def test_a_delivered_database_is_read_table_by_table(read, files, tmp_path):
    rows = [
        ["M1", "2026-10-01", "POOL", "IN", "FISCAL", "1000000.10", None],
        ["M2", "2026-10-02", "OWN", "OUT", "PAYROLL", 0.1 + 0.2, "H01"],
        ["M3", "2026-10-02", "OWN", "OUT", "LOAN", 7, "H01"],
    ]
    files.sqlite(tmp_path / "2026-10.sqlite", "FIN_CASH_MOVEMENTS", CASH, rows)
    frame = read("yunhu", "cash_movements", None, batch_rows=2)
    assert frame.rows() == [
        ("M1", "2026-10-01", "pool", "in", "fiscal_subsidy", "1000000.10", None, 1),
        ("M2", "2026-10-02", "operating", "out", "payroll", "0.3", "H01", 2),
        ("M3", "2026-10-02", "operating", "out", "internal_loan", "7", "H01", 3),
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2026-10.sqlite"]  # no journal beside the delivery


def test_a_table_that_is_missing_or_is_only_a_view_is_named(read, files, tmp_path):
    files.sqlite(tmp_path / "2026-10.sqlite", "OTHER", CASH, [])
    with sqlite3.connect(tmp_path / "2026-10.sqlite") as connection:
        connection.execute(
            "create view FIN_CASH_MOVEMENTS as with recursive n(x) as "
            "(select 1 union all select x from n) select x from n"
        )
    with pytest.raises(Unreadable, match="has no table FIN_CASH_MOVEMENTS; it has OTHER"):
        read("yunhu", "cash_movements", None)


def test_what_is_no_database_says_so(read):
    with pytest.raises(Unreadable, match="is no SQLite database"):
        read("yunhu", "cash_movements", b"movementNo\nM1\n")
    with pytest.raises(Unreadable, match="source_failed"):
        read("yunhu", "cash_movements", b"SQLite format 3\0" + bytes(4096))


ADAPTER = """
vendor: live
name_zh: 在线库
defaults: {format: sql}
extracts:
  diagnoses:
    file: "*.token"
    sql:
      url_variable: LIVE_URL
      query: select visit, no, code from diag where period = :period order by no
    columns: {encounter_id: visit, seq: no, icd10: code}
"""


def test_a_query_against_a_url_from_the_environment(read, vendor, tmp_path, monkeypatch):
    vendor("live", ADAPTER)
    with sqlite3.connect(tmp_path / "his.db") as connection:
        connection.execute("create table diag (visit, no, code, period)")
        connection.executemany(
            "insert into diag values ('E1', ?, 'I10', ?)", [(2, "2026-10"), (1, "2026-10"), (3, "2026-09")]
        )
    connection.close()
    monkeypatch.setenv("LIVE_URL", f"sqlite:///{tmp_path / 'his.db'}")
    frame = read("live", "diagnoses", b"token", parameters={"period": "2026-10", "member_id": "H01"})
    assert frame["seq"].to_list() == ["1", "2"]
    with pytest.raises(ValueError, match="needs period"):
        read("live", "diagnoses", b"token")


def test_a_source_that_fails_never_tells_its_password(read, vendor, monkeypatch):
    vendor("live", ADAPTER)
    with pytest.raises(Unreadable, match="LIVE_URL with the URL is not set"):
        read("live", "diagnoses", b"token", parameters={"period": "2026-10"})
    for url in ("postgresql://user:secret@127.0.0.1:9/x", "nonsense://user:secret@x", "secret"):
        monkeypatch.setenv("LIVE_URL", url)
        with pytest.raises(Unreadable) as caught:
            read("live", "diagnoses", b"token", parameters={"period": "2026-10"})
        assert caught.value.reason_code in ("source_unreachable", "source_failed")
        assert "secret" not in str(caught.value)
