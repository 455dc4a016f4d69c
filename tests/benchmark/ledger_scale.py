"""`python -m tests.benchmark --parts ledger`: ten million voucher lines of sixty members, through the ledger's models.

Here: a lake of synthetic vouchers (one in twenty between members, some booked by one side only or with another
amount), and what building the ledger on it takes. Not here: the whole night (`__main__.py`), what the marts must hold
(`tests/dbt`).
The build is a process of its own; parsing the project and loading reference data come before it and are not counted.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import polars as pl

from pipelines import contract
from tests.benchmark import report
from tests.benchmark.measured import ROOT, Taken, measure

SEEDS = ROOT / "seeds"
PERIODS = ("2026-07", "2026-08", "2026-09", "2026-10")
SELECT = (
    "+ledger__entry", "+ledger__statement_line", "+ledger__statement_by_member", "+ledger__intercompany",
    "+ledger__elimination", "+ledger__issue", "+ledger__reconciliation", "+ledger__unmapped_account",
    "+ledger__unrealised_margin", "+core__unified_cost_code",
)  # fmt: skip
EXPENSES = (
    "5001040101",
    "5001040103",
    "5001040202",
    "5001040301",
    "5001040402",
    "5001040701",
    "5101040101",
    "5101040707",
)
REVENUES = ("4101010101", "4101010104", "4101010203", "41010102091")
INTERNAL = ("121290", "230290", "410190", "5001040708")
# Every twentieth line is between members; of a hundred of those one is booked by one side, one with another amount.
INTERNAL_SHARE, BAD_EVERY = 20, 50

LINES = """
create table lines as
with members as (select 'M' || lpad(n::varchar, 2, '0') as member_id, n from range(1, {members} + 1) as t (n)),
periods as (select unnest({periods}) as period),
outside as (
    select member_id, period, 'V' || lpad(v::varchar, 7, '0') as voucher_no, hash(member_id, period, v) as h
    from members cross join periods cross join range({vouchers}) as t (v)
),
outside_lines as (
    select member_id, period, voucher_no, h,
        case when h % 3 = 0 then {revenues}[1 + (h % {n_revenues})::integer]
            else {expenses}[1 + (h % {n_expenses})::integer] end as account_code,
        (1 + h % 5000000)::decimal(18, 2) / 100 as amount
    from outside
),
deals as (
    select 'M' || lpad((1 + h % {members})::varchar, 2, '0') as a,
        'M' || lpad((1 + (h % {members} + 1 + (h // {members}) % ({members} - 1)) % {members})::varchar, 2, '0') as b,
        period, 'IC' || period || '-' || v as reference, v, (100 + h % 300000)::decimal(18, 2) / 100 as amount
    from (select period, v, hash(period, v) as h from periods cross join range({deals}) as t (v))
),
sides as (
    select a as member_id, b as other, period, reference, v, '121290' as debit_account, '410190' as credit_account,
        amount, 'A' as side
    from deals
    union all
    select b, a, period, reference, v, '5001040708', '230290',
        case when v % {bad} = 1 then amount + 7 else amount end, 'B'
    from deals
    where v % {bad} <> 0
)
select member_id, period, voucher_no, 1 as line_no, account_code, null as other, null as reference,
    case when h % 3 = 0 then 0 else amount end as debit, case when h % 3 = 0 then amount else 0 end as credit
from outside_lines
union all
select member_id, period, voucher_no, 2, '1002', null, null,
    case when h % 3 = 0 then amount else 0 end, case when h % 3 = 0 then 0 else amount end
from outside_lines
union all
select member_id, period, side || lpad(v::varchar, 7, '0'), 1, debit_account, other, reference, amount, 0 from sides
union all
select member_id, period, side || lpad(v::varchar, 7, '0'), 2, credit_account, other, reference, 0, amount from sides
"""
ENTRIES = """
select voucher_no, line_no, (period || '-15')::date as posting_date, account_code, account_code as account_name,
    'D' || lpad((hash(voucher_no) % 30)::varchar, 2, '0') as dept_code, debit, credit, other as counterparty_member_id,
    reference as ic_reference, case when account_code in ('121290', '230290') then 'receivable'
        when reference is not null then 'service' end as ic_type, null as ic_period, 'own' as fund_source,
    null as project_code, '-' as summary, member_id, period, (period || '-28')::date as delivery_date,
    'gl_entries.parquet' as source_file, row_number() over () as source_row
from lines where period = '{period}'
"""
BALANCES = """
with moved as (
    select member_id, period, account_code, other, sum(debit) as debit, sum(credit) as credit
    from lines group by all
),
rolled as (
    select keys.member_id, periods.period, keys.account_code, keys.other, coalesce(moved.debit, 0) as debit,
        coalesce(moved.credit, 0) as credit,
        sum(coalesce(moved.debit, 0) - coalesce(moved.credit, 0)) over (
            partition by keys.member_id, keys.account_code, keys.other order by periods.period
        ) as closing
    from (select distinct member_id, account_code, other from moved) as keys
    cross join (select distinct period from moved) as periods
    left join moved on moved.member_id = keys.member_id and moved.account_code = keys.account_code
        and moved.other is not distinct from keys.other and moved.period = periods.period
)
select account_code, other as counterparty_member_id, closing - debit + credit as opening_balance, debit, credit,
    closing as closing_balance, member_id, period, (period || '-28')::date as delivery_date,
    'trial_balance.parquet' as source_file, row_number() over () as source_row
from rolled where period = '{period}'
"""


@dataclass(frozen=True)
class LedgerCost:
    """What the ledger takes on that many lines: the build, and its dearest models in seconds."""

    lines: int
    members: int
    taken: Taken
    models: Mapping[str, float]

    def to_dict(self) -> dict[str, object]:
        return asdict(self)

    def table(self) -> str:
        """Lines, time, memory and load; below them the models."""
        taken = self.taken
        heads = ["voucher lines", "members", "months", "wall s", "CPU s", "peak MB", "load"]
        load = f"{taken.load[0]} -> {taken.load[1]}"
        row = [f"{self.lines:,}", self.members, len(PERIODS), taken.wall, taken.cpu, taken.peak_mb, load]
        models = [[name, f"{seconds:.2f}"] for name, seconds in self.models.items()]
        return "\n\n".join([report.grid(heads, [row]), report.grid(["dearest models", "s"], models)])


def measured(room: Path, lines: int = 10_000_000, members: int = 60) -> LedgerCost:
    """Writes a lake and reference data under `room`, builds the ledger on it.

    Raises:
        Failed: dbt ended badly; its output is named.
    """
    written = lake(room / "home" / "in_force", lines, members)
    reference(room / "reference", members)
    taken, models = build(room)
    return LedgerCost(written, members, taken, models)


def main(arguments: list[str] | None = None) -> int:
    """Measures one size and prints what it took."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark.ledger_scale", description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--members", type=int, default=60)
    parser.add_argument("--into", type=Path, help="where lake and warehouse stand; default: a folder that is removed")
    options = parser.parse_args(arguments)
    room = options.into or Path(tempfile.mkdtemp(prefix="yilian-ledger-"))
    try:
        print(measured(room, options.lines, options.members).table())
    finally:
        if options.into is None:
            shutil.rmtree(room, ignore_errors=True)
    return 0


def lake(in_force: Path, lines: int, members: int) -> int:
    """Lays the vouchers and their trial balances down, one file a month; gives the number of lines."""
    for extract in contract.load().extracts.values():
        (in_force / extract.name).mkdir(parents=True, exist_ok=True)
        pl.DataFrame(schema=extract.polars_schema()).write_parquet(in_force / extract.name / "_empty.parquet")
    inside = lines // INTERNAL_SHARE
    with duckdb.connect(config={"memory_limit": "4GB", "temp_directory": str(in_force.parent / "spill")}) as connection:
        connection.execute(
            LINES.format(
                members=members, periods=list(PERIODS), vouchers=(lines - inside) // (2 * members * len(PERIODS)),
                deals=inside // (4 * len(PERIODS)), revenues=list(REVENUES), n_revenues=len(REVENUES),
                expenses=list(EXPENSES), n_expenses=len(EXPENSES), bad=BAD_EVERY,
            )
        )  # fmt: skip
        for name, query in (("gl_entries", ENTRIES), ("trial_balance", BALANCES)):
            schema = contract.load().extracts[name].columns
            types = {column.name: contract.DUCKDB_TYPES[column.type] for column in schema.values()}
            types |= {column: contract.DUCKDB_TYPES[kind] for column, (kind, _, _) in contract.ADDRESS.items()}
            cells = ", ".join(f"{column}::{kind} as {column}" for column, kind in types.items())
            for period in PERIODS:
                target = in_force / name / f"{period}.parquet"
                connection.execute(f"copy (select {cells} from ({query.format(period=period)})) to '{target}'")
        ((written,),) = connection.execute("select count(*) from lines").fetchall()
    return int(written)


def reference(folder: Path, members: int) -> None:
    """The project's reference data with that many members, who keep the unified chart's own codes."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in SEEDS.glob("*.csv"):
        shutil.copy(path, folder)
    with (SEEDS / "members.csv").open(encoding="utf-8") as file:
        lead, *_, last = csv.DictReader(file)
    rows = [
        (lead if number == 1 else last)
        | {"member_id": f"M{number:02d}", "joined_on": "2020-01-01", "vendor": "canonical"}
        for number in range(1, members + 1)
    ]
    _write(folder / "members.csv", rows)
    codes = {"1002", *EXPENSES, *REVENUES, *INTERNAL}
    same = {"vendor_or_member": "*", "valid_from": "2020-01-01", "valid_to": ""}
    _write(
        folder / "account_map.csv",
        [same | {"local_account_pattern": code, "account_code": code.removesuffix("1") if len(code) == 11 else code}
         for code in sorted(codes)],
    )  # fmt: skip


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="")
        writer.writeheader()
        writer.writerows(rows)


def build(room: Path) -> tuple[Taken, dict[str, float]]:
    """Parses and seeds, then measures the build of the ledger; gives its dearest models beside it.

    Raises:
        Failed: dbt ended badly; its output is named.
    """
    environ = {"CONSORTIUM_HOME": str(room / "home"), "CONSORTIUM_REFERENCE": str(room / "reference")}
    project = ["--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(ROOT / "dbt_project")]
    places = [*project, "--target-path", str(room / "target"), "--log-path", str(room / "target")]
    dbt = [sys.executable, "-m", "dbt.cli.main", "--no-use-colors"]
    measure([*dbt, "seed", *places], environ, room / "seed.log")
    left_out = ["--exclude", "resource_type:seed", "resource_type:unit_test"]
    command = [*dbt, "build", "--indirect-selection", "buildable", "--select", *SELECT, *left_out, *places]
    taken = measure(command, environ, room / "build.log")
    results = json.loads((room / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    dearest = sorted(results, key=lambda each: -each["execution_time"])[:12]
    return taken, {each["unique_id"].removeprefix("model.yilian."): each["execution_time"] for each in dearest}


if __name__ == "__main__":
    raise SystemExit(main())
