"""What a close keeps of a period: its statements as published, so that a later night which changes them is seen.

Belongs here: reading the figures of a period out of the publication, and laying what was kept beside the warehouse for
the gates. Does not belong here: closing and reopening (`pipelines/ingest/periods.py`), the judgement
(`expectations/marts/gate2.yml`, `expectations/members/ledger.yml`).

Maps, rules, forms and policy carry dates, so that recomputing a period finds its own. A change without a date (an
edited old row) would still reach back: the kept figures show it, and the gate stays closed until the period is
reopened.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.publish.folder import CURRENT, DATABASE
from pipelines.state import State

if TYPE_CHECKING:
    import duckdb

Figure = dict[str, str]
ELIMINATION = "ELIM"
_FIGURES = f"""
    select period, statement, line_code, member_id, amount::varchar as amount from ledger.statement_by_member
    where period = $period
    union all
    select period, statement, line_code, '{ELIMINATION}', elimination_amount::varchar from ledger.statement_line
    where period = $period and elimination_amount <> 0
    order by all
"""
_COLUMNS = ("period", "statement", "line_code", "member_id", "amount")


def published_figures(published: Path, period: str) -> Sequence[Figure]:
    """Statement lines of a period by member, and the elimination of each (member ELIM), as published last.

    None where nothing is published, or nothing of that period: history that was closed before it was ever computed.
    """
    import duckdb

    database = (published / CURRENT / DATABASE).resolve()
    if not database.exists():
        return []
    with duckdb.connect(str(database), read_only=True) as connection:
        cursor = connection.execute(_FIGURES, {"period": period})
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def lay_down_figures(connection: duckdb.DuckDBPyConnection, state: State) -> None:
    """What closes have kept, as the temporary table `closed_figure` of a connection to the warehouse."""
    import polars as pl

    rows = state.rows("select period, statement, line_code, member_id, amount from closed_figure")
    kept = pl.DataFrame(rows, schema=dict.fromkeys(_COLUMNS, pl.String))
    connection.register("_kept", kept)
    connection.execute(
        "create or replace temp table closed_figure as select * replace (amount::decimal(18, 2) as amount) from _kept"
    )
    connection.unregister("_kept")


def lay_down_periods(connection: duckdb.DuckDBPyConnection, reference: Path, state: State) -> None:
    """Closed periods as the temporary table `closed_period`: of `periods.csv`, and above it what was decided since."""
    with (reference / "periods.csv").open(encoding="utf-8-sig", newline="") as file:
        status = {row["period"]: row["status"] for row in csv.DictReader(file)}
    status |= {row["period"]: row["status"] for row in state.rows("select period, status from period_status")}
    connection.execute("create or replace temp table closed_period (period varchar)")
    for period in sorted(each for each, said in status.items() if said == "closed"):
        connection.execute("insert into closed_period values (?)", [period])
