"""The jobs: taking in one member's deliveries, the night of the whole consortium, and the monthly recovery drill.

The first two are never mixed: running one member of a mixed job would build the consortium from that member alone.
"""

from __future__ import annotations

from typing import Any

import dagster as dg

from pipelines.assets.publication import restore_and_compare

# What define_asset_job makes; dagster does not export its type.
AssetJob = Any

INGEST = "ingest_member"
NIGHTLY = "nightly_consolidation"
DRILL = "recovery_drill"


def ingest_member(assets: dg.AssetsDefinition) -> AssetJob:
    """Takes in what one member (the partition) has delivered."""
    return dg.define_asset_job(
        INGEST,
        selection=dg.AssetSelection.assets(*assets.keys),
        description="Takes in what one member has delivered since the last time; other members are not touched.",
        tags={"room": "ingest"},
    )


def nightly_consolidation(lake: dg.AssetsDefinition) -> AssetJob:
    """Everything but the partitioned extracts: deliveries still outstanding, gates, marts, publication."""
    return dg.define_asset_job(
        NIGHTLY,
        selection=dg.AssetSelection.all() - dg.AssetSelection.assets(*lake.keys),
        description="The night: takes in what is outstanding, judges the gates, builds the marts and publishes.",
        executor_def=dg.in_process_executor,
        config={"loggers": {"console": {"config": {"level": "INFO"}}}},
        tags={"room": "night"},
    )


@dg.job(
    name=DRILL,
    description="S5-SEC-05: the newest publication is restored elsewhere, its marts built again, every hash compared.",
    executor_def=dg.in_process_executor,
    tags={"room": "publication"},
)
def recovery_drill() -> None:
    """One op; a failed drill is a failed run."""
    restore_and_compare()
