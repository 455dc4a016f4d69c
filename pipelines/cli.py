"""`yilian`: the command line of the pipeline.

Belongs here: commands, options and how results are shown; plain text when the output is not a terminal. Does not
belong here: what the commands do. Heavy imports stay inside the commands, so that `yilian --help` is quick.

Exit codes of a night: 0 published (stale members included), 2 a gate stayed closed, 1 it broke.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.settings import DEMO, PROJECT, Settings
from pipelines.state import State

app = typer.Typer(
    name="yilian",
    help="Yilian (医联): the nightly finance, cost and insurance-risk pipeline of a hospital consortium.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
adapter_app = typer.Typer(help="Vendor adapters: what they make of a file.", no_args_is_help=True)
period_app = typer.Typer(help="The close of accounting periods.", no_args_is_help=True)
contract_app = typer.Typer(help="The contract of the extracts.", no_args_is_help=True)
app.add_typer(adapter_app, name="adapter")
app.add_typer(period_app, name="period")
app.add_typer(contract_app, name="contract")

CLOSED, BROKEN = 2, 1
DEMO_KEY, DEMO_NOW = "demo-key-of-the-linjiang-consortium", "2026-11-01T01:30:00"


def out() -> Console:
    """Where results go; wide and without colour when it is not a terminal."""
    return Console(width=None if sys.stdout.isatty() else 200, soft_wrap=not sys.stdout.isatty())


def table(title: str, columns: list[str], rows: list[list[Any]]) -> None:
    """Shows rows: a drawn table on a terminal, tab-separated lines elsewhere."""
    if not sys.stdout.isatty():
        sys.stdout.write("\t".join(columns) + "\n")
        for row in rows:
            sys.stdout.write("\t".join("" if cell is None else " ".join(str(cell).split()) for cell in row) + "\n")
        return
    drawn = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    out().print(drawn)


def _state(settings: Settings) -> State:
    if not settings.state_path.exists():
        raise typer.BadParameter(f"nothing ran in {settings.home} yet: start with `yilian nightly`")
    return State(settings.state_path)


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
            typer.echo(f"  pages      {current / 'site' / 'index.html'}")
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


@app.command()
def status() -> None:
    """Who is fresh or stale, what the gates say, what is published."""
    settings = Settings.load()
    state = _state(settings)
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
    published = state.rows("select * from publication order by published_at desc limit 3")
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

    rows = _state(Settings.load()).rows(
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
    files = _state(settings).rows(
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
    rows = _state(Settings.load()).rows(
        "select * from gate where (gate, run_id) in "
        "(select gate, run_id from gate group by gate having checked_at = max(checked_at)) "
        "and (? is null or gate = ?) and (? or status in ('failed', 'error')) order by gate, check_name",
        (number, str(number), everything),
    )
    columns = ["gate", "check_name", "severity", "status", "observed", "expected", "violated", "denominator"]
    table(
        "Gates",
        [*columns, "members", "note"],
        [[*(row[name] for name in columns), row["members"], row["note"]] for row in rows],
    )


@app.command()
def publish() -> None:
    """Publishes what stands in the warehouse, if every gate is open for it."""
    from pipelines import gates, night

    settings = Settings.load()
    try:
        made = night.publish_now(settings, _state(settings))
    except gates.GateClosed as closed:
        typer.echo(str(closed), err=True)
        raise typer.Exit(CLOSED) from None
    typer.echo(f"{made.publication_id} {made.path}")


@app.command()
def publications() -> None:
    """What is kept, the newest first."""
    from pipelines import publish as room

    found = sorted(room.publications(Settings.load()), key=lambda each: each.publication_id, reverse=True)
    table(
        "Publications",
        ["publication", "published at", "marts", "rows", "hash"],
        [
            [each.publication_id, each.published_at, len(each.counts), sum(each.counts.values()), each.hash]
            for each in found
        ],
    )


@app.command()
def rollback(publication_id: str) -> None:
    """Points `current` at an older publication."""
    from pipelines import publish as room

    try:
        typer.echo(f"current is {room.rollback(Settings.load(), publication_id).publication_id}")
    except room.NotPublished as missing:
        typer.echo(str(missing), err=True)
        raise typer.Exit(BROKEN) from None


@app.command()
def verify() -> None:
    """Recomputes the hash chain over inputs and marts, and says where it breaks."""
    from pipelines import publish as room

    breaks = room.verify(Settings.load())
    for each in breaks:
        typer.echo(str(each))
    typer.echo("the chain holds" if not breaks else f"the chain breaks in {len(breaks)} places")
    raise typer.Exit(BROKEN if breaks else 0)


@app.command()
def drill(
    into: Annotated[Path, typer.Option(help="an empty folder to restore the newest publication into")],
) -> None:
    """The recovery drill: restores the newest publication into an empty place and compares its hashes."""
    from pipelines import publish as room

    done = room.drill(Settings.load(), into)
    typer.echo(done.sentence())
    raise typer.Exit(0 if done.passed else BROKEN)


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
    periods.close(_state(settings), period, by=by, reason=reason, at=settings.clock())
    typer.echo(f"{period} is closed")


@period_app.command("reopen")
def period_reopen(period: Annotated[str, typer.Argument(help="YYYY-MM")], by: By, reason: Why) -> None:
    """Reopens a closed period on purpose: refused deliveries are looked at again in the next night."""
    from pipelines.ingest import periods

    settings = Settings.load()
    periods.reopen(_state(settings), period, by=by, reason=reason, at=settings.clock())
    typer.echo(f"{period} is open")


@contract_app.command("render")
def contract_render() -> None:
    """Writes the dbt source of the lake from the contract."""
    from pipelines import contract

    path = PROJECT / "dbt_project" / "models" / "staging" / "_lake.yml"
    path.write_text(contract.render_dbt_sources(contract.load()), encoding="utf-8")
    typer.echo(f"wrote {path.relative_to(PROJECT)}")


@app.callback()
def errors() -> None:
    """Yilian (医联): the nightly finance, cost and insurance-risk pipeline of a hospital consortium."""
    sys.excepthook = _say  # set here, since typer sets its own before it calls a command


def _say(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Errors of our own are one line that says what to do; others keep their traceback."""
    if kind.__module__.startswith("pipelines."):
        sys.stderr.write(f"yilian: {error}\n")
    else:
        sys.__excepthook__(kind, error, trace)


def main() -> None:
    """Runs the command line."""
    app()
