"""Commands of upkeep: adapters, the close of periods, what is rendered from the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.shown import state_of
from pipelines.settings import PROJECT, Settings

adapter_app = typer.Typer(help="Vendor adapters: what they make of a file.", no_args_is_help=True)
period_app = typer.Typer(help="The close of accounting periods.", no_args_is_help=True)
contract_app = typer.Typer(help="The contract of the extracts.", no_args_is_help=True)


@adapter_app.command("check")
def adapter_check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    vendor: Annotated[str, typer.Option(help="whose adapter")],
    extract: Annotated[str | None, typer.Option(help="which extract; default: by the file's name")] = None,
    rows: Annotated[int, typer.Option(help="how many rows to look at")] = 1000,
) -> None:
    """Shows column by column what an adapter makes of a sample."""
    from pipelines.ingest.adapter_check import check

    report = check(file, vendor, extract, rows=rows)
    typer.echo(report.to_table())


By = Annotated[str, typer.Option(help="who decided it")]


Why = Annotated[str, typer.Option(help="why")]


@period_app.command("close")
def period_close(period: Annotated[str, typer.Argument(help="YYYY-MM")], by: By, reason: Why) -> None:
    """Closes a period: from now on changes to it are refused and reported."""
    from pipelines.ingest import periods

    settings = Settings.load()
    periods.close(state_of(settings), period, by=by, reason=reason, at=settings.clock())
    typer.echo(f"{period} is closed")


@period_app.command("reopen")
def period_reopen(period: Annotated[str, typer.Argument(help="YYYY-MM")], by: By, reason: Why) -> None:
    """Reopens a closed period on purpose: refused deliveries are looked at again in the next night."""
    from pipelines.ingest import periods

    settings = Settings.load()
    periods.reopen(state_of(settings), period, by=by, reason=reason, at=settings.clock())
    typer.echo(f"{period} is open")


@contract_app.command("render")
def contract_render() -> None:
    """Writes the dbt source of the lake from the contract."""
    from pipelines import contract

    path = PROJECT / "dbt_project" / "models" / "staging" / "_lake.yml"
    path.write_text(contract.render_dbt_sources(contract.load()), encoding="utf-8")
    typer.echo(f"wrote {path.relative_to(PROJECT)}")
