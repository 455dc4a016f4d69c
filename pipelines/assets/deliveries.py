"""Deliveries: what members brought, taken in per member or for the whole night.

Belongs here: the per-member extract assets, and the nightly asset that takes in whatever is still outstanding. Does
not belong here: how a file is read, judged and kept (`pipelines/ingest`).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from pipelines import contract
from pipelines.assets.common import now_and_then, transient
from pipelines.ingest import Outcome, Verdict, take_in
from pipelines.resources import Consortium, Night
from pipelines.settings import Settings

DELIVERIES = dg.AssetKey(["ingest", "deliveries"])


def extract_key(extract: str) -> dg.AssetKey:
    """The asset of an extract in the lake: `lake/charge_lines`."""
    return dg.AssetKey(["lake", extract])


def member_extracts(partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """All extracts of one member, taken in together: a delivery is one folder with one manifest."""

    @dg.multi_asset(
        name="member_extracts",
        specs=[
            dg.AssetSpec(
                extract_key(extract.name),
                group_name=f"lake_{extract.room}",
                description=f"{extract.name_zh}. {extract.grain} Accepted rows, as of the newest complete delivery.",
                owners=["team:data-platform"],
                kinds={"polars", "parquet"},
                skippable=True,
            )
            for extract in contract.load().extracts.values()
        ],
        partitions_def=partitions,
    )
    def build(context: dg.AssetExecutionContext, consortium: Consortium) -> Iterator[dg.MaterializeResult]:
        settings = consortium.settings
        with transient():
            outcomes = take_in(settings, consortium.state, members=[context.partition_key])
        tell(context, outcomes)
        for extract in sorted({outcome.extract for outcome in outcomes if outcome.extract}):
            mine = [outcome for outcome in outcomes if outcome.extract == extract]
            if any(outcome.outcome is Verdict.ACCEPTED for outcome in mine):
                yield dg.MaterializeResult(asset_key=extract_key(extract), metadata=_metadata(settings, mine))

    return build


@dg.asset(
    key=DELIVERIES,
    group_name="ingest",
    owners=["team:data-platform"],
    kinds={"polars", "parquet"},
    description="Every delivery not yet taken in, of every member: each file leaves one outcome.",
)
def deliveries(context: dg.AssetExecutionContext, night: Night) -> dg.MaterializeResult:
    """Takes in what is outstanding; a broken file costs itself only and is named."""
    settings = night.settings
    settings.secret_key()
    with transient():
        outcomes = take_in(settings, night.state, on_progress=now_and_then(context.log.info))
    tell(context, outcomes)
    return dg.MaterializeResult(metadata=_metadata(settings, outcomes))


def tell(context: dg.AssetExecutionContext, outcomes: Sequence[Outcome]) -> None:
    """One line per file that needs somebody; accepted files are counted."""
    for outcome in outcomes:
        if outcome.outcome not in (Verdict.ACCEPTED, Verdict.UNCHANGED):
            context.log.warning(
                f"{outcome.member_id} {outcome.delivery_date} {outcome.file}: {outcome.outcome} "
                f"({outcome.reason_code}) {outcome.detail} {outcome.to_do}"
            )


def _metadata(settings: Settings, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    counted = Counter(str(outcome.outcome) for outcome in outcomes)
    newest = max((str(outcome.delivery_date) for outcome in outcomes), default="none")
    lines = ["| member | date | file | outcome | reason | rows | quarantined |", "|---|---|---|---|---|---|---|"]
    lines += [
        f"| {each.member_id} | {each.delivery_date} | {each.file} | {each.outcome} | {each.reason_code} "
        f"| {each.rows_delivered} | {each.rows_quarantined} |"
        for each in outcomes
        if each.outcome is not Verdict.UNCHANGED
    ]
    return {
        "files": len(outcomes),
        "rows delivered": sum(each.rows_delivered or 0 for each in outcomes),
        "rows accepted": sum(each.rows_accepted or 0 for each in outcomes),
        "rows quarantined": sum(each.rows_quarantined or 0 for each in outcomes),
        "newest delivery": newest,
        "taken in at": settings.clock().isoformat(sep=" ", timespec="minutes"),
        "outcomes": dg.MetadataValue.md(
            ", ".join(f"{count} {outcome}" for outcome, count in sorted(counted.items())) or "nothing new"
        ),
        "by file": dg.MetadataValue.md("\n".join(lines[:202])),
    }
