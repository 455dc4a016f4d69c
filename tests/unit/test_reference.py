"""Reference data laid over the project's, and judged: what a consortium gets wrong is named by file, row and column."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import reference
from pipelines.reference import ReferenceError
from pipelines.settings import Settings

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
Change = Callable[[list[dict[str, str]]], object]


class Consortium:
    """A folder of a consortium's own files, and the home it is laid into."""

    def __init__(self, room: Path) -> None:
        self.seeds = room / "seeds"
        self.seeds.mkdir()
        self.settings = Settings.load({"CONSORTIUM_HOME": str(room / "home"), "CONSORTIUM_SEEDS": str(self.seeds)})

    def own(self, name: str, change: Change = len, *, without: tuple[str, ...] = ()) -> None:
        """Takes the project's file as the consortium's own and changes its rows."""
        with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
            header = [column for column in reader.fieldnames or () if column not in without]
        change(rows)
        self.write(name, header, rows)

    def write(self, name: str, header: list[str], rows: list[dict[str, str]]) -> None:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, header, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
        (self.seeds / f"{name}.csv").write_text(text.getvalue(), encoding="utf-8")

    def refused(self) -> str:
        with pytest.raises(ReferenceError) as refusal:
            reference.overlay(self.settings)
        return str(refusal.value)


@pytest.fixture
def consortium(tmp_path: Path) -> Consortium:
    return Consortium(tmp_path)


def where(rows: list[dict[str, str]], **cells: str) -> dict[str, str]:
    (found,) = [row for row in rows if all(row[column] == cell for column, cell in cells.items())]
    return found


def set_value(parameter: str, value: str, **cells: str) -> Change:
    return lambda rows: where(rows, parameter=parameter, **cells).update(value=value)


# Laying over


def test_a_file_of_the_consortium_replaces_the_projects(consortium: Consortium) -> None:
    consortium.own("members", lambda rows: rows[0].update(name_zh="另一家人民医院"))
    laid = reference.overlay(consortium.settings)
    assert reference.read(laid, "members")[0]["name_zh"] == "另一家人民医院"
    assert (laid / "policy.csv").read_bytes() == (SEEDS / "policy.csv").read_bytes()
    assert (laid / "_seeds.yml").read_bytes() == (SEEDS / "_seeds.yml").read_bytes(), "dbt reads types and tests here"


def test_laying_twice_touches_nothing_and_a_change_touches_one_file(consortium: Consortium) -> None:
    laid = reference.overlay(consortium.settings)
    before = {path.name: path.stat().st_mtime_ns for path in laid.iterdir()}
    mark = reference.fingerprint(laid)
    consortium.own("members", lambda rows: rows[0].update(name_zh="另一家人民医院"))
    assert reference.overlay(consortium.settings) == laid
    after = {path.name: path.stat().st_mtime_ns for path in laid.iterdir()}
    assert {name for name in after if after[name] != before[name]} == {"members.csv"}
    assert reference.fingerprint(laid) != mark
    (consortium.seeds / "members.csv").unlink()
    assert reference.fingerprint(reference.overlay(consortium.settings)) == mark


def test_columns_that_a_file_may_leave_out_are_added_empty(consortium: Consortium) -> None:
    extra = tuple(sorted(reference.page()["drg"].optional))
    assert extra
    consortium.own("drg", without=extra)
    laid = reference.overlay(consortium.settings)
    first = reference.read(laid, "drg")[0]
    assert set(extra) <= set(first.cells)
    assert {first[column] for column in extra} == {""}


def test_how_an_indicator_is_computed_comes_from_the_project_where_it_is_left_out(consortium: Consortium) -> None:
    consortium.own("kpi", lambda rows: rows.append(rows[0] | {"kpi_code": "OWN-1"}), without=("formula", "unit"))
    laid = {row["kpi_code"]: row["formula"] for row in reference.read(reference.overlay(consortium.settings), "kpi")}
    assert laid["S1-PERF-01"] == "growth"
    assert laid["OWN-1"] == ""


def test_further_columns_stay(consortium: Consortium) -> None:
    consortium.own("members", lambda rows: [row.update(phone_book="A") for row in rows])
    with (SEEDS / "members.csv").open(encoding="utf-8") as file:
        header = file.readline().strip().split(",")
    rows = [dict(row.cells) | {"phone_book": "A"} for row in reference.read(SEEDS, "members")]
    consortium.write("members", [*header, "phone_book"], rows)
    assert reference.read(reference.overlay(consortium.settings), "members")[0]["phone_book"] == "A"


def test_rows_of_the_project_that_name_what_the_consortium_replaced_are_no_problem(consortium: Consortium) -> None:
    consortium.own("items", lambda rows: rows.__delitem__(slice(20, None)))
    consortium.own("members", lambda rows: rows.__delitem__(slice(1, 3)))
    reference.overlay(consortium.settings)
    consortium.own("item_pairs")
    assert "item_pairs.csv, row 2, column item_code: 'LAB001' is not in items.csv" in consortium.refused()


def test_a_byte_order_mark_of_a_spreadsheet_is_taken_off(consortium: Consortium) -> None:
    (consortium.seeds / "members.csv").write_bytes(b"\xef\xbb\xbf" + (SEEDS / "members.csv").read_bytes())
    assert (reference.overlay(consortium.settings) / "members.csv").read_bytes().startswith(b"member_id")


def test_a_refused_file_leaves_what_was_laid_before(consortium: Consortium) -> None:
    mark = reference.fingerprint(reference.overlay(consortium.settings))
    consortium.own("policy", set_value("dept_bonus_rate", "0.04"))
    consortium.refused()
    assert reference.fingerprint(consortium.settings.home / "reference") == mark


def test_a_misspelt_file_name_is_named(consortium: Consortium) -> None:
    shutil.copy(SEEDS / "policy.csv", consortium.seeds / "polcy.csv")
    assert "polcy.csv: no file of reference data has this name" in consortium.refused()


def test_a_file_that_is_not_utf8_is_named(consortium: Consortium) -> None:
    (consortium.seeds / "members.csv").write_bytes("member_id\n临江".encode("gb18030"))
    assert "members.csv: not UTF-8" in consortium.refused()


# Cells


def test_a_missing_column_is_named(consortium: Consortium) -> None:
    consortium.own("members", without=("level",))
    assert "members.csv, row 1: columns missing from the header: level" in consortium.refused()


@pytest.mark.parametrize(
    ("file", "column", "cell", "said"),
    [
        ("members", "level", "quaternary", "'quaternary' is none of primary, secondary, tertiary, village"),
        ("members", "joined_on", "2021/07/01", "'2021/07/01' is not a date YYYY-MM-DD"),
        ("members", "monthly_basic_cost", "15.2M", "'15.2M' is not a number"),
        ("members", "member_id", "", "empty, a value is needed"),
        ("members", "member_id", "H01 ", "'H01 ' has blanks around it"),
        ("items", "is_hourly", "yes", "'yes' is not true or false"),
        ("items", "max_price_tertiary", "1.23456", "is not a number with at most 4 decimals"),
        ("items", "limit_window", "days:0", "is none of hour, 6h, day, visit, days:<n>"),
        ("drg_rates", "fiscal_year", "2026.5", "is not a whole number"),
        ("periods", "period", "2026-13", "'2026-13' is not YYYY-MM"),
    ],
)
def test_a_cell_that_does_not_fit_is_named(
    consortium: Consortium, file: str, column: str, cell: str, said: str
) -> None:
    consortium.own(file, lambda rows: rows[0].update({column: cell}))
    assert f"{file}.csv, row 2, column {column}: " in (refusal := consortium.refused())
    assert said in refusal


def test_a_row_twice_is_named(consortium: Consortium) -> None:
    consortium.own("members", lambda rows: rows.append(rows[2] | {"name_zh": "again"}))
    assert "members.csv, row 10, column member_id: same member_id as row 4" in consortium.refused()


def test_overlapping_dates_of_one_key_are_refused(consortium: Consortium) -> None:
    later = {"value": "0.06", "valid_from": "2026-07-01"}
    consortium.own("policy", lambda rows: rows.append(where(rows, parameter="fee_growth_max") | later))
    refusal = consortium.refused()
    assert "column valid_from: fee_growth_max, all: overlaps row" in refusal
    assert "end that row on 2026-06-30 or earlier" in refusal


@settings(max_examples=30, deadline=None)
@given(
    spans=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 60)), min_size=2, max_size=6),
)
def test_rows_are_refused_exactly_when_two_share_a_day(spans: list[tuple[int, int]]) -> None:
    origin = date(2026, 1, 1)
    dated = [(origin + timedelta(days=start), origin + timedelta(days=start + length)) for start, length in spans]
    header = list(reference.page()["policy"].types)
    plain = {
        "parameter": "p",
        "scope_kind": "all",
        "value": "1",
        "unit": "count",
        "source_rule": "x",
        "approved_by": "y",
    }
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, restval="")
    writer.writeheader()
    writer.writerows(plain | {"valid_from": str(first), "valid_to": str(last)} for first, last in dated)
    days = [first + timedelta(days=n) for first, last in dated for n in range((last - first).days + 1)]
    refused = bool(reference.judge({"policy": text.getvalue().encode()}))
    assert refused == (len(days) != len(set(days)))


# Policy


def test_tc_12_a_bonus_rate_outside_its_range_is_refused(consortium: Consortium) -> None:
    consortium.own("policy", set_value("dept_bonus_rate", "0.04"))
    assert "column value: dept_bonus_rate: 0.04 is below the range 0.05 to 0.10 (S1-PERF-23)" in consortium.refused()


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("primary_coefficient", "1.1"),  # TC-09
        ("perf_fund_levy_rate", "0.009"),  # TC-56
        ("perf_fund_levy_rate", "0.021"),  # TC-56
        ("internal_rate_discount", "0.0085"),  # TC-51: 3.5 % is 0.85 points below 4.35 %
    ],
)
def test_values_outside_their_range_are_refused(consortium: Consortium, parameter: str, value: str) -> None:
    consortium.own("policy", set_value(parameter, value))
    assert f"{parameter}: {value} is " in consortium.refused()


@pytest.mark.parametrize(
    ("weights", "total"),
    [(("0.25", "0.45", "0.30"), None), (("0.225", "0.425", "0.325"), "0.975"), (("0.25", "0.45", "0.35"), "1.05")],
)
def test_tc_73_pillar_weights_sum_to_exactly_one(
    consortium: Consortium, weights: tuple[str, str, str], total: str | None
) -> None:
    """AMB-11: range and sum are required, nothing is normalised in silence."""

    def change(rows: list[dict[str, str]]) -> None:
        for pillar, weight in zip(("structure", "process", "result"), weights, strict=True):
            where(rows, parameter=f"pillar_weight_{pillar}").update(value=weight)

    consortium.own("policy", change)
    if total is None:
        reference.overlay(consortium.settings)
    else:
        assert f"= {total}, must be 1 (S2-RISK-01)" in consortium.refused()


@pytest.mark.parametrize(
    ("parameter", "value", "said"),
    [
        ("pool_use_award", "0.20", "must be 1 (S1-POOL-04)"),
        ("saving_reward_staff_share", "0.40", "must be 1 (S1-POOL-05)"),
        ("pay_mix_chronic", "0.20", "must be 1 (S4-PERF-02)"),
        ("surplus_award_dept", "0.40", "must be 0.50 (S2-POOL-01)"),
        ("ct_share_pool", "60", "must be 150 (S1-SHARE-06)"),
        ("surplus_split_management", "0.20", "must be 1 (S3-POOL-02)"),
    ],
)
def test_parts_must_make_their_whole(consortium: Consortium, parameter: str, value: str, said: str) -> None:
    consortium.own("policy", set_value(parameter, value))
    assert said in consortium.refused()


def test_parts_are_judged_on_every_day_that_changes_them(consortium: Consortium) -> None:
    def change(rows: list[dict[str, str]]) -> None:
        old = where(rows, parameter="pay_mix_base")
        rows.append(old | {"value": "0.45", "valid_from": "2026-07-01"})
        old["valid_to"] = "2026-06-30"

    consortium.own("policy", change)
    refusal = consortium.refused()
    assert "level primary from 2026-07-01: pay_mix_base 0.45 + " in refusal
    assert "from 2024-01-01" not in refusal


def test_a_part_alone_at_a_scope_is_refused(consortium: Consortium) -> None:
    own = {"scope_kind": "member", "scope": "H01"}
    consortium.own("policy", lambda rows: rows.append(where(rows, parameter="weight_public", scope="tertiary") | own))
    assert "weight_efficiency, weight_collaboration missing beside weight_public" in consortium.refused()


def test_a_scope_that_nobody_has_is_refused(consortium: Consortium) -> None:
    consortium.own("policy", lambda rows: rows[0].update(scope="primery"))
    assert "column scope: 'primery' is no level" in consortium.refused()


# Across files


def test_weights_of_a_scheme_must_sum_to_one(consortium: Consortium) -> None:
    consortium.own("kpi_weights", lambda rows: rows[0].update(weight="0.41"))
    assert "S1-PERF-19 level tertiary from 2024-01-01: weights sum to 1.01, must be 1" in consortium.refused()


def test_two_active_schemes_for_one_event_and_pair_are_refused(consortium: Consortium) -> None:
    consortium.own("sharing_schemes", lambda rows: where(rows, rule_id="S5-SHARE-05").update(is_active="true"))
    refusal = consortium.refused()
    assert "both price expert_visit between" in refusal
    assert "AMB-08" in refusal


def test_a_scheme_may_follow_another(consortium: Consortium) -> None:
    def change(rows: list[dict[str, str]]) -> None:
        where(rows, rule_id="S5-SHARE-01").update(valid_to="2026-06-30")
        where(rows, rule_id="S4-SHARE-03").update(is_active="true", from_scope="H02", valid_from="2026-07-01")

    consortium.own("sharing_schemes", change)
    reference.overlay(consortium.settings)


@pytest.mark.parametrize(
    ("file", "cells", "change", "said"),
    [
        ("unified_accounts", {"account_code": "100201"}, {"parent_code": "9999"}, "'9999' is no account of this file"),
        ("statement_lines", {"line_code": "FP_CASH"}, {"adds_into": "FP_NOTHING"}, "'FP_NOTHING' is no line of"),
        ("statement_lines", {"line_code": "FP_ASSETS"}, {"adds_into": "FP_CURRENT"}, "adds into itself"),
        # The form of July lacks a total that its lines add into.
        ("statement_lines", {"line_code": "FP_CURRENT"}, {"valid_to": "2026-06-30"}, "'FP_CURRENT' is no line of"),
        (
            "allocation_drivers",
            {"step": "2", "from_dept": "*"},
            {"driver": "floor_space"},
            "'floor_space' is no driver",
        ),
        ("allocation_drivers", {"step": "2", "from_dept": "*"}, {"step": "3"}, "auxiliary departments send in step 2"),
        ("members", {"member_id": "H02"}, {"role": "lead"}, "2 members have the role lead"),
        ("risk_limits", {"indicator_code": "S2-RISK-16"}, {"red_limit": "0.001"}, "red 0.001 lies on the green side"),
        ("elimination_rules", {"rule_id": "E09"}, {"also_credit": ""}, "the second entry needs both of its sides"),
    ],
)
def test_files_must_agree(
    consortium: Consortium, file: str, cells: Mapping[str, str], change: Mapping[str, str], said: str
) -> None:
    def apply(rows: list[dict[str, str]]) -> None:
        if file == "unified_accounts":
            rows.append(rows[0] | {"account_code": "100201"})
        where(rows, **cells).update(change)

    consortium.own(file, apply)
    assert said in consortium.refused()


def test_every_cell_of_the_risk_matrix_is_needed(consortium: Consortium) -> None:
    consortium.own("risk_matrix", lambda rows: rows.pop())
    assert "no level for likelihood L, impact L (AMB-28)" in consortium.refused()


def test_all_problems_are_listed_at_once(consortium: Consortium) -> None:
    consortium.own("policy", set_value("dept_bonus_rate", "0.04"))
    consortium.own("kpi_weights", lambda rows: rows[0].update(weight="0.41"))
    with pytest.raises(ReferenceError) as refusal:
        reference.overlay(consortium.settings)
    assert {problem.file for problem in refusal.value.problems} == {"policy", "kpi_weights"}
    assert str(refusal.value).startswith("reference data: 2 problems")


@given(number=st.decimals(-(10**11), 10**11, places=6))
def test_every_decimal_of_the_declared_size_fits(number: Decimal) -> None:
    assert reference._misfit(f"{number:f}", "decimal(18,6)") is None
    assert reference._misfit(f"{number:f}1", "decimal(18,6)") == "a number with at most 6 decimals"


@pytest.mark.parametrize("cell", ["NaN", "1e3", "1,000", "5%", "0x10", "１"])
def test_what_a_spreadsheet_may_write_instead_of_a_number_is_refused(cell: str) -> None:
    assert reference._misfit(cell, "decimal(18,2)") == "a number with at most 2 decimals"
