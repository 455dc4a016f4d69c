"""Random streams, and persons made of numbers.

Belongs here: seeded generators and identity numbers. Not here: who goes where (plan), what they have (cases).
Every identity number begins with 99, a province code that does not exist: no real person can carry it.
"""

from __future__ import annotations

import hashlib
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

EPOCH = date(1970, 1, 1)
MAX_SERIAL = 9_998 * 500
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"


def stream(seed: int, *parts: object) -> np.random.Generator:
    """A generator that depends on `seed` and `parts` only, so that any part can be written again alone."""
    digest = hashlib.sha256("|".join(map(str, (seed, *parts))).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def mix(values: Ints, salt: int) -> Ints:
    """SplitMix64 of each value: stable attributes of a person without a table. Non-negative."""
    with np.errstate(over="ignore"):
        z = values.astype(np.uint64) + np.uint64((0x9E3779B97F4A7C15 * (salt + 1)) % 2**64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(1)).astype(np.int64)


def uniform(values: Ints, salt: int) -> Floats:
    """A number in [0, 1) for each value, always the same for the same value and salt."""
    return mix(values, salt).astype(np.float64) / float(2**63)


def days(value: date) -> int:
    """Days since 1970-01-01."""
    return (value - EPOCH).days


def as_dates(values: Ints, name: str) -> pl.Series:
    """Days since 1970-01-01 as a Date series."""
    return pl.Series(name, values.astype(np.int32)).cast(pl.Date)


def identity_numbers(serial: Ints, birth: Ints, male: npt.NDArray[np.bool_]) -> pl.Series:
    """18-digit identity numbers: area 990001.., birth date, sequence (odd = male), check digit (GB 11643).

    Args:
        serial: unique number of the person, below MAX_SERIAL.
        birth: days since 1970-01-01.
        male: sex.

    Raises:
        ValueError: a serial is out of range.
    """
    if serial.size and (int(serial.max()) >= MAX_SERIAL or int(serial.min()) < 0):
        raise ValueError(f"person serial {int(serial.max())} is outside 0..{MAX_SERIAL - 1}")
    born = pl.DataFrame({"d": as_dates(birth, "d")}).select(
        pl.col("d").dt.year().cast(pl.Int64) * 10_000
        + pl.col("d").dt.month().cast(pl.Int64) * 100
        + pl.col("d").dt.day().cast(pl.Int64)
    )
    area = 990_001 + serial // 500
    body = area * 10**11 + born.to_series().to_numpy() * 1_000 + (serial % 500) * 2 + male
    total = np.zeros(len(serial), dtype=np.int64)
    for position, weight in enumerate(_WEIGHTS):
        total += (body // 10 ** (16 - position)) % 10 * weight
    check = pl.Series(list(_CHECK)).gather(total % 11) if len(serial) else pl.Series([], dtype=pl.String)
    return pl.Series("patient_id", body).cast(pl.String) + check
