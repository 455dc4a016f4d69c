"""What happens to a cell between the vendor's file and the canonical column, forwards and backwards.

Here: the steps of a `Column` rule as Polars expressions, in the order that `adapter.Column` lists them, and
their inverse. Not here: reading files, the model of the rules (`adapter.py`), judging values (`validate.py`).

A value that a step can't read is never lost and never turned into a plausible one: it passes on with what it was
taken for (`12元 分`), so that validation rejects the row and names the value.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from pipelines.ingest.adapter_model import WHOLE_ROW, Column
from pipelines.ingest.readers.errors import Unreadable

if TYPE_CHECKING:
    from pipelines.ingest.adapter import Mapping

_NUMBER = r"^[+-]?\d{1,20}(\.\d{1,6})?$"
_DAYS = r"^\d{1,5}$"
_BETWEEN_CELLS = "\x1f"
_EXACT = pl.Decimal(38, 10)
_YUAN_PER = {"yuan": Decimal(1), "fen": Decimal("0.01"), "wan": Decimal(10000)}
_UNIT_ZH = {"yuan": "元", "fen": "分", "wan": "万元"}
_ZONE = "Asia/Shanghai"
_ISO = {"date": "%Y-%m-%d", "timestamp": "%Y-%m-%d %H:%M:%S"}


def normal(header: str) -> str:
    """A header as it is compared: half-width, without white space around it or a byte order mark."""
    return unicodedata.normalize("NFKC", header).replace("\ufeff", "").strip()


@dataclass(frozen=True)
class Binding:
    """A mapping bound to the headers of one file."""

    mapping: Mapping
    expressions: list[pl.Expr]
    headers_of: dict[str, list[str]]  # canonical column -> headers as the file spells them
    used: list[str]  # headers of the file that are needed, in the file's order
    extra: list[str]  # headers that no column reads

    def to_canonical(self, raw: pl.DataFrame) -> pl.DataFrame:
        """Rows in the file's columns and `source_row` -> canonical columns and `source_row`."""
        return raw.select(*self.expressions, "source_row")


def bind(mapping: Mapping, headers: Sequence[str], where: str, natives: Sequence[str] = ()) -> Binding:
    """Finds each canonical column's header among those of a file.

    Args:
        mapping: what is looked for.
        headers: the file's headers, in its order.
        where: names the file (and sheet) in an error.
        natives: headers whose cells arrive typed instead of as text.

    Raises:
        Unreadable: `missing_header` or `ambiguous_header`; names all headers concerned and what the file has.
    """
    spelled: dict[str, list[str]] = {}
    for header in headers:
        spelled.setdefault(normal(header), []).append(header)
    headers_of: dict[str, list[str]] = {}
    missing: list[str] = []
    for name, column in mapping.columns.items():
        found = _found(column, spelled)
        if found is not None:
            headers_of[name] = found
        elif name in mapping.required and column.default is None:
            sources = " or ".join(column.header) if column.header else " and ".join(column.headers)
            missing.append(f"{' and '.join(filter(None, [sources, *column.beside]))} ({name})")
    if missing:
        # Where hardly a header is known, the row may be no header at all but a patient: it is not shown.
        is_header = len(headers_of) > len(missing)
        told = (
            f"the file has: {', '.join(headers)}" if is_header else "hardly any header is known; is there a header row?"
        )
        raise Unreadable(
            "missing_header",
            where,
            f"needed and not there: {', '.join(missing)}; {told}. "
            f"Deliver the column or correct {mapping.adapter_file}, extract {mapping.extract}",
        )
    wanted = {header for found in headers_of.values() for header in found}
    if twice := sorted(name for name, each in spelled.items() if len(each) > 1 and wanted & set(each)):
        raise Unreadable("ambiguous_header", where, f"stands more than once: {', '.join(twice)}")
    words: dict[str, set[str]] = {}
    for column in mapping.columns.values():
        if column.when is not None:
            words.setdefault(column.when.header, set()).update(column.when.values)
    spelling = {name: each[0] for name, each in spelled.items()}
    expressions = [
        _forward(name, mapping.columns[name], headers_of[name], spelling, mapping.types[name], words, set(natives))
        if name in headers_of
        else pl.lit(mapping.columns[name].default if name in mapping.columns else None, pl.String).alias(name)
        for name in mapping.types
    ]
    used = [header for header in headers if header in wanted]
    return Binding(mapping, expressions, headers_of, used, [each for each in headers if each not in wanted])


def _found(column: Column, spelled: dict[str, list[str]]) -> list[str] | None:
    """The file's spelling of the headers that a column reads; None where one is missing."""
    if column.fingerprint == [WHOLE_ROW]:
        wanted = [each for each in spelled if each]
    elif column.header:
        wanted = [normal(each) for each in column.header if normal(each) in spelled][:1] or column.header
    else:
        wanted = [normal(each) for each in column.headers]
    wanted += [normal(each) for each in column.beside]
    return [spelled[each][0] for each in wanted] if all(each in spelled for each in wanted) else None


def _forward(
    name: str,
    column: Column,
    headers: list[str],
    spelling: dict[str, str],
    type_: str,
    words: dict[str, set[str]],
    natives: set[str],
) -> pl.Expr:
    def beside(header: str) -> pl.Expr:
        return pl.col(spelling[normal(header)]).cast(pl.String).str.strip_chars()

    sources = headers[: len(headers) - len(column.beside)]
    if natives.issuperset(sources) and sources and not _says_anything(column):
        return pl.col(sources[0]).alias(name)
    x = _source(column, sources)
    for header in column.needs:
        x = pl.when(beside(header) != "").then(x)
    if column.part is not None:
        x = x.str.split(column.part.by).list.get(column.part.index - 1, null_on_oob=True)
    if column.strip is not None:
        x = x.str.strip_chars() if not column.strip else x.str.strip_chars(" \t\r\n\u3000\u00a0" + column.strip)
        x = pl.when(x != "").then(x)
    if column.empty:
        x = pl.when(~x.is_in(column.empty)).then(x)
    for character in column.remove:
        x = x.str.replace_all(character, "", literal=True)
    if column.match is not None:
        x = pl.coalesce(x.str.extract(column.match, 1), x)
    if column.map:
        x = _mapped(column.map, x)
    if column.unit != "yuan" or column.sign == "inverted":
        x = _amount(column, x)
    if column.date:
        x = _date(column.date, type_, x)
    if column.minus_days is not None:
        x = _days_before(type_, x, beside(column.minus_days))
    if column.pad is not None:
        x = x.str.pad_start(column.pad.width, column.pad.fill)
    if column.prefix:
        x = pl.lit(column.prefix) + x
    if column.default is not None:
        x = x.fill_null(column.default)
    if column.when is not None:
        word = beside(column.when.header)
        known = sorted(words[column.when.header])
        x = (
            pl.when(word.is_in(column.when.values)).then(x)
            .when(word.is_in(known)).then(pl.lit(column.when.otherwise, pl.String))
            .otherwise(pl.lit(f"{column.when.header}=") + word.fill_null("") + "?")
        )  # fmt: skip
    return x.alias(name)


@cache
def _quiet() -> dict[str, object]:
    """A column's rules as they are when they say nothing, but for those that name its header."""
    return {
        name: field.get_default(call_default_factory=True)
        for name, field in Column.model_fields.items()
        if name not in {"header", "strip", "joiner"}
    }


def _says_anything(column: Column) -> bool:
    """Whether a rule does more than name its header: native cells then go through text."""
    return any(getattr(column, name) != default for name, default in _quiet().items())


def _source(column: Column, headers: list[str]) -> pl.Expr:
    if column.constant is not None:
        return pl.lit(column.constant, pl.String)
    if column.row_number:
        return pl.col("source_row").cast(pl.String)
    pieces = [pl.col(each).cast(pl.String) for each in headers]
    if column.fingerprint:
        row = pl.concat_str([piece.fill_null("") for piece in pieces], separator=_BETWEEN_CELLS)
        return row.map_batches(_fingerprints, return_dtype=pl.String)
    return pieces[0] if len(pieces) == 1 else pl.concat_str(pieces, separator=column.joiner, ignore_nulls=False)


def _fingerprints(rows: pl.Series) -> pl.Series:
    """128 bits of SHA-256 per row: the same cells give the same key in every file and every process."""
    keys = [hashlib.sha256(row.encode()).hexdigest()[:32] for row in rows.to_list()]
    return pl.Series(rows.name, keys, dtype=pl.String)


def _mapped(words: dict[str, str], x: pl.Expr) -> pl.Expr:
    named = {key: value for key, value in words.items() if key != "*"}
    if "*" not in words:
        return x.replace(named)
    return pl.when(x.is_not_null()).then(x.replace_strict(named, default=words["*"], return_dtype=pl.String))


def _amount(column: Column, x: pl.Expr) -> pl.Expr:
    """Yuan as text, exact; what is no plain number passes with its unit, so that it can't be taken for yuan."""
    factor = _YUAN_PER[column.unit] * (-1 if column.sign == "inverted" else 1)
    number = pl.when(x.str.contains(_NUMBER)).then(x).cast(_EXACT, strict=False) * pl.lit(factor, pl.Decimal(7, 2))
    mark = f" {_UNIT_ZH[column.unit]}{'(-)' if column.sign == 'inverted' else ''}"
    return pl.coalesce(_plain(number.cast(_EXACT).cast(pl.String)), x + pl.lit(mark))


def _plain(number: pl.Expr) -> pl.Expr:
    """Without the zeros that only the scale adds."""
    return number.str.strip_chars_end("0").str.strip_chars_end(".")


def _date(formats: list[str], type_: str, x: pl.Expr) -> pl.Expr:
    """ISO text in local time; what none of the formats reads passes as it is."""
    return pl.coalesce(*[_read(x, each, type_).dt.strftime(_ISO[type_]) for each in formats], x)


def _days_before(type_: str, x: pl.Expr, days: pl.Expr) -> pl.Expr:
    """The date put back by whole days; where either can't be read both pass on, and nothing takes them for a date."""
    count = pl.when(days.str.contains(_DAYS)).then(days).cast(pl.Int64, strict=False)
    read = pl.coalesce(*[x.str.to_datetime(each, strict=False, exact=True, time_unit="us") for each in _ISO.values()])
    moved = (read - pl.duration(days=count)).dt.strftime(_ISO[type_])
    return pl.coalesce(moved, x + pl.lit(" - ") + days.fill_null("?") + pl.lit(" 天"))


def _read(x: pl.Expr, format_: str, type_: str) -> pl.Expr:
    if type_ == "date":
        return x.str.to_date(format_, strict=False, exact=True)
    zone = _ZONE if _has_offset(format_) else None
    read = x.str.to_datetime(format_, strict=False, exact=True, time_unit="us", time_zone=zone)
    return read.dt.replace_time_zone(None) if zone else read


def _has_offset(format_: str) -> bool:
    return any(each in format_ for each in ("%z", "%:z", "%+"))


def to_vendor(frame: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    """The inverse; see `adapter.to_vendor`."""
    height = frame.height
    written: dict[str, pl.Series] = {}
    parts: dict[str, list[tuple[int, str, pl.Series]]] = {}
    sides: dict[str, list[tuple[Column, pl.Series, pl.Series]]] = {}
    for name, column in mapping.columns.items():
        text = _canonical_text(frame, name, mapping.types[name])
        if column.constant is not None:
            if (other := text.drop_nulls().unique().to_list()) and other != [column.constant]:
                raise ValueError(
                    f"{mapping.vendor}.{mapping.extract}.{name} is always {column.constant}, not {other[:3]}"
                )
            continue
        if column.row_number or column.fingerprint:
            continue
        if column.minus_days is not None:
            raise ValueError(f"{mapping.vendor}.{mapping.extract}.{name}: minus_days has no way back")
        vendor = _backward(name, column, text, mapping.types[name])
        if column.when is not None:
            sides.setdefault(column.header[0], []).append((column, text, vendor))
        elif column.part is not None:
            parts.setdefault(column.header[0], []).append((column.part.index, column.part.by, vendor))
        elif column.join:
            pieces = vendor.str.splitn(column.joiner, len(column.join)).struct
            for index, header in enumerate(column.join):
                _put(written, header, pieces.field(f"field_{index}"), mapping)
        else:
            _put(written, column.header[0], vendor, mapping)
    for header, pieces_of in parts.items():
        ordered = sorted(pieces_of, key=lambda piece: piece[0])
        whole = pl.DataFrame([each.alias(str(index)) for index, _, each in ordered])
        _put(written, header, whole.select(pl.concat_str(pl.all(), separator=ordered[0][1])).to_series(), mapping)
    for header, columns in sides.items():
        amounts, words = _one_sided(columns, mapping, height)
        _put(written, header, amounts, mapping)
        _put(written, columns[0][0].when.header, words, mapping)  # type: ignore[union-attr]
    return pl.DataFrame([written[header].alias(header) for header in mapping.vendor_headers])


def _put(written: dict[str, pl.Series], header: str, values: pl.Series, mapping: Mapping) -> None:
    if header in written and not written[header].equals(values, check_names=False, null_equal=True):
        raise ValueError(f"{mapping.vendor}.{mapping.extract}: two columns write different values to {header}")
    written[header] = values


def _canonical_text(frame: pl.DataFrame, name: str, type_: str) -> pl.Series:
    if name not in frame.columns:
        return pl.Series(name, [None] * frame.height, pl.String)
    values = frame.get_column(name)
    if type_ in _ISO and values.dtype.is_temporal():
        return values.dt.strftime(_ISO[type_])
    text = values.cast(pl.String)
    if values.dtype.is_decimal():
        plain = pl.when(pl.col(name).str.contains(".", literal=True)).then(_plain(pl.col(name))).otherwise(pl.col(name))
        return text.to_frame().select(plain).to_series()
    return text


def _backward(name: str, column: Column, text: pl.Series, type_: str) -> pl.Series:
    x = pl.col(name)
    if column.prefix:
        if not text.drop_nulls().str.starts_with(column.prefix).all():
            raise ValueError(f"{name}: a value lacks the prefix {column.prefix}")
        x = x.str.strip_prefix(column.prefix)
    if column.date:
        iso = x.str.to_date(_ISO["date"]) if type_ == "date" else x.str.to_datetime(_ISO["timestamp"], time_unit="us")
        if _has_offset(column.date[0]):
            iso = iso.dt.replace_time_zone(_ZONE)
        x = iso.dt.strftime(column.date[0])
    if column.unit != "yuan" or column.sign == "inverted":
        factor = _YUAN_PER[column.unit] * (-1 if column.sign == "inverted" else 1)
        per_yuan = Decimal(1) / factor
        x = _plain((x.cast(_EXACT) * pl.lit(per_yuan, pl.Decimal(10, 4))).cast(_EXACT).cast(pl.String))
    if column.map:
        words: dict[str, str] = {}
        for word, meaning in column.map.items():
            if word != "*":
                words.setdefault(meaning, word)
        held = set(text.drop_nulls().unique())
        if lost := sorted(
            each for each in held - set(words) if column.map.get(each, each) != each or "*" in column.map
        ):
            raise ValueError(f"{name}: the vendor has no word for {', '.join(lost[:5])}")
        x = x.replace(words)
    return pl.DataFrame([text.alias(name)]).select(x).to_series()


def _one_sided(
    columns: list[tuple[Column, pl.Series, pl.Series]], mapping: Mapping, height: int
) -> tuple[pl.Series, pl.Series]:
    """One amount and the word that says which of the columns it belongs to."""
    amounts: list[str | None] = [None] * height
    words: list[str | None] = [None] * height
    for row in range(height):
        told = [
            (column, vendor[row]) for column, text, vendor in columns
            if column.when is not None and not _same_number(text[row], column.when.otherwise)
        ]  # fmt: skip
        if len(told) > 1:
            raise ValueError(f"{mapping.vendor}.{mapping.extract}: row {row + 1} holds more than one side")
        column, amounts[row] = told[0] if told else (columns[0][0], columns[0][2][row])
        words[row] = column.when.values[0] if column.when is not None else None
    return pl.Series(amounts, dtype=pl.String), pl.Series(words, dtype=pl.String)


def _same_number(one: str | None, other: str | None) -> bool:
    return one == other or (one is not None and other is not None and Decimal(one) == Decimal(other))
