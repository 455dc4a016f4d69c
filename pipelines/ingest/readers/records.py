"""What formats of self-describing records (XML, JSON Lines, FHIR) share: headers that no line announces.

A record names its own fields and leaves out what is empty. So the headers are those of the first records; a field
that an optional column reads counts as there, and stays empty until a record has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice

from pipelines.ingest.readers.base import Task

LOOKED_AT = 1000


def headers(task: Task, seen: Iterable[Iterable[str]]) -> list[str]:
    """Headers of a file, from the field names of its records (the first `LOOKED_AT` count).

    A file without records has every header that is wanted: there is nothing to miss.
    """
    found: dict[str, None] = {}
    any_record = False
    for names in islice(seen, LOOKED_AT):
        any_record = True
        found.update(dict.fromkeys(names))
    mapping = task.mapping
    needed = {
        header
        for name, rule in mapping.columns.items()
        if name in mapping.required and rule.default is None
        for header in rule.headers
    }
    assumed = [each for each in task.wanted() if each not in needed or not any_record]
    return list(found) + [each for each in assumed if each not in found]


def cell(value: object) -> str | None:
    """A value of JSON or SQL as the text of a cell; what is no single value is text that no type accepts."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        text = repr(value)
        return format(Decimal(text), "f") if "e" in text else text.removesuffix(".0")
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict | list):
        return f"({'an object' if isinstance(value, dict) else 'a list'} where one value belongs)"
    return str(value)


def at(record: object, steps: list[str]) -> object:
    """The value under a path of keys; None where the path ends early."""
    for step in steps:
        if not isinstance(record, dict):
            return None
        record = record.get(step)
    return record


def flat_names(record: dict[str, object], before: str = "") -> Iterator[str]:
    """Paths of all values of a nested record, `a.b` for a key in a key."""
    for key, value in record.items():
        if isinstance(value, dict):
            yield from flat_names(value, f"{before}{key}.")
        else:
            yield before + key
