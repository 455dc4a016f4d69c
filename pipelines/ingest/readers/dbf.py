"""DBF (dBase III to FoxPro) read as what it is: records of fixed width.

Types C, N, F, D and L. Deleted records are left out and keep their numbers. The code page byte of the header decides
where it names a Chinese page; else the adapter's encoding holds, since many systems leave the byte at its default.
Memo fields stand in a second file and are refused where a column needs one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from pipelines.ingest.readers.base import Opened, Task, numbered
from pipelines.ingest.readers.errors import Unreadable

_VERSIONS = {0x02, 0x03, 0x04, 0x05, 0x30, 0x31, 0x32, 0x43, 0x63, 0x83, 0x8B, 0xCB, 0xF5, 0xFB}
_CODE_PAGES = {0x4D: "gb18030", 0x7A: "gb18030", 0x4F: "big5", 0x78: "big5"}
_DELETED = ord("*")
_HEAD, _FIELD = 32, 32


@dataclass(frozen=True)
class _Field:
    name: str
    type: str
    start: int
    width: int


@dataclass(frozen=True)
class _Layout:
    encoding: str
    records: int
    start: int
    record_bytes: int
    fields: dict[str, _Field]


def open_file(task: Task) -> Opened:
    """Reads the header.

    Raises:
        Unreadable: `wrong_format`, `truncated`; while reading also `memo_field`, `field_type`, `wrong_encoding`.
    """
    layout = _layout(task)
    return Opened(list(layout.fields), lambda used: _frames(task, layout, used))


def _layout(task: Task) -> _Layout:
    with task.path.open("rb") as file:
        head = file.read(_HEAD)
        if len(head) < _HEAD or head[0] not in _VERSIONS:
            raise Unreadable("wrong_format", task.name, "is no DBF file (its first byte names no known version)")
        records = int.from_bytes(head[4:8], "little")
        start = int.from_bytes(head[8:10], "little")
        record_bytes = int.from_bytes(head[10:12], "little")
        described = file.read(max(start - _HEAD, 0))
    encoding = _CODE_PAGES.get(
        head[29], "gb18030" if task.mapping.source.encoding == "gbk" else task.mapping.source.encoding
    )
    fields = _fields(task, described, encoding)
    if record_bytes != 1 + sum(field.width for field in fields.values()):
        raise Unreadable("wrong_format", task.name, f"its fields don't add up to its record length {record_bytes}")
    there = max(task.path.stat().st_size - start, 0) // record_bytes
    if there < records:
        raise Unreadable(
            "truncated",
            f"{task.name}, row {there + 1}",
            f"promises {records} records and holds {there}; deliver it again",
        )
    return _Layout(encoding, records, start, record_bytes, fields)


def _fields(task: Task, described: bytes, encoding: str) -> dict[str, _Field]:
    fields: dict[str, _Field] = {}
    at, start = 0, 1
    while at + _FIELD <= len(described) and described[at] != 0x0D:
        raw = described[at : at + _FIELD]
        try:
            name = raw[:11].split(b"\0")[0].decode(encoding).strip()
        except UnicodeDecodeError as error:
            raise Unreadable(
                "wrong_encoding", f"{task.name}, field {len(fields) + 1}", f"name is not {encoding}"
            ) from error
        if not name or name in fields:
            raise Unreadable(
                "wrong_format", f"{task.name}, field {len(fields) + 1}", f"no name, or twice the name {name}"
            )
        type_ = chr(raw[11])
        width = raw[16] + (raw[17] << 8 if type_ == "C" else 0)
        fields[name] = _Field(name, type_, start, width)
        at, start = at + _FIELD, start + width
    if not fields:
        raise Unreadable("wrong_format", task.name, "describes no field")
    return fields


def _frames(task: Task, layout: _Layout, used: list[str]) -> Iterator[pl.DataFrame]:
    for name in used:
        _check_type(task, layout.fields[name])
    row = 1
    with task.path.open("rb") as file:
        file.seek(layout.start)
        while row <= layout.records:
            count = min(task.batch_rows, layout.records - row + 1)
            table = np.frombuffer(file.read(count * layout.record_bytes), np.uint8).reshape(count, layout.record_bytes)
            columns = {name: _text(task, layout, layout.fields[name], table, row) for name in used}
            live = pl.Series(table[:, 0] != _DELETED)
            frame = numbered(pl.DataFrame(columns, schema=dict.fromkeys(used, pl.String)), row)
            if (kept := frame.filter(live)).height:
                yield kept
            row += count


def _check_type(task: Task, field: _Field) -> None:
    where = f"{task.name}, column {field.name}"
    if field.type in "MGP":
        raise Unreadable("memo_field", where, "stands in a memo file, which is not read; export it as text (type C)")
    if field.type not in "CNFDL":
        raise Unreadable("field_type", where, f"has type {field.type}; export it as C, N, F, D or L")


def _text(task: Task, layout: _Layout, field: _Field, table: npt.NDArray[np.uint8], row: int) -> pl.Series:
    cells = table[:, field.start : field.start + field.width]
    if (cells < 0x80).all():
        buffer = pa.py_buffer(np.ascontiguousarray(cells).tobytes())
        fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(field.width), len(cells), [None, buffer])
        text = pl.Series(field.name, pl.from_arrow(fixed.cast(pa.binary()).cast(pa.string())), pl.String)
    else:
        text = pl.Series(field.name, _decoded(task, layout, field, cells, row), pl.String)
    x = (
        pl.col(field.name).str.strip_chars_end(" \0")
        if field.type == "C"
        else pl.col(field.name).str.strip_chars(" \0")
    )
    x = pl.when(x != "").then(x)
    if field.type in "NF":
        x = x.str.replace(r"^(-?)\.", "${1}0.")
    if field.type == "L":
        x = pl.when(x != "?").then(x.str.to_uppercase())
    return text.to_frame().select(x.alias(field.name)).to_series()


def _decoded(task: Task, layout: _Layout, field: _Field, cells: npt.NDArray[np.uint8], row: int) -> list[str]:
    """One strict decode for the whole column: a line end after each cell also ends a character cut in half."""
    lines = np.full((len(cells), field.width + 1), ord("\n"), np.uint8)
    lines[:, : field.width] = cells
    try:
        texts = lines.tobytes().decode(layout.encoding).split("\n")[:-1]
        if len(texts) != len(cells):
            texts = [bytes(cell).decode(layout.encoding) for cell in cells]
    except UnicodeDecodeError as error:
        bad = row + error.start // (field.width + 1) if len(error.object) > field.width else row
        raise Unreadable(
            "wrong_encoding", f"{task.name}, row {bad}, column {field.name}",
            f"is not {layout.encoding}, or a character is cut in half at the field's end; widen the field",
        ) from error  # fmt: skip
    return texts
