"""Commands of the follow-up: open alerts, and the digests that go to recipients.

Does not belong here: what an alert is (`pipelines/alerts`).
"""

from __future__ import annotations

import os
from typing import Annotated

import typer

from pipelines.cli.shown import BROKEN, state_of, table
from pipelines.settings import Settings

app = typer.Typer()


@app.command()
def alerts(
    everything: Annotated[bool, typer.Option("--all", help="closed ones too")] = False,
    member: Annotated[str | None, typer.Option(help="only this member")] = None,
    role: Annotated[str | None, typer.Option(help="only what this recipient role has to answer")] = None,
) -> None:
    """What waits for an answer, who has to give it, and whether they were told."""
    rows = state_of(Settings.load()).rows(
        "select * from alert where (? or status <> 'closed') and (? is null or member_id = ?) "
        "and (? is null or recipient_role = ?) "
        "order by case severity when 'red' then 1 when 'yellow' then 2 else 3 end, area, member_id, subject",
        (everything, member, member, role, role),
    )
    columns = ["severity", "area", "subject", "value", "threshold", "recipient_role", "raised_at", "respond_by",
               "status", "sent_at"]  # fmt: skip
    table("Alerts", columns, [[row[name] for name in columns] for row in rows])


@app.command()
def notify(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show the digests, send and note nothing")] = False,
) -> None:
    """Sends each recipient what is new for it, where a channel is set (the night does this by itself)."""
    from pipelines import alerts as telling

    settings = Settings.load()
    state = state_of(settings)
    if dry_run:
        for digest in telling.digests(state, settings.clock()):
            typer.echo(f"{digest.role}\n{digest.title}\n{digest.body}\n")
        return
    recipients = telling.Recipients.load(settings.home / "reference")
    sent = telling.send(state, recipients, os.environ, settings.clock())
    typer.echo(sent.sentence())
    if sent.refused:
        raise typer.Exit(BROKEN)
