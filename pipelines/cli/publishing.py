"""Commands around publications: publish, list, roll back, verify the chain, drill the recovery."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.shown import BROKEN, CLOSED, state_of, table
from pipelines.settings import Settings

app = typer.Typer()


@app.command()
def publish() -> None:
    """Publishes what stands in the warehouse, if every gate is open for it."""
    from pipelines import gates, night

    settings = Settings.load()
    try:
        made = night.publish_now(settings, state_of(settings))
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

    settings = Settings.load()
    breaks = room.verify(settings) if settings.state_path.exists() or settings.published.exists() else []
    if not breaks and not room.publications(settings):
        typer.echo(f"nothing is published in {settings.published} yet (`yilian nightly`)", err=True)
        raise typer.Exit(BROKEN)
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

    settings = Settings.load()
    done = room.drill(settings, into)
    room.log_drill(settings, done, settings.clock())
    typer.echo(done.sentence())
    raise typer.Exit(0 if done.passed else BROKEN)


@app.command()
def superset(
    target: Annotated[Path, typer.Argument(help="the ZIP file to write")],
    uri: Annotated[
        str, typer.Option(help="the published Postgres as one login: postgresql+psycopg2://bi_h02@host/marts")
    ],
    name: Annotated[str, typer.Option(help="what Superset calls it; one name per login")] = "Yilian",
) -> None:
    """Bundles datasets, charts and a dashboard of the current publication for Apache Superset."""
    import json

    from pipelines.publish import superset as bundle

    dictionary = Settings.load().published / "current" / "dictionary.json"
    if not dictionary.is_file():
        typer.echo(f"{dictionary} is not there: publish first (`yilian nightly`)", err=True)
        raise typer.Exit(BROKEN)
    left_out = bundle.write_bundle(json.loads(dictionary.read_text(encoding="utf-8")), uri, name, target)
    typer.echo(f"{target}: import it in Superset under Dashboards")
    if left_out:
        typer.echo(f"without {', '.join(left_out)}, whose marts are not published")
