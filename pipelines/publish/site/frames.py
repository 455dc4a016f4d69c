"""The figures that the pages show: small aggregates of published marts, no row of a person.

Belongs here: one query per frame, and cutting the frames down to one member. Does not belong here: how a figure is
shown. A mart that is not published, or lacks a column a query asks for, leaves its frame out with a reason; the page
says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb
import polars as pl

from pipelines.publish.marts import Mart

SMALL_CELL = 5
"""Groups of fewer cases are left out of the pages: few cases can name a person."""


@dataclass(frozen=True)
class Query:
    """SQL of a frame and the marts it reads. A frame with `member_id` can be cut down to a member; one without is of
    the consortium and stands only in the consortium's edition."""

    marts: tuple[str, ...]
    sql: str


QUERIES: Mapping[str, Query] = {
    "members": Query(("core.member",), "select * from core.member order by member_id"),
    "gates": Query(
        ("governance.gate",),
        """select gate, check_name, severity, status, observed, expected, violated, denominator,
                  array_to_string(members, ', ') as members, owner, note
           from governance.gate where run_id = $run_id
           order by gate, (status in ('failed', 'error')) desc, check_name""",
    ),
    "deliveries": Query(
        ("governance.delivery_outcome",),
        """select member_id, delivery_date, outcome, coalesce(reason_code, '') as reason_code, count(*) as files,
                  sum(rows_accepted)::bigint as rows_accepted, sum(rows_quarantined)::bigint as rows_quarantined
           from governance.delivery_outcome
           inner join (select member_id, max(delivery_date) as delivery_date from governance.delivery_outcome
                       group by member_id) as newest using (member_id, delivery_date)
           group by all order by member_id, outcome, reason_code""",
    ),
    "quality": Query(
        ("governance.quality_score",),
        """select member_id, extract, status, coalesce(reason, '') as reason, delivery_date, accuracy
           from governance.quality_score where period = (select max(period) from governance.quality_score)
           order by member_id, extract""",
    ),
    "alerts": Query(
        ("governance.alert",),
        """select severity, area, member_id, subject, metric, value, threshold, recipient_role, respond_by, status
           from governance.alert where status = 'open'
           order by (case severity when 'red' then 0 when 'yellow' then 1 else 2 end), member_id, subject limit 200""",
    ),
    "cost_by_member": Query(
        ("cost.department_cost",),
        """select period, member_id, cost_element, sum(direct_amount) as amount
           from cost.department_cost group by all order by period, member_id, cost_element""",
    ),
    "cost_by_department": Query(
        ("cost.department_cost",),
        """select member_id, dept_code, any_value(dept_name) as dept_name, any_value(dept_class) as dept_class,
                  sum(direct_amount) as direct_amount, sum(full_amount) as full_amount,
                  sum(passed_on_amount) as passed_on_amount
           from cost.department_cost where period = (select max(period) from cost.department_cost)
           group by member_id, dept_code order by member_id, full_amount desc, dept_code""",
    ),
    "not_available": Query(
        ("cost.not_available",),
        """select distinct member_id, reason from cost.not_available
           where period = (select max(period) from cost.not_available) order by member_id, reason""",
    ),
    "cost_structure": Query(
        ("cost.structure",),
        """select member_id, cost_element, amount, share, benchmark_low, benchmark_high, status
           from cost.structure where period = (select max(period) from cost.structure)
           order by member_id, amount desc""",
    ),
    "unit_cost": Query(
        ("cost.unit_cost",),
        """select member_id, unit, sum(volume) as volume, sum(total_cost) as total_cost
           from cost.unit_cost where period = (select max(period) from cost.unit_cost)
           group by all order by member_id, unit""",
    ),
    "budget": Query(
        ("budget.execution",),
        """select member_id, sum(budget_ytd) as budget_ytd, sum(actual_ytd) as actual_ytd
           from budget.execution where period = (select max(period) from budget.execution)
           group by all order by member_id""",
    ),
    "pools": Query(
        ("sharing.pool_balance",),
        """select pool, opening, sources, uses, closing from sharing.pool_balance
           where period = (select max(period) from sharing.pool_balance) order by pool""",
    ),
    "drg": Query(
        ("cost.drg_cost",),
        f"""select member_id, drg_code, drg_name, cases, mean_cost, region_mean_cost, payment_standard, margin_per_case,
                   mean_los, status
            from cost.drg_cost where period = (select max(period) from cost.drg_cost) and cases >= {SMALL_CELL}
            order by cases * margin_per_case, member_id, drg_code""",
    ),
    "kpi": Query(
        ("performance.kpi_value",),
        """select entity_id as member_id, kpi_code, kpi_name, dimension, value, target, attainment, score, is_veto
           from performance.kpi_value
           where entity_level = 'member' and period = (select max(period) from performance.kpi_value)
           order by dimension, kpi_code, member_id""",
    ),
    "score": Query(
        ("performance.score",),
        """select entity_id as member_id, public_benefit, efficiency, collaboration, weighted_score, rank, vetoed
           from performance.score
           where entity_level = 'member' and period = (select max(period) from performance.score)
           order by rank, member_id""",
    ),
    "indicators": Query(
        ("risk.indicator",),
        """select member_id, indicator_code, any_value(indicator_name) as indicator_name, block,
                  any_value(light) filter (where dept_code = '*') as light,
                  count(*) filter (where light = 'red' and dept_code <> '*') as red,
                  count(*) filter (where light = 'yellow' and dept_code <> '*') as yellow,
                  count(*) filter (where light = 'green' and dept_code <> '*') as green
           from risk.indicator where period = (select max(period) from risk.indicator)
           group by member_id, indicator_code, block order by block, indicator_code, member_id""",
    ),
    "findings": Query(
        ("risk.finding",),
        """select member_id, rule_code, any_value(rule_name) as rule_name, status, count(*) as findings,
                  sum(amount_at_risk) as amount_at_risk
           from risk.finding group by member_id, rule_code, status
           order by amount_at_risk desc, rule_code, member_id""",
    ),
    "rectification": Query(
        ("risk.rectification",),
        """select member_id, findings, due, completed, completion_rate from risk.rectification
           where period = (select max(period) from risk.rectification) order by member_id""",
    ),
    "statement": Query(
        ("ledger.statement_line",),
        """select statement, line_code, line_name, line_name_en, aggregate_amount, elimination_amount,
                  consolidated_amount
           from ledger.statement_line where period = (select max(period) from ledger.statement_line)
           order by statement, line_order, line_code""",
    ),
    "statement_by_member": Query(
        ("ledger.statement_by_member",),
        """select statement, line_code, line_name, line_name_en, member_id, amount from ledger.statement_by_member
           where period = (select max(period) from ledger.statement_by_member)
           order by statement, line_order, line_code, member_id""",
    ),
    "intercompany": Query(
        ("ledger.intercompany",),
        """select member_id, status, count(*) as pairs, sum(abs(difference)) as difference
           from ledger.intercompany where period = (select max(period) from ledger.intercompany)
           group by all order by member_id, status""",
    ),
    "reconciliation": Query(
        ("ledger.reconciliation",),
        """select member_id, check_name, left_amount, right_amount, difference, is_ok
           from ledger.reconciliation where period = (select max(period) from ledger.reconciliation)
           order by is_ok, member_id, check_name""",
    ),
}


@dataclass(frozen=True)
class Frames:
    """The frames of an edition by name, and why some are missing."""

    found: Mapping[str, pl.DataFrame]
    missing: Mapping[str, str]

    def and_also(self, name: str, frame: pl.DataFrame) -> Frames:
        """With one more frame, of something that is no mart."""
        return replace(self, found={**self.found, name: frame})

    def of_member(self, member_id: str) -> Frames:
        """Only what is a member's own; frames of the consortium fall away."""
        own = {
            name: frame.filter(pl.col("member_id") == member_id)
            for name, frame in self.found.items()
            if "member_id" in frame.columns
        }
        others = dict.fromkeys(set(self.found) - set(own), "consortium only")
        return replace(self, found=own, missing={**self.missing, **others})


def read_frames(connection: duckdb.DuckDBPyConnection, marts: Sequence[Mart], run_id: str) -> Frames:
    """Runs every query whose marts are there.

    Args:
        connection: marts can be read as `<schema>.<mart>`.
        marts: the catalogue of what is there.
        run_id: the run whose gates are shown.
    """
    there = {mart.full_name for mart in marts}
    found: dict[str, pl.DataFrame] = {}
    missing: dict[str, str] = {}
    for name, query in QUERIES.items():
        absent = [mart for mart in query.marts if mart not in there]
        if absent:
            missing[name] = f"{', '.join(absent)} is not published"
            continue
        parameters = {"run_id": run_id} if "$run_id" in query.sql else {}
        try:
            found[name] = connection.sql(query.sql, params=parameters).pl()
        except duckdb.BinderException as error:
            missing[name] = str(error).splitlines()[0]
    return Frames(found, missing)
