"""The state of a consortium's pipeline: one SQLite file, `home/state.sqlite`.

Belongs here: the tables in which rooms remember things between nights, and the transactions and the lock around
them. Does not belong here: figures of a mart (the warehouse), rows of members (the lake), decisions (the rooms).

Every write is one transaction, made after the file that it speaks of stands under its final name: a run killed
between the two leaves a file nobody refers to, never a row that points at nothing.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 1

_TABLES = """
create table if not exists delivery (            -- one row per delivery folder that was looked at
    member_id text not null, delivery_date text not null, fingerprint text not null, status text not null,
    first_seen text not null, checked_at text not null,
    primary key (member_id, delivery_date)) strict;
create table if not exists outcome (             -- governance.delivery_outcome, the newest verdict per file
    member_id text not null, delivery_date text not null, file text not null, extract text not null, period text,
    outcome text not null, reason_code text not null, rows_delivered integer, rows_accepted integer,
    rows_quarantined integer, detail text not null, sha256 text, measures text, recorded_at text not null,
    primary key (member_id, delivery_date, file, extract)) strict;
create table if not exists piece (               -- accepted rows of one delivered file, immutable
    member_id text not null, extract text not null, period text not null, delivery_date text not null,
    file text not null, mode text not null, path text not null, rows integer not null, sha256 text not null,
    manifest text not null, contract text not null, accepted_at text not null,
    primary key (member_id, extract, period, delivery_date, file)) strict;
create table if not exists quarantine_file (     -- where the rejected cells of a file stand
    member_id text not null, delivery_date text not null, file text not null, extract text not null,
    path text not null, rows integer not null,
    primary key (member_id, delivery_date, file, extract)) strict;
create table if not exists period_status (       -- the state of the close; a row here stands above seeds/periods.csv
    period text primary key, status text not null, changed_at text not null, changed_by text not null,
    reason text not null) strict;
create table if not exists period_change (       -- every close and reopening there ever was
    period text not null, changed_at text not null, status text not null, changed_by text not null,
    reason text not null, primary key (period, changed_at, status)) strict;
create table if not exists closed_figure (       -- statement lines of a closed period; member ELIM = elimination
    period text not null, statement text not null, line_code text not null, member_id text not null,
    amount text not null, primary key (period, statement, line_code, member_id)) strict;
create table if not exists release (             -- what gate 1 last let through, per member, extract and period
    member_id text not null, extract text not null, period text not null, version text not null,
    delivery_date text not null, path text not null, released_at text not null,
    primary key (member_id, extract, period)) strict;
create table if not exists build (               -- one row per state of the warehouse
    revision integer primary key autoincrement, build_id text not null, manifest_id text not null,
    run_id text not null, part text not null, started_at text not null, finished_at text) strict;
create table if not exists gate (                -- governance.gate
    run_id text not null, build_id text not null, revision integer not null, gate text not null,
    check_name text not null, severity text not null, status text not null, observed text not null,
    expected text not null, violated integer, denominator integer, members text not null, owner text not null,
    note text not null, checked_at text not null,
    primary key (run_id, gate, check_name)) strict;
create table if not exists validated (           -- what a check and its counts were judged to be, and in which words
    key text primary key, check_name text not null, no_violation integer not null, enough integer not null,
    results text not null) strict;
create table if not exists publication (         -- governance.publication
    publication_id text primary key, run_id text not null, build_id text not null, published_at text not null,
    periods text not null, members_fresh text not null, members_stale text not null, inputs_hash text not null,
    marts_hash text not null, previous_hash text not null, hash text not null) strict;
create table if not exists alert (               -- governance.alert, and when it was told to whom
    alert_id text primary key, source text not null, severity text not null, area text not null, member_id text,
    dept_code text, subject text not null, metric text not null, value text, threshold text, unit text,
    recipient_role text,
    raised_at text not null, respond_by text, status text not null, closed_at text, sent_at text) strict;
create table if not exists note (                -- small facts: key and value
    key text primary key, value text not null) strict;
"""


class StateError(RuntimeError):
    """The state file cannot be used; the text says why and what to do."""


class NightIsRunning(RuntimeError):
    """Another night holds the lock of this home."""


class State:
    """The state file, opened. Safe to use from several threads: each statement opens its own short connection.

    Args:
        path: the SQLite file; made with its folder when it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self.transaction() as connection:
            version = connection.execute("pragma user_version").fetchone()[0]
            if version > SCHEMA_VERSION:
                raise StateError(f"{path} was written by a newer version ({version} > {SCHEMA_VERSION}): update Yilian")
            for statement in _TABLES.split(";\n"):
                if statement.strip():
                    connection.execute(statement)
            connection.execute(f"pragma user_version = {SCHEMA_VERSION}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: all of it or none of it."""
        connection = sqlite3.connect(self.path, timeout=60, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")
            connection.execute("begin immediate")
            yield connection
            connection.execute("commit")
        except BaseException:
            if connection.in_transaction:
                connection.execute("rollback")
            raise
        finally:
            connection.close()

    @contextmanager
    def kept_open(self) -> Iterator[None]:
        """For many short transactions in a row: the journal is folded into the file once, at the end."""
        connection = sqlite3.connect(self.path, timeout=60)
        try:
            connection.execute("select count(*) from note").fetchone()
            yield
        finally:
            connection.close()

    def rows(self, query: str, parameters: Iterable[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
        """The rows of a query, each as a dict."""
        connection = sqlite3.connect(self.path, timeout=60)
        connection.row_factory = sqlite3.Row
        try:
            found = connection.execute(query, parameters if isinstance(parameters, Mapping) else tuple(parameters))
            return [dict(row) for row in found]
        finally:
            connection.close()

    def put(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Writes rows, replacing those of the same key; one transaction."""
        with self.transaction() as connection:
            put(connection, table, rows)

    def note(self, key: str) -> str | None:
        """The value noted under a key, or None."""
        found = self.rows("select value from note where key = ?", (key,))
        return found[0]["value"] if found else None


def put(connection: sqlite3.Connection, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes rows inside a transaction, replacing those of the same key."""
    for row in rows:
        columns = ", ".join(row)
        marks = ", ".join(f":{name}" for name in row)
        connection.execute(f"insert or replace into {table} ({columns}) values ({marks})", dict(row))


@contextmanager
def night_lock(home: Path) -> Iterator[None]:
    """One night at a time in one home: the lock goes with the process, so a killed night leaves none behind.

    Raises:
        NightIsRunning: another process holds it; names that process.
    """
    home.mkdir(parents=True, exist_ok=True)
    path = home / "night.lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 64, 0).decode(errors="replace").strip() or "unknown"
            raise NightIsRunning(
                f"another night is at work in {home} (process {holder}): wait for it, or end it and run again"
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)
