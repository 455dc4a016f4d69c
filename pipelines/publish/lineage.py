"""Column lineage: which columns a column of a mart is made from, back to the extracts and reference files.

Belongs here: reading the SQL that dbt compiled. Does not belong here: which marts there are, and showing lineage.

What counts is where a value comes from; columns that only join, filter or group are left out. A Python model is opaque:
its columns come from its relations. Every file is read once and remembered by its SHA-256 (`home/dbt/lineage.json`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from pipelines.publish import folder
from pipelines.publish.content import sha256

Origin = tuple[str, str]
"""A relation (`cost.department_cost`, `lake.charge_lines`, `reference.policy`) and its column; `*` if it is opaque."""

Columns = dict[str, frozenset[Origin]]
"""Columns of a relation or a query, each with where it comes from."""

_NONE: frozenset[Origin] = frozenset()


@dataclass(frozen=True)
class Lineage:
    """Lineage of every relation that dbt builds.

    `direct` maps a relation to its columns and the columns they are read from; `parents` a relation to those it reads.
    """

    direct: Mapping[str, Columns]
    parents: Mapping[str, tuple[str, ...]]

    def of(self, relation: str, column: str) -> list[str]:
        """The columns that a column is read from, as `relation.column`."""
        return sorted(".".join(origin) for origin in self.direct.get(relation, {}).get(column, _NONE))

    def origins(self, relation: str, column: str) -> list[str]:
        """The extracts' and reference files' columns at the end of the way, as `lake.charge_lines.amount`."""
        if relation not in self.direct:
            return []
        ends: set[Origin] = set()
        seen: set[Origin] = set()
        ahead = [(relation, column)]
        while ahead:
            here = ahead.pop()
            if here in seen:
                continue
            seen.add(here)
            if here[0] not in self.direct:
                ends.add(here)
            elif here[1] == "*":
                ahead += [(parent, "*") for parent in self.parents.get(here[0], ())]
            else:
                ahead += self.direct[here[0]].get(here[1], _NONE)
        return sorted(".".join(end) for end in ends)


def read_lineage(home: Path, connection: duckdb.DuckDBPyConnection, database: str) -> Lineage:
    """Lineage of the project as it was last compiled.

    Args:
        home: its `dbt/target` holds the manifest and the compiled SQL; without them there is no lineage.
        connection: sees the warehouse, for the columns of its relations.
        database: the warehouse's name there.
    """
    manifest = home / "dbt" / "target" / "manifest.json"
    if not manifest.is_file():
        return Lineage({}, {})
    content = json.loads(manifest.read_bytes())
    nodes = {key: node for key, node in content["nodes"].items() if node["resource_type"] in ("model", "seed")}
    known: dict[str, list[str]] = {}
    for relation, column in connection.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns() where database_name = ? "
        "order by column_index",
        (database,),
    ).fetchall():
        known.setdefault(relation, []).append(column)
    cache = home / "dbt" / "lineage.json"
    before = folder.read_json(cache) if cache.is_file() else {}
    after: dict[str, Any] = {}
    direct: dict[str, Columns] = {}
    parents: dict[str, tuple[str, ...]] = {}
    for key in TopologicalSorter({key: set(node["depends_on"]["nodes"]) & set(nodes) for key, node in nodes.items()
                                  if node["resource_type"] == "model"}).static_order():  # fmt: skip
        node = nodes[key]
        if node["resource_type"] == "seed":
            continue
        relation = _name(node)
        above = [content["sources"].get(each) or nodes.get(each) for each in node["depends_on"]["nodes"]]
        parents[relation] = tuple(_name(each) for each in above if each is not None)
        compiled = home / "dbt" / "target" / "compiled" / node["package_name"] / node["original_file_path"]
        if node["path"].startswith("staging/"):
            columns = {name: frozenset({(parents[relation][0], name)}) for name in known.get(relation, ())}
        elif node["language"] != "sql" or not compiled.is_file():
            opaque = frozenset((parent, "*") for parent in parents[relation])
            columns = dict.fromkeys(known.get(relation, ()), opaque)
        else:
            sql = compiled.read_text(encoding="utf-8")
            mark = sha256("\n".join([sql, *(f"{each} {known.get(each)}" for each in parents[relation])]))
            if before.get(relation, {}).get("mark") == mark:
                columns = {name: frozenset(map(tuple, each)) for name, each in before[relation]["columns"].items()}
            else:
                columns = columns_of(sql, known)
            after[relation] = {"mark": mark, "columns": {name: sorted(each) for name, each in columns.items()}}
        direct[relation] = columns
    if after != before:
        folder.write_json(cache, after)
    return Lineage(direct, parents)


def columns_of(sql: str, known: Mapping[str, Iterable[str]]) -> Columns:
    """The columns of a query with the columns of relations that their values come from.

    Args:
        sql: one query in DuckDB's dialect.
        known: columns of the relations that it may read.

    Returns:
        columns in their order; none for a query that cannot be read.
    """
    try:
        tree = parse_one(sql, dialect="duckdb")
    except SqlglotError:
        return {}
    tables = {relation: {name: frozenset({(relation, name)}) for name in names} for relation, names in known.items()}
    return _query(tree, {}, tables)


def _query(tree: exp.Expr, named: Mapping[str, Columns], tables: Mapping[str, Columns]) -> Columns:
    """Columns of a select, a union or something in brackets; `named` are the common table expressions in sight."""
    if isinstance(tree, exp.Subquery | exp.Paren):
        return _query(tree.this, named, tables)
    clause = tree.args.get("with_") or tree.args.get("with")
    inside = dict(named)
    for each in clause.expressions if clause is not None else ():
        if each.parent.args.get("recursive") and isinstance(each.this, exp.SetOperation):
            inside[each.alias] = _query(each.this.this, inside, tables)
        found = _query(each.this, inside, tables)
        given = [column.name for column in each.args["alias"].columns]
        inside[each.alias] = dict(zip(given, found.values(), strict=False)) if given else found
    if isinstance(tree, exp.SetOperation):
        left, right = _query(tree.this, inside, tables), _query(tree.expression, inside, tables)
        if tree.args.get("by_name"):
            return {name: left.get(name, _NONE) | right.get(name, _NONE) for name in [*left, *right]}
        paired = list(right.values()) + [_NONE] * len(left)
        return {name: origins | other for (name, origins), other in zip(left.items(), paired, strict=False)}
    return _select(tree, inside, tables) if isinstance(tree, exp.Select) else {}


def _select(tree: exp.Select, named: Mapping[str, Columns], tables: Mapping[str, Columns]) -> Columns:
    sources: dict[str, Columns] = {}
    origin = tree.args.get("from_") or tree.args.get("from")
    joins = [join.this for join in tree.args.get("joins") or ()]
    for source in [*([origin.this] if origin else []), *joins, *(tree.args.get("laterals") or ())]:
        sources[source.alias_or_name] = _source(source, named, tables)
        for join in source.args.get("joins") or ():
            sources[join.this.alias_or_name] = _source(join.this, named, tables)
    found: Columns = {}
    for projection in tree.expressions or [exp.Star()]:
        star = projection.this if isinstance(projection, exp.Column) else projection
        if isinstance(star, exp.Star):
            chosen = sources.get(projection.table, {}) if isinstance(projection, exp.Column) else _merged(sources)
            left_out = {each.name for each in star.args.get("except_") or star.args.get("except") or ()}
            put = {each.alias: each.this for each in star.args.get("replace") or ()}
            renamed = {each.this.name: each.alias for each in star.args.get("rename") or ()}
            for name, origins in chosen.items():
                if name not in left_out:
                    value = _origins(put[name], sources, found, named, tables) if name in put else origins
                    found[renamed.get(name, name)] = value
        else:
            found[projection.alias_or_name] = _origins(projection, sources, found, named, tables)
    return found


def _source(source: exp.Expr, named: Mapping[str, Columns], tables: Mapping[str, Columns]) -> Columns:
    if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
        if not source.db and source.name in named:
            return named[source.name]
        return tables.get(f"{source.db}.{source.name}", {})
    if isinstance(source, exp.Subquery):
        return _query(source, named, tables)
    return {}


def _merged(sources: Mapping[str, Columns]) -> Columns:
    """Columns of all sources side by side; one name in several is one column, as after `using`."""
    found: Columns = {}
    for columns in sources.values():
        for name, origins in columns.items():
            found[name] = found.get(name, _NONE) | origins
    return found


def _origins(
    node: exp.Expr,
    sources: Mapping[str, Columns],
    so_far: Columns,
    named: Mapping[str, Columns],
    tables: Mapping[str, Columns],
) -> frozenset[Origin]:
    """Where the columns inside an expression come from."""
    if isinstance(node, exp.Query):
        return frozenset().union(*_query(node, named, tables).values())
    if isinstance(node, exp.Column):
        if node.table:
            return sources.get(node.table, {}).get(node.name, _NONE)
        hits = [columns[node.name] for columns in sources.values() if node.name in columns]
        return frozenset().union(*hits) if hits else so_far.get(node.name, _NONE)
    return frozenset().union(*(_origins(each, sources, so_far, named, tables) for each in node.iter_expressions()))


def _name(node: Mapping[str, Any]) -> str:
    """`cost.department_cost`, `reference.policy`, `lake.charge_lines`."""
    if node["resource_type"] == "source":
        return f"{node['source_name']}.{node['name']}"
    return f"{node['schema']}.{node['alias']}"
