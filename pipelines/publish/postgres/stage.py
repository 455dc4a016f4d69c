"""Loads a publication beside the one that is read. Nothing else belongs here."""

from __future__ import annotations

from pathlib import Path

from psycopg2 import sql

from pipelines.publish import folder
from pipelines.publish.marts import attach, catalogue
from pipelines.publish.marts import connect as duckdb_connect
from pipelines.publish.postgres import access, proof, tables
from pipelines.publish.postgres.server import connect
from pipelines.publish.postgres.switch import drop_leftovers, staged_schema
from pipelines.settings import Settings


def stage(settings: Settings, publication: Path, publication_id: str) -> int:
    """Loads, indexes, protects and verifies every mart of a publication, in one transaction.

    Args:
        settings: where the server is.
        publication: the folder that holds `consortium.duckdb` and `dictionary.json`.
        publication_id: names the schemas that are loaded.

    Returns:
        rows loaded.

    Raises:
        PublicationError: the server is gone, a figure differs, or row-level security is not in force. Nothing of the
            load stays, and readers see what they saw before.
    """
    entries = folder.read_json(publication / "dictionary.json")["marts"]
    keys = {
        f"{entry['schema']}.{entry['table']}": [c["column"] for c in entry["columns"] if c["is_key"]]
        for entry in entries
    }
    total = 0
    with (
        duckdb_connect(settings.memory, settings.threads, settings.home / "spill") as source,
        connect(settings) as server,
    ):
        attach(source, publication / folder.DATABASE, "publication")
        drop_leftovers(server)
        marts = [(mart, staged_schema(mart.schema, publication_id)) for mart in catalogue(source, "publication")]
        schemas = sorted({schema for _, schema in marts})
        with server, server.cursor() as cursor:
            # Sorting a million keys in the default 64 MB goes through the disk.
            cursor.execute("set local maintenance_work_mem = '256MB'")
            access.prepare(cursor)
            for schema in schemas:
                cursor.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))
                cursor.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
                access.open_schema(cursor, schema)
            for mart, schema in marts:
                table, relation = (
                    sql.Identifier(schema, mart.name),
                    mart.relation("publication"),
                )
                tables.create(cursor, mart, table)
                access.conceal(cursor, mart, table)
                tables.copy(cursor, source, mart, relation, table)
                rows, filled = tables.verify(cursor, source, mart, relation, table)
                key = keys.get(mart.full_name, [])
                tables.index(cursor, mart, table, key, all(filled[name] == rows for name in key))
                access.protect(cursor, mart, table, publication_id)
                total += rows
            proof.prove(cursor, schemas, marts, publication_id)
    return total
