"""dbt's own documentation of the project as one file, made without asking dbt.

Belongs here: putting manifest and catalogue into the page that dbt ships. Does not belong here: parsing the project
(`pipelines.warehouse`), lineage of columns (`lineage`).

`dbt docs generate` asks the warehouse and compiles every model again, which costs as long as a quarter of a night. The
manifest stands in `home/dbt/target` anyway, and the catalogue is what the warehouse says of its own columns.
"""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import duckdb

from pipelines.publish import folder
from pipelines.publish.content import sha256

NAME = "dbt.html"

_PAGE = "dbt/task/docs/index.html"
_SECRET = ("env", "project_root", "user_id", "send_anonymous_usage_stats")
_PLACES = ("build_path", "compiled_path", "root_path")


def write_dbt_docs(home: Path, connection: duckdb.DuckDBPyConnection, database: str, target: Path) -> bool:
    """Writes the page, or links the one that was made for the same manifest and the same columns.

    Args:
        home: its `dbt/target/manifest.json` is documented; the page is kept beside it.
        connection: sees the warehouse.
        database: the warehouse's name there.
        target: the file to write.

    Returns:
        False when there is no manifest, and so no page.
    """
    manifest = home / "dbt" / "target" / "manifest.json"
    if not manifest.is_file():
        return False
    columns = connection.execute(
        "select schema_name, table_name, column_name, column_index, data_type, comment from duckdb_columns() "
        "where database_name = ? order by schema_name, table_name, column_index",
        (database,),
    ).fetchall()
    text = manifest.read_text(encoding="utf-8")
    mark = sha256(f"{text}\n{columns}")
    kept = home / "dbt" / f"docs-{mark[:16]}.html"
    if not kept.is_file():
        content = json.loads(text)
        page = Path(str(importlib.metadata.distribution("dbt-core").locate_file(_PAGE))).read_text(encoding="utf-8")
        for name, value in (("MANIFEST", _without_places(content)), ("CATALOG", _catalogue(content, columns))):
            # `</` would end the script that the JSON stands in.
            said = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
            page = page.replace(f'"{name}.JSON INLINE DATA"', said)
        for old in kept.parent.glob("docs-*.html"):
            old.unlink()
        kept.write_text(page, encoding="utf-8")
    target.parent.mkdir(parents=True, exist_ok=True)
    folder.link_or_copy(kept, target)
    return True


def _without_places(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest without what names this machine or its user."""
    told = {key: value for key, value in manifest["metadata"].items() if key not in _SECRET}
    cleaned = {**manifest, "metadata": told}
    for group in ("nodes", "sources"):
        cleaned[group] = {
            key: {name: value for name, value in node.items() if name not in _PLACES}
            for key, node in manifest[group].items()
        }
    return cleaned


def _catalogue(manifest: dict[str, Any], columns: list[tuple[Any, ...]]) -> dict[str, Any]:
    """What dbt calls `catalog.json`: columns and types of every relation of the project."""
    keys = {
        (node["schema"], node["alias"]): key
        for key, node in manifest["nodes"].items()
        if node["resource_type"] in ("model", "seed")
    }
    nodes: dict[str, Any] = {}
    for schema, table, column, index, kind, comment in columns:
        key = keys.get((schema, table))
        if key is None:
            continue
        node = nodes.setdefault(key, {
            "metadata": {"type": "BASE TABLE", "schema": schema, "name": table, "database": "warehouse",
                         "comment": None, "owner": None},
            "columns": {}, "stats": {}, "unique_id": key,
        })  # fmt: skip
        node["columns"][column] = {"type": kind, "index": index, "name": column, "comment": comment}
    return {"metadata": {}, "nodes": nodes, "sources": {}, "errors": None}
