"""Files of every format, written without the project: bytes by struct, workbooks by openpyxl, markup as text."""

import csv
import io
import json
import sqlite3
import struct
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import openpyxl
import polars as pl
import pytest

from pipelines import contract
from pipelines.ingest import adapter, readers

Rows = Sequence[Sequence[object]]


def csv_bytes(headers: Sequence[str], rows: Rows, encoding: str = "utf-8") -> bytes:
    """Delimited text as a spreadsheet program writes it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(headers)
    writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
    return text.getvalue().encode(encoding)


def xlsx_bytes(rows: Rows, sheet: str = "导出") -> bytes:
    """A workbook of one sheet; Python values become cells of their own kind."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    for row in rows:
        page.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xls_bytes(rows: Rows, sheet: str = "导出") -> bytes:
    """A BIFF8 workbook (Excel 97) of numbers and labels in an OLE file."""

    def record(kind: int, data: bytes = b"") -> bytes:
        return struct.pack("<HH", kind, len(data)) + data

    def begin(kind: int) -> bytes:
        return record(0x809, struct.pack("<HHHHII", 0x600, kind, 0x0DBB, 0x07CC, 0, 6))

    def text(value: str) -> bytes:
        return bytes([1]) + value.encode("utf-16-le")

    cells = b""
    for y, row in enumerate(rows):
        for x, value in enumerate(row):
            if isinstance(value, int | float):
                cells += record(0x203, struct.pack("<HHHd", y, x, 0, value))
            elif value is not None:
                label = str(value)
                cells += record(0x204, struct.pack("<HHHH", y, x, 0, len(label.encode("utf-16-le")) // 2) + text(label))
    size = record(0x200, struct.pack("<IIHHH", 0, len(rows), 0, max(map(len, rows)), 0))

    def book(sheet_at: int) -> bytes:
        named = record(0x85, struct.pack("<IBBB", sheet_at, 0, 0, len(sheet)) + text(sheet))
        return begin(0x05) + record(0x42, struct.pack("<H", 1200)) + named + record(0x0A)

    return ole_bytes("Workbook", book(len(book(0))) + begin(0x10) + size + cells + record(0x0A))


def ole_bytes(name: str, stream: bytes) -> bytes:
    """An OLE compound file with one stream."""
    sector, free, end, fat_mark = 512, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    stream = stream.ljust(4096, b"\0")
    stream = stream.ljust(-(-len(stream) // sector) * sector, b"\0")
    count, tables = len(stream) // sector, 1
    while tables * 128 < count + 1 + tables:
        tables += 1
    chain = [fat_mark] * tables + [end] + [tables + 2 + each for each in range(count - 1)] + [end]
    chain += [free] * (tables * 128 - len(chain))

    def entry(title: str, kind: int, start: int, length: int, child: int) -> bytes:
        raw = (title + "\0").encode("utf-16-le")
        head = raw.ljust(64, b"\0") + struct.pack("<HBBIII", len(raw), kind, 1, free, free, child)
        return head + bytes(16) + struct.pack("<IQQIQ", 0, 0, 0, start, length)

    folder = (entry("Root Entry", 5, end, 0, 1) + entry(name, 2, tables + 1, len(stream), free)).ljust(sector, b"\0")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<9I", 0, tables, tables, 0, 4096, end, 0, end, 0)
    head += struct.pack("<109I", *range(tables), *[free] * (109 - tables))
    return head + struct.pack(f"<{tables * 128}I", *chain) + folder + stream


def dbf_bytes(
    fields: Sequence[tuple[str, str, int]],
    rows: Rows,
    encoding: str = "gb18030",
    code_page: int = 0x4D,
    deleted: Sequence[int] = (),
) -> bytes:
    """A dBase III file; `fields` are (name, type, width), `deleted` the positions of deleted rows."""
    described = b"".join(
        name.encode(encoding).ljust(11, b"\0") + kind.encode() + bytes(4) + bytes([width, 0]) + bytes(14)
        for name, kind, width in fields
    )
    size = 1 + sum(width for _, _, width in fields)
    head = struct.pack("<BBBBIHH", 3, 126, 10, 31, len(rows), 32 + len(described) + 1, size) + bytes(20)
    head = head[:29] + bytes([code_page]) + bytes(2)
    body = b""
    for number, row in enumerate(rows):
        body += b"*" if number in deleted else b" "
        for (_, kind, width), cell in zip(fields, row, strict=True):
            raw = b"" if cell is None else str(cell).encode(encoding)
            assert len(raw) <= width
            body += raw.rjust(width) if kind in "NF" else raw.ljust(width)
    return head + described + b"\r" + body + b"\x1a"


def xml_bytes(headers: Sequence[str], rows: Rows, encoding: str = "utf-8") -> bytes:
    """DATA/ROW elements with one child per filled cell."""
    lines = [
        "<ROW>"
        + "".join(f"<{h}>{escape(str(c))}</{h}>" for h, c in zip(headers, row, strict=True) if c is not None)
        + "</ROW>"
        for row in rows
    ]
    return f'<?xml version="1.0" encoding="{encoding}"?>\n<DATA>\n{chr(10).join(lines)}\n</DATA>'.encode(encoding)


def jsonl_bytes(headers: Sequence[str], rows: Rows) -> bytes:
    """One object a line; `a.b` becomes key b in key a."""
    lines = []
    for row in rows:
        whole: dict[str, object] = {}
        for header, cell in zip(headers, row, strict=True):
            *outer, last = header.split(".")
            inner = whole
            for key in outer:
                inner = inner.setdefault(key, {})  # type: ignore[assignment]
            if cell is not None:
                inner[last] = cell
        lines.append(json.dumps(whole, ensure_ascii=False))
    return "\n".join(lines).encode()


def sqlite_file(path: Path, table: str, headers: Sequence[str], rows: Rows) -> None:
    """A database with one table."""
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as connection:
        columns = ", ".join('"' + each + '"' for each in headers)
        connection.execute(f"create table {table} ({columns})")
        connection.executemany(f"insert into {table} values ({', '.join('?' * len(headers))})", rows)
    connection.close()


@pytest.fixture(scope="session")
def files() -> types.SimpleNamespace:
    """The writers above."""
    return types.SimpleNamespace(
        csv=csv_bytes, xlsx=xlsx_bytes, xls=xls_bytes, ole=ole_bytes, dbf=dbf_bytes, xml=xml_bytes, jsonl=jsonl_bytes,
        sqlite=sqlite_file,
    )  # fmt: skip


Read = Callable[..., pl.DataFrame]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Writes bytes as a file of a vendor and reads them back as one canonical frame, all cells as text."""

    def read_(
        vendor: str, extract: str, content: bytes | None, suffix: str | None = None, **more: object
    ) -> pl.DataFrame:
        known = adapter.load_adapter(vendor)
        path = tmp_path / known.file_name(extract, "2026-10", suffix)
        if content is not None:
            path.write_bytes(content)
        shape = contract.load().extracts[extract]
        frames = list(readers.batches(path, known.mapping_for(extract, path.name), shape, **more))  # type: ignore[arg-type]
        if not frames:
            return pl.DataFrame(schema=dict.fromkeys([*shape.columns, "source_row"], pl.String))
        return pl.concat(frames)

    return read_


@pytest.fixture
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Puts an adapter into the consortium's own folder."""
    folder = tmp_path / "adapters"
    folder.mkdir()
    monkeypatch.setenv("CONSORTIUM_ADAPTERS", str(folder))

    def write(name: str, text: str) -> None:
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")

    return write
