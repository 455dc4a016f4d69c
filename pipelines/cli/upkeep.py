"""Commands of upkeep: adapters, what is rendered from the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.settings import PROJECT

adapter_app = typer.Typer(help="Vendor adapters: what they make of a file.", no_args_is_help=True)
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


@contract_app.command("render")
def contract_render() -> None:
    """Writes the dbt source of the lake from the contract."""
    from pipelines import contract

    path = PROJECT / "dbt_project" / "models" / "staging" / "_lake.yml"
    path.write_text(contract.render_dbt_sources(contract.load()), encoding="utf-8")
    typer.echo(f"wrote {path.relative_to(PROJECT)}")
