"""Alerts as two assets: raised before the publication shows them, told after it stands.

Belongs here: their place in the night. Does not belong here: what an alert is, and telling (`pipelines/alerts`).
"""

import os
from collections.abc import Sequence

import dagster as dg

from pipelines import alerts, warehouse
from pipelines.assets.common import refuse_when_closed, transient
from pipelines.resources import Night

ALERTS = dg.AssetKey(["alerts", "raised"])
DIGESTS = dg.AssetKey(["alerts", "digests"])


def alert_assets(before: Sequence[dg.AssetKey], publication: dg.AssetKey) -> list[dg.AssetsDefinition]:
    """What is raised when the gates are open, and the digests that follow the publication."""

    @dg.asset(
        key=ALERTS,
        deps=list(before),
        group_name="publication",
        owners=["team:insurance-office"],
        kinds={"duckdb"},
        description="Conditions that somebody has to answer, remembered over nights: new, still open, answered, gone.",
        pool="warehouse",
    )
    def raised(context: dg.AssetExecutionContext, night: Night) -> dg.MaterializeResult:
        settings, state = night.settings, night.state
        refuse_when_closed(state, 1, 2, 3)
        recipients = alerts.Recipients.load(settings.home / "reference")
        with transient(), warehouse.connect(settings) as connection:
            found = alerts.raise_alerts(connection, state, recipients, settings.clock())
        for what in found.unheard:
            context.log.warning(f"recipients.csv names nobody for alerts of {what}: they are in governance.alert only")
        return dg.MaterializeResult(
            metadata={"new": found.new, "open": found.open, "answered": found.answered, "closed": found.closed}
        )

    @dg.asset(
        key=DIGESTS,
        deps=[ALERTS, publication],
        group_name="publication",
        owners=["team:insurance-office"],
        kinds={"apprise"},
        description="One message per recipient with what is new for it, where a channel is set; once per alert.",
    )
    def told(context: dg.AssetExecutionContext, night: Night) -> dg.MaterializeResult:
        settings, state = night.settings, night.state
        recipients = alerts.Recipients.load(settings.home / "reference")
        with transient():
            sent = alerts.send(state, recipients, night.environ or os.environ, settings.clock())
        (context.log.warning if sent.refused else context.log.info)(sent.sentence())
        return dg.MaterializeResult(
            metadata={"told": ", ".join(sent.told) or "nobody", "without a channel": ", ".join(sent.without_channel)}
        )

    return [raised, told]
