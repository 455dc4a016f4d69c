"""What a vendor would write of canonical rows is read back as those rows: every vendor, extract and format.

The rows go through the mapping backwards, into a file by the means of conftest.py (FHIR: by the project's own
`bundle`, which test_fhir.py holds to hand-written resources), and through the reader.
"""

import datetime as dt
import json
import tempfile
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipelines import contract
from pipelines.contract import POLARS_TYPES, Type
from pipelines.ingest import adapter, readers
from pipelines.ingest.readers import fhir

CONTRACT = contract.load()
CASES = [
    (vendor, extract, Path(pattern).suffix)
    for vendor in adapter.vendors()
    for extract, source in adapter.load_adapter(vendor).sources.items()
    for pattern in source.file
    if not pattern.endswith(".db")  # another name for .sqlite
]
WORDS = st.text(
    st.sampled_from("AZaz09-_.,;|\"'&<>()/ 医院药费慢病㐀\u3002") | st.characters(codec="gb18030", categories=("Lo",)),
    min_size=1,
    max_size=20,
).map(lambda text: f"x{text.strip()}x")
CODES = st.from_regex(r"[A-Z0-9][A-Za-z0-9.-]{0,10}", fullmatch=True)


def values(column: contract.Column, is_code: bool) -> st.SearchStrategy[object]:
    """Cells of a column, inside its bounds."""
    if column.enum:
        return st.sampled_from(column.enum)
    if column.type is Type.TEXT:
        return CODES if is_code else WORDS
    if column.type is Type.BOOLEAN:
        return st.booleans()
    if column.type is Type.DATE:
        return st.dates(dt.date(1990, 1, 1), dt.date(2027, 1, 1))
    if column.type is Type.TIMESTAMP:
        return st.datetimes(dt.datetime(1992, 1, 1), dt.datetime(2027, 1, 1)).map(
            lambda moment: moment.replace(microsecond=0)
        )
    # Excel and JSON keep 15 digits of a number: eight before the point leave room for six behind it, and for 万元.
    low, high = max(int(column.minimum), -(10**8)), min(int(column.maximum), 10**8)  # type: ignore[arg-type]
    scale = {Type.INTEGER: 0, Type.MONEY: 2, Type.SHARE: 6}.get(column.type, 4)
    steps = st.integers(low * 10**scale, high * 10**scale)
    return steps if scale == 0 else steps.map(lambda step: Decimal(step).scaleb(-scale))


@st.composite
def frames(draw: st.DrawFn, extract: contract.Extract, codes_only: bool) -> pl.DataFrame:
    rows = []
    for number in range(draw(st.integers(1, 4))):
        row: dict[str, object] = {}
        for name, column in extract.columns.items():
            is_code = codes_only or name.endswith(("_id", "_dept", "_code"))
            cell = draw(values(column, is_code) | st.none() if column.optional else values(column, is_code))
            if column.type is Type.TEXT and not column.enum and is_code and cell is not None:
                cell = f"{cell}{number}"  # resources of one id would be one resource
            row[name] = cell
        if extract.name == "gl_entries":
            row[draw(st.sampled_from(["debit", "credit"]))] = Decimal(0)
        rows.append(row)
    return pl.DataFrame(rows, schema={name: POLARS_TYPES[column.type] for name, column in extract.columns.items()})


def write(path: Path, written: pl.DataFrame, mapping: adapter.Mapping, files: object) -> None:
    headers, rows = written.columns, written.rows()
    kinds = {header: mapping.types[name] for name, rule in mapping.columns.items() for header in rule.headers}

    def number(header: str, cell: str | None) -> object:
        numeric = ("money", "price", "quantity", "share", "integer")
        return float(cell) if cell is not None and kinds.get(header) in numeric else cell

    numbers = [[number(header, cell) for header, cell in zip(headers, row, strict=True)] for row in rows]
    match path.suffix:
        case ".csv":
            path.write_bytes(files.csv(headers, rows, mapping.source.encoding))
        case ".parquet":
            written.write_parquet(path)
        case ".xlsx" | ".xls":
            make = files.xlsx if path.suffix == ".xlsx" else files.xls
            path.write_bytes(make([["导出"]] * (mapping.source.header_row - 1) + [headers, *numbers]))
        case ".dbf":
            width = {header: max(len((cell or "").encode("gb18030")) for cell in written[header]) for header in headers}
            letters = {"date": "D", "boolean": "L", "text": "C"}
            fields = [(each, letters.get(kinds.get(each, "text"), "N"), max(width[each], 1)) for each in headers]
            path.write_bytes(files.dbf(fields, rows))
        case ".xml":
            path.write_bytes(files.xml(headers, rows, "gb18030"))
        case ".jsonl":
            path.write_bytes(files.jsonl(headers, numbers))
        case ".sqlite" | ".db":
            files.sqlite(path, mapping.source.sql.table, headers, rows)
        case ".ndjson" | ".json":
            named = written.to_dicts()
            bundles = [fhir.bundle([row], mapping.source.resource) for row in named]
            whole = fhir.bundle(named, mapping.source.resource)
            text = json.dumps(whole) if path.suffix == ".json" else "\n".join(json.dumps(each) for each in bundles)
            path.write_text(text, encoding="utf-8")


def typed(read: pl.DataFrame, extract: contract.Extract) -> pl.DataFrame:
    """Canonical text as values; strict, so a cell in a wrong shape fails."""
    shaped = []
    for name, column in extract.columns.items():
        cell = pl.col(name).cast(pl.String)
        match column.type:
            case Type.BOOLEAN:
                cell = cell.replace_strict({"true": True, "false": False}, return_dtype=pl.Boolean)
            case Type.DATE:
                cell = cell.str.to_date("%Y-%m-%d")
            case Type.TIMESTAMP:
                cell = cell.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us")
            case _:
                cell = cell.cast(POLARS_TYPES[column.type])
        shaped.append(cell)
    return read.select(shaped)


@pytest.mark.parametrize(("vendor", "name", "suffix"), CASES)
@settings(max_examples=3, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_a_vendor_writes_is_read_back(files, vendor, name, suffix, data):
    extract = CONTRACT.extracts[name]
    known = adapter.load_adapter(vendor)
    file_name = known.file_name(name, "2026-10", suffix)
    mapping = known.mapping_for(name, file_name)
    frame = data.draw(frames(extract, mapping.format == "fhir"))
    written = adapter.to_vendor(frame, mapping)
    assert written.columns == mapping.vendor_headers
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / file_name
        write(path, written, mapping, files)
        read = pl.concat(readers.batches(path, mapping, extract, batch_rows=2))
    assert read["source_row"].to_list() == list(range(1, frame.height + 1))
    assert typed(read, extract).rows() == frame.rows()
