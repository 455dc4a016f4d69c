"""What an adapter makes of a file, column by column: for whoever writes an adapter or receives a first delivery.

Here: reading a sample, pairing the vendor's cells with the canonical ones and judging them cell by cell. Not here:
the judgement itself (`typed.py`), rules across columns and totals (`validate.py`), drawing tables (`cli/shown.py`).
Nothing is written, and no value that could name a person is shown (`scrubbing.masked`).
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from pipelines import contract as contracts
from pipelines.ingest import readers
from pipelines.ingest.adapter import Adapter, load_adapter
from pipelines.ingest.adapter_model import Column
from pipelines.ingest.readers.base import ROW, Opened
from pipelines.ingest.readers.cells import Binding
from pipelines.ingest.readers.errors import Unreadable
from pipelines.ingest.scrubbing import masked
from pipelines.ingest.typed import convert, fault_of

EXAMPLES = 3


@dataclass(frozen=True)
class Rejected:
    """Cells of one column that the contract refuses for one reason; `example` is masked if it could name a person."""

    reason: str
    cells: int
    first_row: int
    example: str


@dataclass(frozen=True)
class ColumnReport:
    """What becomes of one canonical column. `source` says where it comes from: headers, a constant, or nothing."""

    name: str
    name_zh: str
    type: str
    is_required: bool
    source: str
    is_found: bool
    nulls: int
    distinct: int
    examples: list[tuple[str, str]]  # the vendor's cell -> the canonical one
    rejected: list[Rejected]


@dataclass(frozen=True)
class Report:
    """What an adapter makes of one file."""

    file: str
    vendor: str
    extract: str
    format: str
    rows: int
    columns: list[ColumnReport]
    unread_headers: list[str]
    problem: str = ""
    reason_code: str = ""
    rows_with_rejected_cells: int = 0

    @property
    def is_good(self) -> bool:
        """Whether the file could be read and no cell of the sample is refused."""
        return not self.problem and not any(column.rejected for column in self.columns)

    def to_table(self) -> str:
        """The report as text, columns aligned (Chinese characters take two places)."""
        head = [f"{self.file}: vendor {self.vendor}, extract {self.extract or '?'}, format {self.format or '?'}"]
        if self.problem:
            return "\n".join([*head, f"can't be read: {self.problem}"])
        head.append(
            f"{self.rows} rows looked at, {self.rows_with_rejected_cells} with cells that the contract refuses; "
            f"headers that nothing reads: {', '.join(self.unread_headers) or 'none'}"
        )
        lines = [["column", "name", "type", "from", "empty", "distinct", "examples"]]
        for column in self.columns:
            examples = "; ".join(one if one == other else f"{one} -> {other}" for one, other in column.examples)
            star = "" if column.is_found or not column.is_required else " !"
            counts = [str(column.nulls), str(column.distinct)]
            lines.append([column.name, column.name_zh, column.type, column.source + star, *counts, examples])
        bad = [
            f"  {column.name}: {each.cells} cells {each.reason}, first in row {each.first_row}: {each.example}"
            for column in self.columns
            for each in column.rejected
        ]
        return "\n".join([*head, "", *_aligned(lines), *(["", "refused:", *bad] if bad else [])])


def check(
    path: Path | str,
    vendor: str,
    extract: str | None = None,
    rows: int = 1000,
    delivered_on: date | None = None,
    folders: Iterable[Path] | None = None,
    contract: contracts.Contract | None = None,
) -> Report:
    """Reads the first rows of a file and says what the vendor's adapter makes of them.

    Args:
        path: the file.
        vendor: name of the adapter.
        extract: which extract; where unsaid, the one whose columns the file fits best.
        rows: how many rows are looked at.
        delivered_on: dates more than a year after it are refused; today where unsaid.
        folders: where adapters stand; the project's and the consortium's where unsaid.
        contract: the extracts; the project's where unsaid.

    Returns:
        a report; a file that can't be read is reported in `problem`, not raised.

    Raises:
        AdapterError: the adapter itself is wrong.
    """
    path = Path(path)
    contract = contract or contracts.load()
    try:
        adapter = load_adapter(vendor, folders, contract)
        name, binding, opened = _opened(path, adapter, extract, rows)
        return _report(path, name, binding, opened, rows, delivered_on or date.today(), contract)
    except Unreadable as error:
        return Report(path.name, vendor, extract or "", "", 0, [], [], str(error), error.reason_code)


def _opened(path: Path, adapter: Adapter, extract: str | None, rows: int) -> tuple[str, Binding, Opened]:
    if extract is not None:
        return (extract, *readers.open_file(path, adapter.mapping_for(extract, path.name), rows))
    fitting: list[tuple[float, str, Binding, Opened]] = []
    troubles: list[Unreadable] = []
    for name in adapter.extracts:
        try:
            binding, opened = readers.open_file(path, adapter.mapping_for(name, path.name), rows)
        except Unreadable as trouble:
            troubles.append(trouble)
            continue
        fitting.append((len(binding.used) / max(len(opened.headers), 1), name, binding, opened))
    fitting.sort(key=lambda each: (-each[0], each[1]))
    if not fitting:
        telling = [each for each in troubles if each.reason_code not in ("unexpected_file", "missing_header")]
        if telling:
            raise telling[0]
        if len(meant := [each for each in troubles if each.reason_code == "missing_header"]) == 1:
            raise meant[0]
        raise Unreadable(
            "no_extract_fits", path.name, "its name or its columns fit no extract of this vendor; name the extract"
        )
    if len(fitting) > 1 and fitting[0][0] == fitting[1][0]:
        names = ", ".join(each[1] for each in fitting if each[0] == fitting[0][0])
        raise Unreadable("several_extracts_fit", path.name, f"fits {names}; name the extract")
    return fitting[0][1:]


def _report(
    path: Path, name: str, binding: Binding, opened: Opened, rows: int, delivered_on: date, contract: contracts.Contract
) -> Report:
    raws: list[pl.DataFrame] = []
    for frame in opened.frames(binding.used):
        raws.append(frame.head(rows - sum(each.height for each in raws)))
        if sum(each.height for each in raws) >= rows:
            break
    schema = dict.fromkeys(binding.used, pl.String) | {ROW: pl.Int64()}
    raw = pl.concat(raws) if raws else pl.DataFrame(schema=schema)
    canonical = binding.to_canonical(raw)
    shape = contract.extracts[name]
    columns: list[ColumnReport] = []
    bad_rows: set[int] = set()
    for column in shape.columns.values():
        report, bad = _column(column, binding, raw, canonical, delivered_on)
        columns.append(report)
        bad_rows |= bad
    return Report(
        file=path.name,
        vendor=binding.mapping.vendor,
        extract=name,
        format=binding.mapping.format,
        rows=raw.height,
        columns=columns,
        unread_headers=[each for each in binding.extra if each],
        rows_with_rejected_cells=len(bad_rows),
    )


def _column(
    column: contracts.Column, binding: Binding, raw: pl.DataFrame, canonical: pl.DataFrame, delivered_on: date
) -> tuple[ColumnReport, set[int]]:
    cells = canonical.get_column(column.name)
    headers = binding.headers_of.get(column.name)
    rule = binding.mapping.columns.get(column.name)
    delivered = raw.get_column(headers[0]) if headers else cells
    words = {*(rule.map if rule is not None else ()), *column.enum}

    def shown(value: object) -> str:
        if value is None:
            return "(empty)"
        return str(value) if value in words else masked(value, is_person=column.person or column.scrub)

    rejected: dict[str, Rejected] = {}
    bad_rows: set[int] = set()
    _, bad = convert(cells, column, delivered_on)
    if bad is not None:
        for position in bad.arg_true():
            row = int(raw.get_column(ROW)[position])
            fault = fault_of(cells[position], column, delivered_on)
            reason = fault.value if fault is not None else "refused"
            before = rejected.get(reason) or Rejected(reason, 0, row, shown(delivered[position]))
            rejected[reason] = replace(before, cells=before.cells + 1)
            bad_rows.add(row)
    pairs = Counter(zip(delivered.to_list(), cells.to_list(), strict=True))
    seen = [(one, other) for (one, other), _ in pairs.most_common() if one is not None or other is not None]
    return ColumnReport(
        name=column.name,
        name_zh=column.zh,
        type=column.type.value,
        is_required=not column.optional,
        source=_source(rule, headers),
        is_found=headers is not None,
        nulls=cells.null_count(),
        distinct=cells.drop_nulls().n_unique(),
        examples=list(dict.fromkeys((shown(one), shown(other)) for one, other in seen[:100]))[:EXAMPLES],
        rejected=list(rejected.values()),
    ), bad_rows


def _source(rule: Column | None, headers: list[str] | None) -> str:
    if rule is None:
        return "not delivered"
    if rule.constant is not None:
        return f"always {rule.constant}"
    if rule.fingerprint:
        return f"fingerprint of {len(headers or ()) - len(rule.beside)} columns"
    if rule.row_number:
        return "row number"
    return " + ".join(headers) if headers else f"no {' or '.join(rule.headers)}"


def _aligned(lines: list[list[str]]) -> list[str]:
    widths = [max(_wide(line[index]) for line in lines) for index in range(len(lines[0]))]
    return [
        "  ".join(cell + " " * (width - _wide(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def _wide(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)
