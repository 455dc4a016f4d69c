"""Compares what Postgres holds with a publication's files. Nothing else belongs here."""

from __future__ import annotations

from pathlib import Path

from psycopg2 import sql

from pipelines.publish import folder
from pipelines.publish.errors import PublicationError
from pipelines.publish.marts import attach, catalogue
from pipelines.publish.marts import connect as duckdb_connect
from pipelines.publish.postgres import proof, tables
from pipelines.publish.postgres.access import AccessError
from pipelines.publish.postgres.server import connect
from pipelines.publish.postgres.switch import live
from pipelines.settings import Settings


def compare(settings: Settings, publication: Path) -> dict[str, str]:
    """Where Postgres differs from a publication: its number, rows and sums of every mart, and row-level security.

    Returns:
        a sentence by the place that it is about; empty when all is the same.

    Raises:
        PublicationError: the server cannot be reached.
    """
    found: dict[str, str] = {}
    with (
        duckdb_connect(settings.memory, settings.threads, settings.home / "spill") as source,
        connect(settings) as server,
    ):
        attach(source, publication / folder.DATABASE, "publication")
        marts = catalogue(source, "publication")
        with server, server.cursor() as cursor:
            number = live(cursor)
            if number != publication.name:
                return {"postgres": f"shows {number or 'nothing'}"}
            cursor.execute(
                "select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = relnamespace"
            )
            there = {name for (name,) in cursor.fetchall()}
            for mart in marts:
                if mart.full_name not in there:
                    found[mart.full_name] = "no such table"
                    continue
                table, relation = (
                    sql.Identifier(mart.schema, mart.name),
                    mart.relation("publication"),
                )
                try:
                    tables.verify(cursor, source, mart, relation, table)
                except PublicationError as error:
                    found[mart.full_name] = str(error)
            try:
                there_marts = [(mart, mart.schema) for mart in marts if mart.full_name in there]
                proof.prove(cursor, sorted({mart.schema for mart in marts}), there_marts, publication.name)
            except AccessError as error:
                found["access"] = str(error)
    return found
