"""Row-level security: who may read which rows.

Belongs here: roles, policies and grants. Does not belong here: the proof that they hold (`proof`), and rows.

Group roles are managed by the publisher and given to logins by the database's administrator:

* `yilian_member`: a login of one or several members; sees the rows that are theirs by `visibility.rule_of`. Which
  members, stands in `yilian_access.member_access` (login, member), which no reader can read.
* `yilian_consortium`: the operations centre; sees every row.
* `yilian_finance`, `yilian_insurance`: offices of the consortium; see every row of their areas (`visibility.OFFICES`),
  the lists that everybody sees, and nothing else.

Policies ask `session_user`, the login, which neither SET ROLE nor a view changes: a plain view of the operations
centre, or of the publisher, shows a member no more than the table does. A view of a superuser would, and a materialized
view is a copy; the next publication makes the former a `security_invoker` view and drops the latter.

A query finds its tables one after the other, and the switch may fall between two of them. So a policy of every table
asks whether the table belongs to the publication that the query's snapshot sees as live, and ends the query with
SQLSTATE 40001 ("run it again") where it does not: no reader is told a mixture of two publications.
"""

from __future__ import annotations

from typing import Any

from psycopg2 import sql

from pipelines.publish.errors import PublicationError
from pipelines.publish.marts import Mart
from pipelines.publish.visibility import OFFICES, Rule, offices_of, rule_of

MEMBER_ROLE, CONSORTIUM_ROLE, SCHEMA = "yilian_member", "yilian_consortium", "yilian_access"
ROLES = (MEMBER_ROLE, CONSORTIUM_ROLE, *OFFICES)


class AccessError(PublicationError):
    """Row-level security is not in force: nothing is published to Postgres."""


def prepare(cursor: Any) -> None:
    """Makes roles and the access schema, once; harmless when they stand.

    Raises:
        AccessError: the publisher may not make roles and they are not there.
    """
    cursor.execute("select pg_advisory_xact_lock(hashtext('yilian_access'))")
    for role in ROLES:
        cursor.execute("select 1 from pg_roles where rolname = %s", (role,))
        if cursor.fetchone() is None:
            cursor.execute("select rolsuper or rolcreaterole from pg_roles where rolname = current_user")
            if not cursor.fetchone()[0]:
                raise AccessError(f"role {role} is missing: have the administrator run `create role {role} nologin`")
            cursor.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
    cursor.execute(
        f"""
        create schema if not exists {SCHEMA};
        create table if not exists {SCHEMA}.member_access (
            login name not null, member_id text not null, primary key (login, member_id));
        create table if not exists {SCHEMA}.live (
            is_only boolean primary key default true check (is_only), publication_id text not null);
        create or replace function {SCHEMA}.my_members() returns text[] language sql stable security definer
            set search_path = {SCHEMA}, pg_temp
            as $$ select coalesce(array_agg(member_id), '{{}}')
                  from {SCHEMA}.member_access where login = session_user $$;
        create or replace function {SCHEMA}.is_live(publication text) returns boolean language plpgsql stable
            security definer set search_path = {SCHEMA}, pg_temp
            as $$ begin
                if publication is distinct from (select publication_id from {SCHEMA}.live) then
                    raise exception 'the publication was switched while this query began: run it again'
                        using errcode = 'serialization_failure';
                end if;
                return true;
            end $$;
        comment on table {SCHEMA}.member_access is '登录名可见的成员机构 · Which members a login may see';
        comment on table {SCHEMA}.live is '当前发布 · The publication that is read now';
        revoke all on schema {SCHEMA} from public;
        revoke all on all tables in schema {SCHEMA} from public, {", ".join(ROLES)};
        revoke all on function {SCHEMA}.my_members(), {SCHEMA}.is_live(text) from public;
        grant usage on schema {SCHEMA} to {", ".join(ROLES)};
        grant execute on function {SCHEMA}.my_members(), {SCHEMA}.is_live(text) to {", ".join(ROLES)};
        """
    )


def conceal(cursor: Any, mart: Mart, table: sql.Composable) -> None:
    """Keeps the planner from counting rows by member, before the table is analysed.

    EXPLAIN tells anyone what the planner expects, row-level security or not: how many findings another member has.
    """
    rule = rule_of(mart)
    for name in (*rule.owners, "entity_id") if rule.entity else rule.owners:
        statement = sql.SQL("alter table {} alter column {} set statistics 0")
        cursor.execute(statement.format(table, sql.Identifier(name)))


def protect(cursor: Any, mart: Mart, table: sql.Composable, publication_id: str) -> None:
    """Policies and grants of one table of a publication."""
    statements = [
        "alter table {table} enable row level security",
        "alter table {table} force row level security",
        "create policy publisher on {table} to current_user using ((select session_user = {owner})) with check (true)",
        f"create policy live on {{table}} as restrictive for select to {', '.join(ROLES)} "
        f"using ((select {SCHEMA}.is_live({{publication}})))",
        f"create policy consortium on {{table}} for select to {CONSORTIUM_ROLE} "
        f"using ((select pg_has_role(session_user, '{CONSORTIUM_ROLE}', 'member')))",
        f"grant select on {{table}} to {CONSORTIUM_ROLE}, {MEMBER_ROLE}",
    ]
    for role in offices_of(mart):
        statements.append(
            f"create policy {role} on {{table}} for select to {role} "
            f"using ((select pg_has_role(session_user, '{role}', 'member')))"
        )
        statements.append(f"grant select on {{table}} to {role}")
    condition = _condition(rule_of(mart))
    if condition:
        statements.append(f"create policy own on {{table}} for select to {MEMBER_ROLE} using ({condition})")
    cursor.execute("select current_user")
    given = {"table": table, "owner": sql.Literal(cursor.fetchone()[0]), "publication": sql.Literal(publication_id)}
    for statement in statements:
        cursor.execute(sql.SQL(statement).format(**given))


def set_live(cursor: Any, publication_id: str) -> None:
    """Says which publication is read, in the transaction that switches to it."""
    cursor.execute(
        f"insert into {SCHEMA}.live (publication_id) values (%s) "
        "on conflict (is_only) do update set publication_id = excluded.publication_id",
        (publication_id,),
    )


def open_schema(cursor: Any, schema: str) -> None:
    """Lets readers into a schema, and nobody else."""
    name = sql.Identifier(schema)
    cursor.execute(sql.SQL("revoke all on schema {} from public").format(name))
    cursor.execute(
        sql.SQL("grant usage on schema {} to {}").format(name, sql.SQL(", ").join(map(sql.Identifier, ROLES)))
    )


def _condition(rule: Rule) -> str:
    """SQL that is true for a row that its reader may see; empty where none may."""
    members = f"(select {SCHEMA}.my_members())::text[]"
    if rule.shared:
        return "true"
    if rule.owners:
        return " or ".join(f"{owner} = any({members})" for owner in rule.owners)
    if rule.entity:
        # A department's or person's id begins with its member's, set off by a sign that no member id holds.
        begins = " or ".join(f"starts_with(entity_id, m || '{sign}')" for sign in ":/|")
        return f"exists (select from unnest({members}) as m where entity_id = m or {begins})"
    return ""
