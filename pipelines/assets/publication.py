"""The publication: what BI tools and people open in the morning, and the proof that it could be restored.

Belongs here: the asset that publishes when all gates are open, and the op of the recovery drill. Does not belong here:
how (`pipelines/publish`).
"""

import shutil
from collections.abc import Sequence

import dagster as dg

from pipelines.assets.common import refuse_when_closed, transient, wanted_build
from pipelines.publish import drill, log_drill, publish
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


@dg.op(description="Restores the newest publication into an empty folder, builds its marts again, compares every hash.")
def restore_and_compare(context: dg.OpExecutionContext, night: Night) -> None:
    """The recovery drill (S5-SEC-05); what it restored is removed when all agrees and stays to be looked at else."""
    settings = night.settings
    at = settings.clock()
    into = settings.home / "drill" / f"{at:%Y%m%dT%H%M%S}"
    with transient():
        done = drill(settings, into)
    log_drill(settings, done, at)
    context.log.info(done.sentence())
    context.add_output_metadata({
        "publication": done.publication_id, "marts": done.marts, "rows": done.rows, "differences": len(done.breaks),
        "restored in seconds": done.restore_seconds, "rebuilt in seconds": done.rebuild_seconds,
    })  # fmt: skip
    if not done.passed:
        differences = "\n".join(f"- {each}" for each in done.breaks)
        raise dg.Failure(
            f"{done.sentence()}. What was restored stands in {into}; `yilian verify` tells whether the publication "
            "itself is whole.",
            metadata={"differences": dg.MetadataValue.md(differences)},
            allow_retries=False,
        )
    shutil.rmtree(into)
