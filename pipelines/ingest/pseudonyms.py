"""Keyed pseudonyms instead of persons.

Belongs here: what identifies a person and how it is replaced. Page 2: trimmed, half-width, upper case; a valid
18-digit identity number is keyed globally, so that a person is the same in every member (S4-PLAT-03, S3-SEC-01); any
local id is keyed together with its member. Not here: persons inside free text (`scrubbing.py`).

The key never leaves this object; a pseudonym is 128 bits of HMAC-SHA256 in hexadecimal.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import polars as pl

_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_CHECK = np.frombuffer(b"10X98765432", np.uint8)
_LAST_DAY = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_IS_SHAPED = re.compile(r"[1-9][0-9]{16}[0-9X]").fullmatch
# What normalising leaves as it is, and most identifiers are.
_IS_PLAIN = re.compile(r"[0-9A-Z]+").fullmatch
_NATIONAL = "national\x1f"


class Pseudonyms:
    """Pseudonyms of one member's persons.

    Args:
        key: the consortium's secret, the same for its whole life.
        member_id: the member whose local ids are keyed.
    """

    def __init__(self, key: bytes, member_id: str) -> None:
        self._key = key
        self._local = f"local\x1f{member_id}\x1f"

    def of(self, raw: str) -> str:
        """The pseudonym of one identifier."""
        return self._keyed([raw])[0]

    def replace(self, column: pl.Series) -> pl.Series:
        """A column of identifiers -> a column of pseudonyms; nulls stay. Distinct values are hashed once."""
        distinct = column.unique().drop_nulls()
        if distinct.is_empty():
            return column
        new = pl.Series(self._keyed(distinct.to_list()), dtype=pl.String)
        return column.replace_strict(distinct, new, default=None, return_dtype=pl.String)

    def _keyed(self, raws: Sequence[str]) -> list[str]:
        plain = [raw if _IS_PLAIN(raw) else normal(raw) for raw in raws]
        key, local = self._key, self._local
        return [
            hmac.digest(key, (_NATIONAL + text if national else local + text).encode(), "sha256").hex()[:32]
            for text, national in zip(plain, are_identity_numbers(plain), strict=True)
        ]


def normal(raw: str) -> str:
    """An identifier as it is keyed: half-width, trimmed, upper case."""
    return unicodedata.normalize("NFKC", raw).strip().upper()


def are_identity_numbers(plain: Sequence[str]) -> list[bool]:
    """Of normalised texts, which are valid 18-digit identity numbers: real birth date, right check digit.

    Source: GB 11643-1999; check digit after ISO 7064 MOD 11-2. Many at once, since a night keys every person of every
    member.
    """
    shaped = [at for at, text in enumerate(plain) if _IS_SHAPED(text)]
    found = [False] * len(plain)
    if not shaped:
        return found
    digits = np.frombuffer("".join(plain[at] for at in shaped).encode("ascii"), np.uint8).reshape(-1, 18)
    numbers = digits[:, :17].astype(np.int64) - ord("0")
    year = numbers[:, 6:10] @ np.array([1000, 100, 10, 1])
    month = numbers[:, 10:12] @ np.array([10, 1])
    day = numbers[:, 12:14] @ np.array([10, 1])
    is_leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    last = _LAST_DAY[np.clip(month, 0, 12)] + ((month == 2) & is_leap)
    is_date = (month >= 1) & (month <= 12) & (day >= 1) & (day <= last) & (year >= 1850)
    is_checked = _CHECK[(numbers @ _WEIGHTS) % 11] == digits[:, 17]
    for at, holds in zip(shaped, (is_date & is_checked).tolist(), strict=True):
        found[at] = holds
    return found
