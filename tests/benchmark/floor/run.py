"""The floor from deliveries to publication, stage by stage.

Here: the order of the work, the seeds, the clock of the stages. Not here: the statements (the .sql files beside, read
in their order) and the intake (intake.py).
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import yaml

from pipelines.settings import MISTAKEN_OPTIMIZERS
from tests.benchmark.floor.intake import BrokenDelivery, Delivered, Intake, in_force, quoted, together

HERE = Path(__file__).parent
SEEDS = HERE.parents[2] / "seeds"
USED = (
    "account_map", "allocation_drivers", "drg", "drg_rates", "drg_standards", "item_pairs", "items", "members",
    "policy", "policy_pipeline", "risk_exemptions", "unified_accounts",
)  # fmt: skip
MARTS = (
    "ledger.entry", "cost.department_cost", "cost.allocation_trace", "cost.case_cost", "cost.drg_cost", "risk.finding",
)  # fmt: skip
LAKE = (
    "bed_census", "bed_days", "charge_lines", "departments", "encounters", "gl_entries", "payroll", "settlements",
    "workload",
)  # fmt: skip
STEPS = range(4)
AT_ONCE = 3_000_000
"""Charge lines of members whose cases are costed together."""


def run(
    landing: Path, target: Path, key: bytes, *, memory: str = "2GB", threads: int = 2, trace: Path | None = None
) -> dict[str, float]:
    """Takes the deliveries in, builds the marts, publishes.

    Args:
        landing: canonical deliveries; `_seeds` in it is laid over the project's seeds, as a night is told to.
        target: lake/, published/ and spill/ are made in it.
        key: of the pseudonyms.
        trace: a cost.allocation_trace as Parquet that stands in for the floor's own step-down (for comparisons).

    Returns:
        Seconds of every stage.

    Raises:
        BrokenDelivery: a delivery isn't what its manifest says.
    """
    target.mkdir(parents=True)
    (target / "published").mkdir()
    seconds: dict[str, float] = {}
    database = target / "published" / "consortium.duckdb"
    with duckdb.connect(
        config={
            "memory_limit": memory,
            "threads": threads,
            "temp_directory": str(target / "spill"),
            "preserve_insertion_order": True,
            "disabled_optimizers": MISTAKEN_OPTIMIZERS,
        }
    ) as connection:

        def staged(name: str, work: Callable[[], object]) -> None:
            started = time.perf_counter()
            work()
            seconds[name] = round(time.perf_counter() - started, 3)

        files = in_force(landing)
        if any(file.mode == "append" and file.extract != "settlements" for file in files):
            raise BrokenDelivery("the floor composes appended settlements only")
        staged("intake", lambda: Intake(connection, target / "lake", key).run(files))
        connection.execute("set preserve_insertion_order = false")
        connection.execute(f"attach '{database}' as mart (storage_version 'v1.0.0')")
        for schema in ("ledger", "cost", "risk"):
            connection.execute(f"create schema mart.{schema}")
        for extract in LAKE:
            connection.execute(
                f"create temp view {extract} as select * from read_parquet('{target}/lake/{extract}/**/*.parquet')"
            )
        _seeds(connection, landing / "_seeds")
        _standing(connection)
        staged("ledger", lambda: _script(connection, "1_ledger"))
        staged("step-down", lambda: _departments(connection, trace))
        staged("pools and payment", lambda: _script(connection, "3_pools"))
        staged("cases and lines", lambda: _members(connection, files))
        staged("case cost", lambda: _case_cost(connection, files))
        staged("marts", lambda: _marts(connection, files))
        staged("publication", lambda: _publish(connection, target / "published"))
    return seconds


def statements(name: str) -> list[str]:
    """Statements of a script beside this module."""
    return [part for part in (HERE / f"{name}.sql").read_text(encoding="utf-8").split(";\n") if part.strip()]


def _script(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    for statement in statements(name):
        connection.execute(statement)


def _seeds(connection: duckdb.DuckDBPyConnection, laid_over: Path) -> None:
    types = {seed["name"]: seed["config"]["column_types"] for seed in _pages() if seed["name"] in USED}
    for name in USED:
        path = laid_over / f"{name}.csv"
        path = path if path.exists() else SEEDS / f"{name}.csv"
        with path.open(encoding="utf-8", newline="") as handle:
            header = next(csv.reader(handle))
        columns = ", ".join(f"'{column}': '{types[name].get(column, 'varchar')}'" for column in header)
        missing = "".join(
            f", cast(null as {type_}) as {column}" for column, type_ in types[name].items() if column not in header
        )
        connection.execute(
            f"create temp table {name} as select *{missing} from read_csv('{path}', header = true, delim = ',', "
            f"quote = '\"', escape = '\"', columns = {{{columns}}}, auto_detect = false)"
        )


def _pages() -> list[dict[str, Any]]:
    pages = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(SEEDS.glob("_*.yml"))]
    return [seed for page in pages for seed in page["seeds"]]


def _standing(connection: duckdb.DuckDBPyConnection) -> None:
    """Of what was delivered in several periods the latest row stands."""
    _script(connection, "0_standing")
    (repeated,) = connection.execute("select count(*) from repeated_charge").fetchone() or (0,)
    connection.execute(
        "create temp view charge as select charge_lines.* from charge_lines"
        + (
            " left join repeated_charge as r "
            "on charge_lines.member_id = r.member_id and charge_lines.charge_id = r.charge_id "
            "where r.last_period is null or charge_lines.period = r.last_period"
            if repeated
            else ""
        )
    )


def _departments(connection: duckdb.DuckDBPyConnection, trace: Path | None) -> None:
    before, step = (HERE / "2_departments.sql").read_text(encoding="utf-8").split("-- step\n")
    for statement in before.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    if trace is not None:
        connection.execute(
            "insert into flow select period, member_id, step, from_dept, to_dept, cost_element, driver, is_fallback, "
            f"cast(driver_share * 1000000 as bigint), 1000000, cast(amount * 100 as bigint) from {quoted(str(trace))}"
        )
        return
    for number in STEPS:
        connection.execute(step.replace("$step", str(number)))


def _members(connection: duckdb.DuckDBPyConnection, files: Sequence[Delivered]) -> None:
    for members in _groups(files):
        for statement in statements("4_cases"):
            connection.execute(statement.replace("$members", members))


def _case_cost(connection: duckdb.DuckDBPyConnection, files: Sequence[Delivered]) -> None:
    before, cases = (HERE / "5_case_cost.sql").read_text(encoding="utf-8").split("-- by member\n")
    connection.execute(before)
    for number, members in enumerate(_groups(files)):
        into = "insert into mart.cost.case_cost" if number else "create table mart.cost.case_cost as"
        connection.execute(f"{into} {cases.replace('$members', members)}")


def _marts(connection: duckdb.DuckDBPyConnection, files: Sequence[Delivered]) -> None:
    readmissions = (HERE / "6_readmissions.sql").read_text(encoding="utf-8")
    for members in _groups(files):
        connection.execute(readmissions.replace("$members", members))
    _script(connection, "7_marts")


def _groups(files: Sequence[Delivered]) -> list[str]:
    """Members whose cases are costed together, as lists for SQL."""
    lines: dict[str, int] = {}
    for file in files:
        lines[file.member_id] = lines.get(file.member_id, 0) + (file.rows if file.extract == "charge_lines" else 0)
    return [", ".join(quoted(member) for member in members) for members in together(lines, AT_ONCE)]


def _publish(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    for mart in MARTS:
        connection.execute(
            f"copy mart.{mart} to '{folder}/{mart}.parquet' (format parquet, compression zstd, compression_level 1)"
        )
    connection.execute("checkpoint mart")
