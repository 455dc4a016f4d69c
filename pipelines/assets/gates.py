"""Gates 2 and 3 as assets: each is judged once, shows its checks, and stands between the assets before and behind it.

Belongs here: the two gate assets. Does not belong here: what they check (`expectations/marts/*.yml`) and how it is
judged (`pipelines/gates`). Gate 1 is the manifest (`assets/manifest.py`).
"""

from collections.abc import Iterator, Sequence

import dagster as dg

from pipelines import gates, warehouse
from pipelines.assets.common import (
    CONSORTIUM_GATE,
    PUBLICATION_GATE,
    as_check_results,
    check_specs,
    refuse_when_closed,
    transient,
    wanted_build,
)
from pipelines.ledger.close import lay_down_figures
from pipelines.resources import Night

_BEFORE = {2: (1,), 3: (1, 2)}
_PARTS = {2: warehouse.FOUNDATION, 3: warehouse.FOUNDATION + warehouse.PRODUCTS}


def gate_asset(number: int, key: dg.AssetKey, deps: Sequence[dg.AssetKey], description: str) -> dg.AssetsDefinition:
    """The asset of a gate, with one blocking check per check of severity error."""
    checks = gates.load_checks(number)

    @dg.multi_asset(
        name=f"gate_{number}",
        specs=[
            dg.AssetSpec(
                key,
                deps=list(deps),
                group_name="gates",
                description=description,
                owners=["team:data-platform"],
                kinds={"greatexpectations"},
            )
        ],
        check_specs=check_specs(checks, key, blocking=True),
        pool="warehouse",
    )
    def judged(context: dg.AssetExecutionContext, night: Night) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        settings, state = night.settings, night.state
        refuse_when_closed(state, *_BEFORE[number])
        with transient(), warehouse.connect(settings) as connection:
            lay_down_figures(connection, state)
            verdicts = gates.judge(gates.measure(connection, checks), state)
        gates.record(
            state,
            verdicts,
            run_id=context.run_id,
            build_id=wanted_build(settings, state),
            revision=warehouse.revision_of(state, _PARTS[number]),
            at=settings.clock(),
        )
        for verdict in verdicts:
            (context.log.error if verdict.closes else context.log.info)(verdict.sentence())
        yield dg.MaterializeResult(asset_key=key, metadata={"report": dg.MetadataValue.md(report(verdicts))})
        yield from as_check_results(verdicts, key)

    return judged


def report(verdicts: Sequence[gates.Verdict]) -> str:
    """The verdicts as a Markdown table."""
    lines = ["| check | status | observed | expected | violated | of | members |", "|---|---|---|---|---|---|---|"]
    for verdict in verdicts:
        measured = verdict.measured
        lines.append(
            f"| {verdict.name} | {verdict.status} | {measured.observed} | {measured.expected} | {measured.violated} "
            f"| {measured.denominator} | {', '.join(measured.members)} |"
        )
    return "\n".join(lines)


def consortium_gate(deps: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """GATE 2."""
    return gate_asset(
        2,
        CONSORTIUM_GATE,
        deps,
        "GATE 2: what the pipeline itself must guarantee. Closed, it stops KPI, risk and publication.",
    )


def publication_gate(deps: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """GATE 3."""
    return gate_asset(
        3,
        PUBLICATION_GATE,
        deps,
        "GATE 3: bounds and reconciliation of what is about to be published. Closed, the last publication stays.",
    )
