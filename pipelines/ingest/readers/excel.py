"""Excel workbooks, XLSX and XLS: one sheet, every cell as the text that Excel would show without formats.

Numbers come with the 15 digits that Excel keeps, so 12.340000000000002 is 12.34. Formulas are never evaluated: a
cell is the value that was saved with it, or nothing. A workbook is read whole (a sheet has at most 1,048,576 rows);
`archive.py` bounds what that can cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Context

import fastexcel
import polars as pl

from pipelines.ingest.readers.archive import check_archive
from pipelines.ingest.readers.base import Opened, Task, numbered, without_blank_rows
from pipelines.ingest.readers.cells import normal
from pipelines.ingest.readers.errors import Unreadable

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_SEARCHED_ROWS = 20
_DIGITS = 15
_NUMBERS = {"money", "price", "quantity", "share", "integer"}
_DAY_ZERO = pl.lit("1899-12-30").str.to_date()


def open_file(task: Task) -> Opened:
    """Opens the sheet and reads its header row.

    Raises:
        Unreadable: `wrong_format`, `archive_bomb`, `sheet_missing`, `header_missing`, `codes_as_numbers`.
    """
    _check_kind(task)
    sheet = _sheet_name(task)
    row = task.mapping.source.header_row
    head = _load(task, sheet, skip=0, rows=max(row, _SEARCHED_ROWS))
    if head.height < row:
        raise Unreadable(
            "header_missing", f"{task.name}, sheet {sheet}", f"has {head.height} rows, no header in row {row}"
        )
    headers = _header(head, row - 1)
    wanted = {normal(each) for each in task.wanted()}
    if not wanted & set(headers):
        for other in range(head.height):
            if len(wanted & set(_header(head, other))) > 1:
                raise Unreadable(
                    "header_missing", f"{task.name}, sheet {sheet}",
                    f"the header stands in row {other + 1}, the adapter {task.mapping.adapter_file} says {row}",
                )  # fmt: skip
    return Opened(headers, lambda used: _frames(task, sheet, headers, used))


def _check_kind(task: Task) -> None:
    with task.path.open("rb") as file:
        start = file.read(4)
    if start == _ZIP:
        check_archive(task.path)
    elif start != _OLE:
        raise Unreadable(
            "wrong_format", task.name, "is neither XLSX nor XLS, whatever its suffix says; save it as a workbook"
        )


def _guarded(task: Task, error: BaseException) -> Unreadable:
    """The library's own words may quote a cell, so only their kind is told."""
    return Unreadable(
        "wrong_format",
        task.name,
        f"the workbook is damaged or has a password ({type(error).__name__}); save it as XLSX and deliver it again",
    )


def _sheet_name(task: Task) -> str:
    try:
        names = fastexcel.read_excel(task.path).sheet_names
    except fastexcel.FastExcelError as error:
        raise _guarded(task, error) from error
    wanted = task.mapping.source.sheet
    if not names or (wanted is not None and wanted not in names):
        raise Unreadable(
            "sheet_missing", task.name, f"has no sheet {wanted or ''}; it has {', '.join(names) or 'none'}"
        )
    return wanted or names[0]


def _load(task: Task, sheet: str, skip: int, rows: int | None = None) -> pl.DataFrame:
    try:
        loaded = fastexcel.read_excel(task.path).load_sheet(
            sheet, header_row=None, skip_rows=skip, n_rows=rows, dtypes="string"
        )
        return loaded.to_polars()
    except fastexcel.FastExcelError as error:
        raise _guarded(task, error) from error


def _header(head: pl.DataFrame, row: int) -> list[str]:
    return [normal(each or "") for each in head.row(row)]


def _frames(task: Task, sheet: str, headers: list[str], used: list[str]) -> Iterator[pl.DataFrame]:
    whole = _load(task, sheet, skip=task.mapping.source.header_row)
    whole = whole.select(pl.col(whole.columns[headers.index(each)]).alias(each) for each in used)
    whole = whole.with_columns(pl.when(pl.all().str.strip_chars() != "").then(pl.all()))
    for each in used:
        _refuse_cut_codes(task, sheet, each, headers.index(each), whole)
    whole = without_blank_rows(numbered(whole.with_columns(_cell(task, each) for each in used), 1))
    for start in range(0, whole.height, task.batch_rows):
        yield whole.slice(start, task.batch_rows)


def _cell(task: Task, header: str) -> pl.Expr:
    """Numbers with Excel's own precision; days as days, where nobody set a format too."""
    types = task.types_of(header)
    x = pl.col(header)
    if types and types <= _NUMBERS:
        long = x.str.contains(r"^-?\d+\.\d+$") & (x.str.len_chars() > _DIGITS + 1)
        short = pl.when(long).then(x).map_elements(_fifteen_digits, return_dtype=pl.String, skip_nulls=True)
        return pl.coalesce(short, x).alias(header)
    if not types or not types <= {"date", "timestamp"}:
        return x
    serial = pl.when(x.str.contains(r"^[2-7]\d{4}(\.\d+)?$")).then(x).cast(pl.Float64, strict=False)
    seconds = (serial * 86400).round().cast(pl.Int64)
    moment = _DAY_ZERO.cast(pl.Datetime("us")) + pl.duration(seconds=seconds)
    text = pl.coalesce(moment.dt.strftime("%Y-%m-%d %H:%M:%S"), x)
    return (text.str.strip_suffix(" 00:00:00") if types == {"date"} else text).alias(header)


def _fifteen_digits(text: str) -> str:
    number = Context(prec=_DIGITS).create_decimal(text)
    return format(number.normalize() if number else number, "f")


def _refuse_cut_codes(task: Task, sheet: str, header: str, position: int, frame: pl.DataFrame) -> None:
    """A code of more than 15 digits that was saved as a number has lost its end: two persons may have become one."""
    if task.types_of(header) != {"text"}:
        return
    codes = frame.get_column(header).drop_nulls()
    codes = codes.filter(codes.str.contains(r"^[1-9]\d{15,}$")).unique()
    beyond = [int(each) for each in codes if int(each) > 2**53]
    if not beyond:
        return
    # Only one whole number in sixteen of this size is a float; a column full of them was stored as floats.
    as_floats = sum(int(float(each)) == each for each in beyond)
    if _is_number_column(task, sheet, position) or (as_floats > 3 and as_floats * 2 > len(beyond)):
        raise Unreadable(
            "codes_as_numbers", f"{task.name}, sheet {sheet}, column {header}",
            "long codes were saved as numbers and lost their last digits; format the column as text",
        )  # fmt: skip


def _is_number_column(task: Task, sheet: str, position: int) -> bool:
    try:
        kinds = fastexcel.read_excel(task.path).load_sheet(
            sheet,
            header_row=None,
            skip_rows=task.mapping.source.header_row,
            schema_sample_rows=None,
            use_columns=[position],
        )
    except fastexcel.FastExcelError as error:
        raise _guarded(task, error) from error
    return kinds.selected_columns[0].dtype in ("int", "float")
