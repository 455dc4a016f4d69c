"""The publication: what BI tools and people open in the morning.

Belongs here: the asset that publishes when all gates are open. Does not belong here: how (`pipelines/publish`).
"""

from collections.abc import Sequence

import dagster as dg

from pipelines.assets.common import refuse_when_closed, transient, wanted_build
from pipelines.publish import publish
from pipelines.resources import Night

PUBLICATION = dg.AssetKey(["publication"])


def publication_asset(deps: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The newest publication; refuses while any gate is closed, so that yesterday's stays whole."""

    @dg.asset(
        key=PUBLICATION,
        deps=list(deps),
        group_name="publication",
        owners=["team:data-platform"],
        kinds={"duckdb", "parquet"},
        description="Marts, governance tables and pages of one night, swapped in as a whole.",
        pool="warehouse",
    )
    def publication(context: dg.AssetExecutionContext, night: Night) -> dg.MaterializeResult:
        settings, state = night.settings, night.state
        refuse_when_closed(state, 1, 2, 3)
        with transient():
            made = publish(
                settings,
                state,
                run_id=context.run_id,
                build_id=wanted_build(settings, state),
                clock=settings.clock(),
            )
        return dg.MaterializeResult(
            metadata={
                "publication": made.publication_id,
                "path": dg.MetadataValue.path(str(made.path)),
                "hash": made.hash,
                "marts": len(made.counts),
                "rows": sum(made.counts.values()),
            }
        )

    return publication
