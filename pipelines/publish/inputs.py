"""What a publication was made from: deliveries in force, reference data, code. Its hash is the first link of the chain.

Belongs here: reading the manifest of the night and fingerprinting what marts depend on. Does not belong here: who is
let in (`pipelines.gates`), and the marts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.dbt_run import code_fingerprint
from pipelines.gates.standings import joined
from pipelines.publish.content import sha256_lines
from pipelines.publish.errors import PublicationError
from pipelines.settings import Settings

IN_FORCE = ("accepted", "stale")


@dataclass(frozen=True)
class Inputs:
    """What stood in force when the marts were built.

    `deliveries` has one line per member, extract and period; `reference` maps a file to its SHA-256; `code` is the
    fingerprint of the models and the contract.
    """

    periods: tuple[str, ...]
    fresh_members: tuple[str, ...]
    stale_members: tuple[str, ...]
    absent_members: tuple[str, ...]
    deliveries: tuple[str, ...]
    reference: dict[str, str]
    code: str

    @property
    def members(self) -> tuple[str, ...]:
        """All members, whatever is in force of them."""
        return tuple(sorted({*self.fresh_members, *self.stale_members, *self.absent_members}))

    @property
    def hash(self) -> str:
        return inputs_hash(self.deliveries, self.reference, self.code)


def inputs_hash(deliveries: Iterable[str], reference: dict[str, str], code: str) -> str:
    """SHA-256 over the sorted lines `delivery …`, `reference <file> <sha256>` and `code <hash>`."""
    return sha256_lines(
        [f"delivery {line}" for line in deliveries]
        + [f"reference {name} {digest}" for name, digest in reference.items()]
        + [f"code {code}"]
    )


def read_inputs(settings: Settings, today: date) -> Inputs:
    """The inputs of the marts that stand in the warehouse now.

    Raises:
        PublicationError: there is no manifest of the night, or no reference data.
    """
    manifest = read_manifest(settings)
    in_force = manifest.filter(pl.col("status").is_in(IN_FORCE))
    lines = in_force.select("member_id", "extract", "period", "delivery_date", "version").rows()
    deliveries = [" ".join(str(part) for part in line) for line in lines]
    stale = set(in_force.filter(pl.col("status") == "stale")["member_id"])
    present = set(in_force["member_id"])
    return Inputs(
        periods=tuple(sorted(set(in_force["period"]))),
        fresh_members=tuple(sorted(present - stale)),
        stale_members=tuple(sorted(stale)),
        absent_members=tuple(sorted(set(joined(reference_folder(settings), today)) - present)),
        deliveries=tuple(sorted(deliveries)),
        reference=reference_files(settings),
        code=code_fingerprint(),
    )


def read_manifest(settings: Settings) -> pl.DataFrame:
    """The manifest of the night: [member_id, extract, period, version, delivery_date, status, reason].

    Raises:
        PublicationError: no night has laid one down in this home.
    """
    path = settings.in_force / "_manifest.parquet"
    if not path.exists():
        raise PublicationError(f"{path} is missing: gate 1 writes it; run the night from its start (`yilian nightly`)")
    return pl.read_parquet(path)


def reference_folder(settings: Settings) -> Path:
    """The reference data that the marts were built from: the project's seeds with the consortium's laid over them.

    Raises:
        PublicationError: no night has laid it down in this home.
    """
    folder = settings.reference or settings.home / "reference"
    if not (folder / "members.csv").is_file():
        raise PublicationError(f"{folder} holds no members.csv: the night lays it down; run `yilian nightly`")
    return folder


def reference_files(settings: Settings) -> dict[str, str]:
    """SHA-256 of every reference file in force."""
    return {path.name: file_sha256(path) for path in sorted(reference_folder(settings).glob("*.csv"))}


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
