"""A publication as files: what a BI client finds, and what stays when something breaks."""

from __future__ import annotations

import errno
import os
import stat
import struct
from datetime import datetime

import duckdb
import pytest

from pipelines.gates import GateClosed
from pipelines.publish import (
    NotPublished,
    PublicationError,
    assemble,
    files,
    folder,
    publication,
    publications,
    rollback,
    verify,
)
from pipelines.publish.chain import Record
from pipelines.publish.retention import to_keep

TOTAL = "select sum(full_amount) from cost.department_cost"


def test_a_reader_finds_every_mart_with_its_comments_and_nothing_else(house):
    made = house.publish()
    assert made.counts["cost.department_cost"] == 100
    schemas = {schema for (schema,) in house.read("select distinct schema_name from duckdb_tables()")}
    assert schemas == {"core", "cost", "governance"}
    comment = "select comment from duckdb_columns() where table_name = 'department_cost' and column_name = $c"
    assert house.read(comment.replace("$c", "'full_amount'")) == [("全成本 · Full cost",)]
    uncommented = house.read(
        "select table_name, column_name from duckdb_columns() where schema_name = 'governance' and comment is null"
    )
    assert uncommented == []
    parquet = house.settings.published / "current/parquet/cost/department_cost.parquet"
    assert duckdb.sql(f"select sum(full_amount) from '{parquet}'").fetchall() == house.read(TOTAL)


def test_the_database_has_the_storage_that_duckdb_1_reads(house):
    made = house.publish()
    header = (made.path / "consortium.duckdb").read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    assert struct.unpack("<Q", header[12:20])[0] == 64  # 64 is the storage of DuckDB 0.10 to 1.1, which all 1.x read


def test_published_files_cannot_be_written(house):
    made = house.publish()
    writable = [path for path in made.path.rglob("*") if path.is_file() and path.stat().st_mode & stat.S_IWUSR]
    assert writable == []


def test_the_same_marts_have_the_same_hash_in_whatever_order_and_run(house):
    first = house.publish("run-1")
    house.build("create table cost.turned as from cost.department_cost order by full_amount desc")
    house.build("drop table cost.department_cost; alter table cost.turned rename to department_cost")
    house.build("comment on table cost.department_cost is 'told otherwise'")
    second = house.publish("run-2", at=datetime(2026, 11, 2, 1, 30))
    assert second.record.marts_hash == first.record.marts_hash
    assert second.record.previous_hash == first.hash != second.hash


def test_a_changed_cell_changes_the_hash_and_only_that_mart_is_written_again(house):
    first = house.publish()
    house.build("update cost.department_cost set full_amount = full_amount + 0.01 where dept_code = 'D5'")
    second = house.publish()
    assert second.record.marts_hash != first.record.marts_hash
    inode = "parquet/core/member.parquet"
    assert (first.path / inode).stat().st_ino == (second.path / inode).stat().st_ino
    assert (
        house.read(TOTAL)[0][0]
        == duckdb.sql(f"select sum(full_amount) from '{second.path}/parquet/cost/department_cost.parquet'").fetchall()[
            0
        ][0]
    )
    assert verify(house.settings) == []


def test_where_the_disk_gives_no_links_a_copy_is_kept_and_outlives_the_publication_it_came_from(house, monkeypatch):
    first = house.publish()

    def refused(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "no links here")

    monkeypatch.setattr(folder.os, "link", refused)
    second = house.publish("run-2")
    name = "parquet/core/member.parquet"
    assert (first.path / name).stat().st_ino != (second.path / name).stat().st_ino
    assert (first.path / name).read_bytes() == (second.path / name).read_bytes()
    assert verify(house.settings) == []


def test_a_linked_file_that_was_damaged_is_not_taken_for_good(house):
    """Its recorded SHA-256 goes on, so that the chain breaks where the bytes do."""
    damaged = house.publish().path / "parquet/core/member.parquet"
    damaged.chmod(0o644)
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    second = house.publish("run-2")
    found = {(each.publication_id, each.where) for each in verify(house.settings)}
    assert (second.publication_id, "parquet/core/member.parquet") in found


def test_a_mart_that_is_gone_is_gone_from_the_next_publication(house):
    house.publish()
    house.build("drop table core.member")
    house.publish()
    assert house.read("select count(*) from duckdb_tables() where table_name = 'member'") == [(0,)]
    assert verify(house.settings) == []


def test_a_type_that_old_clients_do_not_know_is_refused_by_name(house):
    house.build("create table cost.odd (period varchar, price uuid)")
    with pytest.raises(PublicationError, match=r"cost\.odd\.price is UUID"):
        house.publish()
    assert publications(house.settings) == []


def test_a_sum_of_integers_is_published_as_an_integer_in_every_medium(house):
    house.build("create table cost.counted as select period, sum(1) as cases from cost.department_cost group by all")
    made = house.publish()
    kind = "select data_type from duckdb_columns() where table_name = 'counted' and column_name = 'cases'"
    assert house.read(kind) == [("BIGINT",)]
    assert duckdb.sql(f"select cases from '{made.path}/parquet/cost/counted.parquet'").types == ["BIGINT"]
    assert verify(house.settings) == []
    house.build("update cost.counted set cases = 9223372036854775808")
    with pytest.raises(PublicationError, match="9223372036854775808"):
        house.publish()


@pytest.mark.parametrize("status", ["failed", "error"])
def test_a_closed_gate_stops_the_publication_and_yesterdays_stays(house, status):
    house.publish()
    before = house.read(TOTAL)
    house.build("update cost.department_cost set full_amount = 0")
    house.judge(2, status, run="run-2")
    house.state.put("gate", [{**house.state.rows("select * from gate where run_id = 'run-2'")[0], "checked_at": "9"}])
    with pytest.raises(GateClosed, match="gate 2 is closed"):
        house.publish("run-2")
    assert house.read(TOTAL) == before


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the code may catch it."""


@pytest.mark.parametrize(
    ("module", "step", "new_one_stands_after_healing"),
    [
        (files, "content", False),
        (assemble, "write_parquet", False),
        (assemble, "write_database", False),
        (folder, "seal", False),
        (folder, "_sync", False),
        (publication, "finish", False),
        (folder, "point_current_at", True),
        (publication, "retire", True),
    ],
)
def test_killed_at_any_step_the_old_publication_stays_and_the_next_run_heals(
    house, monkeypatch, module, step, new_one_stands_after_healing
):
    house.publish("run-1")
    old = house.read(TOTAL)
    house.build("update cost.department_cost set full_amount = full_amount + 1")

    def kill(*_args: object, **_kwargs: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, step, kill)
        with pytest.raises(Killed):
            house.publish("run-2")
    if step != "retire":
        assert house.read(TOTAL) == old
    made = house.publish("run-3")
    assert house.read(TOTAL) == [(old[0][0] + 100,)]
    runs = [run for (run,) in house.read("select run_id from governance.publication order by publication_id")]
    assert runs == (["run-1", "run-2", "run-3"] if new_one_stands_after_healing else ["run-1", "run-3"])
    assert verify(house.settings) == []
    assert not list(house.settings.published.glob("*.tmp"))
    assert folder.current_id(house.settings.published) == made.publication_id


def test_killed_between_begin_of_the_switch_and_its_end_the_next_run_finishes_it(house, monkeypatch):
    house.publish("run-1")
    original = house.state.put

    def kill(table: str, rows: object) -> None:
        if table == "publication":
            raise Killed
        original(table, rows)

    with monkeypatch.context() as patch:
        patch.setattr(house.state, "put", kill)
        with pytest.raises(Killed):
            house.publish("run-2")
    house.publish("run-3")
    assert [p.record.run_id for p in publications(house.settings)] == ["run-1", "run-2", "run-3"]
    assert verify(house.settings) == []


def test_a_chain_that_lost_its_records_ends_the_run_and_nothing_is_swept_away(house):
    house.publish("run-1")
    house.publish("run-2")
    for path in (house.settings.published / "chain").glob("*.json"):
        path.unlink()
    with pytest.raises(PublicationError, match=r"no record of 000001.*, 000002.*restore published/chain"):
        house.publish("run-3")
    assert len(publications(house.settings)) == 2


def test_a_new_home_beside_old_publications_goes_on_from_them(house, tmp_path):
    house.publish("run-1")
    with house.state.transaction() as connection:
        connection.execute("delete from publication")
    made = house.publish("run-2")
    assert made.publication_id.startswith("000002")
    assert verify(house.settings) == []


def test_too_little_room_is_said_before_anything_is_written(house, monkeypatch):
    house.publish()
    monkeypatch.setattr(folder.shutil, "disk_usage", lambda _: os.terminal_size((0, 0)) and _Usage())
    with pytest.raises(PublicationError, match="MiB free"):
        house.publish()
    assert len(publications(house.settings)) == 1


class _Usage:
    free = 1


def test_the_newest_n_and_yearly_closes_are_kept(house):
    for run in range(1, 6):
        house.publish(f"run-{run}")
    assert [p.record.run_id for p in publications(house.settings)] == ["run-3", "run-4", "run-5"]
    assert len(house.read("from governance.publication")) == 5
    # The first one's file lives on under the names that later ones gave it.
    assert (house.settings.published / "current/parquet/core/member.parquet").stat().st_nlink == 3
    assert verify(house.settings) == []


def test_the_last_publication_of_a_december_is_the_yearly_close():
    chain = [_record(n, period) for n, period in enumerate(["2025-11", "2025-12", "2025-12", "2026-01", "2026-02"])]
    assert to_keep(chain, keep=1) == {"2", "4"}


def test_rollback_shows_the_old_one_and_the_next_night_goes_on(house):
    first = house.publish("run-1")
    house.build("update cost.department_cost set full_amount = 0")
    house.publish("run-2")
    assert house.read(TOTAL) == [(0,)]
    rollback(house.settings, first.publication_id)
    assert house.read(TOTAL) != [(0,)]
    third = house.publish("run-3")
    assert third.publication_id.startswith("000003")
    assert verify(house.settings) == []
    with pytest.raises(NotPublished, match=r"kept are 000001-.*, 000002"):
        rollback(house.settings, "nothing")


def _record(number: int, period: str) -> Record:
    return Record(str(number), "r", "b", "2026-01-01 00:00:00", (period,), (), (), (), "", "", "", "")
