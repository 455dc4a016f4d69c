"""Adapters: what a YAML may say, how it is told that it said something impossible, and what each word does."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from pipelines import contract
from pipelines.ingest import adapter
from pipelines.ingest.readers import Unreadable, cells

CONTRACT = contract.load()
HEAD = "vendor: v\nname_zh: 某\ndefaults: {file: '{extract}*.csv'}\nextracts:\n  diagnoses:\n"
COLUMNS = "    columns: {encounter_id: visit, seq: no, icd10: code}\n"


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], adapter.Adapter]:
    def load_(text: str) -> adapter.Adapter:
        (tmp_path / "v.yml").write_text(text, encoding="utf-8")
        return adapter.load_adapter("v", [tmp_path])

    return load_


@pytest.fixture
def one(load: Callable[[str], adapter.Adapter]) -> Callable[..., list[object]]:
    """What a rule for one column of a given type makes of cells."""

    where = {"text": "icd10", "boolean": "present_on_admission", "integer": "seq"}

    def one_(rule: str, given: list[str | None] | pl.DataFrame, type_: str = "text") -> list[object]:
        names = {"encounter_id": "visit", "seq": "no", "icd10": "code"} | {where[type_]: rule}
        text = HEAD + "    columns:\n" + "".join(f"      {name}: {said}\n" for name, said in names.items())
        mapping = load(text).mapping("diagnoses", "csv")
        frame = given if isinstance(given, pl.DataFrame) else pl.DataFrame({"x": given}, schema={"x": pl.String})
        others = [pl.lit("1").alias(each) for each in ("visit", "no", "code") if each not in frame.columns]
        raw = frame.with_columns(*others).with_row_index("source_row", offset=1)
        return cells.bind(mapping, raw.columns, "file").to_canonical(raw)[where[type_]].to_list()

    return one_


@pytest.mark.parametrize("vendor", ["canonical", "ruikang", "minhe", "guojian", "yunhu"])
def test_every_vendor_of_the_project_delivers_every_extract(vendor):
    known = adapter.load_adapter(vendor)
    assert set(known.extracts) == set(CONTRACT.extracts)
    for extract, source in known.sources.items():
        for pattern in source.file:
            mapping = known.mapping_for(extract, pattern.replace("*", "2026-10"))
            assert mapping.missing == []
            assert len(set(mapping.vendor_headers)) == len(mapping.vendor_headers)


@pytest.mark.parametrize("vendor", ["ruikang", "minhe", "guojian", "yunhu"])
def test_a_vendors_words_cover_every_enum_and_nothing_else(vendor):
    known = adapter.load_adapter(vendor)
    for extract, columns in known.columns.items():
        for name, rule in columns.items():
            if enum := CONTRACT.extracts[extract].columns[name].enum:
                assert set(rule.map.values()) == set(enum), (vendor, extract, name)


def test_dbf_names_fit_a_dbf():
    known = adapter.load_adapter("guojian")
    for extract, source in known.sources.items():
        for header in known.mapping(extract, "dbf").vendor_headers:
            assert len(header) <= 10 or source.record, (extract, header)


def test_the_format_follows_the_suffix_and_the_name_its_pattern():
    known = adapter.load_adapter("minhe")
    assert known.mapping_for("budgets", "sub/预算2026-10.XLS").format == "excel"
    assert adapter.load_adapter("canonical").mapping_for("budgets", "b.parquet").format == "parquet"
    with pytest.raises(Unreadable, match=r"unexpected_file .* are called 预算\*\.xlsx or 预算\*\.xls"):
        known.mapping_for("budgets", "固定资产.xlsx")
    assert known.file_name("budgets", "_2026-10", ".xls") == "预算_2026-10.xls"


def test_a_vendor_that_nobody_knows_is_told_where_to_write_one():
    with pytest.raises(Unreadable, match=r"known vendors are canonical, guojian, minhe, ruikang, yunhu\. Write one"):
        adapter.load_adapter("nobody")
    with pytest.raises(Unreadable, match="unknown_vendor"):
        adapter.load_adapter("../../etc/passwd")


def test_a_consortium_adds_an_adapter_without_touching_the_code(tmp_path, monkeypatch):
    (tmp_path / "ruikang.yml").write_text((HEAD + COLUMNS).replace("vendor: v", "vendor: ruikang"), encoding="utf-8")
    monkeypatch.setenv("CONSORTIUM_ADAPTERS", str(tmp_path))
    assert adapter.load_adapter("ruikang").extracts == ["diagnoses"]
    assert "minhe" in adapter.vendors()
    with pytest.raises(Unreadable, match=r"extract_not_mapped .* has no extract budgets; it has diagnoses"):
        adapter.load_adapter("ruikang").mapping_for("budgets", "budgets.csv")


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        (HEAD + COLUMNS + "    encodign: gbk\n", "extracts.diagnoses.encodign", "Extra inputs"),
        (
            HEAD + COLUMNS.replace("code", "{header: code, mapp: {a: b}}"),
            "extracts.diagnoses.columns.icd10.mapp",
            "Extra",
        ),
        (HEAD + COLUMNS.replace("icd10", "icd9"), "extracts.diagnoses.columns.icd9", "no such column"),
        (
            HEAD + COLUMNS.replace(", icd10: code", ""),
            "extracts.diagnoses.columns.icd10",
            "is required by the contract",
        ),
        (HEAD.replace("diagnoses", "diagnosis") + COLUMNS, "extracts.diagnosis", "no such extract"),
        (HEAD + COLUMNS + COLUMNS, "", "key columns stands twice"),
        (
            HEAD + COLUMNS.replace("code", "{header: code, unit: jiao}"),
            "extracts.diagnoses.columns.icd10.unit",
            "'fen'",
        ),
        (
            HEAD + COLUMNS.replace("code", "{header: code, constant: x}"),
            "extracts.diagnoses.columns.icd10",
            "exclude each",
        ),
        (
            HEAD + COLUMNS.replace("code", "{header: code, match: 'x+'}"),
            "extracts.diagnoses.columns.icd10.match",
            "group",
        ),
        (HEAD + COLUMNS + "    encoding: utf-16\n", "extracts.diagnoses.encoding", "exported as UTF-8"),
        (HEAD + COLUMNS + "    encoding: klingon\n", "extracts.diagnoses.encoding", "no such encoding"),
        (HEAD + COLUMNS + "    format: xml\n", "extracts.diagnoses.record", "is needed for xml"),
        (HEAD + COLUMNS + "    format: sql\n", "extracts.diagnoses.sql", "is needed for sql"),
        (HEAD + COLUMNS + "    file: x*.bin\n", "extracts.diagnoses.format", "can't be told"),
        (HEAD + COLUMNS + "    types: {text: {date: '%Y'}}\n", "extracts.diagnoses.types", "no sense"),
        (HEAD + COLUMNS + "    types: {cash: {strip: ''}}\n", "extracts.diagnoses.types", "cash"),
        ("dictionary: {icd11: code}\n" + HEAD + COLUMNS, "dictionary.icd11", "no extract"),
        (HEAD.replace("vendor: v", "vendor: w") + COLUMNS, "vendor", "says w"),
        ("[", "", "is no YAML"),
    ],
)
def test_an_impossible_adapter_names_file_and_key(load, text, key, problem):
    with pytest.raises(adapter.AdapterError) as caught:
        load(text)
    assert caught.value.file.endswith("v.yml")
    assert key in caught.value.key
    assert problem in str(caught.value)


def test_what_is_said_nearer_wins(load):
    known = load(
        "vendor: v\nname_zh: 某\ndefaults:\n  file: '*.csv'\n  types: {text: {strip: ''}, integer: {strip: '#'}}\n"
        "dictionary:\n  seq: {header: no, default: '1'}\n  encounter_id: visit\n"
        "extracts:\n  diagnoses:\n    columns: {seq: {header: n}, icd10: {constant: I10}}\n"
    )
    rules = known.columns["diagnoses"]
    assert (rules["seq"].header, rules["seq"].default, rules["seq"].strip) == (["n"], "1", "#")
    assert (rules["icd10"].constant, rules["icd10"].header) == ("I10", [])
    assert rules["encounter_id"].strip == ""
    assert known.mapping("diagnoses", "csv").missing == ["present_on_admission"]


@pytest.mark.parametrize(
    ("rule", "given", "becomes"),
    [
        ("{header: x}", [" a ", None], [" a ", None]),
        ("{header: x, strip: ''}", ["\u3000a ", "  "], ["a", None]),
        ('{header: x, strip: "\'"}', ["'001'"], ["001"]),
        ("{header: x, empty: [无, '-']}", ["无", "-", "无痛"], [None, None, "无痛"]),
        ("{header: x, remove: ' ,'}", ["1, 234"], ["1234"]),
        (r"{header: x, match: '^(\d+)'}", ["120 +", "+ 120", None], ["120", "+ 120", None]),
        ("{header: x, map: {甲: a, 乙: b}}", ["甲", "丙", None], ["a", "丙", None]),
        ("{header: x, map: {甲: a, '*': z}}", ["甲", "丙", None], ["a", "z", None]),
        ("{header: x, pad: 5}", ["12", "123456", None], ["00012", "123456", None]),
        ("{header: x, pad: {width: 3, fill: x}}", ["1"], ["xx1"]),
        ("{header: x, prefix: K}", ["1", None], ["K1", None]),
        ("{header: x, default: none}", ["1", None], ["1", "none"]),
        ("{header: x, part: {by: '-', index: 2}}", ["6001-内科", "6001", None], ["内科", None, None]),
        ("{constant: c}", ["1"], ["c"]),
        ("{row_number: true, prefix: R}", ["a", "b"], ["R1", "R2"]),
        ("{header: [y, x]}", ["1"], ["1"]),
        ("{header: x, unit: fen}", ["5", "-123", "007", "1e2"], ["0.05", "-1.23", "0.07", "1e2 分"]),
        ("{header: x, unit: wan}", ["1.2345", "-0"], ["12345", "0"]),
        ("{header: x, sign: inverted}", ["5.00", "-3", "abc"], ["-5", "3", "abc 元(-)"]),
    ],
)
def test_each_word_does_what_it_says(one, rule, given, becomes):
    assert one(rule, given) == becomes


def test_columns_are_joined_whole_or_not_at_all(one):
    frame = pl.DataFrame({"d": ["2026-10-31", None], "t": ["08:05", "09:00"]})
    assert one("{join: [d, t]}", frame) == ["2026-10-31 08:05", None]
    assert one("{join: [t, d], joiner: '/'}", frame) == ["08:05/2026-10-31", None]


def test_one_amount_and_two_sides_never_loses_an_unknown_side(load):
    text = (
        "vendor: v\nname_zh: 某\ndefaults: {file: '*.csv'}\nheaders_are_names: true\n"
        "extracts:\n  gl_entries:\n    columns:\n"
        "      debit: {header: 金额, when: {header: 方向, values: [借, D], otherwise: '0'}}\n"
        "      credit: {header: 金额, when: {header: 方向, values: [贷], otherwise: '0'}, sign: inverted}\n"
    )
    mapping = load(text).mapping("gl_entries", "csv")
    names = [each for each in CONTRACT.extracts["gl_entries"].columns if each not in ("debit", "credit")]
    raw = pl.DataFrame(
        {each: ["x"] * 4 for each in names} | {"金额": ["1", "2", "3", "4"], "方向": ["借", " D ", "贷", "平"]}
    )
    told = cells.bind(mapping, raw.columns, "f").to_canonical(raw.with_row_index("source_row", offset=1))
    assert told["debit"].to_list() == ["1", "2", "0", "方向=平?"]
    assert told["credit"].to_list() == ["0", "0", "-3", "方向=平?"]
    back = adapter.to_vendor(told.head(3), mapping)
    assert back["方向"].to_list() == ["借", "借", "贷"]
    assert back["金额"].to_list() == ["1", "2", "3"]


def test_parts_and_joins_are_written_back_together(load):
    text = (
        "vendor: v\nname_zh: 某\ndefaults: {file: '*.csv'}\nheaders_are_names: true\n"
        "extracts:\n  gl_entries:\n    columns:\n"
        "      account_code: {header: 科目, part: {by: '|', index: 1}}\n"
        "      account_name: {header: 科目, part: {by: '|', index: 2}}\n"
        "      voucher_no: {join: [字, 号], joiner: '-'}\n"
    )
    mapping = load(text).mapping("gl_entries", "csv")
    frame = pl.DataFrame({"account_code": ["1002"], "account_name": ["银行存款"], "voucher_no": ["记-7-1"]})
    written = adapter.to_vendor(frame, mapping)
    assert written.select("科目", "字", "号").row(0) == ("1002|银行存款", "记", "7-1")


def test_writing_says_what_a_vendor_cannot_say(load):
    text = HEAD + "    columns: {encounter_id: {constant: E1}, seq: no, icd10: {header: code, map: {甲: I10}}}\n"
    mapping = load(text).mapping("diagnoses", "csv")
    good = pl.DataFrame({"encounter_id": ["E1"], "seq": [1], "icd10": ["I10"]})
    assert adapter.to_vendor(good, mapping).rows() == [("1", "甲")]
    with pytest.raises(ValueError, match="always E1"):
        adapter.to_vendor(good.with_columns(encounter_id=pl.lit("E2")), mapping)
    with pytest.raises(ValueError, match="no word for 甲"):
        adapter.to_vendor(good.with_columns(icd10=pl.lit("甲")), mapping)


def test_native_values_are_written_as_the_vendor_writes_them():
    mapping = adapter.load_adapter("ruikang").mapping_for("cash_movements", "资金流水_2026-10.csv")
    frame = pl.DataFrame(
        {
            "movement_id": ["M1"], "moved_on": [dt.date(2026, 10, 3)], "account_kind": ["pool"], "direction": ["out"],
            "category": ["payroll"], "amount": pl.Series([Decimal("1830221.50")], dtype=pl.Decimal(18, 2)),
        }
    )  # fmt: skip
    assert adapter.to_vendor(frame, mapping).row(0, named=True) == {
        "资金流水号": "M1", "发生日期": "2026/10/03", "账户类别": "医共体资金池", "收支方向": "支",
        "资金用途": "工资发放", "金额": "183022150", "往来单位编码": None,
    }  # fmt: skip
