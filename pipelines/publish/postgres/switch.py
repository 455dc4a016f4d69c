"""Makes a loaded publication the one that is read: every schema renamed in one transaction.

Belongs here: the names of schemas, the rename, views that others built on marts, and leftovers. Does not belong here:
loading (`stage`).
"""

from __future__ import annotations

import re
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from pipelines.publish.errors import PublicationError
from pipelines.publish.marts import AREAS
from pipelines.publish.postgres import access, proof
from pipelines.publish.postgres.server import connect
from pipelines.settings import Settings

LOCK_TIMEOUT = "5s"

_NUMBERED = re.compile(rf"({'|'.join(AREAS)})__\w+")


def staged_schema(area: str, publication_id: str) -> str:
    """`cost__000007_20261101t013000`: a schema that nobody reads."""
    return f"{area}__{publication_id.lower().replace('-', '_')}"


def live_publication(settings: Settings) -> str | None:
    """The publication that readers of Postgres see, or None before the first."""
    with connect(settings) as server, server, server.cursor() as cursor:
        return live(cursor)


def switch(settings: Settings, publication_id: str) -> list[str] | None:
    """Renames the schemas of a loaded publication to their plain names, and those that are read now to theirs.

    Views that others built over marts are made again over the new tables, as `security_invoker` views.

    Returns:
        sentences about views that could not be kept; None when that publication is not loaded at all.
    """
    with connect(settings) as server:
        with server, server.cursor() as cursor:
            cursor.execute("set local lock_timeout = %s", (LOCK_TIMEOUT,))
            before = live(cursor)
            if before == publication_id:
                return []
            there = _schemas(cursor)
            staged = [area for area in AREAS if staged_schema(area, publication_id) in there]
            if not staged:
                return None
            proof.prove(cursor, [staged_schema(area, publication_id) for area in staged], [], publication_id)
            views = _views_over(cursor, [area for area in AREAS if area in there])
            foreign = [area for area in AREAS if area in there] if before is None else []
            if foreign:
                raise PublicationError(
                    f"the database has schemas {', '.join(foreign)} that no publication made: publish into a "
                    "database of its own, or rename them"
                )
            for area in AREAS:
                if area in there and before is not None:
                    _rename(cursor, area, staged_schema(area, before))
            for area in staged:
                _rename(cursor, staged_schema(area, publication_id), area)
            lost = [sentence for view in views if (sentence := _rebuild(cursor, *view))]
            access.set_live(cursor, publication_id)
        drop_leftovers(server)
    return lost


def drop_leftovers(server: Connection) -> None:
    """Drops schemas that are not read any more; one that a reader still holds waits for the next run."""
    with server, server.cursor() as cursor:
        numbered = sorted(name for name in _schemas(cursor) if _NUMBERED.fullmatch(name))
    for name in numbered:
        try:
            with server, server.cursor() as cursor:
                cursor.execute("set local lock_timeout = '1s'")
                cursor.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(name)))
        except psycopg2.errors.LockNotAvailable:
            continue


def live(cursor: Any) -> str | None:
    """The publication that is read, as the database says itself."""
    cursor.execute("select to_regclass(%s)", (f"{access.SCHEMA}.live",))
    if cursor.fetchone()[0] is None:
        return None
    cursor.execute(f"select publication_id from {access.SCHEMA}.live")
    found = cursor.fetchone()
    return found[0] if found else None


def _schemas(cursor: Any) -> set[str]:
    cursor.execute("select nspname from pg_namespace")
    return {name for (name,) in cursor.fetchall()}


def _rename(cursor: Any, old: str, new: str) -> None:
    cursor.execute(sql.SQL("alter schema {} rename to {}").format(sql.Identifier(old), sql.Identifier(new)))


def _views_over(cursor: Any, schemas: list[str]) -> list[tuple[str, str, str, str]]:
    """Views outside the marts that read them: schema, name, kind and definition; one over another comes after it."""
    cursor.execute("set local search_path = ''")
    cursor.execute(
        """
        with recursive over (oid, depth) as (
            select r.ev_class, 1 from pg_depend d
            join pg_rewrite r on r.oid = d.objid and d.classid = 'pg_rewrite'::regclass
            join pg_class t on t.oid = d.refobjid and d.refclassid = 'pg_class'::regclass
            join pg_namespace n on n.oid = t.relnamespace
            where n.nspname = any(%(schemas)s) and r.ev_class <> t.oid
            union
            select r.ev_class, over.depth + 1 from over
            join pg_depend d on d.refobjid = over.oid and d.refclassid = 'pg_class'::regclass
            join pg_rewrite r on r.oid = d.objid and d.classid = 'pg_rewrite'::regclass
            where r.ev_class <> over.oid and over.depth < 20
        )
        select n.nspname, c.relname, c.relkind::text, pg_get_viewdef(c.oid)
        from (select oid, max(depth) as depth from over group by oid) o
        join pg_class c on c.oid = o.oid join pg_namespace n on n.oid = c.relnamespace
        where n.nspname <> all(%(schemas)s)
        order by o.depth, n.nspname, c.relname
        """,
        {"schemas": schemas},
    )
    rows: list[tuple[str, str, str, str]] = cursor.fetchall()
    return rows


def _rebuild(cursor: Any, schema: str, name: str, kind: str, definition: str) -> str | None:
    """Makes a view again over the new marts; gives a sentence when it cannot be kept."""
    if kind != "v":
        return f"{schema}.{name} is a materialized view: it would show every member's rows to all, and is dropped"
    cursor.execute("savepoint view")
    try:
        cursor.execute(
            sql.SQL("create or replace view {} with (security_invoker = true, security_barrier = true) as ").format(
                sql.Identifier(schema, name)
            )
            + sql.SQL(definition.replace("%", "%%"))
        )
    except psycopg2.Error as error:
        cursor.execute("rollback to savepoint view")
        return f"view {schema}.{name} does not fit the new marts and is dropped: {str(error).splitlines()[0]}"
    cursor.execute("release savepoint view")
    return None
