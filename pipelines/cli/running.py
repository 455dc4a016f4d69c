"""Commands that run something long: the demo, the night, the UI.

Exit codes of a night: 0 published (stale members included), 2 a gate stayed closed, 1 it broke.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.cli.shown import BROKEN, CLOSED, out
from pipelines.settings import DEMO, PROJECT, Settings

DEMO_KEY, DEMO_NOW = "demo-key-of-the-linjiang-consortium", "2026-11-01T01:30:00"

app = typer.Typer()


@app.command()
def demo(
    landing: Annotated[Path | None, typer.Argument(help="where to write; default: the landing folder")] = None,
    size: Annotated[str, typer.Option(help="S, M or L")] = "S",
    seed: Annotated[int, typer.Option(help="the same seed gives the same files")] = 20261031,
) -> None:
    """Writes the demo consortium's deliveries."""
    from pipelines import demo as consortium

    target = landing or Settings.load().landing
    summary = consortium.write(target, size=size, seed=seed, on_progress=lambda text: typer.echo(text, err=True))
    typer.echo(
        f"The demo consortium of size {summary.size} stands in {target}: {summary.deliveries} deliveries, "
        f"{summary.files} files, {summary.rows.get('charge_lines', 0):,} charge lines. "
        f"Planted violations and faults are listed in {summary.labels}."
    )
    if summary.size != "S":
        typer.echo(f"Its members are others than the project's: export CONSORTIUM_SEEDS={summary.seeds}")


@app.command()
def nightly(
    demo_if_empty: Annotated[
        bool, typer.Option("--demo", help="write the demo consortium first if nothing was delivered")
    ] = False,
) -> None:
    """Runs the night: takes in what is outstanding, judges the gates, builds the marts, publishes."""
    settings = Settings.load()
    if demo_if_empty:
        settings = _as_demo(settings)
    settings.secret_key()
    from pipelines import night

    finished = night.run(settings)
    _tell(settings, finished)
    sys.stdout.flush()
    sys.stderr.flush()
    # Leaving by the door would have DuckDB's binding list what Python still held: pages of noise after the result.
    os._exit({"published": 0, "closed": CLOSED}.get(finished.ending, BROKEN))


def _as_demo(settings: Settings) -> Settings:
    """Writes the demo's deliveries, key and clock where nothing was delivered yet to the default landing area."""
    from pipelines import demo as consortium

    if not settings.landing.is_dir() or not any(settings.landing.glob("*/*/manifest.json")):
        typer.echo(f"Nothing was delivered to {settings.landing} yet: writing the demo consortium.", err=True)
        consortium.write(settings.landing, on_progress=lambda text: typer.echo(text, err=True))
        if "CONSORTIUM_LANDING" not in os.environ:
            DEMO.write_text(json.dumps({"CONSORTIUM_KEY": DEMO_KEY, "CONSORTIUM_NOW": DEMO_NOW}), encoding="utf-8")
    return Settings.load()


def _tell(settings: Settings, finished: Any) -> None:
    console = out()
    if finished.ending == "published":
        console.print(f"Published {finished.publication_id} in {finished.seconds:.0f} s.", style="green")
        current = settings.published / "current"
        typer.echo(f"  marts      {current / 'consortium.duckdb'} and {current / 'parquet'}")
        if (current / "site" / "index.html").exists():
            typer.echo(f"  pages      {current / 'site' / 'en' / 'index.html'} (中文: site/zh/index.html)")
        typer.echo("  next       yilian status | yilian outcomes | yilian gate | make ui")
    elif finished.ending == "closed":
        console.print("A gate stayed closed; the last publication stays in force.", style="yellow")
        for line in finished.reasons:
            typer.echo(f"  {line}")
    else:
        console.print("The night broke; the last publication stays in force.", style="red")
        for line in finished.reasons:
            typer.echo(f"  {line}")


@app.command()
def ui(
    port: Annotated[int, typer.Option(help="port of the web server")] = 3000,
    host: Annotated[str, typer.Option(help="address it listens on")] = "127.0.0.1",
) -> None:
    """Opens the Dagster UI with schedule and sensors on."""
    settings = Settings.load()
    from pipelines.dagster_home import prepare

    prepare(settings)
    program = Path(sys.executable).with_name("dagster")
    os.execv(program, [str(program), "dev", "-w", str(PROJECT / "workspace.yaml"), "-h", host, "-p", str(port)])
