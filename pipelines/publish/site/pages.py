"""What each page shows: a function from frames to the values of its template.

Belongs here: arranging figures for reading. Does not belong here: computing any that a mart should hold; the only
arithmetic is adding up what stands in one table and dividing a total by its volume.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from typing import Any

from pipelines.publish.chain import Record
from pipelines.publish.site import charts
from pipelines.publish.site.frames import Frames
from pipelines.publish.site.render import Words, number, size

Row = dict[str, Any]

STATEMENTS = ("financial_position", "revenue_expense", "cash", "budget_execution")

ELEMENTS = ("labour", "drug", "consumable", "depreciation", "amortisation", "risk_fund", "other")


@dataclass(frozen=True)
class Context:
    """What a page may use."""

    frames: Frames
    words: Words
    record: Record
    entries: Mapping[str, Any]
    counts: Mapping[str, int]
    downloads: Sequence[tuple[str, int | None, int]]

    def rows(self, name: str) -> list[Row]:
        """Rows of a frame; none when it could not be made."""
        frame = self.frames.found.get(name)
        return [] if frame is None else frame.to_dicts()


def index(context: Context) -> dict[str, Any]:
    """What the publication stands on: members, gates, alerts, deliveries."""
    record, quality, checks = context.record, context.rows("quality"), context.rows("gates")
    word = context.words.word
    standing = []
    for member_id, group in groupby(quality, key=lambda row: row["member_id"]):
        rows = list(group)
        fresh = sum(row["status"] == "accepted" for row in rows)
        stale = sum(row["status"] == "stale" for row in rows)
        dates = [row["delivery_date"] for row in rows if row["delivery_date"] is not None]
        status = "stale" if stale else "accepted" if fresh else "missing"
        standing.append({
            "member_id": member_id, "status": status, "delivery_date": max(dates, default=None),
            "fresh": fresh, "stale": stale, "absent": len(rows) - fresh - stale,
        })  # fmt: skip
    for check in checks:
        check["violation"] = f"{check['violated']} / {check['denominator']}" if check["denominator"] is not None else ""
    return {
        "fresh": len(record.fresh_members),
        "stale": len(record.stale_members),
        "everybody": len(record.fresh_members) + len(record.stale_members) + len(record.absent_members),
        "standing": standing,
        "not_fresh": [row for row in quality if row["status"] not in ("accepted", "missing")],
        "checks": checks,
        "failing": [check for check in checks if check["status"] in ("failed", "error")],
        "checks_passed": sum(check["status"] in ("passed", "not applicable") for check in checks),
        "alerts": context.rows("alerts"),
        "deliveries": context.rows("deliveries"),
        "steps": [{**row, "fresh": row["run_id"] == record.run_id} for row in context.rows("steps")],
        "gate_columns": [
            (word("gate"), "gate", "text"), (word("check"), "check_name", "code"), (word("status"), "status", "tag"),
            (word("observed"), "observed", "text"), (word("expected"), "expected", "text"),
            (word("violated"), "violation", "text"), (word("members"), "members", "text"),
            (word("owner"), "owner", "text"),
        ],
    }  # fmt: skip


def cost(context: Context) -> dict[str, Any]:
    """Cost by member, department, element and DRG of the newest period."""
    unit_cost = context.rows("unit_cost")
    for row in unit_cost:
        row["unit_cost"] = _divide(row["total_cost"], row["volume"])
    departments = context.rows("cost_by_department")
    return {
        **_cost_by_member(context),
        "not_available": context.rows("not_available"),
        "departments": [
            (member_id, [{**row, "label": _label(row["dept_code"], row["dept_name"])} for row in rows])
            for member_id, rows in groupby(departments, key=lambda row: row["member_id"])
        ],
        **_structure(context),
        "budget": [
            {**row, "execution_rate": _divide(row["actual_ytd"], row["budget_ytd"], "0.000001")}
            for row in context.rows("budget")
        ],
        "unit_cost": unit_cost,
        "drg": [{**row, "label": _label(row["drg_code"], row["drg_name"])} for row in context.rows("drg")[:300]],
    }


def _cost_by_member(context: Context) -> dict[str, Any]:
    rows = context.rows("cost_by_member")
    if not rows:
        return {"cost_period": None, "cost_chart": None, "cost_legend": None, "elements": [], "cost_rows": []}
    period = max(row["period"] for row in rows)
    elements = _in_order({row["cost_element"] for row in rows})
    amounts: dict[str, dict[str, Decimal]] = {}
    history: dict[str, dict[str, Decimal]] = {}
    for row in rows:
        value = row["amount"] or Decimal(0)
        over = history.setdefault(row["member_id"], {})
        over[row["period"]] = over.get(row["period"], Decimal(0)) + value
        if row["period"] == period:
            amounts.setdefault(row["member_id"], {})[row["cost_element"]] = value
    shown: list[Row] = []
    for member_id, found in amounts.items():
        each = [found.get(element, Decimal(0)) for element in elements]
        spark = charts.line(context.words.word("trend"), sorted(history[member_id].items()))
        shown.append({"member_id": member_id, "amounts": each, "total": sum(each, Decimal(0)), "spark": spark})
    shown.sort(key=lambda row: (-row["total"], row["member_id"]))
    series = [context.words.code(element) for element in elements]
    bars = [(context.words.member(row["member_id"]), row["amounts"]) for row in shown]
    title = f"{context.words.word('cost_by_member')} {period}"
    return {
        "cost_period": period,
        "cost_chart": charts.stacked_bars(title, bars, series, "元"),
        "cost_legend": charts.legend(series),
        "elements": elements,
        "cost_rows": shown,
    }


def _structure(context: Context) -> dict[str, Any]:
    """Members down, elements across, each cell its share and how it stands to its benchmark."""
    rows = context.rows("cost_structure")
    for row in rows:
        bounds = (row["benchmark_low"], row["benchmark_high"])
        row["benchmark"] = " – ".join(f"{bound * 100:.1f} %" if bound is not None else "…" for bound in bounds)
    elements = _in_order({row["cost_element"] for row in rows})
    cells = {(row["member_id"], row["cost_element"]): row for row in rows}
    members = sorted({row["member_id"] for row in rows})
    return {
        "structure_elements": elements,
        "structure": [(member, [cells.get((member, element)) for element in elements]) for member in members],
    }


def board(context: Context) -> dict[str, Any]:
    """Scores, indicators, risk lights, findings and rectification of members."""
    lights = context.rows("indicators")
    members = sorted({row["member_id"] for row in lights})
    by_indicator: dict[str, dict[str, Row]] = {}
    for row in lights:
        by_indicator.setdefault(_label(row["indicator_code"], row["indicator_name"]), {})[row["member_id"]] = row
    yes = {True: context.words.word("yes"), False: "", None: ""}
    return {
        "score": [{**row, "vetoed": yes[row["vetoed"]]} for row in context.rows("score")],
        **_kpis(context),
        "light_members": members,
        "indicators": [
            (indicator, [found.get(member_id) for member_id in members]) for indicator, found in by_indicator.items()
        ],
        "findings": [{**row, "label": _label(row["rule_code"], row["rule_name"])} for row in context.rows("findings")],
        "rectification": context.rows("rectification"),
    }


def _kpis(context: Context) -> dict[str, Any]:
    """Per dimension: indicators down, members across."""
    rows = context.rows("kpi")
    members = sorted({row["member_id"] for row in rows})
    dimensions = []
    for dimension, group in groupby(rows, key=lambda row: row["dimension"]):
        lines = []
        for kpi, cells in groupby(group, key=lambda row: _label(row["kpi_code"], row["kpi_name"])):
            found = {row["member_id"]: row for row in cells}
            targets = {row["target"] for row in found.values()}
            target = number(targets.pop()) if len(targets) == 1 else ""
            lines.append((kpi, target, [found.get(member_id) for member_id in members]))
        dimensions.append((dimension, lines))
    return {"kpi_members": members, "kpis": dimensions}


def statements(context: Context) -> dict[str, Any]:
    """Consolidated statements, each member's part in them, and how internal balances agree."""
    name = "line_name" if context.words.language == "zh" else "line_name_en"
    consolidated = [{**row, "label": _label(row["line_code"], row[name])} for row in context.rows("statement")]
    consolidated.sort(key=_statement)
    by_member = []
    for statement, group in groupby(
        sorted(context.rows("statement_by_member"), key=_statement), key=_name_of_statement
    ):
        rows = list(group)
        members = sorted({row["member_id"] for row in rows})
        lines: dict[str, dict[str, Decimal]] = {}
        for row in rows:
            lines.setdefault(_label(row["line_code"], row[name]), {})[row["member_id"]] = row["amount"]
        cells = [(label, [found.get(member_id) for member_id in members]) for label, found in lines.items()]
        by_member.append((statement, members, cells))
    reconciliation = context.rows("reconciliation")
    return {
        "statements": [(name, list(rows)) for name, rows in groupby(consolidated, key=_name_of_statement)],
        "by_member": by_member,
        "pools": context.rows("pools"),
        "intercompany": context.rows("intercompany"),
        "reconciliation": [{**row, "status": "passed" if row["is_ok"] else "failed"} for row in reconciliation],
    }


def dictionary(context: Context) -> dict[str, Any]:
    """Every mart with its columns."""
    marts = context.entries["marts"]
    schemas = [(name, list(group)) for name, group in groupby(marts, key=lambda mart: mart["schema"])]
    return {"schemas": schemas, "counts": context.counts}


def downloads(context: Context) -> dict[str, Any]:
    """Every file of the publication."""
    return {"files": [{"path": path, "rows": rows, "size": size(count)} for path, rows, count in context.downloads]}


PAGES: Mapping[str, Callable[[Context], dict[str, Any]]] = {
    "index": index,
    "cost": cost,
    "board": board,
    "statements": statements,
    "dictionary": dictionary,
    "downloads": downloads,
}

MEMBER_PAGES = {name: PAGES[name] for name in ("index", "cost", "board", "statements")}
"""Pages of a member's edition; the others would show or offer what is not its own."""


def _name_of_statement(row: Row) -> str:
    return str(row["statement"])


def _statement(row: Row) -> int:
    """The order in which statements are read."""
    return STATEMENTS.index(row["statement"])


def _in_order(elements: set[str]) -> list[str]:
    return [*(element for element in ELEMENTS if element in elements), *sorted(elements - set(ELEMENTS))]


def _label(code: str | None, name: str | None) -> str:
    return f"{code} {name}" if name and name != code else code or ""


def _divide(total: Decimal | None, volume: Decimal | int | None, step: str = "0.01") -> Decimal | None:
    if total is None or not volume:
        return None
    return (total / Decimal(volume)).quantize(Decimal(step), ROUND_HALF_UP)
