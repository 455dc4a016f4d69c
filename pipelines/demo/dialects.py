"""Files as the members' vendors write them.

Belongs here: one writer per file format, with the quirks of the vendor that uses it. Not here: headers, words, units
and date shapes: they come from the adapters, applied backwards (`pipelines.ingest.adapter.to_vendor`).
"""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from xml.sax.saxutils import escape

import polars as pl

from pipelines.contract import Extract
from pipelines.ingest import adapter
from pipelines.ingest.readers import fhir

NUMERIC = ("money", "price", "quantity", "share", "integer")
OLD_EXCEL = ("T04",)
"""Members of minhe whose site still writes XLS."""
BUNDLE = 200
TITLE = "{name} {extract} {period}"


@lru_cache(maxsize=8)
def _adapter(vendor: str) -> adapter.Adapter:
    """An adapter, read once: it is a long YAML file."""
    return adapter.load_adapter(vendor)


def write(
    member_id: str, member_name: str, vendor: str, extract: Extract, frame: pl.DataFrame, period: str, folder: Path
) -> Path:
    """Write one extract as a vendor would.

    Args:
        member_id: decides the site's habits (old Excel).
        member_name: stands in the title row of workbooks.
        vendor: name of the adapter.
        extract: of the contract.
        frame: canonical rows, typed.
        period: goes into the file name.
        folder: delivery folder.

    Returns:
        the file; for a database it may hold other extracts too.
    """
    known = _adapter(vendor)
    patterns = known.sources[extract.name].file
    suffix = Path(patterns[0]).suffix
    if suffix == ".xlsx" and member_id in OLD_EXCEL and frame.height < 60_000:
        suffix = ".xls"
    stamp = f"finance_{period}" if patterns[0].startswith("*") else f"_{period}"
    name = known.file_name(extract.name, stamp, suffix).replace("__", "_")
    mapping = known.mapping_for(extract.name, name)
    written = adapter.to_vendor(frame, mapping)
    path = folder / name
    kinds = {header: mapping.types[column] for column, rule in mapping.columns.items() for header in rule.headers}
    numeric = {h for h in written.columns if kinds.get(h) in NUMERIC}
    match path.suffix:
        case ".csv":
            _csv(path, written, mapping.source.encoding)
        case ".xlsx" | ".xls":
            title = TITLE.format(name=member_name, extract=extract.name_zh, period=period)
            rows: list[list[object]] = [[title]] * (mapping.source.header_row - 1)
            rows += [list(written.columns), *_cells(written, numeric)]
            (_xlsx if path.suffix == ".xlsx" else _xls)(path, rows)
        case ".dbf":
            _dbf(path, written, kinds)
        case ".xml":
            _xml(path, written)
        case ".jsonl":
            _jsonl(path, written, numeric)
        case ".sqlite" | ".db":
            if mapping.source.sql is None or mapping.source.sql.table is None:
                raise ValueError(f"{vendor}: {extract.name} names no table")
            _sqlite(path, mapping.source.sql.table, written)
        case ".ndjson" | ".json":
            _fhir(path, written, mapping.source.resource or "")
        case _:
            raise ValueError(f"{vendor}: no writer for {path.suffix}")
    return path


def _number(cell: str | None, is_number: bool) -> object:
    """A cell as a workbook or JSON holds it; amounts of the demo are far below what a double carries exactly."""
    if cell is None or not is_number:
        return cell
    return float(cell) if "." in cell else int(cell)


def _cells(written: pl.DataFrame, numeric: set[str]) -> list[list[object]]:
    flags = [h in numeric for h in written.columns]
    return [[_number(cell, flag) for cell, flag in zip(row, flags, strict=True)] for row in written.iter_rows()]


def _csv(path: Path, written: pl.DataFrame, encoding: str) -> None:
    """Delimited text; UTF-8 with a byte order mark, as spreadsheet programs like it."""
    with path.open("wb") as handle:
        if encoding.lower().replace("-", "") == "utf8":
            handle.write(b"\xef\xbb\xbf")
        for start in range(0, max(written.height, 1), 100_000):
            part = written[start : start + 100_000]
            handle.write(part.write_csv(include_header=start == 0, line_terminator="\r\n").encode(encoding))


def _xlsx(path: Path, rows: Sequence[Sequence[object]]) -> None:
    import xlsxwriter  # a heavy import that only the demo needs

    book = xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    # The creation time would make two runs differ.
    book.set_properties({"created": datetime(2026, 10, 31)})
    sheet = book.add_worksheet("导出")
    for y, row in enumerate(rows):
        sheet.write_row(y, 0, ["" if cell is None else cell for cell in row])
    book.close()


def _xls(path: Path, rows: Sequence[Sequence[object]]) -> None:
    """A BIFF8 workbook of numbers and labels (Excel 97-2003), in an OLE compound file with one stream."""

    def record(kind: int, data: bytes = b"") -> bytes:
        return struct.pack("<HH", kind, len(data)) + data

    def begin(kind: int) -> bytes:
        return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))

    out = bytearray()
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            if isinstance(cell, int | float):
                out += record(0x0203, struct.pack("<HHHd", y, x, 0, cell))
            elif cell is not None:
                text = str(cell)
                out += record(0x0204, struct.pack("<HHHHB", y, x, 0, len(text), 1) + text.encode("utf-16-le"))
    size = record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, max(map(len, rows)), 0))
    sheet_name = "导出"

    def book(at: int) -> bytes:
        label = struct.pack("<IBBBB", at, 0, 0, len(sheet_name), 1) + sheet_name.encode("utf-16-le")
        return begin(0x05) + record(0x42, struct.pack("<H", 1200)) + record(0x85, label) + record(0x0A)

    path.write_bytes(_ole(book(len(book(0))) + begin(0x10) + size + bytes(out) + record(0x0A)))


def _ole(stream: bytes) -> bytes:
    """An OLE compound file (512-byte sectors) that holds one stream called Workbook."""
    free, last, table = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    stream = stream + b"\0" * (max(4096 - len(stream), 0) or -len(stream) % 512)
    count, tables = len(stream) // 512, 1
    while tables * 128 < count + 1 + tables:
        tables += 1
    if tables > 109:
        raise ValueError("too many rows for an XLS workbook of one sheet; this site has to send XLSX")
    chain = [table] * tables + [last] + [tables + 2 + n for n in range(count - 1)] + [last]
    chain += [free] * (tables * 128 - len(chain))

    def entry(title: str, kind: int, start: int, length: int, child: int) -> bytes:
        raw = (title + "\0").encode("utf-16-le")
        links = struct.pack("<HBBIII", len(raw), kind, 1, free, free, child)
        return raw.ljust(64, b"\0") + links + bytes(16) + struct.pack("<IQQIQ", 0, 0, 0, start, length)

    directory = entry("Root Entry", 5, last, 0, 1) + entry("Workbook", 2, tables + 1, len(stream), free)
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<9I", 0, tables, tables, 0, 4096, last, 0, last, 0)
    head += struct.pack("<109I", *range(tables), *[free] * (109 - tables))
    return head + struct.pack(f"<{tables * 128}I", *chain) + directory.ljust(512, b"\0") + stream


def _dbf(path: Path, written: pl.DataFrame, kinds: dict[str, str]) -> None:
    """A dBase III table in GB18030 (code page byte 0x4D), dates of eight digits, numbers right-aligned."""
    letters = {"date": "D", "boolean": "L"}
    encoded = [[b"" if c is None else c.encode("gb18030") for c in row] for row in written.iter_rows()]
    widths = [max([len(row[i]) for row in encoded], default=1) or 1 for i in range(written.width)]
    fields = []
    for header, width in zip(written.columns, widths, strict=True):
        kind = letters.get(kinds.get(header, ""), "N" if kinds.get(header) in NUMERIC else "C")
        fields.append((header, kind, 8 if kind == "D" else 1 if kind == "L" else width))
    described = b"".join(
        header.encode("gb18030").ljust(11, b"\0") + kind.encode() + bytes(4) + bytes([width, 0]) + bytes(14)
        for header, kind, width in fields
    )
    size = 1 + sum(width for _, _, width in fields)
    head = (
        struct.pack("<BBBBIHH", 3, 126, 10, 31, len(encoded), 32 + len(described) + 1, size)
        + bytes(17)
        + b"\x4d"
        + bytes(2)
    )
    with path.open("wb") as handle:
        handle.write(head + described + b"\r")
        for row in encoded:
            cells = (c.rjust(w) if k == "N" else c.ljust(w) for c, (_, k, w) in zip(row, fields, strict=True))
            handle.write(b" " + b"".join(cells))
        handle.write(b"\x1a")


def _xml(path: Path, written: pl.DataFrame) -> None:
    """DATA/ROW elements in GB18030, one child per filled cell."""
    with path.open("w", encoding="gb18030", newline="\n") as handle:
        handle.write('<?xml version="1.0" encoding="gb18030"?>\n<DATA>\n')
        for row in written.iter_rows():
            cells = (f"<{h}>{escape(c)}</{h}>" for h, c in zip(written.columns, row, strict=True) if c is not None)
            handle.write(f"<ROW>{''.join(cells)}</ROW>\n")
        handle.write("</DATA>\n")


def _jsonl(path: Path, written: pl.DataFrame, numeric: set[str]) -> None:
    """One object a line; a dot in a header leads into a key."""
    with path.open("w", encoding="utf-8", newline="\n") as handle:
        for row in written.iter_rows(named=True):
            whole: dict[str, object] = {}
            for header, cell in row.items():
                if cell is None:
                    continue
                *outer, last = header.split(".")
                inner = whole
                for key in outer:
                    inner = inner.setdefault(key, {})  # type: ignore[assignment]
                inner[last] = _number(cell, header in numeric)
            handle.write(json.dumps(whole, ensure_ascii=False) + "\n")


def _sqlite(path: Path, table: str, written: pl.DataFrame) -> None:
    """A table of the member's database dump; other extracts may already be in it."""
    connection = sqlite3.connect(path)
    with connection:
        columns = ", ".join(f'"{h}"' for h in written.columns)
        connection.execute(f"create table {table} ({columns})")
        marks = ", ".join("?" * written.width)
        connection.executemany(f"insert into {table} values ({marks})", written.iter_rows())
    connection.close()


def _fhir(path: Path, written: pl.DataFrame, resource: str) -> None:
    """FHIR R4 bundles, one a line."""
    with path.open("w", encoding="utf-8", newline="\n") as handle:
        for start in range(0, written.height, BUNDLE):
            whole = fhir.bundle(written[start : start + BUNDLE].iter_rows(named=True), resource)
            handle.write(json.dumps(whole, ensure_ascii=False) + "\n")
