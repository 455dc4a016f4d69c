"""The warehouse as Dagster assets: one op per part of the dbt project, so that a failure in one leaves the others be.

Belongs here: which dbt nodes stand in the graph, and the ops. Does not belong here: how dbt is called
(`pipelines/warehouse.py`).

What stands in the graph is what somebody outside the warehouse reads: the marts. Seeds, staging and intermediate models
are built by the same ops and named in their errors; as assets of their own they would be three quarters of the graph
and of a night's event log. A part that publishes nothing (`measures`) stands in the graph as one asset.
"""

import json
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines import warehouse
from pipelines.assets.common import CONSORTIUM_GATE, MANIFEST, refuse_when_closed, transient, wanted_build
from pipelines.resources import Night

OWNERS = {
    "core": "team:data-platform",
    "measures": "team:data-platform",
    "ledger": "team:finance-office",
    "cost": "team:finance-office",
    "payment": "team:insurance-office",
    "performance": "team:performance-office",
    "risk": "team:insurance-office",
}


class Graph:
    """The marts of dbt's manifest as assets: keys, parts and who reads whom, with what lies between left out."""

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        self._nodes = {
            name: node
            for name, node in manifest["nodes"].items()
            if node["resource_type"] in ("model", "seed")
        }  # fmt: skip
        self._parents = {
            name: [parent for parent in manifest["parent_map"][name] if parent in self._nodes] for name in self._nodes
        }
        self._order = [name for name in TopologicalSorter(self._parents).static_order() if name in self._nodes]
        self.part = {name: warehouse.part_of(node["resource_type"], node["fqn"]) for name, node in self._nodes.items()}
        self.marts = {name: node for name, node in self._nodes.items() if node["fqn"][1] == "marts"}

    def marts_of(self, part: str) -> dict[str, Mapping[str, Any]]:
        """A part's marts by dbt's name, parents before children."""
        return {name: self.marts[name] for name in self._order if name in self.marts and self.part[name] == part}

    def keys_of(self, part: str) -> dict[str, dg.AssetKey]:
        """What a part adds to the graph: its marts, or itself where it has none."""
        return {name: mart_key(node) for name, node in self.marts_of(part).items()} or {part: part_key(part)}

    def nodes_of(self, part: str) -> list[str]:
        """Every node that a part builds, parents before children."""
        return [name for name in self._order if self.part[name] == part]

    def reads(self, name: str) -> set[dg.AssetKey]:
        """The assets that a node reads, directly or through nodes that are no assets."""
        found: set[dg.AssetKey] = set()
        seen, waiting = {name}, list(self._parents[name])
        while waiting:
            parent = waiting.pop()
            if parent in seen:
                continue
            seen.add(parent)
            if parent in self.marts:
                found.add(mart_key(self.marts[parent]))
            elif not self.marts_of(self.part[parent]):
                found.add(part_key(self.part[parent]))
            else:
                waiting += self._parents[parent]
        return found


def mart_key(node: Mapping[str, Any]) -> dg.AssetKey:
    """Schema and relation: `cost/case_cost`."""
    return dg.AssetKey([node["schema"], node["alias"]])


def part_key(part: str) -> dg.AssetKey:
    """The asset of a part without marts."""
    return dg.AssetKey(["warehouse", part])


def part_assets(manifest: Path, part: str) -> dg.AssetsDefinition:
    """The assets of one part of the warehouse, built by one op."""
    graph = Graph(json.loads(manifest.read_text(encoding="utf-8")))
    keys, nodes = graph.keys_of(part), graph.nodes_of(part)

    @dg.multi_asset(name=f"dbt_{part}", specs=_specs(graph, part), can_subset=True, pool="warehouse")
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
        planned = set() if built.reused else set(nodes) if built.planned.nodes is None else built.planned.nodes
        missing = [name for name in nodes if name in planned and name not in ended]
        problems = built.problems() + [f"{name}: was not built" for name in missing]
        failed = {name for name, node in ended.items() if node.status != "success"} | set(missing)
        standing = set(keys) - failed if problems else set(keys)
        rows = warehouse.row_counts(settings)
        for name, key in keys.items():
            node = ended.get(name)
            if key not in context.selected_asset_keys or name not in standing:
                continue
            metadata: dict[str, Any] = {"revision": built.revision, "built": name in ended}
            if ".".join(key.path) in rows:
                metadata["dagster/row_count"] = rows[".".join(key.path)]
            if node is not None:
                metadata["seconds"] = node.seconds
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)
        if problems:
            raise dg.Failure(
                f"dbt could not build {part}: " + "; ".join(problems),
                metadata={"problems": dg.MetadataValue.md("\n".join(f"- {line}" for line in problems))},
                allow_retries=False,
            )

    return build


def _specs(graph: Graph, part: str) -> list[dg.AssetSpec]:
    gate = [CONSORTIUM_GATE] if part in warehouse.PRODUCTS else [MANIFEST]
    if marts := graph.marts_of(part):
        return [_spec(node, [*gate, *sorted(graph.reads(name))]) for name, node in marts.items()]
    reads = {key for name in graph.nodes_of(part) for key in graph.reads(name)} - {part_key(part)}
    return [
        dg.AssetSpec(
            part_key(part),
            deps=[*gate, *sorted(reads)],
            group_name="warehouse",
            owners=[OWNERS[part]],
            kinds={"duckdb", "dbt"},
            description="Numerators and denominators of every indicator, before performance and risk read them.",
            skippable=True,
        )
    ]


def _spec(node: Mapping[str, Any], deps: list[dg.AssetKey]) -> dg.AssetSpec:
    columns = [
        dg.TableColumn(name, column["data_type"] or "?", column["description"])
        for name, column in node["columns"].items()
    ]
    area = node["schema"]
    return dg.AssetSpec(
        mart_key(node),
        deps=deps,
        group_name=area,
        owners=[OWNERS[area]],
        kinds={"duckdb", "python" if node["language"] == "python" else "dbt"},
        description=node["description"],
        metadata={"dagster/column_schema": dg.TableSchema(columns)},
        skippable=True,
    )
