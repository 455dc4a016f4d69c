"""Commands of the cost office: the report set of a member and month as a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.shown import BROKEN, table
from pipelines.settings import Settings

app = typer.Typer()


@app.command()
def workbook(
    member: Annotated[list[str] | None, typer.Option(help="only this member; may be repeated")] = None,
    period: Annotated[list[str] | None, typer.Option(help="a month, YYYY-MM; default: the newest published")] = None,
    into: Annotated[Path, typer.Option(help="folder of the workbooks")] = Path("workbooks"),
) -> None:
    """Writes the cost reports of the current publication as XLSX, one workbook per member and month."""
    from pipelines.costing import workbook as room

    source = Settings.load().published / "current" / "consortium.duckdb"
    try:
        written = room.write_all(source, into, members=member or (), periods=period or ())
    except room.NoReport as missing:
        typer.echo(str(missing), err=True)
        raise typer.Exit(BROKEN) from None
    table(
        "Workbooks",
        ["member", "period", "reports", "file"],
        [[each.member_id, each.period, len(each.sheets), each.path] for each in written],
    )
