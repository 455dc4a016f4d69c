"""The benchmark's floor computes the night's largest marts a second time, with not one line in common: they must agree.

Where both define a figure alike it is the same in every column of every row. One thing is not alike: the night rounds
full costs once (domain 1.6, largest remainder over the final receivers) and settles its trace to them, the floor rounds
at every sender; so departments differ by fen, and what is made of them is compared on the night's own trace.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import dbt_run, demo, reference
from pipelines.gates import members as gate_1
from pipelines.ingest import take_in
from pipelines.settings import Settings
from pipelines.state import State
from tests.benchmark.floor.intake import BrokenDelivery
from tests.benchmark.floor.run import run
from tests.benchmark.peer.__main__ import run as run_peer

KEY = "a-key-for-tests-only"
MARTS = ("+ledger__entry", "+cost__department_cost", "+cost__allocation_trace", "+cost__drg_cost", "+risk__finding")
RULES = ("R01", "R30", "R31", "R32")
NIGHTS_OWN = {
    "cost_element_name", "peer_mean_cost", "p25_cost", "median_cost", "p75_cost", "cost_variation",
    "mean_cost_by_ratio", "mean_cost_by_day", "mean_variable_cost", "contribution_per_case",
    "previous_mean_cost", "cost_change",
}  # fmt: skip
"""Columns that the floor doesn't repeat: a Chinese name, and what cost.drg_cost says of spread, methods and margin."""


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("floor") / "landing"
    demo.write(folder, size="S", members=["H01", "T01", "V01"], periods=["2026-09", "2026-10"], as_canonical="csv")
    return folder


@pytest.fixture(scope="module")
def night(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The warehouse as a night builds it, without what comes before and after."""
    home = tmp_path_factory.mktemp("night")
    settings = Settings.load(
        {
            "CONSORTIUM_LANDING": str(landing),
            "CONSORTIUM_HOME": str(home),
            "CONSORTIUM_SEEDS": str(landing / "_seeds"),
            "CONSORTIUM_KEY": KEY,
            "CONSORTIUM_NOW": "2026-11-01T01:30:00",
        }
    )
    state = State(settings.state_path)
    take_in(settings, state)
    gate_1.decide(settings, state, reference.overlay(settings), run_id="floor")
    excluded = ["--exclude", "resource_type:test", "resource_type:unit_test"]
    built = dbt_run.invoke(settings, ["build", "--select", "resource_type:seed", *MARTS, *excluded])
    assert built.success, [node.message for node in built.result.results if node.status != "success"]
    return settings.warehouse_path


@pytest.fixture(scope="module")
def both(landing: Path, night: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The night's marts as `night`, the floor's as `floor`, the floor's on the night's trace as `traced`."""
    folder = tmp_path_factory.mktemp("both")
    with duckdb.connect() as connection:
        connection.execute(f"attach '{night}' as night (read_only)")
        connection.execute(f"copy night.cost.allocation_trace to '{folder}/trace.parquet' (format parquet)")
        run(landing, folder / "floor", KEY.encode())
        run(landing, folder / "traced", KEY.encode(), trace=folder / "trace.parquet")
        for name in ("floor", "traced"):
            connection.execute(f"attach '{folder}/{name}/published/consortium.duckdb' as {name} (read_only)")
        yield connection


def columns(connection: duckdb.DuckDBPyConnection, mart: str) -> set[str]:
    return {row[0] for row in connection.execute(f"select column_name from (describe {mart})").fetchall()}


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


@pytest.mark.parametrize(
    "mart", ["ledger.entry", "cost.department_cost", "cost.allocation_trace", "cost.case_cost", "cost.drg_cost"]
)
def test_every_column_of_every_row_is_the_same(both: duckdb.DuckDBPyConnection, mart: str) -> None:
    assert columns(both, f"night.{mart}") - columns(both, f"traced.{mart}") <= NIGHTS_OWN
    named = ", ".join(sorted(columns(both, f"traced.{mart}")))
    for one, other in (("night", "traced"), ("traced", "night")):
        assert (
            rows(both, f"select {named} from {one}.{mart} except all select {named} from {other}.{mart} limit 3") == []
        )
    ((count,),) = rows(both, f"select count(*) from night.{mart}")
    assert count > 20


def test_the_floors_own_step_down_differs_by_fen_only(both: duckdb.DuckDBPyConnection) -> None:
    keys = "period, member_id, dept_code, cost_element"
    ((unpaired, unlike),) = rows(
        both,
        f"""
        with senders as (
            select period, member_id, count(distinct from_dept) as n from night.cost.allocation_trace group by all
        )
        select
            count(*) filter (night.period is null or floor.period is null),
            count(*) filter (
                night.direct_amount <> floor.direct_amount
                or abs(night.full_amount - floor.full_amount) > 0.01 * senders.n
            )
        from night.cost.department_cost as night
        full join floor.cost.department_cost as floor using ({keys})
        left join senders using (period, member_id)
        """,
    )
    assert (unpaired, unlike) == (0, 0)
    finals = (
        "select period, member_id, cost_element, sum(ended) as ended from ("
        "select period, member_id, cost_element, full_amount - passed_on_amount as ended from {0}.cost.department_cost "
        "union all select period, member_id, cost_element, amount from {0}.cost.allocation_trace "
        "where starts_with(to_dept, 'EXT:')) group by all"
    )
    assert rows(both, f"{finals.format('night')} except {finals.format('floor')}") == []


def test_the_floors_own_trace_takes_the_same_ways(both: duckdb.DuckDBPyConnection) -> None:
    way = "period, member_id, step, from_dept, to_dept, driver, is_fallback, driver_share"
    for one, other in (("night", "floor"), ("floor", "night")):
        query = f"select distinct {way} from {one}.cost.allocation_trace where abs(amount) > 0.05"
        assert rows(both, f"{query} except select {way} from {other}.cost.allocation_trace") == []


@pytest.mark.parametrize("rule", RULES)
def test_findings_are_the_same(both: duckdb.DuckDBPyConnection, rule: str) -> None:
    named = ", ".join(sorted(columns(both, "floor.risk.finding")))
    query = f"select {named} from {{}}.risk.finding where rule_code = '{rule}'"
    for one, other in (("night", "floor"), ("floor", "night")):
        assert rows(both, f"{query.format(one)} except all {query.format(other)}") == []


def test_the_rules_compared_find_something(both: duckdb.DuckDBPyConnection) -> None:
    found = {rule for (rule,) in rows(both, "select distinct rule_code from floor.risk.finding")}
    assert len(found & set(RULES)) >= 3


Change = Callable[[Path, dict[str, Any]], None]


def wrong_hash(file: Path, entry: dict[str, Any]) -> None:
    entry["sha256"] = "0" * 64


def wrong_rows(file: Path, entry: dict[str, Any]) -> None:
    entry["rows"] += 1


def wrong_total(file: Path, entry: dict[str, Any]) -> None:
    entry["control_totals"]["debit"] = "1.00"


@pytest.mark.parametrize(("change", "says"), [(wrong_hash, "hash"), (wrong_rows, "rows"), (wrong_total, "adds up")])
def test_a_broken_delivery_stops_the_floor(landing: Path, tmp_path: Path, change: Change, says: str) -> None:
    shutil.copytree(landing / "V01", tmp_path / "landing" / "V01")
    shutil.copytree(landing / "_seeds", tmp_path / "landing" / "_seeds")
    path = sorted((tmp_path / "landing").glob("*/*/manifest.json"))[0]
    manifest = json.loads(path.read_bytes())
    entry = next(file for file in manifest["files"] if file["extract"] == "gl_entries")
    change(path.parent / entry["file"], entry)
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(BrokenDelivery, match=says):
        run(tmp_path / "landing", tmp_path / "floor", KEY.encode())


def test_pandas_comes_to_the_same_costs(both: duckdb.DuckDBPyConnection, landing: Path, tmp_path: Path) -> None:
    """The peer, in doubles and without rounding at all: a third computation, some fen apart."""
    costs = run_peer(landing, tmp_path / "peer")["cost.case_cost"]
    exact = both.execute(
        "select member_id, encounter_id, total_cost::double as total_cost, payment::double as payment "
        "from floor.cost.case_cost"
    ).df()
    beside = costs.merge(exact, on=["member_id", "encounter_id"], suffixes=("", "_exact"))
    assert len(beside) == len(exact) == len(costs)
    assert (beside.total_cost - beside.total_cost_exact).abs().max() < 0.10
    assert (beside.payment - beside.payment_exact).abs().max() < 0.01
