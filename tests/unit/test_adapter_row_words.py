"""Words that look at more than one cell of a row: a key made of the row, a value that needs others, days off a date."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import contract
from pipelines.ingest import adapter
from pipelines.ingest.readers import Unreadable, cells

HEAD = "vendor: v\nname_zh: 某\ndefaults: {file: '*.csv'}\nextracts:\n  settlements:\n    columns:\n"
DEFAULTS = {
    name: "{constant: '0'}" for name, column in contract.load().extracts["settlements"].columns.items()
    if not column.optional
}  # fmt: skip


def mapping(folder: Path, **rules: str) -> adapter.Mapping:
    text = HEAD + "".join(f"      {name}: {said}\n" for name, said in (DEFAULTS | rules).items())
    (folder / "v.yml").write_text(text, encoding="utf-8")
    return adapter.load_adapter("v", [folder]).mapping("settlements", "csv")


def becomes(known: adapter.Mapping, rows: dict[str, list[str | None]], column: str) -> list[str | None]:
    raw = pl.DataFrame(rows, schema=dict.fromkeys(rows, pl.String)).with_row_index("source_row", offset=1)
    headers = [name for name in raw.columns if name != "source_row"]
    return cells.bind(known, headers, "file").to_canonical(raw)[column].to_list()


@pytest.mark.parametrize("column", ["settled_on", "claimed_on"])
def test_a_date_is_put_back_by_whole_days_or_is_none(tmp_path, column):
    known = mapping(tmp_path, **{column: "{header: year, map: {'2022': '2022-12-31'}, minus_days: stay}"})
    rows = {
        "year": ["2022", "2022", "2022", "2022", None, "2021"],
        "stay": ["3", "120 +", None, "366", "1", "2"],
    }
    assert becomes(known, rows, column) == [
        "2022-12-28", "2022-12-31 - 120 + 天", "2022-12-31 - ? 天", "2021-12-30", None, "2021 - 2 天",
    ]  # fmt: skip


def test_a_moment_keeps_its_time(tmp_path):
    (tmp_path / "v.yml").write_text(
        "vendor: v\nname_zh: 某\ndefaults: {file: '*.csv'}\nextracts:\n  encounters:\n"
        "    absent: [encounter_id, patient_id, encounter_type, sex, age_years, payer, is_local_resident, dept_code, "
        "doctor_id, primary_diagnosis]\n    columns: {started_at: {header: out, minus_days: n}}\n",
        encoding="utf-8",
    )
    known = adapter.load_adapter("v", [tmp_path]).mapping("encounters", "csv")
    rows: dict[str, list[str | None]] = {"out": ["2026-03-01 08:30:00", "2026-03-01"], "n": ["1", "0"]}
    assert becomes(known, rows, "started_at") == ["2026-02-28 08:30:00", "2026-03-01 00:00:00"]


def test_what_has_no_owner_has_no_key(tmp_path):
    known = mapping(tmp_path, settlement_id="{fingerprint: '*', needs: [owner]}", encounter_id="{fingerprint: [a]}")
    rows: dict[str, list[str | None]] = {"owner": ["1", None, " ", "1"], "a": ["x", "x", "x", "x"]}
    keys = becomes(known, rows, "settlement_id")
    assert keys[0] == keys[3] is not None
    assert keys[1:3] == [None, None]
    assert len(set(becomes(known, rows, "encounter_id"))) == 1


CELL = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=4))


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=12))
def test_a_fingerprint_is_equal_where_the_rows_are(rows):
    frame = {"a": [a for a, _ in rows], "b": [b for _, b in rows]}
    rule = adapter.Column(fingerprint=["a", "b"])
    raw = pl.DataFrame(frame, schema=dict.fromkeys(frame, pl.String))
    keys = raw.select(cells._source(rule, ["a", "b"]).alias("key"))["key"].to_list()
    same = [(a or "", b or "") for a, b in rows]
    assert [[one == other for other in keys] for one in keys] == [[one == other for other in same] for one in same]


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("{settlement_id: {header: a, minus_days: n}}", "make no sense for text"),
        ("{settlement_id: {fingerprint: ['*', a]}}", "not both"),
        ("{settlement_id: {fingerprint: a, header: b}}", "exclude each other"),
    ],
)
def test_impossible_words_are_named(tmp_path, rule, problem):
    name, said = rule[1:-1].split(": ", 1)
    with pytest.raises(adapter.AdapterError, match=problem):
        mapping(tmp_path, **{name: said})


def test_a_whole_row_needs_a_file_that_announces_its_columns(tmp_path):
    text = HEAD.replace("columns:", "format: jsonl\n    columns:")
    text += "".join(
        f"      {name}: {said}\n" for name, said in (DEFAULTS | {"settlement_id": "{fingerprint: '*'}"}).items()
    )
    (tmp_path / "v.yml").write_text(text, encoding="utf-8")
    with pytest.raises(adapter.AdapterError, match="jsonl files don't announce"):
        adapter.load_adapter("v", [tmp_path])


def test_a_missing_column_beside_is_named(tmp_path):
    known = mapping(tmp_path, claimed_on="{header: out, minus_days: stay}")
    with pytest.raises(Unreadable, match=r"out and stay \(claimed_on\)"):
        becomes(known, {"out": ["2026-03-01"]}, "claimed_on")


def test_days_off_a_date_have_no_way_back(tmp_path):
    known = mapping(tmp_path, claimed_on="{header: out, minus_days: stay}")
    with pytest.raises(ValueError, match="no way back"):
        adapter.to_vendor(pl.DataFrame({name: ["0"] for name in known.types}), known)
