"""Keyed pseudonyms instead of persons.

Belongs here: what identifies a person and how it is replaced. Page 2: trimmed, half-width, upper case; a valid
18-digit identity number is keyed globally, so that a person is the same in every member; any local id is keyed
together with its member. Not here: persons inside free text (`scrubbing.py`).

The key never leaves this object; a pseudonym is 128 bits of HMAC-SHA256 in hexadecimal.
"""

from __future__ import annotations

import hmac
import unicodedata
from datetime import date
from threading import Lock

import polars as pl

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_CACHE_LIMIT = 500_000


class Pseudonyms:
    """Pseudonyms of one member's persons.

    Args:
        key: the consortium's secret, the same for its whole life.
        member_id: the member whose local ids are keyed.
    """

    def __init__(self, key: bytes, member_id: str) -> None:
        self._key = key
        self._local = f"local\x1f{member_id}\x1f"
        self._known: dict[str, str] = {}
        self._lock = Lock()

    def of(self, raw: str) -> str:
        """The pseudonym of one identifier."""
        plain = normal(raw)
        message = f"national\x1f{plain}" if is_identity_number(plain) else self._local + plain
        return hmac.digest(self._key, message.encode(), "sha256").hex()[:32]

    def replace(self, column: pl.Series) -> pl.Series:
        """A column of identifiers -> a column of pseudonyms; nulls stay. Distinct values are hashed once."""
        distinct = column.unique().drop_nulls()
        with self._lock:
            if len(self._known) + distinct.len() > _CACHE_LIMIT:
                self._known.clear()
            known = self._known
            for raw in distinct.to_list():
                if raw not in known:
                    known[raw] = self.of(raw)
            new = pl.Series([known[raw] for raw in distinct.to_list()], dtype=pl.String)
        if distinct.is_empty():
            return column
        return column.replace_strict(distinct, new, default=None, return_dtype=pl.String)


def normal(raw: str) -> str:
    """An identifier as it is keyed: half-width, trimmed, upper case."""
    return unicodedata.normalize("NFKC", raw).strip().upper()


def is_identity_number(plain: str) -> bool:
    """Whether a normalised text is a valid 18-digit identity number: real birth date, right check digit.

    Source: GB 11643-1999; check digit after ISO 7064 MOD 11-2.
    """
    if len(plain) != 18 or not (plain[:17].isascii() and plain[:17].isdigit()) or plain[17] not in "0123456789X":
        return False
    try:
        born = date(int(plain[6:10]), int(plain[10:12]), int(plain[12:14]))
    except ValueError:
        return False
    if born.year < 1850 or plain[0] == "0":
        return False
    return _CHECK[sum(int(d) * w for d, w in zip(plain, _WEIGHTS, strict=False)) % 11] == plain[17]
