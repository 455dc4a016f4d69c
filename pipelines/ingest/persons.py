"""A member's own list of persons: the names and numbers that its notes are scrubbed of.

Belongs here: reading that list. A delivery may name a file with extract `persons`; any columns, a header, CSV in
UTF-8 or GB18030. Every cell of two characters or more is taken out of notes. The list is read where it lies in the
landing area and never stored. Not here: the scrubbing (`scrubbing.py`).
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

LIMIT = 64 * 1024 * 1024


class NoPersonsList(ValueError):
    """The file is no list of persons that we can read; says why, without a cell."""


def read_persons(raw: bytes) -> list[str]:
    """Names and numbers of a list, each once, in order.

    Args:
        raw: the file.

    Raises:
        NoPersonsList: too large, or neither UTF-8 nor GB18030, or no CSV.
    """
    if len(raw) > LIMIT:
        raise NoPersonsList(f"is larger than {LIMIT} bytes")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        try:
            rows = list(csv.reader(io.StringIO(text, newline="")))[1:]
        except csv.Error as error:
            raise NoPersonsList("is no CSV") from error
        return sorted({cell.strip() for row in rows for cell in row if len(cell.strip()) >= 2})
    raise NoPersonsList("is neither UTF-8 nor GB18030")


def newest_list(path: Path) -> list[str]:
    """A list that was accepted before, read again; empty where the member has withdrawn the file."""
    try:
        return read_persons(path.read_bytes())
    except FileNotFoundError:
        return []
