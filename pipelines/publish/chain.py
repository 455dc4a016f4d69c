"""The hash chain over publications (S3-SEC-02, S5-SEC-02: tamper evidence), and its verification.

Belongs here: the record of a publication, how its hash is made, and finding where a chain breaks. Does not belong
here: writing publications.

A record's hash is SHA-256 of its fields as JSON (keys sorted, no spaces, UTF-8), `hash` left out. It holds the hash of
the record before it, so whoever kept one old hash can prove that nothing before it was changed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import duckdb

from pipelines.publish import folder, postgres
from pipelines.publish.content import content, marts_hash, sha256
from pipelines.publish.errors import PublicationError
from pipelines.publish.inputs import file_sha256, inputs_hash
from pipelines.publish.marts import RECORDS, attach, catalogue, connect, literal
from pipelines.settings import Settings
from pipelines.state import State

_DESCRIBED = "publication_json"
"""Beside a record in its file: what `publication.json` must be to the byte."""

GENESIS = "0" * 64
"""What stands in for the hash before the first."""


@dataclass(frozen=True)
class Record:
    """One link: a publication, what it was made from, and what stood before it."""

    publication_id: str
    run_id: str
    build_id: str
    published_at: str
    periods: tuple[str, ...]
    fresh_members: tuple[str, ...]
    stale_members: tuple[str, ...]
    absent_members: tuple[str, ...]
    inputs_hash: str
    marts_hash: str
    records_hash: str
    previous_hash: str
    hash: str = ""

    def sealed(self) -> Record:
        """The same record with its hash."""
        return replace(self, hash=self.expected_hash())

    def expected_hash(self) -> str:
        """The hash that the other fields make."""
        rest = {name: value for name, value in asdict(self).items() if name != "hash"}
        return sha256(json.dumps(rest, ensure_ascii=False, sort_keys=True, separators=(",", ":")))

    @classmethod
    def read(cls, value: dict[str, Any]) -> Record:
        """A record from its JSON."""
        values: dict[str, Any] = {
            field.name: tuple(value[field.name]) if isinstance(value[field.name], list) else value[field.name]
            for field in fields(cls)
        }
        return cls(**values)


@dataclass(frozen=True)
class Break:
    """A place where the chain does not hold. `where` is a publication, or a mart or file of it."""

    publication_id: str
    where: str
    expected: str
    observed: str

    def __str__(self) -> str:
        return f"{self.publication_id} {self.where}: expected {self.expected}, found {self.observed}"


def records(published: Path) -> list[Record]:
    """Every publication ever made here, oldest first.

    Raises:
        PublicationError: a record is damaged; names its file.
    """
    return [_read(path) for path in _links_on_disk(published)]


def append(published: Path, record: Record) -> None:
    """Adds a link: the record, and the SHA-256 of the folder's `publication.json`, which holds that of every file."""
    described = file_sha256(published / record.publication_id / folder.RECORD)
    path = published / folder.CHAIN / f"{record.publication_id}.json"
    folder.write_json(path, {**asdict(record), _DESCRIBED: described})


def _links_on_disk(published: Path) -> list[Path]:
    return sorted((published / folder.CHAIN).glob("*.json"))


def _read(path: Path) -> Record:
    held = folder.read_json(path)
    try:
        if unknown := set(held) - {_DESCRIBED, *(field.name for field in fields(Record))}:
            raise KeyError(*sorted(unknown))
        return Record.read(held)
    except (KeyError, TypeError) as damage:
        raise PublicationError(f"{path} is damaged ({damage!r}): restore it from a backup and run again") from None


def verify(settings: Settings) -> list[Break]:
    """Recomputes the chain, the inputs of every kept publication, and the marts of the current one, row by row.

    Reads every row of the current publication twice (DuckDB and Parquet); other kept ones are checked by the
    SHA-256 of their files. With a Postgres URL, rows, sums and row-level security are compared there too.

    Returns:
        every break that was found, the oldest publication first; empty when the chain holds.
    """
    published = settings.published
    chain, breaks = [], []
    for path in _links_on_disk(published):
        try:
            chain.append(_read(path))
        except PublicationError as damage:
            breaks.append(Break(path.stem, f"{folder.CHAIN}/{path.name}", "a record", str(damage)))
    breaks += _links(chain)
    breaks += _mirror(chain, State(settings.state_path))
    kept, current = folder.kept(published), folder.current_id(published)
    if chain and current not in kept:
        breaks.append(Break(current or "-", "current", "a kept publication", "nothing there"))
    by_id = {record.publication_id: record for record in chain}
    for publication_id in kept:
        record = by_id.get(publication_id)
        if record is None:
            breaks.append(Break(publication_id, "chain", "a record", "none"))
            continue
        try:
            said = _Said.read(published / publication_id)
        except PublicationError as damage:
            breaks.append(Break(publication_id, folder.RECORD, "a description of the publication", str(damage)))
            continue
        breaks += _folder(published / publication_id, record, said)
        if publication_id == current:
            breaks += _contents(settings, published / publication_id, record, said.marts)
            if settings.postgres_url:
                differing = postgres.compare(settings, published / publication_id)
                breaks += [
                    Break(publication_id, f"{place} (Postgres)", "as published", said)
                    for place, said in differing.items()
                ]
    return breaks


def _links(chain: Sequence[Record]) -> list[Break]:
    breaks = []
    previous = GENESIS
    for record in chain:
        if record.previous_hash != previous:
            breaks.append(Break(record.publication_id, "previous_hash", previous, record.previous_hash))
        if record.hash != record.expected_hash():
            breaks.append(Break(record.publication_id, "hash", record.expected_hash(), record.hash))
        previous = record.hash
    return breaks


def _mirror(chain: Sequence[Record], state: State) -> list[Break]:
    remembered = {
        row["publication_id"]: row["hash"] for row in state.rows("select publication_id, hash from publication")
    }
    breaks = [
        Break(record.publication_id, "state", record.hash, remembered.get(record.publication_id, "no row"))
        for record in chain
        if remembered.get(record.publication_id) != record.hash
    ]
    known = {record.publication_id for record in chain}
    return breaks + [
        Break(name, "chain", digest, "no record") for name, digest in remembered.items() if name not in known
    ]


@dataclass(frozen=True)
class _Said:
    """What a publication's folder says of itself in `publication.json`."""

    record: Record
    inputs: str
    parts: dict[str, str]
    marts: dict[str, str]
    files: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> _Said:
        """Raises PublicationError where it cannot be read."""
        described = folder.read_json(path / folder.RECORD)
        try:
            inputs, marts = described["inputs"], described["marts"]
            parts = {
                part: marts_hash({name: mart["hash"] for name, mart in marts.items() if mart["part"] == part})
                for part in ("marts", "records")
            }
            return cls(
                Record.read(described["record"]),
                inputs_hash(inputs["deliveries"], inputs["reference"], inputs["code"]),
                parts,
                {name: mart["hash"] for name, mart in marts.items()},
                dict(described["files"]),
            )
        except (KeyError, TypeError, ValueError) as damage:
            raise PublicationError(f"{path / folder.RECORD} is damaged: {damage!r}") from None


def _folder(path: Path, record: Record, said: _Said) -> list[Break]:
    """A kept publication against its record: what it says of itself, and its files."""
    pairs = {
        f"record in {folder.RECORD}": (record.hash, said.record.hash if said.record == record else "another record"),
        "inputs": (record.inputs_hash, said.inputs),
        "marts": (record.marts_hash, said.parts["marts"]),
        "records": (record.records_hash, said.parts["records"]),
    }
    link = folder.read_json(path.parent / folder.CHAIN / f"{record.publication_id}.json")
    files = said.files | ({folder.RECORD: link[_DESCRIBED]} if _DESCRIBED in link else {})
    for name, expected in files.items():
        file = path / name
        pairs[name] = (expected, file_sha256(file) if file.is_file() else "no file")
    there = {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}
    pairs |= dict.fromkeys(there - set(files) - {folder.RECORD}, ("no such file", "one that was not published"))
    return [Break(record.publication_id, name, *pair) for name, pair in pairs.items() if pair[0] != pair[1]]


def _contents(settings: Settings, path: Path, record: Record, expected: dict[str, str]) -> list[Break]:
    """The rows of a publication, as DuckDB and as Parquet, against the hashes of its marts."""
    breaks = []
    with connect(settings.memory, settings.threads, settings.home / "spill") as connection:
        try:
            attach(connection, path / folder.DATABASE, "publication")
            marts = catalogue(connection, "publication")
        except (duckdb.Error, RuntimeError) as error:
            return [Break(record.publication_id, folder.DATABASE, "a readable database", str(error))]
        found = {mart.full_name: mart for mart in marts}
        for name in sorted(set(expected) - set(found)):
            breaks.append(Break(record.publication_id, name, expected[name], "no such mart"))
        for name, mart in found.items():
            if name == f"{RECORDS}.publication":
                continue
            parquet = path / folder.PARQUET / mart.schema / f"{mart.name}.parquet"
            sources = {
                "DuckDB": mart.relation("publication"),
                "Parquet": f"read_parquet({literal(str(parquet))})",
            }
            for medium, relation in sources.items():
                try:
                    observed = content(connection, mart, relation).hash
                except duckdb.Error as error:
                    observed = str(error).splitlines()[0]
                if observed != expected.get(name, "not recorded"):
                    breaks.append(
                        Break(
                            record.publication_id,
                            f"{name} ({medium})",
                            expected.get(name, "not recorded"),
                            observed,
                        )
                    )
    return breaks
