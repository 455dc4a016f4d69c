"""A night on a warehouse that stands: only what changed is built, and gives what a build from nothing gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import polars as pl

from pipelines import dbt_run, rebuild, reference, warehouse
from pipelines.gates import members
from pipelines.ingest import take_in
from tests.integration.consortium import Consortium


def delivered(consortium: Consortium, extract: str, period: str) -> pl.DataFrame:
    """The newest rows of an extract as H01 delivered them."""
    folder = consortium.root / "landing" / "H01" / "2026-10-31"
    found = folder / f"{extract}_{period}.csv"
    if found.exists():
        return pl.read_csv(found, infer_schema=False)
    frame = pl.read_parquet(found.with_suffix(".parquet"))
    moments = [name for name, type_ in frame.schema.items() if isinstance(type_, pl.Datetime)]
    return frame.with_columns(pl.col(name).dt.strftime("%Y-%m-%d %H:%M:%S") for name in moments)


def again(consortium: Consortium, **frames: pl.DataFrame) -> None:
    """H01 delivers extracts of October a second time."""
    consortium.deliver(
        "H01",
        "2026-11-01",
        {f"{extract}.csv": (extract, "2026-10", frame.to_dicts()) for extract, frame in frames.items()},
    )


def build(consortium: Consortium) -> dict[str, warehouse.Built]:
    """Ingest, gate 1 and every part of the warehouse, whatever the later gates would say."""
    settings, state = consortium.settings, consortium.state
    with consortium.environment():
        take_in(settings, state)
        members.decide(settings, state, reference.overlay(settings), run_id="again")
        manifest = state.note("manifest_id") or ""
        wanted = warehouse.build_id(settings, manifest, reference.fingerprint(settings.home / "reference"))
        built = {
            part: warehouse.build_part(settings, state, part, run_id="again", manifest_id=manifest, wanted=wanted)
            for part in warehouse.PARTS
        }
    assert [problem for each in built.values() for problem in each.problems()] == []
    return built


def contents(consortium: Consortium) -> dict[str, tuple[Any, ...]]:
    """Rows and a hash of every table, blind to the order of rows."""
    with duckdb.connect(str(consortium.settings.warehouse_path), read_only=True) as connection:
        names = connection.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name <> 'main' order by all"
        ).fetchall()
        return {
            f"{schema}.{name}": connection.execute(
                f'select count(*), sum(cast(hash(t) as hugeint)) from "{schema}"."{name}" as t'
            ).fetchone()
            for schema, name in names
        }


def test_a_build_of_what_changed_gives_what_a_build_from_nothing_gives(another: Callable[[], Consortium]) -> None:
    consortium = another()
    charges, stays = delivered(consortium, "charge_lines", "2026-10"), delivered(consortium, "encounters", "2026-10")
    settlements, vouchers = (
        delivered(consortium, "settlements", "2026-10"),
        delivered(consortium, "gl_entries", "2026-10"),
    )
    doubled = charges.head(20).with_columns(
        # two of each, and one that belongs to the month before
        amount=(pl.col("amount").cast(pl.Decimal(18, 2)) * 2).cast(charges.schema["amount"]),
        quantity=(pl.col("quantity").cast(pl.Decimal(18, 4)) * 2).cast(charges.schema["quantity"]),
        charged_at=pl.when(pl.int_range(pl.len()) == 0)
        .then(pl.lit("2026-09-15 10:00:00"))
        .otherwise(pl.col("charged_at")),
    )
    again(
        consortium,
        charge_lines=pl.concat([doubled, charges.slice(60)]),
        encounters=stays.slice(2),
        settlements=settlements.slice(3),
        gl_entries=vouchers.reverse(),
    )
    planned = build(consortium)["foundation"].planned
    assert planned.nodes is not None
    assert "seed.yilian.policy" not in planned.nodes
    assert "model.yilian.int_cost__case_month" in planned.nodes
    assert planned.since == "2026-09"  # the charge of September; the months of the year before stand
    changed = contents(consortium)

    with consortium.state.transaction() as connection:
        connection.execute("delete from note where key like 'inputs:%'")
        connection.execute("update build set finished_at = null")
    assert all(each.planned == rebuild.Plan() for each in build(consortium).values())
    whole = contents(consortium)
    assert {name: found for name, found in changed.items() if whole[name] != found} == {}


def test_what_nothing_reached_is_not_built(another: Callable[[], Consortium]) -> None:
    consortium = another()
    surveys = delivered(consortium, "surveys", "2026-10")
    again(consortium, surveys=surveys.slice(1))
    built = build(consortium)
    planned = {name for each in built.values() for name in each.planned.nodes or ()}
    assert "model.yilian.stg_surveys" in planned
    assert "model.yilian.performance__kpi_value" in planned
    assert not any(
        name.startswith(("seed.", "model.yilian.ledger__", "model.yilian.int_cost__case")) for name in planned
    )
    untouched = Consortium(consortium.root, consortium.now)
    assert all(each.reused for each in build(untouched).values())


def test_other_code_or_other_policy_builds_more(another: Callable[[], Consortium]) -> None:
    consortium = another()
    settings = consortium.settings
    noted = rebuild.Inputs.from_json(consortium.state.note("inputs:foundation") or "")
    with consortium.environment():
        nodes = {
            name: node
            for name, node in dbt_run.parsed(settings).nodes.items()
            if node.resource_type in ("model", "seed")
        }
    assert rebuild.plan(settings, nodes, None, noted) == rebuild.Plan()
    other_code = rebuild.Inputs(noted.manifest_id, noted.versions, noted.reference, "other")
    assert rebuild.plan(settings, nodes, noted, other_code) == rebuild.Plan()
    other_drgs = rebuild.Inputs(noted.manifest_id, noted.versions, {**noted.reference, "drg": "other"}, noted.code)
    found = rebuild.plan(settings, nodes, noted, other_drgs)
    assert found.since is None
    assert found.nodes is not None
    assert {"seed.yilian.drg", "model.yilian.core__drg", "model.yilian.cost__drg_cost"} <= found.nodes
    assert not {"model.yilian.ledger__entry", "seed.yilian.policy"} & found.nodes
