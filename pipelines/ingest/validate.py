"""Delivered rows against the contract: which are accepted, which are quarantined and why.

Belongs here: one file's rows, batch by batch: typing, the rules inside a row, the tally that control totals and
quality scores are made from, and the identity of keys across batches. Not here: one cell (`typed.py`), where rows
are written (`lake.py`, `quarantine.py`), whether the file as a whole is accepted (`take_in.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.contract import Extract, RowRule, Type
from pipelines.ingest.expected import expect
from pipelines.ingest.outcomes import CellFault
from pipelines.ingest.scrubbing import masked
from pipelines.ingest.typed import convert, fault_of

LISTED_FAULTS = 20_000  # cells of one file that the quarantine lists; the counts go on

FAULT_SCHEMA = {
    "row_number": pl.Int64(),
    "column_name": pl.String(),
    "reason_code": pl.String(),
    "masked_value": pl.String(),
}


@dataclass
class Tally:
    """What was counted over everything that was delivered, bad rows included.

    Attributes:
        rows: delivered rows.
        bad: rows with any fault inside the row; `duplicate`: rows set aside because of their key.
        missing: required cells that are empty; `required`: required cells in all.
        invalid: rows with a cell of the wrong kind, list or range; `inconsistent`: rows that break a row rule.
        totals: sum per numeric column; `unreadable`: cells of that column that are no number, so that its total
            can't be compared.
    """

    rows: int = 0
    bad: int = 0
    duplicate: int = 0
    missing: int = 0
    required: int = 0
    invalid: int = 0
    inconsistent: int = 0
    totals: dict[str, Decimal] = field(default_factory=dict)
    unreadable: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def quarantined(self) -> int:
        """Rows that go to quarantine."""
        return self.bad + self.duplicate


class Validator:
    """Validates the batches of one file.

    Args:
        extract: the contract.
        delivered_on: date of the delivery; dates more than a year later are impossible.
        totalled: columns whose total the manifest states.
    """

    def __init__(self, extract: Extract, delivered_on: date, totalled: Iterable[str] = ()) -> None:
        self.extract = extract
        self.delivered_on = delivered_on
        self.totalled = tuple(totalled)
        self.tally = Tally(totals={name: Decimal(0) for name in self.totalled})
        self.faults: list[pl.DataFrame] = []
        self._listed = 0
        self._rules = [(rule, pl.sql_expr(rule.when)) for rule in extract.rows]
        self._required = [c.name for c in extract.columns.values() if not c.optional]

    def take(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The accepted rows of a batch, typed, in the contract's columns and `source_row`.

        Args:
            batch: canonical columns (text or native; a missing column counts as empty) and `source_row`.
        """
        columns = self.extract.columns
        if missing := [name for name in columns if name not in batch.columns]:
            batch = batch.with_columns(pl.lit(None, pl.String).alias(name) for name in missing)
        expected = expect(batch, columns, [expr for _, expr in self._rules], self.delivered_on)
        frame, masks = expected.frame, dict[str, pl.Series]()
        for name in [name for name in columns if name in expected.doubtful]:
            typed, mask = convert(batch[name], columns[name], self.delivered_on)
            frame = frame.with_columns(typed.alias(name))
            if mask is not None and mask.any():
                masks[name] = mask
        broken = {} if expected.rules_hold and not expected.doubtful else self._broken_rules(frame)
        self._count(batch, frame, masks, broken)
        bad = _any([*masks.values(), *broken.values()])
        frame = frame.with_columns(batch["source_row"].cast(pl.Int64))
        if bad is None:
            return frame
        self._explain(batch, frame, masks, broken)
        return frame.filter(~bad)

    def set_aside(self, rows: pl.DataFrame, fault: CellFault) -> None:
        """Counts and lists rows that share their key with another row.

        Args:
            rows: columns `source_row` and the key's.
        """
        self.tally.duplicate += rows.height
        self.tally.reasons[fault.value] = self.tally.reasons.get(fault.value, 0) + rows.height
        persons = [self.extract.columns[name].person for name in self.extract.key]
        listed = rows.head(max(0, LISTED_FAULTS - self._listed))
        self._list(
            (row["source_row"], " ".join(self.extract.key), fault.value,
             " | ".join(masked(row[name], is_person=person)
                        for name, person in zip(self.extract.key, persons, strict=True)))
            for row in listed.iter_rows(named=True)
        )  # fmt: skip

    def _broken_rules(self, frame: pl.DataFrame) -> dict[RowRule, pl.Series]:
        if not self._rules:
            return {}
        judged = frame.select([expr.fill_null(False).alias(rule.name) for rule, expr in self._rules])
        return {rule: judged[rule.name] for rule, _ in self._rules if judged[rule.name].any()}

    def _count(
        self,
        raw: pl.DataFrame,
        frame: pl.DataFrame,
        masks: dict[str, pl.Series],
        broken: dict[RowRule, pl.Series],
    ) -> None:
        tally = self.tally
        tally.rows += raw.height
        tally.required += raw.height * len(self._required)
        empty = {name: _is_empty(raw[name]) for name in masks if name in self._required}
        tally.missing += sum(int(mask.sum()) for mask in empty.values())
        wrong = _any([mask & ~empty[name] if name in empty else mask for name, mask in masks.items()])
        tally.invalid += int(wrong.sum()) if wrong is not None else 0
        inconsistent = _any(broken.values())
        tally.inconsistent += int(inconsistent.sum()) if inconsistent is not None else 0
        bad = _any([*masks.values(), *broken.values()])
        tally.bad += int(bad.sum()) if bad is not None else 0
        for name in self.totalled:
            tally.totals[name] += Decimal(frame[name].sum() or 0)
            lost = int((frame[name].is_null() & ~_is_empty(raw[name])).sum()) if name in masks else 0
            tally.unreadable[name] = tally.unreadable.get(name, 0) + lost

    def _explain(
        self,
        raw: pl.DataFrame,
        frame: pl.DataFrame,
        masks: dict[str, pl.Series],
        broken: dict[RowRule, pl.Series],
    ) -> None:
        """Names the fault of each bad cell, as many as the quarantine lists, and counts by reason."""
        found: list[tuple[int, str, str, str]] = []
        rows = frame["source_row"]
        for name, mask in masks.items():
            column = self.extract.columns[name]
            hides = column.person or column.scrub
            for row, cell in zip(rows.filter(mask), raw[name].filter(mask), strict=True):
                if self._listed + len(found) >= LISTED_FAULTS:
                    break
                fault = fault_of(cell, column, self.delivered_on) or _UNREADABLE[column.type]
                found.append((row, name, fault.value, masked(cell, is_person=hides)))
        for rule, mask in broken.items():
            used = pl.sql_expr(rule.when).meta.root_names()
            names = sorted(set(used), key=used.index)
            cells = frame.filter(mask).select(names)
            for row, values in zip(rows.filter(mask), cells.iter_rows(), strict=True):
                if self._listed + len(found) >= LISTED_FAULTS:
                    break
                shown = " | ".join(masked(v, is_person=self.extract.columns[n].person)
                                   for n, v in zip(names, values, strict=True))  # fmt: skip
                found.append((row, " ".join(names), rule.name, shown))
        for _, _, reason, _ in found:
            self.tally.reasons[reason] = self.tally.reasons.get(reason, 0) + 1
        self._list(found)

    def _list(self, cells: Iterable[tuple[int, str, str, str]]) -> None:
        found = pl.DataFrame(list(cells), schema=FAULT_SCHEMA, orient="row")
        self._listed += found.height
        self.faults.append(found)


class Keys:
    """Finds keys that stand more than once in a file, in bounded memory.

    Keys are hashed to 64 bits; where no hash repeats, no key does. Rows whose hash repeats are looked at exactly
    by the caller. Of a large file the hashes go to disk, 8 bytes a row, in buckets that are judged one by one.

    Args:
        key: the key's columns.
        folder: for the hashes of a large file.
    """

    BUCKETS = 16
    IN_MEMORY = 2_000_000

    def __init__(self, key: Iterable[str], folder: Path) -> None:
        self._key = list(key)
        self._folder = folder
        self._hashes: list[npt.NDArray[np.uint64]] = []
        self._held = 0

    def take(self, rows: pl.DataFrame) -> None:
        """Remembers the keys of accepted rows."""
        hashes = key_hash(rows, self._key).to_numpy()
        self._hashes.append(hashes)
        self._held += hashes.size
        if self._held >= self.IN_MEMORY:
            for bucket in range(self.BUCKETS):
                with self._file(bucket).open("ab") as handle:
                    np.concatenate(self._of(bucket)).tofile(handle)
            self._hashes, self._held = [], 0

    def suspects(self) -> pl.Series:
        """Hashes that stand more than once."""
        if not self._file(0).exists():
            return pl.Series("key_hash", _repeated(self._hashes), dtype=pl.UInt64)
        twice: list[npt.NDArray[np.uint64]] = []
        for bucket in range(self.BUCKETS):
            twice.append(_repeated([*self._of(bucket), np.fromfile(self._file(bucket), np.uint64)]))
        return pl.Series("key_hash", np.concatenate(twice), dtype=pl.UInt64)

    def _of(self, bucket: int) -> list[npt.NDArray[np.uint64]]:
        return [hashes[(hashes >> np.uint64(60)) == bucket] for hashes in self._hashes]

    def _file(self, bucket: int) -> Path:
        return self._folder / f".keys-{bucket:02d}"


def _repeated(parts: list[npt.NDArray[np.uint64]]) -> npt.NDArray[np.uint64]:
    ordered = np.sort(np.concatenate([np.empty(0, np.uint64), *parts]))
    return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])


def key_hash(rows: pl.DataFrame, key: list[str]) -> pl.Series:
    """A 64-bit hash of each row's key; the same within one process only."""
    if len(key) == 1:
        return rows[key[0]].hash()
    return rows.select(pl.struct(key).hash().alias("key_hash")).to_series()


_UNREADABLE = {
    Type.TEXT: CellFault.UNPRINTABLE_TEXT, Type.DATE: CellFault.NOT_A_DATE, Type.TIMESTAMP: CellFault.NOT_A_TIMESTAMP,
    Type.MONEY: CellFault.NOT_A_NUMBER, Type.PRICE: CellFault.NOT_A_NUMBER, Type.QUANTITY: CellFault.NOT_A_NUMBER,
    Type.SHARE: CellFault.NOT_A_NUMBER, Type.INTEGER: CellFault.NOT_AN_INTEGER, Type.BOOLEAN: CellFault.NOT_A_BOOLEAN,
}  # fmt: skip


def _is_empty(cells: pl.Series) -> pl.Series:
    if cells.dtype == pl.String:
        return cells.is_null() | (cells.str.strip_chars() == "").fill_null(True)
    return cells.is_null()


def _any(masks: Iterable[pl.Series]) -> pl.Series | None:
    whole: pl.Series | None = None
    for mask in masks:
        whole = mask if whole is None else whole | mask
    return whole
