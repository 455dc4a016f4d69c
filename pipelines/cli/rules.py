"""Commands of insurance risk: the rules and what became of each, grouping a file of cases."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.shown import BROKEN, table
from pipelines.settings import Settings

app = typer.Typer()


@app.command()
def rules(
    missing: Annotated[bool, typer.Option(help="only what is not, or not wholly, covered")] = False,
) -> None:
    """The violation rules: what each finds, and of the catalogue what is missing and why."""
    from pipelines.risk import catalogue, coverage

    known = catalogue.load()
    rows = []
    for code, entry in coverage.load(known).items():
        if missing and not entry.missing:
            continue
        rule = known[code].rule[-1] if code in known else None
        named = [rule.name_zh, rule.name_en] if rule else ["", ""]
        severity = rule.severity if rule else ""
        rows.append([code, *named, entry.status, severity, entry.missing or entry.by or entry.note])
    table("Violation rules", ["rule", "名称", "name", "status", "severity", "missing, or found by"], rows)


@app.command()
def group(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="cases, CSV or Parquet (docs/risk.md)")],
    into: Annotated[Path | None, typer.Option(help="where to write cases and groups, CSV or Parquet")] = None,
    tables: Annotated[Path | None, typer.Option(help="folder of grouping tables; else CONSORTIUM_DRG_TABLES")] = None,
) -> None:
    """Groups a file of cases by the national CHS-DRG tables."""
    from pipelines.grouper import GroupingTables
    from pipelines.grouper.files import group_file

    folder = tables or Settings.load().drg_tables
    if folder is None:
        typer.echo("yilian: no grouping tables: name their folder in CONSORTIUM_DRG_TABLES or --tables", err=True)
        raise typer.Exit(BROKEN)
    found = group_file(GroupingTables.load(folder), file)
    if into is not None:
        found.write_parquet(into) if into.suffix.lower() == ".parquet" else found.write_csv(into)
    grouped = found["drg_code"].is_not_null().sum()
    reasons = found.filter(found["drg_code"].is_null()).group_by("reason").len().sort("len", descending=True)
    table(
        f"{file.name}: {grouped} of {found.height} cases grouped",
        ["outcome", "cases"],
        [["grouped", grouped], *[list(row) for row in reasons.iter_rows()]],
    )
