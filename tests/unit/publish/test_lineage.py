"""Lineage of columns: from a mart back to the extracts, through everything that DuckDB's SQL may say."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from pipelines.publish.lineage import columns_of, read_lineage

KNOWN = {"a.t": ["k", "x", "y"], "a.u": ["k", "z"]}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select k, x + y as s from a.t", {"k": {"a.t.k"}, "s": {"a.t.x", "a.t.y"}}),
        ('select t.x, u.z from "warehouse"."a"."t" as t join a.u as u using (k)', {"x": {"a.t.x"}, "z": {"a.u.z"}}),
        ("with c as (select k, sum(x) as x from a.t group by k) select * from c", {"k": {"a.t.k"}, "x": {"a.t.x"}}),
        ("select * exclude (y) replace (y as x) from a.t", {"k": {"a.t.k"}, "x": {"a.t.y"}}),
        ("select k, x from a.t union all select k, z from a.u", {"k": {"a.t.k", "a.u.k"}, "x": {"a.t.x", "a.u.z"}}),
        ("select x as first, first * 2 as second from a.t", {"first": {"a.t.x"}, "second": {"a.t.x"}}),
        ("select (select max(z) from a.u where u.k = t.k) as m, count(*) as n from a.t", {"m": {"a.u.z"}, "n": set()}),
        ("select k from a.t semi join a.u using (k)", {"k": {"a.t.k", "a.u.k"}}),
        ("with recursive r(n) as (select k from a.u union all select n + 1 from r) select n from r", {"n": {"a.u.k"}}),
        ("select sum(x) over (partition by k) as w from a.t qualify w > 0", {"w": {"a.t.x", "a.t.k"}}),
        ("select s.* from (select k, y from a.t) as s", {"k": {"a.t.k"}, "y": {"a.t.y"}}),
        ("this is no query", {}),
    ],
)  # fmt: skip
def test_columns_come_from_where_their_values_come_from(sql, expected):
    assert {name: {".".join(each) for each in found} for name, found in columns_of(sql, KNOWN).items()} == expected


def project(home: Path) -> duckdb.DuckDBPyConnection:
    """A compiled project: an extract, its staging view, a Python model, a mart; and its warehouse."""
    target = home / "dbt" / "target"

    def node(name: str, path: str, above: list[str], language: str = "sql", sql: str = "") -> dict[str, object]:
        file = target / "compiled/yilian/models" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(sql)
        schema, alias = name.split(".")
        return {
            "resource_type": "model", "schema": schema, "alias": alias, "path": path, "package_name": "yilian",
            "original_file_path": f"models/{path}", "language": language, "depends_on": {"nodes": above},
        }  # fmt: skip

    source = {"resource_type": "source", "source_name": "lake", "name": "gl_entries"}
    nodes = {
        "model.stg": node("staging.stg_gl_entries", "staging/stg_gl_entries.sql", ["source.gl"]),
        "model.py": node("intermediate.shared", "intermediate/shared.py", ["model.stg"], "python"),
        "model.mart": node(
            "cost.mart", "marts/mart.sql", ["model.stg", "model.py"], sql="select debit as amount, share from "
            "staging.stg_gl_entries join intermediate.shared using (period)",
        ),
    }  # fmt: skip
    (target / "manifest.json").write_text(json.dumps({"nodes": nodes, "sources": {"source.gl": source}}))
    connection = duckdb.connect()
    connection.execute("create schema staging; create schema intermediate; create schema cost")
    connection.execute("create table staging.stg_gl_entries (period varchar, debit decimal(18,2))")
    connection.execute("create table intermediate.shared (period varchar, share decimal(18,6))")
    return connection


def test_a_mart_is_followed_back_to_its_extracts_and_a_program_is_named_whole(tmp_path):
    lineage = read_lineage(tmp_path, project(tmp_path), "memory")
    assert lineage.of("cost.mart", "amount") == ["staging.stg_gl_entries.debit"]
    assert lineage.origins("cost.mart", "amount") == ["lake.gl_entries.debit"]
    assert lineage.origins("cost.mart", "share") == ["lake.gl_entries.*"]


def test_what_did_not_change_is_not_read_again(tmp_path, monkeypatch):
    connection = project(tmp_path)
    first = read_lineage(tmp_path, connection, "memory")
    monkeypatch.setattr("pipelines.publish.lineage.parse_one", lambda *_, **__: pytest.fail("parsed again"))
    assert read_lineage(tmp_path, connection, "memory") == first


def test_without_a_compiled_project_there_is_no_lineage(tmp_path):
    assert read_lineage(tmp_path, duckdb.connect(), "memory").origins("cost.mart", "amount") == []
