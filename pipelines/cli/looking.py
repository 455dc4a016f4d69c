"""Commands that look at what a night left: members, outcomes, quarantine, gates, where a figure comes from."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from pipelines.cli.shown import BROKEN, state_of, table
from pipelines.settings import Settings

app = typer.Typer()


@app.command()
def status() -> None:
    """Who is fresh or stale, what the gates say, what is published."""
    settings = Settings.load()
    state = state_of(settings)
    standings = json.loads(state.note("standings") or "[]")
    table(
        "Members tonight",
        ["member", "status", "since", "why"],
        [[s["member_id"], s["status"], s["since"], "; ".join(s["reasons"])] for s in standings],
    )
    gates = state.rows(
        "select gate, max(checked_at) as at, sum(status in ('failed', 'error') and severity = 'error') as closed, "
        "sum(status in ('failed', 'error') and severity = 'warning') as warnings, count(*) as checks from gate "
        "where (gate, run_id) in (select gate, run_id from gate group by gate having checked_at = max(checked_at)) "
        "group by gate order by gate"
    )
    table(
        "Gates",
        ["gate", "judged at", "checks", "errors", "warnings"],
        [[g["gate"], g["at"], g["checks"], g["closed"], g["warnings"]] for g in gates],
    )
    published = state.rows("select * from publication order by published_at desc, publication_id desc limit 3")
    table(
        "Publications",
        ["publication", "published at", "stale members"],
        [[p["publication_id"], p["published_at"], p["members_stale"]] for p in published],
    )
    if failure := state.note("last_failure"):
        typer.echo(f"last failed run: {failure}")


@app.command()
def outcomes(
    member: Annotated[str | None, typer.Option(help="only this member")] = None,
    everything: Annotated[bool, typer.Option("--all", help="accepted files too")] = False,
) -> None:
    """What became of each delivered file."""
    from pipelines.ingest.outcomes import TO_DO, Reason

    rows = state_of(Settings.load()).rows(
        "select * from outcome where (? is null or member_id = ?) and (? or outcome <> 'accepted' or "
        "rows_quarantined > 0) order by delivery_date desc, member_id, file",
        (member, member, everything),
    )
    table(
        "Outcomes",
        ["member", "date", "file", "period", "outcome", "reason", "rows", "quarantined", "detail", "what to do"],
        [
            [
                row["member_id"],
                row["delivery_date"],
                row["file"],
                row["period"],
                row["outcome"],
                row["reason_code"],
                row["rows_delivered"],
                row["rows_quarantined"],
                row["detail"],
                TO_DO[Reason(row["reason_code"])],
            ]
            for row in rows
        ],
    )


@app.command()
def quarantine(
    member: Annotated[str | None, typer.Option(help="only this member")] = None,
    extract: Annotated[str | None, typer.Option(help="only this extract")] = None,
    limit: Annotated[int, typer.Option(help="at most so many rows")] = 100,
) -> None:
    """The rows that were set aside, with row number, column and reason; values that name a person are masked."""
    import polars as pl

    settings = Settings.load()
    files = state_of(settings).rows(
        "select * from quarantine_file where (? is null or member_id = ?) and (? is null or extract = ?) "
        "order by delivery_date desc, member_id, file",
        (member, member, extract, extract),
    )
    rows: list[list[Any]] = []
    columns = ["row_number", "column_name", "reason_code", "masked_value"]
    for file in files:
        frame = pl.read_parquet(settings.home / file["path"], columns=columns).head(limit - len(rows))
        rows += [[file["member_id"], file["delivery_date"], file["file"], *cells] for cells in frame.iter_rows()]
        if len(rows) >= limit:
            break
    table("Quarantine", ["member", "date", "file", "row", "column", "reason", "value"], rows)


@app.command()
def gate(
    number: Annotated[int | None, typer.Argument(help="1, 2 or 3; default: all")] = None,
    everything: Annotated[bool, typer.Option("--all", help="passed checks too")] = False,
) -> None:
    """The newest verdicts of the gates: observed, expected, violated and how many were looked at."""
    rows = state_of(Settings.load()).rows(
        "select * from gate where (gate, run_id) in "
        "(select gate, run_id from gate group by gate having checked_at = max(checked_at)) "
        "and (? is null or gate = ?) and (? or status in ('failed', 'error')) order by gate, check_name",
        (number, str(number), everything),
    )
    if not rows:
        typer.echo("No check has failed in the newest verdicts; `--all` lists what passed.")
        return
    columns = ["gate", "check_name", "severity", "status", "observed", "expected", "violated", "denominator"]
    table(
        "Gates",
        [*columns, "members", "note"],
        [[*(row[name] for name in columns), row["members"], row["note"]] for row in rows],
    )


@app.command()
def explain(
    mart: Annotated[str, typer.Argument(help="for example cost.case_cost")],
    key: Annotated[list[str], typer.Argument(help="column=value, or the key's values in their order")],
) -> None:
    """Where a figure comes from: the row, what went into it, and the file and row that it was delivered in."""
    from pipelines import explain as tracing

    settings = Settings.load()
    try:
        for title, columns, rows in tracing.trace(settings, mart, key):
            table(title, columns, rows)
            typer.echo("")
    except tracing.Unexplained as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BROKEN) from None
