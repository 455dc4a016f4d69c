"""What Dagster loads: jobs, schedule, sensors, gates in their places, and nothing mixed that must not be mixed."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pytest

from pipelines import dbt_run, gates, reference, warehouse
from pipelines.assets.common import CONSORTIUM_GATE, MANIFEST, PUBLICATION_GATE
from pipelines.assets.marts import mart_key, part_key
from pipelines.assets.publication import PUBLICATION
from pipelines.build import build_definitions
from pipelines.settings import Settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings.model_validate({"home": tmp_path_factory.mktemp("home")})


@pytest.fixture(scope="module")
def defs(settings: Settings) -> dg.Definitions:
    return build_definitions(settings=settings)


def test_the_two_jobs_never_mix_members_and_consortium(defs: dg.Definitions) -> None:
    nightly = defs.resolve_job_def("nightly_consolidation")
    ingest = defs.resolve_job_def("ingest_member")
    assert nightly.partitions_def is None
    assert ingest.partitions_def is not None
    assert set(ingest.partitions_def.get_partition_keys()) >= {"H01", "H02", "H03", "T01", "T02", "T03", "T04", "V01"}
    ours = {key.path[0] for key in nightly.asset_layer.selected_asset_keys}
    assert "lake" not in ours
    assert {key.path[0] for key in ingest.asset_layer.selected_asset_keys} == {"lake"}


def test_the_schedule_is_0130_in_shanghai_and_on(defs: dg.Definitions) -> None:
    schedule = defs.resolve_schedule_def("nightly_at_0130")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 1 * * *", "Asia/Shanghai")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert {sensor.name for sensor in defs.sensors or []} == {"complete_deliveries", "failed_night"}


def test_gates_stand_between_what_is_before_and_behind_them(defs: dg.Definitions) -> None:
    assets = defs.resolve_asset_graph()
    entries = dg.AssetKey(["ledger", "entry"])
    assert MANIFEST in assets.get(entries).parent_keys
    assert entries in assets.get(CONSORTIUM_GATE).parent_keys
    kpi = dg.AssetKey(["performance", "kpi_value"])
    finding = dg.AssetKey(["risk", "finding"])
    for product in (kpi, finding):
        assert CONSORTIUM_GATE in assets.get(product).parent_keys
        assert product in assets.get(PUBLICATION_GATE).parent_keys
    assert PUBLICATION_GATE in assets.get(PUBLICATION).parent_keys


def test_every_check_of_a_gate_blocks_or_says_why_not(defs: dg.Definitions) -> None:
    assets = defs.resolve_asset_graph()
    specs = [assets.get_check_spec(key) for key in assets.asset_check_keys]
    by_gate = {
        gate: [spec for spec in specs if spec.asset_key == gate]
        for gate in (MANIFEST, CONSORTIUM_GATE, PUBLICATION_GATE)
    }
    assert all(by_gate.values())
    severe = {check.name for number in (2, 3) for check in gates.load_checks(number) if check.severity == "error"}
    for gate in (CONSORTIUM_GATE, PUBLICATION_GATE):
        assert {spec.name for spec in by_gate[gate] if spec.blocking} == {
            spec.name for spec in by_gate[gate] if spec.name in severe
        }
    assert [spec.name for spec in by_gate[MANIFEST] if spec.blocking] == ["covers_members"]
    assert all(spec.description for specs in by_gate.values() for spec in specs)


def test_every_asset_has_a_group_an_owner_and_a_description(defs: dg.Definitions) -> None:
    assets = defs.resolve_asset_graph()
    ours = [assets.get(key) for key in assets.materializable_asset_keys]
    assert [node.key.to_user_string() for node in ours if not node.owners] == []
    assert [node.key.to_user_string() for node in ours if not node.description] == []
    assert [node.key.to_user_string() for node in ours if node.group_name == "default"] == []


def test_every_mart_is_an_asset_and_every_node_belongs_to_one_part(settings: Settings, defs: dg.Definitions) -> None:
    manifest = json.loads(dbt_run.parsed_manifest(settings).read_text(encoding="utf-8"))
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed")]
    assert {warehouse.part_of(node["resource_type"], node["fqn"]) for node in nodes} == set(warehouse.PARTS)
    built = defs.resolve_asset_graph().materializable_asset_keys
    marts = {mart_key(node) for node in nodes if node["fqn"][1] == "marts"}
    assert marts
    assert marts <= built
    assert set(warehouse.PARTS) == set(warehouse.FOUNDATION + warehouse.PRODUCTS)


def test_a_mart_names_the_marts_it_reads_through_what_is_no_asset(defs: dg.Definitions) -> None:
    assets = defs.resolve_asset_graph()
    case_cost, kpi = dg.AssetKey(["cost", "case_cost"]), dg.AssetKey(["performance", "kpi_value"])
    assert dg.AssetKey(["ledger", "entry"]) in assets.get(case_cost).parent_keys
    assert part_key("measures") in assets.get(kpi).parent_keys
    assert dg.AssetKey(["ledger", "entry"]) in assets.get(part_key("measures")).parent_keys


def test_a_project_parsed_for_one_home_serves_another(settings: Settings, tmp_path: Path) -> None:
    """All that names a home names the one that asks; no word of the one that the project was parsed for is left."""
    homes = [settings, Settings.model_validate({"home": tmp_path / "another"})]
    for each in homes:
        reference.overlay(each)
    first, second = (dbt_run.parsed(each) for each in homes)
    for each, manifest in zip(homes, (first, second), strict=True):
        home = str(each.home.resolve())
        assert len(manifest.sources) > 30
        for source in manifest.sources.values():
            assert source.relation_name.startswith(f"read_parquet('{home}/in_force/")
            assert source.config.meta["external_location"].startswith(f"read_parquet('{home}/in_force/")
        assert {node.root_path for node in manifest.nodes.values() if node.resource_type == "seed"} == {
            f"{home}/dbt/project"
        }
        other = next(str(one.home.resolve()) for one in homes if one is not each)
        text = dbt_run.parsed_manifest(each).read_text(encoding="utf-8")
        assert home in text
        assert other not in text
