"""Where a figure comes from: from a mart's row down to the file and row that a member delivered.

Belongs here: finding the row, and the steps of the trace, each a query over the warehouse. Does not belong here: any
figure; a trace only shows what stands there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from pipelines import dbt_run, warehouse
from pipelines.settings import Settings

Section = tuple[str, list[str], list[list[Any]]]


class Unexplained(LookupError):
    """The mart, the column or the row does not exist; names what there is instead."""


_ADDRESS = "delivery_date, source_file, source_row"

# Accounts behind a line of a statement, and what members' books hold on them in the period.
_ON_LINE = (
    "account_code in (select account_code from intermediate.int_ledger__statement_account as placed "
    "join intermediate.int_ledger__statement_tree as tree using (period, statement) "
    "where placed.line_code = tree.detail_code and period = $period "
    "and statement = $statement and tree.line_code = $line_code)"
)
_BOOKED = (
    "(select period, member_id, account_code, closing_balance as amount from intermediate.int_ledger__trial_balance "
    "where $statement = 'financial_position' "
    "union all select period, member_id, account_code, amount from intermediate.int_ledger__cash_flow "
    "where $statement = 'cash' "
    "union all select period, member_id, account_code, amount from ledger.entry where not is_closing "
    "and $statement in ('revenue_expense', 'budget_execution'))"
)
_LARGEST_LINES = (
    "select member_id, voucher_no, line_no, posting_date, account_code, local_account_code, amount, summary, "
    f"{_ADDRESS} from ledger.entry where period = $period and not is_closing and {_ON_LINE}"
)
_LARGEST_FIRST = "order by abs(amount) desc, member_id, voucher_no, line_no limit 50"

# Each step: a title and a query; $name stands for the column of the mart's row.
TRACES: dict[str, list[tuple[str, str]]] = {
    "cost.department_cost": [
        (
            "What other departments passed on to it",
            "select step, from_dept, cost_element, driver, driver_share, amount from cost.allocation_trace "
            "where period = $period and member_id = $member_id and to_dept = $dept_code "
            "and cost_element = $cost_element order by step, from_dept",
        ),
        (
            "Its own ledger lines",
            f"select voucher_no, line_no, account_code, local_account_code, amount, {_ADDRESS} from ledger.entry "
            "where period = $period and member_id = $member_id and coalesce(dept_code, 'COMMON') = $dept_code "
            "and cost_element = $cost_element and not is_closing order by abs(amount) desc limit 50",
        ),
    ],
    "cost.case_cost": [
        (
            "Its charges by class and department",
            "select charge_class, executing_dept, count(*) as lines, sum(amount) as charged "
            "from intermediate.int_core__charge where member_id = $member_id and encounter_id = $encounter_id "
            "group by all order by charged desc",
        ),
        (
            "What the executing departments cost that month",
            "select dept_code, cost_element, direct_amount, full_amount from cost.department_cost "
            "where period = $period and member_id = $member_id and dept_code in (select executing_dept from "
            "intermediate.int_core__charge where member_id = $member_id and encounter_id = $encounter_id) "
            "order by dept_code, cost_element",
        ),
        (
            "The delivered lines",
            f"select charge_id, charged_at, item_code, item_name, quantity, amount, {_ADDRESS} "
            "from intermediate.int_core__charge where member_id = $member_id and encounter_id = $encounter_id "
            "order by charged_at, charge_id limit 100",
        ),
    ],
    "ledger.statement_line": [
        (
            "Members",
            "select member_id, amount from ledger.statement_by_member where period = $period "
            "and statement = $statement and line_code = $line_code order by member_id",
        ),
        (
            "Accounts in the members' books (debit positive)",
            f"select member_id, account_code, sum(amount) as amount from {_BOOKED} as booked "
            f"where period = $period and {_ON_LINE} group by all having sum(amount) <> 0 "
            "order by member_id, account_code",
        ),
        (
            "Entries of the elimination journal (debit positive)",
            "select leg, rule_id, rule_name, a_member_id, b_member_id, member_id, account_code, account_name, amount "
            f"from ledger.elimination where period = $period and ({_ON_LINE} or account_code = $line_code) "
            "order by leg, rule_id, a_member_id, b_member_id, member_id",
        ),
        ("The largest ledger lines", f"{_LARGEST_LINES} {_LARGEST_FIRST}"),
    ],
    "ledger.statement_by_member": [
        (
            "Accounts in its books (debit positive)",
            f"select account_code, sum(amount) as amount from {_BOOKED} as booked where period = $period "
            f"and member_id = $member_id and {_ON_LINE} group by all having sum(amount) <> 0 order by account_code",
        ),
        ("The largest ledger lines", f"{_LARGEST_LINES} and member_id = $member_id {_LARGEST_FIRST}"),
    ],
    "ledger.elimination": [
        (
            "The internal business it takes out",
            "select side, member_id, counterparty_member_id, account_code, ic_reference, voucher_no, line_no, "
            "own_amount from intermediate.int_ledger__intercompany_line where period = $period and leg = $leg "
            "and rule_id = $rule_id and a_member_id = $a_member_id and b_member_id = $b_member_id "
            "order by ic_reference, side, voucher_no, line_no",
        ),
    ],
    "ledger.consolidated_cost": [
        (
            "What it bought of members, and what that cost them",
            "select provider_member_id, price_amount, received_amount from intermediate.int_ledger__internal_cost "
            "where period = $period and member_id = $member_id and dept_code = $dept_code "
            "and cost_element = $cost_element order by provider_member_id",
        ),
    ],
    "ledger.intercompany": [
        (
            "How the amounts of both sides answer each other",
            "select match_step, match_key, a_amount, b_amount, amounts "
            "from intermediate.int_ledger__intercompany_match where period = $period and leg = $leg "
            "and rule_id = $rule_id and a_member_id in ($member_id, $counterparty_member_id) "
            "and b_member_id in ($member_id, $counterparty_member_id) "
            "order by abs(a_amount - b_amount) desc, match_key",
        ),
        (
            "The lines it rests on",
            f"select voucher_no, line_no, account_code, ic_reference, amount, {_ADDRESS} from ledger.entry "
            "where period = $period and member_id = $member_id and counterparty_member_id = $counterparty_member_id "
            "order by ic_reference, voucher_no",
        ),
    ],
    "performance.kpi_value": [
        (
            "Its numerator and denominator",
            "select measure, amount from intermediate.int_performance__measure where period = $period "
            "and entity_level = $entity_level and entity_id = $entity_id and measure in "
            "(select unnest([numerator, denominator]) from reference.kpi where kpi_code = $kpi_code) order by measure",
        ),
    ],
    "risk.finding": [
        (
            "The charge lines it rests on",
            f"select charge_id, charged_at, item_code, item_name, quantity, unit_price, amount, {_ADDRESS} "
            "from intermediate.int_core__charge where member_id = $member_id and list_contains($charge_ids, charge_id) "
            "order by charged_at, charge_id",
        ),
        (
            "Its encounter",
            f"select encounter_id, encounter_type, started_at, ended_at, primary_diagnosis, {_ADDRESS} "
            "from intermediate.int_core__encounter where member_id = $member_id and encounter_id = $encounter_id",
        ),
    ],
}


def trace(settings: Settings, mart: str, key: Sequence[str]) -> Iterator[Section]:
    """The sections of a trace, outermost first.

    Args:
        mart: `<schema>.<mart>`.
        key: `column=value` pairs, or the values of the mart's key in their order.

    Raises:
        Unexplained: no such mart, column or row.
    """
    model = _model(settings, mart)
    columns = _key_columns(settings, model)
    wanted = _wanted(mart, key, columns)
    with warehouse.connect(settings) as connection:
        condition = " and ".join(f"{name}::varchar = ?" for name in wanted)
        found = connection.execute(f"select * from {mart} where {condition} limit 2", list(wanted.values()))
        names = [column[0] for column in found.description]
        rows = found.fetchall()
        if not rows:
            raise Unexplained(f"{mart} has no row with {', '.join(f'{n} = {v}' for n, v in wanted.items())}")
        if len(rows) > 1:
            raise Unexplained(f"{mart}: more than one row; its key is {', '.join(columns)}")
        row = dict(zip(names, rows[0], strict=True))
        described = {name: column["description"] for name, column in model["columns"].items()}
        yield (
            f"{mart}: {model['description'].splitlines()[0] if model['description'] else ''}",
            ["column", "value", "meaning"],
            [[name, value, described.get(name, "")] for name, value in row.items()],
        )
        for title, query in TRACES.get(mart, []):
            given = {name: value for name, value in row.items() if f"${name}" in query}
            shown = connection.execute(query, given)
            yield title, [column[0] for column in shown.description], [list(each) for each in shown.fetchall()]
    yield "Made from", ["model or extract"], [[parent] for parent in _parents(settings, model)]


def _model(settings: Settings, mart: str) -> dict[str, Any]:
    nodes = _manifest(settings)["nodes"].values()
    marts = {f"{node['schema']}.{node['alias']}": node for node in nodes if node["resource_type"] == "model"}
    if mart not in marts:
        area = mart.partition(".")[0]
        near = sorted(name for name in marts if name.startswith(f"{area}.")) or sorted(
            name for name in marts if not name.startswith(("staging.", "intermediate."))
        )
        raise Unexplained(f"there is no mart {mart}; there are {', '.join(near)}")
    return dict(marts[mart])


def _key_columns(settings: Settings, model: dict[str, Any]) -> list[str]:
    """The key of a mart: the columns of its uniqueness test."""
    for node in _manifest(settings)["nodes"].values():
        test = node.get("test_metadata") or {}
        if node.get("attached_node") == model["unique_id"]:
            if test.get("name") == "unique_combination":
                return list(test["kwargs"]["columns"])
            if test.get("name") == "unique":
                return [test["kwargs"]["column_name"]]
    return []


def _wanted(mart: str, key: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    if all("=" in part for part in key):
        return dict(part.split("=", 1) for part in key)
    if len(key) != len(columns):
        raise Unexplained(f"{mart} is found by {', '.join(columns)}: give these values, or column=value pairs")
    return dict(zip(columns, key, strict=True))


def _parents(settings: Settings, model: dict[str, Any]) -> list[str]:
    return sorted(parent.split(".")[-1] for parent in model["depends_on"]["nodes"])


def _manifest(settings: Settings) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(dbt_run.parsed_manifest(settings).read_text(encoding="utf-8"))
    return content
