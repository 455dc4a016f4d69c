"""A SQL source: a SQLite file that was delivered, or a database whose URL stands in an environment variable.

Rows come with server-side batches. A delivered SQLite file is opened read-only and only its tables are read: a view
is a program of the sender's. Passwords never appear in an error.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING

import polars as pl
import sqlalchemy as sa

from pipelines.ingest.readers import records
from pipelines.ingest.readers.base import Opened, Task, from_records
from pipelines.ingest.readers.errors import Unreadable

if TYPE_CHECKING:
    from pipelines.ingest.adapter_model import Sql

_MAGIC = b"SQLite format 3\0"


def open_file(task: Task) -> Opened:
    """Asks the source for its columns.

    Raises:
        Unreadable: `wrong_format`, `table_missing`, `source_unreachable`, `source_failed`.
    """
    rule = task.mapping.source.sql
    if rule is None:
        raise Unreadable(
            "wrong_format", task.name, f"{task.mapping.adapter_file} has no sql for {task.mapping.extract}"
        )
    with _connection(task) as connection:
        if rule.table is not None:
            tables = sa.inspect(connection).get_table_names()
            if rule.table not in tables:
                raise Unreadable(
                    "table_missing", task.name, f"has no table {rule.table}; it has {', '.join(tables) or 'none'}"
                )
            names = [column["name"] for column in sa.inspect(connection).get_columns(rule.table)]
        else:
            names = list(connection.execute(_query(task)).keys())
    return Opened(names, lambda used: _frames(task, used))


def _frames(task: Task, used: list[str]) -> Iterator[pl.DataFrame]:
    rule = _rule(task)
    with _connection(task) as connection:
        if rule.table is not None:
            statement: sa.Executable = sa.select(*[sa.column(each) for each in used]).select_from(sa.table(rule.table))
            positions = list(range(len(used)))
        else:
            statement = _query(task)
        result = connection.execution_options(stream_results=True, yield_per=min(task.batch_rows, 10_000)).execute(
            statement
        )
        if rule.table is None:
            names = list(result.keys())
            positions = [names.index(each) for each in used]
        yield from from_records((_cells(task, row, positions) for row in result), used, task.batch_rows)


def _rule(task: Task) -> Sql:
    if task.mapping.source.sql is None:
        raise ValueError(f"{task.mapping.adapter_file}: {task.mapping.extract} has no sql")
    return task.mapping.source.sql


def _query(task: Task) -> sa.TextClause:
    query = sa.text(_rule(task).query or "")
    needed = set(query._bindparams)
    if missing := sorted(needed - set(task.parameters)):
        raise ValueError(f"the query of {task.mapping.vendor}.{task.mapping.extract} needs {', '.join(missing)}")
    return query.bindparams(**{name: task.parameters[name] for name in needed})


@contextmanager
def _connection(task: Task) -> Iterator[sa.Connection]:
    variable = _rule(task).url_variable
    if variable is None:
        with task.path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise Unreadable("wrong_format", task.name, "is no SQLite database")
        url = f"file:{task.path.resolve().as_posix()}?mode=ro&immutable=1"
        engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(url, uri=True))
    else:
        if not os.environ.get(variable):
            raise Unreadable(
                "source_unreachable", task.name, f"the environment variable {variable} with the URL is not set"
            )
        try:
            engine = sa.create_engine(os.environ[variable])
        except (sa.exc.ArgumentError, ModuleNotFoundError) as error:
            raise Unreadable("source_unreachable", task.name, f"{variable} holds no URL that can be used") from error
    try:
        with engine.connect() as connection:
            yield connection
    except sa.exc.DBAPIError as error:
        code = "source_unreachable" if error.connection_invalidated else "source_failed"
        kind = type(error.orig).__name__
        said = str(error.orig).splitlines()[0][:200] if variable is None else "see the database's log"
        raise Unreadable(code, f"{task.name}, extract {task.mapping.extract}", f"{kind}: {said}") from error
    finally:
        engine.dispose()


def _cells(task: Task, row: Sequence[object], positions: list[int]) -> list[str | None]:
    return [_cell(task, row[position]) for position in positions]


def _cell(task: Task, value: object) -> str | None:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return records.cell(float(f"{value:.15g}"))
    if isinstance(value, bytes | memoryview):
        raise Unreadable("field_type", task.name, "holds binary values where text or numbers belong")
    return records.cell(value)
