"""Deliveries in, lake out: manifests, hashes, row counts, control totals, keys, pseudonyms.

Here: what the floor does before the first mart. Not here: marts (the .sql files beside). A delivery that breaks a
promise stops the floor: it measures good deliveries and repairs nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import groupby
from pathlib import Path

import duckdb

from pipelines.contract import DUCKDB_TYPES, Extract
from pipelines.contract import load as load_contract

LARGE = 8 << 20
"""Bytes from which a file is read alone: all files of an extract in one `read_csv` cost memory."""
KEYS_AT_ONCE = 8_000_000
"""Rows whose keys are compared together."""


class BrokenDelivery(ValueError):
    """A file is not what its manifest says."""


@dataclass(frozen=True)
class Delivered:
    """A file in force and what its manifest says of it."""

    extract: str
    member_id: str
    period: str
    delivery_date: str
    mode: str
    path: Path
    sha256: str
    rows: int
    totals: tuple[tuple[str, Decimal], ...]
    size: int


def in_force(landing: Path) -> list[Delivered]:
    """Files in force: of every member, extract and period the newest snapshot, and what was appended since."""
    found = []
    for path in sorted(landing.glob("*/*/manifest.json")):
        manifest = json.loads(path.read_bytes())
        for entry in manifest["files"]:
            file = path.parent / entry["file"]
            totals = tuple((name, Decimal(total)) for name, total in sorted(entry["control_totals"].items()))
            found.append(
                Delivered(
                    entry["extract"], manifest["member_id"], entry["period"], manifest["delivery_date"], entry["mode"],
                    file, entry["sha256"], entry["rows"], totals, file.stat().st_size,
                )
            )  # fmt: skip
    newest = {
        (each.extract, each.member_id, each.period): each.delivery_date
        for each in sorted(found, key=lambda each: each.delivery_date)
        if each.mode == "snapshot"
    }
    standing = (each for each in found if each.delivery_date >= newest.get(each_key(each), ""))
    return sorted(standing, key=lambda each: (each.extract, each.path.suffix, each.member_id, each.period, each.path))


def each_key(file: Delivered) -> tuple[str, str, str]:
    return file.extract, file.member_id, file.period


def check_hash(file: Delivered) -> None:
    """Raises: BrokenDelivery."""
    with file.path.open("rb") as handle:
        if hashlib.file_digest(handle, "sha256").hexdigest() != file.sha256:
            raise BrokenDelivery(f"{file.path}: its hash is not the manifest's")


def batches(files: Sequence[Delivered]) -> Iterator[list[Delivered]]:
    """Files that are read together: small ones of an extract and format, large ones alone."""
    for _, group in groupby(files, key=lambda each: (each.extract, each.path.suffix)):
        small: list[Delivered] = []
        for file in group:
            if file.size >= LARGE:
                yield [file]
            else:
                small.append(file)
        if small:
            yield small


def together(rows: Mapping[str, int], at_once: int) -> list[list[str]]:
    """Members looked at together: as many as fit in memory, at least one."""
    groups: list[list[str]] = []
    held = 0
    for member, count in sorted(rows.items()):
        if not groups or held + count > at_once:
            groups.append([])
            held = 0
        groups[-1].append(member)
        held += count
    return groups


def quoted(text: str) -> str:
    """A SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def pseudonym(value: str, member_id: str, key: bytes) -> str:
    """SQL of a person's pseudonym (page 2): HMAC-SHA256, 128 bits; identity numbers for all, others per member.

    ASCII only: the demo's ids are; anything else stops the floor (see `person_map`).
    """
    block = key if len(key) <= 64 else hashlib.sha256(key).digest()
    block = block.ljust(64, b"\0")
    inner, outer = ("".join(f"\\x{byte ^ pad:02X}" for byte in block) for pad in (0x36, 0x5C))
    plain = f"upper(trim({value}))"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = " + ".join(f"(ascii(substr({plain}, {n}, 1)) - 48) * {weight}" for n, weight in enumerate(weights, 1))
    is_national = (
        f"case when regexp_full_match({plain}, '[1-9][0-9]{{16}}[0-9X]') "
        f"and try_strptime(substr({plain}, 7, 8), '%Y%m%d') >= timestamp '1850-01-01' "
        f"then substr('10X98765432', ({total}) % 11 + 1, 1) = substr({plain}, 18, 1) else false end"
    )
    scope = f"case when {is_national} then 'national' else 'local' || chr(31) || {member_id} end"
    message = f"{scope} || chr(31) || {plain}"
    return f"left(sha256('{outer}'::blob || unhex(sha256('{inner}'::blob || encode({message})))), 32)"


class Intake:
    """Takes deliveries into a lake."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, lake: Path, key: bytes) -> None:
        self._connection, self._lake, self._key = connection, lake, key
        self._contract = load_contract()

    def run(self, files: Sequence[Delivered]) -> None:
        """Checks every hash, then takes the files in, batch by batch.

        Raises:
            BrokenDelivery: a hash, row count, control total or key is not what it should be.
        """
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(check_hash, files))
            for number, batch in enumerate(batches(files)):
                self._take(batch, number)
            for extract in self._contract.extracts.values():
                self._write_empty(extract)
            named = {file.extract for file in files}
            list(pool.map(partial(self._check_keys), [e for e in self._contract.extracts.values() if e.name in named]))

    def _take(self, batch: Sequence[Delivered], number: int) -> None:
        extract, connection = self._contract.extracts[batch[0].extract], self._connection
        rows: list[str] = []
        offset = 0
        for file in batch:
            cells = (file.member_id, file.period, file.delivery_date, file.path.name, str(file.path))
            rows.append(f"({len(rows)}, {', '.join(quoted(cell) for cell in cells)}, {offset})")
            offset += file.rows
        connection.execute(
            "create or replace temp table address as "
            "select file_index, member_id, period, cast(delivery_date as date) as delivery_date, "
            f"source_file, path, first_row from (values {', '.join(rows)}) "
            "as t (file_index, member_id, period, delivery_date, source_file, path, first_row)"
        )
        paths = ", ".join(quoted(str(file.path)) for file in batch)
        if batch[0].path.suffix == ".parquet":
            raw = f"read_parquet([{paths}])"
            row = "raw.file_row_number + 1"
        else:
            types = ", ".join(f"'{name}': '{DUCKDB_TYPES[c.type]}'" for name, c in extract.columns.items())
            connection.execute(
                f"create or replace temp table raw as select *, file_index from read_csv([{paths}], header = true, "
                f"delim = ',', quote = '\"', escape = '\"', columns = {{{types}}}, auto_detect = false)"
            )
            raw, row = "raw", "raw.rowid + 1 - address.first_row"
        self._check_totals(batch, extract, raw)
        persons = [name for name, column in extract.columns.items() if column.person]
        columns = [
            f"{name}_person.pseudonym as {name}" if name in persons else f"raw.{name}" for name in extract.columns
        ]
        joins = "".join(
            f" left join person as {name}_person "
            f"on raw.{name} = {name}_person.id and address.member_id = {name}_person.member_id"
            for name in persons
        )
        if persons:
            self._person_map(raw, persons)
        target = self._lake / extract.name / (batch[0].member_id if len(batch) == 1 else "many")
        target.mkdir(parents=True, exist_ok=True)
        connection.execute(
            f"copy (select {', '.join(columns)}, address.member_id, address.period, address.delivery_date, "
            f"address.source_file, {row} as source_row from {raw} as raw "
            f"inner join address on raw.file_index = address.file_index{joins}) "
            f"to '{target}/{number}.parquet' (format parquet, compression zstd, compression_level 1)"
        )

    def _person_map(self, raw: str, persons: Sequence[str]) -> None:
        """Every distinct person of a batch is hashed once."""
        each = " union ".join(
            f"select distinct {name} as id, member_id from {raw} as raw "
            f"inner join address on raw.file_index = address.file_index where {name} is not null"
            for name in persons
        )
        said = "case when strlen(id) = length(id) then id else error('the floor reads ASCII ids only: ' || id) end"
        self._connection.execute(
            f"create or replace temp table person as with each as ({each}) "
            f"select id, member_id, {pseudonym('plain', 'member_id', self._key)} as pseudonym "
            f"from (select id, member_id, {said} as plain from each)"
        )

    def _check_totals(self, batch: Sequence[Delivered], extract: Extract, raw: str) -> None:
        names = [name for name in extract.control_totals if any(name in dict(file.totals) for file in batch)]
        sums = "".join(f", sum({name})" for name in names)
        found = {
            row[0]: row[1:]
            for row in self._connection.execute(f"select file_index, count(*){sums} from {raw} group by all").fetchall()
        }
        for number, file in enumerate(batch):
            rows, *totals = found.get(number, (0, *(Decimal(0) for _ in names)))
            if rows != file.rows:
                raise BrokenDelivery(f"{file.path}: {rows} rows, the manifest says {file.rows}")
            said = dict(file.totals)
            for name, total in zip(names, totals, strict=True):
                if name in said and Decimal(total or 0).quantize(Decimal("0.01")) != said[name]:
                    raise BrokenDelivery(f"{file.path}: {name} adds up to {total}, the manifest says {said[name]}")

    def _check_keys(self, extract: Extract) -> None:
        """No key twice within member and period, nor empty: on a 64-bit hash first, exactly where that repeats."""
        cursor = self._connection.cursor()
        source = f"read_parquet('{self._lake}/{extract.name}/**/*.parquet')"
        keys = ", ".join(extract.key)
        counted = cursor.execute(f"select member_id, count(*) from {source} group by all order by all").fetchall()
        for members in together(dict(counted), KEYS_AT_ONCE):
            where = f"member_id in ({', '.join(quoted(member) for member in members)})"
            query = f"select hash(member_id, period, {keys}) as h from {source} where {where} "
            query += "group by h having count(*) > 1 limit 1"
            if cursor.execute(query).fetchone() is None or extract.name == "settlements":
                continue
            query = (
                f"select member_id, period, {keys} from {source} where {where} group by all having count(*) > 1 limit 1"
            )
            if (twice := cursor.execute(query).fetchone()) is not None:
                raise BrokenDelivery(f"{extract.name}: {keys} twice: {twice}")

    def _write_empty(self, extract: Extract) -> None:
        """A file without rows, so that an extract that nobody delivered is an empty table."""
        types = {name: DUCKDB_TYPES[column.type] for name, column in extract.columns.items()}
        types |= {
            "member_id": "varchar",
            "period": "varchar",
            "delivery_date": "date",
            "source_file": "varchar",
            "source_row": "bigint",
        }
        folder = self._lake / extract.name
        folder.mkdir(parents=True, exist_ok=True)
        columns = ", ".join(f"cast(null as {type_}) as {name}" for name, type_ in types.items())
        self._connection.execute(f"copy (select {columns} where false) to '{folder}/empty.parquet' (format parquet)")
