"""The contracts say what page 2 fixes, and a contract that says something else does not load."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from pipelines import contract
from pipelines.contract import ContractError, Room, Type

ROOMS = {
    Room.FINANCE: "departments gl_entries trial_balance budgets cash_movements assets payroll workload purchases stock",
    Room.CARE: "encounters diagnoses procedures charge_lines settlements prescriptions clinical_notes bed_census "
    "bed_days equipment_use",
    Room.TOGETHER: "referrals exam_recognitions remote_services staff_support family_contracts chronic_care "
    "public_health surveys",
    Room.GOVERNANCE: "insurer_training inspections rectifications appeals reported_indicators",
}
PERSONS = {"patient_id", "person_id", "doctor_id", "operator_id", "coder_id", "gp_id"}

MINIMAL = """
extract: cases
room: care
grain: One row per case.
name_zh: 病例
key: [case_id]
columns:
  case_id: {type: text, zh: 病例号, en: Case}
  cost: {type: money, zh: 费用, en: Cost, min: 0}
"""


def test_the_four_rooms_hold_the_extracts_of_the_interface() -> None:
    extracts = contract.load().extracts.values()
    for room, names in ROOMS.items():
        assert {e.name for e in extracts if e.room is room} == set(names.split())


def test_every_column_is_named_in_both_languages_and_every_grain_says_one_row_per() -> None:
    for extract in contract.load().extracts.values():
        assert extract.grain.startswith("One row per ")
        assert extract.needed_by
        for column in extract.columns.values():
            assert any("\u4e00" <= c <= "\u9fff" for c in column.zh), (extract.name, column.name)
            assert column.en.isascii() or "重症" in column.en, (extract.name, column.name)


def test_everybody_who_is_a_person_is_pseudonymised() -> None:
    for extract in contract.load().extracts.values():
        for column in extract.columns.values():
            assert column.person == (column.name in PERSONS), (extract.name, column.name)


def test_gl_entries_are_what_page_2_says() -> None:
    gl = contract.load().extracts["gl_entries"]
    assert gl.key == ("voucher_no", "line_no")
    assert {c.name for c in gl.columns.values() if c.optional} == {
        "dept_code", "counterparty_member_id", "ic_reference", "ic_type", "ic_period", "project_code",
    }  # fmt: skip
    assert gl.columns["fund_source"].enum == ("own", "fiscal_basic", "fiscal_project", "other_project", "research")
    assert gl.control_totals == ("debit", "credit")
    assert gl.polars_schema()["debit"] == pl.Decimal(18, 2)
    assert list(gl.polars_schema())[-5:] == ["member_id", "period", "delivery_date", "source_file", "source_row"]


def test_a_limit_of_the_type_holds_where_the_column_says_none() -> None:
    columns = contract.load().extracts["trial_balance"].columns
    assert columns["debit"].maximum == Decimal(10**11)
    assert contract.load().extracts["gl_entries"].columns["posting_date"].minimum == date(1990, 1, 1)
    assert contract.load().extracts["assets"].columns["in_service_on"].minimum == date(1949, 10, 1)


def test_the_minimal_contract_loads() -> None:
    cases = contract.parse(MINIMAL, "cases")
    assert cases.columns["cost"].type is Type.MONEY
    assert cases.columns["cost"].minimum == 0


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("room: care", "room: kitchen"), "room is 'kitchen'"),
        (("key: [case_id]", "key: [no_such]"), "key names ['no_such']"),
        (("key: [case_id]", "key: []"), "key is empty"),
        (("type: money", "type: float"), "column cost type is 'float'"),
        (("min: 0", "minimum: 0"), "unknown keys ['minimum']"),
        (("min: 0", "enum: [a, b]"), "are for text only"),
        (("en: Case}", "en: Case, enum: [yes, no]}"), "must be texts"),
        (("min: 0", "min: none"), "is no limit for a money"),
        (("case_id: {", "member_id: {"), "none of ['member_id'"),
        (("  cost:", "  case_id:"), "case_id stands twice"),
        (("grain:", "grian:"), "unknown keys ['grian']"),
        (("extract: cases", "extract: charges"), "it must be the file's name"),
        (("columns:", "control_totals: [case_id]\ncolumns:"), "are no numbers"),
        (("columns:", "rows: {odd: {when: cost > price, note: x}}\ncolumns:"), "uses ['price']"),
        (("columns:", "rows: {odd: {when: 'cost >', note: x}}\ncolumns:"), "row rule odd"),
        (
            ("columns:", "checks: {c: {value: sum(cost), severity: error, owner: o, note: n}}\ncolumns:"),
            "it could not fail",
        ),
        (
            ("columns:", "checks: {c: {value: sum(cost), min: 0, severity: fatal, owner: o, note: n}}\ncolumns:"),
            "severity is 'fatal'",
        ),
        (("columns:", "checks: {c: {value: sum(cost), min: 0, owner: o, note: n}}\ncolumns:"), "lacks ['severity']"),
    ],
)
def test_a_contract_that_says_something_unknown_does_not_load(change: tuple[str, str], complaint: str) -> None:
    text = MINIMAL.replace(*change)
    assert text != MINIMAL
    with pytest.raises(ContractError, match=r"cases\.yml") as said:
        contract.parse(text, "cases")
    assert complaint in str(said.value)


def test_a_folder_without_contracts_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="holds no contract"):
        contract.load(tmp_path)


def test_checks_of_the_contracts_are_aggregates_that_duckdb_understands() -> None:
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    for extract in contract.load().extracts.values():
        columns = ", ".join(f'"{c.name}" {contract.DUCKDB_TYPES[c.type]}' for c in extract.columns.values())
        connection.execute(f"create table {extract.name} ({columns})")
        for check in extract.checks:
            rows = connection.execute(f"select {check.value} from {extract.name}").fetchall()
            assert len(rows) == 1, check.name


def test_the_dbt_source_in_the_project_is_the_one_of_the_contracts() -> None:
    rendered = Path(contract.FOLDER).parents[1] / "dbt_project" / "models" / "staging" / "_lake.yml"
    assert rendered.read_text(encoding="utf-8") == contract.render_dbt_sources(contract.load()), (
        "run `yilian contract render`"
    )


def test_the_fingerprint_follows_the_text() -> None:
    other = contract.parse(MINIMAL.replace("min: 0", "min: 1"), "cases")
    assert contract.parse(MINIMAL, "cases").fingerprint() != other.fingerprint()
