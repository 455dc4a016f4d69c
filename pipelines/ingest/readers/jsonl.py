"""JSON Lines: one object a line; `a.b` is key b of the object in key a."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

import orjson
import polars as pl

from pipelines.ingest.readers import records
from pipelines.ingest.readers.base import Opened, Task, from_records
from pipelines.ingest.readers.errors import Unreadable

LONGEST_LINE = 64 * 2**20


def open_file(task: Task) -> Opened:
    """Reads the first lines for the headers.

    Raises:
        Unreadable: `broken_json`, `wrong_encoding`; names the line.
    """
    names = records.headers(task, (records.flat_names(record) for record in objects(task)))
    return Opened(names, lambda used: _frames(task, used))


def objects(task: Task) -> Iterator[dict[str, object]]:
    """The objects of the file, line by line; blank lines are passed over."""
    encoding = task.mapping.source.encoding
    with task.path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            where = f"{task.name}, line {number}"
            if len(line) > LONGEST_LINE:
                raise Unreadable("broken_json", where, f"is longer than {LONGEST_LINE // 2**20} MiB: no JSON Lines")
            if number == 1:
                line = line.removeprefix(codecs.BOM_UTF8)
            if not line.strip():
                continue
            try:
                value = orjson.loads(line if encoding == "utf-8" else line.decode(encoding))
            except UnicodeDecodeError as error:
                raise Unreadable(
                    "wrong_encoding", where, f"byte {error.start} of the line is not {encoding}"
                ) from error
            except orjson.JSONDecodeError as error:
                raise Unreadable(
                    "broken_json", where, f"is no whole JSON object: {error.msg} at column {error.colno}"
                ) from error
            if not isinstance(value, dict):
                raise Unreadable("broken_json", where, f"holds a {type(value).__name__} where an object belongs")
            yield value


def _frames(task: Task, used: list[str]) -> Iterator[pl.DataFrame]:
    paths = [each.split(".") for each in used]
    rows = ([records.cell(records.at(record, path)) for path in paths] for record in objects(task))
    return from_records(rows, used, task.batch_rows)
