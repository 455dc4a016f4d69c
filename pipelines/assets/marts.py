"""The warehouse as Dagster assets: one op per part of the dbt project, so that a failure in one leaves the others be.

Belongs here: the translation of dbt nodes to assets, and the ops. Does not belong here: how dbt is called
(`pipelines/warehouse.py`).
"""

import json
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject, dbt_assets

from pipelines import warehouse
from pipelines.assets.common import CONSORTIUM_GATE, MANIFEST, refuse_when_closed, transient, wanted_build
from pipelines.resources import Night

OWNERS = {
    "reference": "team:data-platform",
    "staging": "team:data-platform",
    "core": "team:data-platform",
    "ledger": "team:finance-office",
    "cost": "team:finance-office",
    "payment": "team:insurance-office",
    "performance": "team:performance-office",
    "risk": "team:insurance-office",
}


class Translator(DagsterDbtTranslator):
    """A dbt node's key is its schema and relation; staging hangs on the manifest, products on the gate."""

    def __init__(self, part: str) -> None:
        super().__init__(settings=DagsterDbtTranslatorSettings(enable_asset_checks=False))
        self._part = part

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """The node's asset: its key, group, kinds and owner, and what it waits for besides its parents."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = manifest.get("nodes", {}).get(unique_id) or manifest["sources"][unique_id]
        if node["resource_type"] == "source":
            return spec
        deps = list(spec.deps)
        if node["path"].startswith("staging/"):
            deps.append(dg.AssetDep(MANIFEST))
        if self._part in warehouse.PRODUCTS:
            deps.append(dg.AssetDep(CONSORTIUM_GATE))
        return spec.replace_attributes(
            key=node_key(node),
            group_name=area(node),
            owners=[OWNERS[area(node)]],
            deps=deps,
            kinds={"duckdb", "python" if node.get("language") == "python" else "dbt"},
        )

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Schema and relation: `cost/case_cost`; of a source: `lake/charge_lines`."""
        return node_key(dbt_resource_props)


def area(node: Mapping[str, Any]) -> str:
    """What a node is about: the folder of its layer (`ledger`), or the layer itself (`staging`, `reference`)."""
    if node["resource_type"] == "seed":
        return "reference"
    layer, *rest = node["path"].split("/")
    return str(layer if layer == "staging" else rest[0])


def node_key(node: Mapping[str, Any]) -> dg.AssetKey:
    """The asset key of a dbt node, as people know the relation."""
    if node["resource_type"] == "source":
        return dg.AssetKey([node["source_name"], node["name"]])
    if node["resource_type"] == "seed":
        return dg.AssetKey(["reference", node["name"]])
    return dg.AssetKey([node["schema"], node["alias"]])


def part_assets(manifest: Path, part: str) -> dg.AssetsDefinition:
    """The assets of one part of the warehouse, built by one op."""
    content = json.loads(manifest.read_text(encoding="utf-8"))
    order = TopologicalSorter(content["parent_map"]).static_order()
    keys = {name: node_key(content["nodes"][name]) for name in order if name.startswith(("model.", "seed."))}

    @dbt_assets(
        manifest=manifest,
        select=warehouse.PARTS[part],
        exclude="resource_type:unit_test",
        name=f"dbt_{part}",
        dagster_dbt_translator=Translator(part),
        pool="warehouse",
    )
    def build(context: dg.AssetExecutionContext, night: Night) -> Iterator[dg.MaterializeResult]:
        settings, state = night.settings, night.state
        if part in warehouse.PRODUCTS:
            refuse_when_closed(state, 1, 2)
        with transient():
            built = warehouse.build_part(
                settings,
                state,
                part,
                run_id=context.run_id,
                manifest_id=state.note("manifest_id") or "",
                wanted=wanted_build(settings, state),
                say=context.log.info,
            )
        ended = {node.unique_id: node for node in built.nodes}
        left_out = set() if built.reused else set(context.selected_asset_keys)
        for name, key in keys.items():
            node = ended.get(name)
            if key not in context.selected_asset_keys:
                continue
            if built.reused:
                yield dg.MaterializeResult(asset_key=key, metadata={"unchanged since revision": built.revision})
            elif node is not None and node.status == "success":
                left_out.discard(key)
                yield dg.MaterializeResult(
                    asset_key=key, metadata={"seconds": node.seconds, "revision": built.revision}
                )
        problems = built.problems() + [f"{name}: was not built" for name in keys if keys[name] in left_out]
        if problems:
            raise dg.Failure(
                f"dbt could not build {part}: " + "; ".join(problems),
                metadata={"problems": dg.MetadataValue.md("\n".join(f"- {line}" for line in problems))},
                allow_retries=False,
            )

    return build
