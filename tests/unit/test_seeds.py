"""The project's own reference data: sound, complete, and coherent enough to draw a case from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import chinese_calendar
import pytest

from pipelines import reference
from pipelines.reference import Row

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
NATIONAL = {
    "drug": r"X[A-Z]\d{2}[A-Z]{3}\d{3}[A-Z]\d{12}|Z[A-Z]\d{2}[A-Z]{3}\d{13}|T\d{9}",
    "consumable": r"C\d{19}(\d{7})?",
    "high_value_consumable": r"C\d{19}(\d{7})?",
}
SERVICE = r"00\d{13}"
ICD10 = r"[A-Z]\d{2}\.(?:\d{3}|x\d{2}|\dx\d)(?:x\d{3})?"
ICD9CM3 = r"\d{2}\.(?:\d{4,5}|\dx\d{2}|\d{3}[A-Z]\d)(?:x\d{3,4})?"
DRG = r"[A-Z][A-Z][1-9][1359]"
FUNDS = {"5001": ("01", "02", "03", "04", "05"), "5101": ("01", "02", "03", "04")}
ELEMENTS = {
    "01": "labour", "02": "consumable", "03": "drug", "04": "depreciation", "05": "amortisation", "06": "risk_fund",
    "07": "other",
}  # fmt: skip


def rows(name: str) -> Sequence[Row]:
    return reference.read(SEEDS, name)


def by(name: str, column: str) -> dict[str, Row]:
    return {row[column]: row for row in rows(name)}


def longest(prefixes: dict[str, str], code: str) -> str | None:
    fitting = [prefix for prefix in prefixes if code.startswith(prefix)]
    return prefixes[max(fitting, key=len)] if fitting else None


def lines_of(statement: str) -> dict[str, str]:
    return {
        prefix: row["line_code"]
        for row in rows("statement_lines")
        if row["statement"] == statement
        for prefix in filter(None, row["account_prefixes"].split("|"))
    }


def test_the_projects_reference_data_is_sound() -> None:
    reference.validate(SEEDS)


def test_every_file_is_described_and_every_described_file_is_there() -> None:
    assert set(reference.page()) == {path.stem for path in SEEDS.glob("*.csv")}


def test_every_column_has_a_chinese_and_an_english_description() -> None:
    import yaml

    for entry in yaml.safe_load((SEEDS / "_seeds.yml").read_text(encoding="utf-8"))["seeds"]:
        described = {column["name"]: column["description"] for column in entry["columns"]}
        assert list(described) == list(entry["config"]["column_types"]), entry["name"]
        for name, text in described.items():
            chinese, _, english = text.partition(" · ")
            assert re.search(r"[\u4e00-\u9fff]", chinese + english), f"{entry['name']}.{name}"
            assert english, f"{entry['name']}.{name}"


def test_files_hold_the_columns_their_page_names_in_that_order() -> None:
    for name, file in reference.page().items():
        header = (SEEDS / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
        assert set(header) == set(file.types), name


# Price list


def test_national_codes_have_the_shape_of_their_standard() -> None:
    """Domain 3.1."""
    for item in rows("items"):
        assert re.fullmatch(NATIONAL.get(item["charge_class"], SERVICE), item["national_code"]), item["item_code"]
    assert len({item["national_code"] for item in rows("items")}) == len(rows("items"))


def test_every_charge_class_has_items_and_every_level_a_price() -> None:
    classes = Counter(item["charge_class"] for item in rows("items"))
    assert set(classes) == set(reference.page()["items"].listed["charge_class"])
    for item in rows("items"):
        prices = [item[f"max_price_{level}"] for level in ("tertiary", "secondary", "primary")]
        assert any(prices), item["item_code"]
        stated = [Decimal(price) for price in prices if price]
        assert stated == sorted(stated, reverse=True), f"{item['item_code']}: a lower level may not charge more"


def test_drugs_of_the_price_list_have_their_limits() -> None:
    drugs = {item["item_code"] for item in rows("items") if item["charge_class"] == "drug"}
    assert drugs == {limit["drug_code"] for limit in rows("drug_limits")}


def test_indications_name_exams_of_the_price_list() -> None:
    exams = {item["item_code"] for item in rows("items") if item["charge_class"] in ("exam", "lab")}
    assert {row["item_code"] for row in rows("exam_indications")} <= exams


# DRG


def test_drg_codes_say_their_mdc_adrg_and_partition() -> None:
    """Domain 3.2: MDC, then A-J surgical, K-Q procedural, R-Z medical."""
    for group in rows("drg"):
        code = group["drg_code"]
        assert re.fullmatch(DRG, code)
        assert (group["mdc"], group["adrg"]) == (code[0], code[:3])
        kind = "surgical" if code[1] < "K" else "procedural" if code[1] < "R" else "medical"
        assert group["partition"] == kind, code


def test_a_case_can_be_drawn_from_every_group() -> None:
    diagnoses, procedures, items = by("icd10", "code"), by("icd9cm3", "code"), by("items", "item_code")
    for group in rows("drg"):
        assert set(group["principal_icd10"].split("|")) <= set(diagnoses), group["drg_code"]
        operations = list(filter(None, group["procedure_icd9cm3"].split("|")))
        assert set(operations) <= set(procedures), group["drg_code"]
        assert bool(operations) == (group["partition"] != "medical"), group["drg_code"]
        typical = [items[code] for code in group["typical_items"].split("|")]
        assert all(item["sex_limit"] in ("", group["sex_limit"]) for item in typical), group["drg_code"]


def test_icd_codes_have_the_shape_of_the_insurers_edition() -> None:
    assert all(re.fullmatch(ICD10, code) for code in by("icd10", "code"))
    assert all(re.fullmatch(ICD9CM3, code) for code in by("icd9cm3", "code"))


# Accounts


def test_parents_are_prefixes_and_first_level_accounts_have_none() -> None:
    for code, account in by("unified_accounts", "account_code").items():
        assert code.startswith(account["parent_code"])
        assert bool(account["parent_code"]) == (len(code) > 4), code


@pytest.mark.parametrize("account", ["5001", "5101"])
def test_every_fund_has_the_seven_cost_elements(account: str) -> None:
    accounts = by("unified_accounts", "account_code")
    for fund in FUNDS[account]:
        for digits, element in ELEMENTS.items():
            assert accounts[f"{account}{fund}{digits}"]["cost_element"] == element
    outside = {row["cost_element"] for code, row in accounts.items() if code[:4] not in FUNDS}
    assert outside == {""}


def test_every_account_falls_on_one_line_of_its_statement() -> None:
    position, result = lines_of("financial_position"), lines_of("revenue_expense")
    for code, account in by("unified_accounts", "account_code").items():
        assert (longest(position, code) is not None) == (code[0] in "12345"), code
        wanted = {"1": position, "2": position, "3": position, "4": result, "5": result}.get(code[0])
        assert account["statement_line"] == (longest(wanted, code) if wanted else ""), code


def test_every_account_opposite_to_cash_falls_on_a_line_of_the_cash_statement() -> None:
    cash = lines_of("cash")
    for code in by("unified_accounts", "account_code"):
        if code[0] in "12345" and code[:4] not in ("1001", "1002", "1011"):
            assert longest(cash, code), code


def test_each_statement_has_the_suspense_line_and_its_totals() -> None:
    for statement, ends in {
        "financial_position": {"FP_ASSETS", "FP_LIABILITIES_NET_ASSETS"},
        "revenue_expense": {"RE_SURPLUS"},
        "cash": {"CF_NET"},
    }.items():
        mine = [row for row in rows("statement_lines") if row["statement"] == statement]
        assert {row["line_code"] for row in mine if not row["adds_into"]} == ends
        assert sum(row["line_code"] == "IC_DIFF" for row in mine) == 1
        orders = [int(row["line_order"]) for row in mine]
        assert orders == sorted(set(orders))


def test_elimination_rules_are_complete_and_name_known_accounts() -> None:
    rules = by("elimination_rules", "rule_id")
    assert list(rules) == [f"E{number:02d}" for number in range(1, 19)]
    assert {rule for rule, row in rules.items() if row["basis"] == "balance"} == {"E01", "E02", "E13", "E14"}
    assert {rule for rule, row in rules.items() if row["also_debit"]} == {"E03", "E09", "E10", "E13"}
    accounts = by("unified_accounts", "account_code")
    for row in rules.values():
        for column in ("debit_account_prefixes", "credit_account_prefixes", "also_debit", "also_credit"):
            for prefix in filter(None, row[column].split("|")):
                assert prefix in accounts, (row["rule_id"], prefix)


def test_budget_categories_share_no_prefix_and_cover_every_expense() -> None:
    claimed = [prefix for row in rows("budget_map") for prefix in row["account_prefixes"].split("|")]
    assert len(claimed) == len(set(claimed))
    for code in by("unified_accounts", "account_code"):
        if code.startswith("5"):
            assert any(code.startswith(prefix) for prefix in claimed), code


# Policy, indicators, calendar


def test_two_statements_of_one_weight_agree() -> None:
    """The rules put S1-PERF-19 and S2-RISK-01 both among the parameters and among the weights."""
    policy = {
        (row["parameter"], row["scope"]): Decimal(row["value"])
        for row in rows("policy")
        if "weight" in row["parameter"]
    }
    names = {
        "public_benefit": "weight_public",
        "efficiency": "weight_efficiency",
        "collaboration": "weight_collaboration",
    }
    pillars = {"structure": "structure", "process": "process", "outcome": "result"}
    for row in rows("kpi_weights"):
        if row["scope_kind"] == "level" and row["scope"] != "village":
            assert policy[names[row["kpi_or_dimension"]], row["scope"]] == Decimal(row["weight"])
        if row["scheme"] == "S2-RISK-01":
            assert policy[f"pillar_weight_{pillars[row['kpi_or_dimension']]}", ""] == Decimal(row["weight"])


@pytest.mark.parametrize(
    ("indicator", "column", "parameter"),
    [
        ("S2-RISK-16", "green_limit", "upcoding_green_max"),
        ("S2-RISK-16", "red_limit", "upcoding_yellow_max"),
        ("S2-RISK-17", "green_limit", "split_admission_green_max"),
        ("S2-RISK-17", "red_limit", "split_admission_yellow_max"),
        ("S2-RISK-32", "green_limit", "fee_growth_green_max"),
        ("S2-RISK-32", "red_limit", "fee_growth_yellow_max"),
        ("S2-RISK-20", "green_limit", "readmission_30d_max"),
        ("S2-RISK-13", "green_limit", "settlement_list_accuracy_min"),
    ],
)
def test_limits_agree_with_policy(indicator: str, column: str, parameter: str) -> None:
    assert Decimal(by("risk_limits", "indicator_code")[indicator][column]) == Decimal(
        by("policy", "parameter")[parameter]["value"]
    )


def test_every_parameter_is_dated_and_approved() -> None:
    for name in ("policy", "policy_pipeline"):
        assert all(row["approved_by"] and row["source_rule"] and row["valid_from"] for row in rows(name))


def test_tc_53_the_risk_matrix_is_a_look_up() -> None:
    level = {(row["likelihood"], row["impact"]): row["level"] for row in rows("risk_matrix")}
    assert level["M", "H"] == "H"
    assert level["H", "M"] == "M"


def test_growth_and_count_indicators_say_how_they_are_computed() -> None:
    for row in rows("kpi"):
        assert bool(row["denominator"]) or row["formula"] in ("growth", "decline", "count_year"), row["kpi_code"]


def test_holidays_agree_with_the_published_calendar() -> None:
    """The package knows the State Council's notices; a year it doesn't know has no rows."""
    listed = {date.fromisoformat(row["date"]): row["is_working_day"] == "true" for row in rows("holidays")}
    assert {day.year for day in listed} == {2025, 2026}
    day = date(2025, 1, 1)
    while day <= date(2026, 12, 31):
        assert listed.get(day, day.weekday() < 5) == chinese_calendar.is_workday(day), day
        day = date.fromordinal(day.toordinal() + 1)


def test_the_demos_periods_are_open() -> None:
    assert {row["period"]: row["status"] for row in rows("periods")} == dict.fromkeys(
        ("2025-09", "2025-10", "2026-09", "2026-10"), "open"
    )
