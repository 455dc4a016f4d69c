"""The proof that row-level security is in force, before anyone can read what was loaded and whenever it is verified.

Belongs here: questions to the catalogue whose answers are leaks, and trying as a reader. Does not belong here: making
roles, policies and grants (`access`).

Beside the marts themselves it asks what a reader's login could become: policies hold a member apart from the others,
but not from a role that owns the tables, passes by policies, or may write down who sees which member.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg2
from psycopg2 import sql

from pipelines.publish.marts import Mart
from pipelines.publish.postgres.access import MEMBER_ROLE, ROLES, SCHEMA, AccessError, set_live
from pipelines.publish.visibility import OFFICES, SHARED, rule_of


def prove(cursor: Any, schemas: Sequence[str], marts: Sequence[tuple[Mart, str]], publication_id: str) -> None:
    """Proves that security is in force in schemas that are about to be read: by the catalogue, then by trying.

    Args:
        cursor: in a transaction; the role is set back.
        schemas: everything that will be read.
        marts: each mart with the schema it stands in.
        publication_id: whose they are.

    Raises:
        AccessError: names every table, view, grant and login that would leak.
    """
    faults = [text.format(*row) for question, text in _QUESTIONS for row in _ask(cursor, question, list(schemas))]
    if faults:
        raise AccessError("row-level security is not in force, nothing is published: " + "; ".join(faults))
    _try(cursor, marts, publication_id)


def _ask(cursor: Any, question: str, schemas: list[str]) -> list[tuple[Any, ...]]:
    cursor.execute(question, _asked(schemas))
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _asked(schemas: list[str]) -> dict[str, Any]:
    """What the questions speak of; `theirs` are office and area joined, `cost` of `cost__000007`."""
    theirs = [f"{role} {area}" for role, areas in OFFICES.items() for area in areas]
    shared = [f"{role} {name}" for role in OFFICES for name in sorted(SHARED)]
    return {
        "schemas": schemas, "access": SCHEMA, "roles": list(ROLES), "offices": list(OFFICES), "theirs": theirs,
        "shared": shared, "policies": ["own", "consortium", "publisher", "live", *OFFICES],
    }  # fmt: skip


def _try(cursor: Any, marts: Sequence[tuple[Mart, str]], publication_id: str) -> None:
    """Reads every table as a member's login that no member was given: nothing but shared marts may answer."""
    cursor.execute("savepoint as_reader")
    cursor.execute(f"delete from {SCHEMA}.member_access where login = session_user")
    set_live(cursor, publication_id)
    _become_reader(cursor)
    leaks = []
    for mart, schema in marts:
        if rule_of(mart).shared:
            continue
        cursor.execute(sql.SQL("select exists (select from {})").format(sql.Identifier(schema, mart.name)))
        if cursor.fetchone()[0]:
            leaks.append(mart.full_name)
    cursor.execute("rollback to savepoint as_reader")
    if leaks:
        raise AccessError(f"a login without any member could read {', '.join(leaks)}; nothing is published")


def _become_reader(cursor: Any) -> None:
    """Takes on the readers' role until the savepoint is rolled back to.

    Raises:
        AccessError: the publisher was not given it and may not give it to itself.
    """
    cursor.execute("select rolsuper from pg_roles where rolname = current_user")
    (superuser,) = cursor.fetchone()
    try:
        if not superuser:
            cursor.execute(f"grant {MEMBER_ROLE} to current_user")
        cursor.execute(f"set local role {MEMBER_ROLE}")
    except psycopg2.errors.InsufficientPrivilege:
        cursor.execute("rollback to savepoint as_reader")
        cursor.execute("select current_user")
        publisher = cursor.fetchone()[0]
        raise AccessError(
            f"the publisher cannot try what a reader sees: have the administrator run "
            f'`grant {MEMBER_ROLE} to "{publisher}" with admin option`'
        ) from None


_QUESTIONS = (
    (
        """select r.rolname, n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
           cross join lateral aclexplode(c.relacl) as a join pg_roles r on r.oid = a.grantee
           cross join lateral split_part(n.nspname, '__', 1) as area
           where n.nspname = any(%(schemas)s) and r.rolname = any(%(offices)s)
             and r.rolname || ' ' || area <> all(%(theirs)s)
             and r.rolname || ' ' || area || '.' || c.relname <> all(%(shared)s)""",
        "office {0} is granted {1}.{2}, which is none of its areas",
    ),
    (
        """select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where n.nspname = any(%(schemas)s) and c.relkind in ('r', 'p')
             and not (c.relrowsecurity and c.relforcerowsecurity)""",
        "table {0}.{1} has no row-level security",
    ),
    (
        """select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where n.nspname = any(%(schemas)s) and c.relkind = 'v'
             and not coalesce(c.reloptions::text[] && array['security_invoker=true', 'security_invoker=on'], false)""",
        "view {0}.{1} is no security_invoker view",
    ),
    (
        """select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where n.nspname = any(%(schemas)s) and c.relkind in ('m', 'f')""",
        "{0}.{1} is a materialized view or foreign table, which cannot keep rows apart",
    ),
    (
        """select n.nspname, c.relname, coalesce(r.rolname, 'public') from pg_class c
           join pg_namespace n on n.oid = c.relnamespace
           cross join lateral aclexplode(c.relacl) as a left join pg_roles r on r.oid = a.grantee
           where n.nspname = any(%(schemas)s) and a.grantee <> c.relowner
             and (a.grantee = 0 or r.rolname <> all(%(roles)s) or a.privilege_type <> 'SELECT')""",
        "{0}.{1} is granted to {2}",
    ),
    (
        """select n.nspname, c.relname, "column".attname, coalesce(r.rolname, 'public') from pg_attribute as "column"
           join pg_class c on c.oid = "column".attrelid join pg_namespace n on n.oid = c.relnamespace
           cross join lateral aclexplode("column".attacl) as a left join pg_roles r on r.oid = a.grantee
           where n.nspname = any(%(schemas)s) and a.grantee <> c.relowner""",
        "column {0}.{1}.{2} is granted to {3}",
    ),
    (
        """select n.nspname, coalesce(r.rolname, 'public'), lower(a.privilege_type) from pg_namespace n
           cross join lateral aclexplode(n.nspacl) as a left join pg_roles r on r.oid = a.grantee
           where n.nspname = any(%(schemas)s) and a.grantee <> n.nspowner
             and (a.grantee = 0 or r.rolname <> all(%(roles)s) or a.privilege_type <> 'USAGE')""",
        "schema {0} is open to {1} ({2})",
    ),
    (
        """select o.name, r.rolname from (
               select nspname, nspowner from pg_namespace where nspname = %(access)s
               union all select c.relname, c.relowner from pg_class c where relnamespace = to_regnamespace(%(access)s)
               union all select p.proname, p.proowner from pg_proc p where pronamespace = to_regnamespace(%(access)s)
           ) as o(name, owner) join pg_roles r on r.oid = o.owner
           where r.rolname <> current_user and not r.rolsuper""",
        "{0}, by which rows are told apart, belongs to {1} and not to the publisher",
    ),
    (
        # A reader is a login or role that holds one of the readers' roles otherwise than through the publisher.
        # Memberships that only let their holder give the role on (Postgres 16 and later) are none.
        """with recursive given as (
               select member, roleid from pg_auth_members as m
               where coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true)
                  or coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)
           ), reader as (
               select oid from pg_roles where rolname = any(%(roles)s)
               union select given.member from given join reader on given.roleid = reader.oid
               where given.member <> (select oid from pg_roles where rolname = current_user)
           ), becomes(reader, oid) as (
               select oid, oid from reader
               union select becomes.reader, given.roleid from becomes join given on given.member = becomes.oid
           )
           select who.rolname, case when who.oid = r.oid then '' else ' may become ' || r.rolname || ', which' end, why
           from becomes join pg_roles who on who.oid = becomes.reader join pg_roles r on r.oid = becomes.oid
           cross join lateral (values
               ('is a superuser', r.rolsuper),
               ('may bypass row-level security', r.rolbypassrls),
               ('may start replication', r.rolreplication),
               ('may give itself any role', r.rolcreaterole and current_setting('server_version_num')::int < 160000),
               ('owns what is published', exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
                   where n.nspname = any(%(schemas)s) and c.relowner = r.oid)),
               ('may write down who sees which member',
                   has_table_privilege(r.oid, %(access)s || '.member_access', 'insert, update, delete, truncate')),
               ('reaches the files of the server', r.rolname in
                   ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program'))
           ) as fault(why, is_so)
           where is_so and (why = 'is a superuser' or not r.rolsuper)
           order by 1, 2, 3""",
        "role {0}{1} {2}",
    ),
    (
        """select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where n.nspname = any(%(schemas)s) and c.relkind in ('r', 'p') and not exists (
               select from pg_policy p where p.polrelid = c.oid and p.polname = 'live' and not p.polpermissive)""",
        "table {0}.{1} lacks the policy that ends a query which the switch falls into",
    ),
    (
        """select p.schemaname, p.tablename, p.policyname from pg_policies p
           where p.schemaname = any(%(schemas)s) and p.policyname <> all(%(policies)s)""",
        "table {0}.{1} has a policy {2} that the publisher did not make",
    ),
)
