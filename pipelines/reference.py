"""The consortium's reference data: laid over the project's, judged, and fingerprinted.

Belongs here: which files there are (`seeds/_seeds.yml`), how a consortium's folder is laid over the project's, and
what every cell must be. Does not belong here: what cells of several rows or files must agree on
(`pipelines/reference_rules.py`), and the looking-up of policy numbers (`pipelines/policy.py`).

dbt loads and tests the same files by the same page; here they are judged before a night starts, with errors that
name file, row and column as a spreadsheet shows them (row 1 is the header).
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from pipelines.settings import PROJECT, Settings

SEEDS = PROJECT / "seeds"
VALIDITY = ("valid_from", "valid_to")


@dataclass(frozen=True)
class Problem:
    """One thing wrong with the reference data. `row` counts as a spreadsheet does: the header is row 1."""

    file: str
    row: int | None
    column: str | None
    what: str

    def __str__(self) -> str:
        where = [f"{self.file}.csv"]
        if self.row is not None:
            where.append(f"row {self.row}")
        if self.column is not None:
            where.append(f"column {self.column}")
        return f"{', '.join(where)}: {self.what}"


class ReferenceError(RuntimeError):
    """Reference data can't be used; the text lists every problem with its file, row and column."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        shown = [f"  {problem}" for problem in self.problems[:20]]
        if len(self.problems) > len(shown):
            shown.append(f"  and {len(self.problems) - len(shown)} more")
        count = len(self.problems)
        super().__init__("\n".join([f"reference data: {count} problem{'s' if count > 1 else ''}", *shown]))


@dataclass(frozen=True)
class File:
    """What the page `_seeds.yml` says of one file: column types, which may be left out, and what cells must hold."""

    name: str
    types: Mapping[str, str]
    optional: frozenset[str]
    from_project: frozenset[str]
    key: tuple[str, ...]
    required: frozenset[str]
    listed: Mapping[str, frozenset[str]]

    @property
    def is_dated(self) -> bool:
        return set(VALIDITY) <= set(self.types)


@dataclass(frozen=True)
class Row:
    """One row of a file: its cells as text, empty ones as '', and its number in a spreadsheet."""

    number: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def dates(self) -> tuple[date, date]:
        """First and last day in force; a row without a first day always was, an open one ends in the year 9999."""
        first = date.fromisoformat(self["valid_from"]) if self["valid_from"] else date.min
        last = date.fromisoformat(self["valid_to"]) if self["valid_to"] else date.max
        return first, last


Tables = Mapping[str, Sequence[Row]]


@cache
def page(seeds: Path = SEEDS) -> Mapping[str, File]:
    """Every file that the pages of `seeds/` (`_*.yml`) describe, by name."""
    files: dict[str, File] = {}
    for path in sorted(seeds.glob("_*.yml")):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["seeds"]:
            files[entry["name"]] = _file(entry)
    return files


def overlay(settings: Settings) -> Path:
    """Lays `CONSORTIUM_SEEDS` over the project's seeds, file by file, into `home/reference`, and judges the result.

    A file that is there already with the same content isn't touched, so that what depends on it stays fresh. A column
    that a consortium's file may leave out is added: empty, or as the project's file says it for the same key.

    Returns:
        the folder, for dbt and for `Policy.load`; the pages of the project that describe it (`_*.yml`) lie in it too.

    Raises:
        ReferenceError: a file is unknown, can't be read, or one of the consortium's files has a problem;
            `home/reference` is then as it was before.
    """
    sources = {path.stem: path for path in sorted(SEEDS.glob("*.csv"))}
    own = _own_files(settings.seeds) if settings.seeds is not None else sources
    contents = {name: _completed(name, path) for name, path in (sources | own).items()}
    found = judge({name: text.encode() for name, text in contents.items()})
    # A row of the project's that names what this consortium has replaced (a member, an item) simply meets nothing.
    problems = [problem for problem in found if problem.file in own]
    if problems:
        raise ReferenceError(problems)
    target = settings.home / "reference"
    target.mkdir(parents=True, exist_ok=True)
    for stale in target.glob("*.csv"):
        if stale.stem not in contents:
            stale.unlink()
    for name, text in contents.items():
        _put(target / f"{name}.csv", text.encode())
    # dbt takes types and tests of seeds from the folder it seeds from.
    for description in SEEDS.glob("_*.yml"):
        _put(target / description.name, description.read_bytes())
    return target


def fingerprint(folder: Path) -> str:
    """SHA-256 over the names and contents of a folder's CSV files."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.csv")):
        digest.update(f"{path.name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def validate(folder: Path) -> None:
    """Judges a folder of reference data.

    Raises:
        ReferenceError: lists every problem.
    """
    problems = judge({path.stem: path.read_bytes() for path in sorted(folder.glob("*.csv"))})
    if problems:
        raise ReferenceError(problems)


def judge(contents: Mapping[str, bytes]) -> list[Problem]:
    """Every problem of these files (name -> bytes). Rules across rows are tried where the cells they need are sound."""
    from pipelines import reference_rules

    tables: dict[str, Sequence[Row]] = {}
    problems: list[Problem] = []
    for name, content in contents.items():
        file = page().get(name)
        if file is None:
            continue
        try:
            header, rows = _rows(content)
        except UnicodeDecodeError as error:
            problems.append(_not_utf8(name, error))
            continue
        found = list(_judge_file(file, header, rows))
        problems += found
        if not found:
            tables[name] = rows
    return problems + list(reference_rules.judge(tables))


def read(folder: Path, name: str) -> Sequence[Row]:
    """The rows of one file."""
    return _rows((folder / f"{name}.csv").read_bytes())[1]


def _file(entry: Mapping[str, Any]) -> File:
    tests: dict[str, Any] = {}
    for test in entry.get("data_tests", []):
        if isinstance(test, dict):
            tests |= {kind: body["arguments"] for kind, body in test.items()}
    columns = entry.get("columns", [])
    single = {c["name"]: c.get("data_tests", []) for c in columns}
    required = set(tests.get("required_cells", {}).get("columns", []))
    required |= {name for name, of_column in single.items() if "not_null" in of_column}
    return File(
        name=entry["name"],
        types=entry["config"]["column_types"],
        optional=_marked(columns, "optional"),
        from_project=_marked(columns, "from_project"),
        key=tuple(tests.get("unique_combination", {}).get("columns", [])),
        required=frozenset(required),
        listed={
            column: frozenset(map(str, values))
            for column, values in tests.get("listed_values", {}).get("columns", {}).items()
        },
    )


def _own_files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise ReferenceError([Problem(str(folder), None, None, "CONSORTIUM_SEEDS is not a folder")])
    own = {path.stem: path for path in sorted(folder.glob("*.csv"))}
    known = ", ".join(sorted(page()))
    unknown = [
        Problem(name, None, None, f"no file of reference data has this name; known are {known}")
        for name in own
        if name not in page()
    ]
    if unknown:
        raise ReferenceError(unknown)
    return own


def _marked(columns: Sequence[Mapping[str, Any]], mark: str) -> frozenset[str]:
    return frozenset(c["name"] for c in columns if c.get("config", {}).get("meta", {}).get(mark))


def _rows(content: bytes) -> tuple[list[str], list[Row]]:
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    if not lines:
        return [], []
    header = [name.strip() for name in lines[0]]
    filled = [(number, cells) for number, cells in enumerate(lines[1:], start=2) if any(cells)]
    return header, [Row(number, dict(zip(header, cells, strict=False))) for number, cells in filled]


def _completed(name: str, path: Path) -> str:
    """The file's text as it is laid down: UTF-8 without a mark, columns that it may leave out added."""
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReferenceError([_not_utf8(name, error)]) from None
    file = page().get(name)
    header, rows = _rows(content)
    left_out = [column for column in file.types if column in file.optional - set(header)] if file and header else []
    if file is None or not left_out:
        return text
    key = [column for column in file.key if column not in VALIDITY]
    known = {}
    if file.from_project & set(left_out):
        known = {tuple(row[column] for column in key): row for row in read(SEEDS, name)}
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow([*header, *left_out])
    for row in rows:
        same = known.get(tuple(row[column] for column in key))
        added = [same[column] if same and column in file.from_project else "" for column in left_out]
        writer.writerow([row[column] for column in header] + added)
    return written.getvalue()


def _not_utf8(name: str, error: UnicodeDecodeError) -> Problem:
    return Problem(name, None, None, f"not UTF-8 (byte {error.start}): save it as CSV UTF-8")


def _put(path: Path, content: bytes) -> None:
    if path.exists() and path.read_bytes() == content:
        return
    beside = path.with_suffix(".part")
    beside.write_bytes(content)
    os.replace(beside, path)


def _judge_file(file: File, header: Sequence[str], rows: Sequence[Row]) -> Iterator[Problem]:
    missing = [name for name in file.types if name not in header and name not in file.optional]
    if missing:
        yield Problem(file.name, 1, None, f"columns missing from the header: {', '.join(missing)}")
        return
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        yield Problem(file.name, 1, None, f"columns twice in the header: {', '.join(twice)}")
        return
    sound = True
    for row in rows:
        for problem in _judge_cells(file, row):
            sound = False
            yield problem
    if sound:
        yield from _judge_keys(file, rows)


def _judge_cells(file: File, row: Row) -> Iterator[Problem]:
    for column, declared in file.types.items():
        cell = row[column]
        if cell != cell.strip():
            yield Problem(file.name, row.number, column, f"{cell!r} has blanks around it")
            continue
        if not cell:
            if column in file.required:
                yield Problem(file.name, row.number, column, "empty, a value is needed")
            continue
        wanted = _misfit(cell, declared)
        if wanted:
            yield Problem(file.name, row.number, column, f"{cell!r} is not {wanted}")
        elif column in file.listed and cell not in file.listed[column]:
            listed = ", ".join(sorted(file.listed[column]))
            yield Problem(file.name, row.number, column, f"{cell!r} is none of {listed}")


def _misfit(cell: str, declared: str) -> str | None:
    """What the cell should be, where it isn't; None where it fits its declared type."""
    kind, _, size = declared.partition("(")
    if kind == "boolean":
        return None if cell in ("true", "false") else "true or false"
    if kind == "date":
        try:
            date.fromisoformat(cell)
        except ValueError:
            return "a date YYYY-MM-DD"
        return None
    if kind in ("integer", "bigint"):
        return None if cell.lstrip("-").isdecimal() and cell.isascii() else "a whole number"
    if kind == "decimal":
        whole, places = (int(part) for part in size.rstrip(")").split(","))
        fits = re.fullmatch(rf"-?[0-9]{{1,{whole - places}}}(\.[0-9]{{1,{places}}}0*)?", cell)
        return None if fits else f"a number with at most {places} decimals"
    return None


def _judge_keys(file: File, rows: Sequence[Row]) -> Iterator[Problem]:
    if not file.is_dated:
        seen: dict[tuple[str, ...], Row] = {}
        for row in rows:
            key = tuple(row[column] for column in file.key)
            if file.key and key in seen:
                same = " and ".join(file.key)
                yield Problem(file.name, row.number, file.key[0], f"same {same} as row {seen[key].number}")
            seen.setdefault(key, row)
        return
    versions: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        first, last = row.dates()
        if last < first:
            yield Problem(file.name, row.number, "valid_to", f"{last} lies before valid_from {first}")
        versions.setdefault(tuple(row[c] for c in file.key if c not in VALIDITY), []).append(row)
    for key, dated in versions.items():
        in_order = sorted(dated, key=lambda row: row.dates())
        for earlier, later in pairwise(in_order):
            if file.key and later.dates()[0] <= earlier.dates()[1]:
                named = ", ".join(filter(None, key))
                end = later.dates()[0] - timedelta(days=1)
                yield Problem(
                    file.name, later.number, "valid_from",
                    f"{named}: overlaps row {earlier.number}; end that row on {end} or earlier",
                )  # fmt: skip
