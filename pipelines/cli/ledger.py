"""Commands of the finance office: statements, accounts nobody maps, the close of periods."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.shown import BROKEN, state_of, table
from pipelines.settings import Settings

app = typer.Typer()
accounts_app = typer.Typer(help="The members' own charts of accounts and the unified one.", no_args_is_help=True)
period_app = typer.Typer(help="The close of accounting periods.", no_args_is_help=True)

Period = Annotated[str, typer.Argument(help="YYYY-MM")]
By = Annotated[str, typer.Option(help="who decided it")]
Why = Annotated[str, typer.Option(help="why")]


@app.command("statements")
def show_statements(
    period: Period,
    into: Annotated[Path | None, typer.Option(help="an .xlsx file; default: shown here")] = None,
) -> None:
    """Consolidated statements of a period as published: shown, or as a workbook with formulas."""
    from pipelines.ledger import statements, workbook

    settings = Settings.load()
    try:
        with statements.published(settings.published, period) as ledger:
            if into is not None:
                sheets = workbook.write(ledger, into)
                typer.echo(f"{into}: {', '.join(sheets)}")
                return
            for each in statements.STATEMENTS:
                found = ledger.statement(each)
                if found is None:
                    continue
                columns = [
                    "line",
                    "项目",
                    "汇总",
                    "抵销",
                    "合并",
                    f"本年累计 {found.since or ''}",
                    found.compared or "上年同期",
                ]
                rows = [
                    [line.code, line.name, line.aggregate, line.elimination, line.consolidated, line.year_to_date,
                     line.comparative]
                    for line in found.lines
                ]  # fmt: skip
                table(f"{found.name} {period}", columns, [list(row) for row in rows])
    except statements.NoStatements as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BROKEN) from None


@accounts_app.command("suggest")
def accounts_suggest(
    member: Annotated[str | None, typer.Option(help="only this member")] = None,
    into: Annotated[
        Path | None, typer.Option(help="a CSV in the columns of account_map, to be read and cut down")
    ] = None,
) -> None:
    """Proposes unified accounts for accounts that no map knows. Nothing is mapped: that is for a person to do."""
    from pipelines.ledger import accounts

    settings = Settings.load()
    found = accounts.suggestions(settings, state_of(settings), member)
    unmapped = [
        each for each in accounts.unmapped_accounts(settings, state_of(settings)) if member in (None, each.member_id)
    ]
    if not unmapped:
        typer.echo("Every account of the newest ledgers is mapped.")
        return
    columns = ["member", "account", "name", "amount", "lines", "since", "unified", "unified name", "score", "why"]
    rows = [
        [s.local.member_id, s.local.account_code, s.local.account_name, s.local.amount, s.local.lines,
         s.local.first_period, s.account_code, s.account_name, f"{s.score:.2f}", s.why]
        for s in found
    ]  # fmt: skip
    answered = {(s.local.member_id, s.local.account_code) for s in found}
    rows += [
        [
            u.member_id,
            u.account_code,
            u.account_name,
            u.amount,
            u.lines,
            u.first_period,
            "",
            "",
            "",
            "nothing resembles it",
        ]
        for u in unmapped
        if (u.member_id, u.account_code) not in answered
    ]
    table("Accounts without a map", columns, rows)
    if into is not None:
        with into.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(
                ["vendor_or_member", "local_account_pattern", "account_code", "valid_from", "valid_to", "local_name",
                 "unified_name", "score", "why"]
            )  # fmt: skip
            for s in found:
                writer.writerow(
                    [s.local.member_id, s.local.account_code, s.account_code, f"{s.local.first_period}-01", "",
                     s.local.account_name, s.account_name, f"{s.score:.2f}", s.why]
                )  # fmt: skip
        typer.echo(
            f"{into}: keep the row that is right of each account and add its first five cells to account_map.csv"
        )


@period_app.command("close")
def period_close(period: Period, by: By, reason: Why) -> None:
    """Closes a period: changes to it are refused and reported, and its published statements may not change any more."""
    from pipelines.ingest import periods
    from pipelines.ledger.close import published_figures

    settings = Settings.load()
    figures = published_figures(settings.published, period)
    periods.close(state_of(settings), period, by=by, reason=reason, at=settings.clock(), figures=figures)
    kept = f"{len(figures)} figures of its statements are kept" if figures else "nothing of it is published yet"
    typer.echo(f"{period} is closed; {kept}")


@period_app.command("reopen")
def period_reopen(period: Period, by: By, reason: Why) -> None:
    """Reopens a closed period on purpose: refused deliveries are looked at again in the next night."""
    from pipelines.ingest import periods

    settings = Settings.load()
    periods.reopen(state_of(settings), period, by=by, reason=reason, at=settings.clock())
    typer.echo(f"{period} is open")


@period_app.command("list")
def period_list() -> None:
    """Every close and reopening, with who, when and why."""
    from pipelines.ingest import periods

    rows = periods.changes(state_of(Settings.load()))
    if not rows:
        typer.echo("No period was closed or reopened here; seeds/periods.csv says the rest.")
        return
    columns = ["period", "changed_at", "status", "changed_by", "reason"]
    table("Periods", columns, [[row[name] for name in columns] for row in rows])
