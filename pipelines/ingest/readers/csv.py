"""Delimited text: read in blocks, every cell as text.

Blocks are cut at line ends outside quotes, decoded strictly where the encoding isn't UTF-8, and parsed by Polars.
Memory is a few blocks, whatever the file's size. Encodings must keep ASCII bytes as they are (UTF-8, GB18030).
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import polars as pl

from pipelines.ingest.readers.base import Opened, Task, numbered, without_blank_rows
from pipelines.ingest.readers.cells import normal
from pipelines.ingest.readers.errors import Unreadable

BLOCK_BYTES = 8 * 2**20
LONGEST_RECORD = 8 * BLOCK_BYTES
NEWLINE = b"\n"
_HEAD_BYTES = 2**18
# Polars unpacks bytes that begin like an archive ("x^" is a zlib mark): a line before the block that is skipped.
_NO_ARCHIVE = b"#\n"
_OTHER_FILES = {
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
    b"PK\x03\x04": "a ZIP or XLSX file",
    b"\xd0\xcf\x11\xe0": "an XLS file",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip file",
}


@dataclass(frozen=True)
class _Layout:
    name: str
    encoding: str
    delimiter: str
    quote: str
    headers: list[str]
    start: int  # byte where the data begins
    first_line: int  # line of the file where the data begins


def open_file(task: Task) -> Opened:
    """Reads encoding mark and header.

    Raises:
        Unreadable: `wrong_encoding`, `wrong_format`, `header_missing`; while reading also `ragged_row`,
            `unbalanced_quote`, `binary_content`.
    """
    layout = _layout(task)
    return Opened(layout.headers, lambda used: _frames(task, layout, used))


def _layout(task: Task) -> _Layout:
    source = task.mapping.source
    with task.path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    for mark, what in _OTHER_FILES.items():
        if head.startswith(mark):
            code = "wrong_encoding" if what.startswith("UTF") else "wrong_format"
            raise Unreadable(code, f"{task.name}, byte 0", f"is {what}, not text in {source.encoding}")
    marked = head.startswith(codecs.BOM_UTF8)
    encoding = "utf-8" if marked else _superset(source.encoding)
    start = len(codecs.BOM_UTF8) if marked else 0
    line = b""
    for number in range(source.header_row):
        end = head.find(b"\n", start)
        if end < 0 and (number + 1 < source.header_row or len(head) == _HEAD_BYTES):
            raise Unreadable("header_missing", task.name, f"no header in line {source.header_row}")
        end = len(head) if end < 0 else end + 1
        line, start = head[start:end], end
    if line.count(b'"') % 2 and source.quote == '"':
        raise Unreadable("header_missing", task.name, f"line {source.header_row} has a quote that never closes")
    try:
        text = line.decode(encoding)
    except UnicodeDecodeError as error:
        raise _wrong_encoding(task, encoding, error.start + start - len(line)) from error
    headers = _split(text, source.delimiter, source.quote)
    _guess_encoding(task, line, encoding, headers)
    return _Layout(task.name, encoding, source.delimiter, source.quote, headers, start, source.header_row + 1)


def _superset(encoding: str) -> str:
    name = codecs.lookup(encoding).name
    return "gb18030" if name in ("gb2312", "gbk") else name


def _split(line: str, delimiter: str, quote: str) -> list[str]:
    rows = list(csv.reader([line.rstrip("\r\n")], _dialect(delimiter, quote)))
    return [normal(each) for each in rows[0]] if rows else []


def _dialect(delimiter: str, quote: str) -> csv.Dialect:
    dialect = csv.excel()
    dialect.delimiter = delimiter
    if quote:
        dialect.quotechar = quote
    else:
        dialect.quoting = csv.QUOTE_NONE
    return dialect


def _guess_encoding(task: Task, line: bytes, encoding: str, headers: list[str]) -> None:
    """Says so where another encoding than the declared one makes the headers known."""
    wanted = {normal(each) for each in task.wanted()}
    if wanted & set(headers):
        return
    for other in ("utf-8", "gb18030", "big5"):
        try:
            found = set(_split(line.decode(other), task.mapping.source.delimiter, task.mapping.source.quote))
        except UnicodeDecodeError:
            continue
        if other != encoding and wanted & found:
            raise Unreadable(
                "wrong_encoding", f"{task.name}, header",
                f"reads as {other}, but the adapter {task.mapping.adapter_file} says {encoding}",
            )  # fmt: skip


def _wrong_encoding(task: Task, encoding: str, byte: int) -> Unreadable:
    return Unreadable(
        "wrong_encoding", f"{task.name}, byte {byte}", f"is not {encoding}; export the file as {encoding}"
    )


def _frames(task: Task, layout: _Layout, used: list[str]) -> Iterator[pl.DataFrame]:
    positions = [layout.headers.index(each) for each in used]
    row, line = 1, layout.first_line
    with task.path.open("rb") as file:
        file.seek(layout.start)
        for offset, raw in _blocks(file, layout):
            block = _utf8(task, layout, raw, offset)
            whole = _parse(layout, block, row, line, offset)
            frame = numbered(whole.select(f"column_{index + 1}" for index in positions).rename(
                {f"column_{index + 1}": each for index, each in zip(positions, used, strict=True)}), row)  # fmt: skip
            row += whole.height
            line += block.count(b"\n")
            kept = without_blank_rows(frame)
            for start in range(0, kept.height, task.batch_rows):
                yield kept.slice(start, task.batch_rows)


def _blocks(file: BinaryIO, layout: _Layout) -> Iterator[tuple[int, bytes]]:
    """Offset and bytes of consecutive pieces that end at a line end outside quotes."""
    offset, held = layout.start, b""
    quote = layout.quote.encode()
    while chunk := file.read(BLOCK_BYTES):
        if b"\0" in chunk:
            at = offset + len(held) + chunk.index(b"\0")
            raise Unreadable("binary_content", f"{layout.name}, byte {at}", "a zero byte: this is no text file")
        held += chunk
        cut = _cut(held, quote)
        if cut:
            yield offset, held[:cut]
            offset, held = offset + cut, held[cut:]
        elif len(held) > LONGEST_RECORD:
            raise _unbalanced(layout, offset)
    if held:
        if quote and held.count(quote) % 2:
            raise _unbalanced(layout, offset)
        yield offset, held


def _cut(held: bytes, quote: bytes) -> int:
    """Where the last complete record ends; 0 where there is none."""
    end = held.rfind(b"\n") + 1
    if not end or not quote:
        return end
    open_ = held.count(quote, 0, end) % 2
    while end and open_:
        previous = held.rfind(b"\n", 0, end - 1) + 1
        open_ = (open_ + held.count(quote, previous, end)) % 2
        end = previous
    return end


def _unbalanced(layout: _Layout, offset: int) -> Unreadable:
    return Unreadable(
        "unbalanced_quote",
        f"{layout.name}, after byte {offset}",
        f"a {layout.quote} opens and never closes: the file is cut off, or quotes stand in its texts "
        '(then the adapter says quote: "")',
    )


def _utf8(task: Task, layout: _Layout, raw: bytes, offset: int) -> bytes:
    if layout.encoding == "utf-8":
        return raw
    try:
        return raw.decode(layout.encoding).encode()
    except UnicodeDecodeError as error:
        raise _wrong_encoding(task, layout.encoding, offset + error.start) from error


def _parse(layout: _Layout, block: bytes, row: int, line: int, offset: int) -> pl.DataFrame:
    width = len(layout.headers)
    try:
        frame = pl.read_csv(
            _NO_ARCHIVE + block,
            has_header=False,
            skip_lines=1,
            separator=layout.delimiter,
            quote_char=layout.quote or None,
            schema={f"column_{index + 1}": pl.String for index in range(width)},
        )
    except pl.exceptions.PolarsError as error:
        raise _diagnose(layout, block, row, line, offset) or Unreadable(
            "unreadable_text",
            f"{layout.name}, rows from {row} (line {line})",
            f"a row there can't be taken apart into fields, most often by a {layout.quote} that stands alone",
        ) from error
    if frame.height and width > 1:
        delimiters = _delimiters(block, layout)
        if delimiters != frame.height * (width - 1) and (trouble := _diagnose(layout, block, row, line, offset)):
            raise trouble
    if layout.quote.encode() * 2 in block if layout.quote else False:
        frame = frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
    return frame


def _delimiters(block: bytes, layout: _Layout) -> int:
    """Delimiters outside quotes."""
    if not layout.quote or layout.quote.encode() not in block:
        return block.count(layout.delimiter.encode())
    text = np.frombuffer(block, np.uint8)
    outside = (np.cumsum(text == ord(layout.quote), dtype=np.uint32) & 1) == 0
    return int(np.count_nonzero((text == ord(layout.delimiter)) & outside))


def _diagnose(layout: _Layout, block: bytes, row: int, line: int, offset: int) -> Unreadable | None:
    """What is wrong in a block that did not parse, record by record; None where each record is as it should be."""
    try:
        text = block.decode()
    except UnicodeDecodeError as error:
        return Unreadable(
            "wrong_encoding",
            f"{layout.name}, byte {offset + error.start} (line {line + block.count(NEWLINE, 0, error.start)})",
            f"is not {layout.encoding}; export the file as {layout.encoding}",
        )
    records = csv.reader(io.StringIO(text, newline=""), _dialect(layout.delimiter, layout.quote))
    csv.field_size_limit(LONGEST_RECORD)
    for number, record in enumerate(records):
        if record and len(record) != len(layout.headers):
            return Unreadable(
                "ragged_row",
                f"{layout.name}, row {row + number} (line {line + records.line_num - 1})",
                f"has {len(record)} fields where the header has {len(layout.headers)}: the row is cut off or a "
                "delimiter stands unquoted in a text",
            )
    return None
