"""The grouper on a handful of made-up tables: every branch of the walk, and what it says where there is no group."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from pipelines.grouper import GroupingTables, TablesError, group, regroup
from pipelines.grouper.conditions import ConditionError, read
from pipelines.grouper.files import CasesError, group_file

TABLES = Path(__file__).parents[2] / "dbt" / "risk_reference" / "drg_tables"


@pytest.fixture(scope="module")
def tables() -> GroupingTables:
    return GroupingTables.load(TABLES)


def outcome(
    tables: GroupingTables,
    principal: str | None,
    *,
    secondary: str = "",
    procedures: str = "",
    sex: str | None = "F",
    age: int | None = 50,
    days: int | None = None,
    grams: int | None = None,
) -> tuple[str | None, str | None]:
    """Group and reason of one case; codes are separated by blanks."""
    schema = {"case_id": pl.String, "principal": pl.String, "sex": pl.String}
    schema |= {"age_years": pl.Int64, "age_days": pl.Int64, "birth_weight": pl.Int64}
    case = pl.DataFrame([("c", principal, sex, age, days, grams)], schema=schema, orient="row")
    coded = [
        pl.DataFrame(
            {"case_id": ["c"] * len(codes.split()), "code": codes.split()}, schema_overrides={"code": pl.String}
        )
        for codes in (secondary, procedures)
    ]
    (row,) = group(tables, case, *[frame.cast({"case_id": pl.String}) for frame in coded]).iter_rows(named=True)
    return row["drg_code"], row["reason"]


@pytest.mark.parametrize(
    ("principal", "facts", "drg"),
    [
        ("I61.0", {}, "BR15"),
        ("I61.0", {"secondary": "N17.9"}, "BR13"),
        ("I61.0", {"secondary": "J96.0 N17.9"}, "BR11"),  # the graver one counts
        ("I61.0", {"secondary": "I61.0"}, "BR15"),  # no complication of itself
        ("S06.0", {"secondary": "I61.0"}, "BR15"),  # excluded beside this principal diagnosis
        ("I61.0", {"procedures": "01.24"}, "BB19"),
        ("I61.0", {"procedures": "47.01"}, "BQY"),  # an operation that has nothing to do with it
        ("I61.0", {"procedures": "88.71"}, "BR15"),  # listed nowhere: no operation
        ("K35.8", {"procedures": "47.01"}, "GD29"),
        ("K35.8", {"procedures": "52.80 55.69"}, "AC19"),  # before any MDC
        ("N40.x", {"sex": "M"}, "MS19"),
        ("N80.0", {"sex": "F"}, "NS19"),
        ("P59.9", {"age": 0, "days": 28}, "PU19"),
        ("P59.9", {"age": 0, "days": 29}, "PV19"),
        ("P59.9", {"age": 0, "days": 3, "procedures": "43.30"}, "PB19"),
        ("P07.1", {"age": 0, "days": 3, "grams": 1499}, "PS19"),
        ("K52.9", {"secondary": "B20.0"}, "YR19"),  # HIV among the secondary diagnoses
        ("S06.0", {"secondary": "S36.0"}, "ZZ19"),  # two regions of the body
        ("S06.0", {}, "BR15"),  # one
    ],
)
def test_a_case_goes_where_the_tables_send_it(tables: GroupingTables, principal: str, facts: dict, drg: str) -> None:
    assert outcome(tables, principal, **facts) == (drg, None)


@pytest.mark.parametrize(
    ("principal", "facts", "reason"),
    [
        (None, {}, "no_principal_diagnosis"),
        ("  ", {}, "no_principal_diagnosis"),
        ("胃炎", {}, "malformed_principal_diagnosis"),
        ("61.0I", {}, "malformed_principal_diagnosis"),
        ("R99.9", {}, "unknown_principal_diagnosis"),
        ("N40.x", {"sex": "F"}, "principal_diagnosis_of_the_other_sex_or_age"),
        ("P59.9", {"age": 3}, "principal_diagnosis_of_the_other_sex_or_age"),
        ("N40.x", {"sex": "U"}, "sex_missing"),
        ("P59.9", {"age": None}, "age_missing"),
        ("P59.9", {"age": 0}, "age_in_days_missing"),
        ("P07.1", {"age": 0}, "birth_weight_missing"),
        ("P07.1", {"age": 0, "grams": 1500}, "no_group_in_its_mdc"),
    ],
)
def test_a_case_without_a_group_says_why(tables: GroupingTables, principal: str, facts: dict, reason: str) -> None:
    assert outcome(tables, principal, **facts) == (None, reason)


def test_codes_are_compared_without_blanks_case_and_full_width_signs(tables: GroupingTables) -> None:
    assert outcome(tables, " n40．X ", sex="M") == ("MS19", None)


def test_a_missing_fact_does_not_matter_where_no_rule_needs_it(tables: GroupingTables) -> None:
    assert outcome(tables, "I61.0", sex=None, age=None) == ("BR15", None)


def test_what_is_tried_with_a_delivered_code(tables: GroupingTables) -> None:
    """As coded; without what nothing supports; without the operation; with a secondary diagnosis in front."""
    key = {"member_id": ["H01", "H01"], "encounter_id": ["E1", "E2"]}
    cases = pl.DataFrame(
        {**key, "principal": ["I61.0", "K35.8"], "sex": ["F", "F"], "age_years": [60, 60], "is_cheap": [True, False]}
    )
    diagnoses = pl.DataFrame(
        {
            "member_id": ["H01"] * 3,
            "encounter_id": ["E1", "E1", "E2"],
            "code": ["N17.9", "K52.9", "I61.0"],
            "is_unsupported": [True, False, False],
        }
    )
    procedures = pl.DataFrame({"member_id": ["H01"], "encounter_id": ["E2"], "code": ["47.01"]})
    found = regroup(tables, cases, diagnoses, procedures)
    assert set(found.select("encounter_id", "variant", "principal", "drg_code").iter_rows()) == {
        ("E1", "as_coded", "I61.0", "BR13"),
        ("E1", "supported", "I61.0", "BR15"),
        ("E1", "swapped", "K52.9", "GZ19"),
        ("E1", "swapped", "N17.9", None),
        ("E2", "as_coded", "K35.8", "GD29"),
        ("E2", "unoperated", "K35.8", "GZ19"),
    }
    assert regroup(None, cases, diagnoses, procedures).is_empty()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("__import__('os')", "is none of"),
        ("case.weight > 3", "can be compared"),
        ("is_pd1(case", "is no expression"),
        ("case.age in (1, 2)", "can be compared"),
        ("2", "is not understood"),
    ],
)
def test_an_expression_that_is_no_rule_is_refused(text: str, says: str) -> None:
    with pytest.raises(ConditionError, match=says):
        read(text)


def test_tables_that_do_not_fit_together_name_file_and_row(tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    shutil.copytree(TABLES, folder)
    rules = folder / "DRG分组规则.csv"
    whole = rules.read_text(encoding="utf-8")
    rules.write_text(whole.replace("multi_wound(case)", "case.wounds > 1"), encoding="utf-8")
    with pytest.raises(TablesError, match=r"DRG分组规则 row 5 \(MDCZ\)"):
        GroupingTables.load(folder)
    rules.write_text(whole.replace("GZ19", "GZ15"), encoding="utf-8")
    with pytest.raises(TablesError, match="DRG信息 does not list: GZ15"):
        GroupingTables.load(folder)
    rules.write_text(whole.replace("adrg_rule", "rule"), encoding="utf-8")
    with pytest.raises(TablesError, match=r"DRG分组规则\.csv: column adrg_rule is missing"):
        GroupingTables.load(folder)
    rules.unlink()
    with pytest.raises(TablesError, match=r"DRG分组规则\.csv \(or \.csv\.gz\) is missing; CONSORTIUM_DRG_TABLES"):
        GroupingTables.load(folder)


def test_a_file_of_cases_is_grouped(tables: GroupingTables, tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text(
        "case_id,sex,age_years,age_days,diagnoses,procedures\n"
        "1,F,60,,I61.0|N17.9,\n2,F,30,,K35.8,47.01|88.71\n3,F,0,3,P59.9,\n4,F,30,,,\n",
        encoding="utf-8",
    )
    found = group_file(tables, path)
    assert found["drg_code"].to_list() == ["BR13", "GD29", "PU19", None]
    assert found["reason"].to_list() == [None, None, None, "no_principal_diagnosis"]
    path.write_text("case_id,sex,age_years,diagnoses,procedures\n7,F,old,I61.0,\n", encoding="utf-8")
    with pytest.raises(CasesError, match=r"cases\.csv, case 7: age_years 'old' is no whole number"):
        group_file(tables, path)
    path.write_text("case_id,sex,age_years,diagnoses\n", encoding="utf-8")
    with pytest.raises(CasesError, match="column procedures is missing"):
        group_file(tables, path)
