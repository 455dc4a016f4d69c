"""GATE 1 as an asset: who is in tonight, fresh or stale, and why.

Belongs here: the manifest asset, its checks and its report. Does not belong here: the decision
(`pipelines/gates/members.py`).
"""

from collections.abc import Iterator, Sequence

import dagster as dg

from pipelines import reference
from pipelines.assets.common import MANIFEST, as_check_results, check_specs, transient
from pipelines.gates import member_checks, members
from pipelines.resources import Night


def manifest_asset(deps: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The manifest of the night: the versions in force, and the verdict on every member that brought something."""
    checks = member_checks.all_checks()

    @dg.multi_asset(
        name="gate_1",
        specs=[
            dg.AssetSpec(
                MANIFEST,
                deps=list(deps),
                group_name="gates",
                description="GATE 1: each member's newest deliveries, or the last ones that were good, marked stale.",
                owners=["team:data-platform"],
                kinds={"greatexpectations", "parquet"},
            )
        ],
        check_specs=[
            *check_specs(checks, MANIFEST, blocking=False),
            *check_specs(members.COVERAGE, MANIFEST, blocking=True),
        ],
    )
    def judged(context: dg.AssetExecutionContext, night: Night) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        settings, state = night.settings, night.state
        with transient():
            decided = members.decide(settings, state, reference.overlay(settings), run_id=context.run_id)
        for line in decided.sentences():
            context.log.warning(line)
        yield dg.MaterializeResult(
            asset_key=MANIFEST,
            metadata={
                "manifest": decided.manifest_id,
                "members fresh": ", ".join(decided.fresh) or "none",
                "members stale": ", ".join(decided.stale) or "none",
                "members missing": ", ".join(decided.missing) or "none",
                "report": dg.MetadataValue.md(decided.markdown()),
            },
        )
        yield from as_check_results(decided.verdicts, MANIFEST)

    return judged
