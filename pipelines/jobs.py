"""The two jobs: taking in one member's deliveries, and the night of the whole consortium.

Never mixed in one job: running one member of a mixed job would build the consortium from that member alone.
"""

from __future__ import annotations

from typing import Any

import dagster as dg

# What define_asset_job makes; dagster does not export its type.
AssetJob = Any

INGEST = "ingest_member"
NIGHTLY = "nightly_consolidation"


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
