"""The consortium's policy numbers, looked up by name, scope and day.

Belongs here: which dated row of `seeds/policy.csv` and `policy_pipeline.csv` is in force for whom (S1-PLAT-06). Does
not belong here: the numbers (rows of those files), whether a file is sound (`pipelines/reference.py`), and what a rule
does with a number. `int_reference__policy` says the same in SQL; docs/policy.md explains both.
"""

from __future__ import annotations

import calendar
import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TypedDict, Unpack

# Most specific first.
PRECEDENCE = ("department", "drg", "member", "role", "level", "all")
TEXT_UNITS = frozenset({"text", "level"})


class MissingParameter(LookupError):
    """No row of a parameter is in force for that scope and day; the text names all three."""


class WrongUnit(TypeError):
    """A number was asked for where policy holds a text, or the other way round."""


@dataclass(frozen=True)
class PolicyRow:
    """One dated row of policy. `value` is the cell's text, None where it is empty by design."""

    parameter: str
    scope_kind: str
    scope: str
    value: str | None
    unit: str
    source_rule: str
    approved_by: str
    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class Whose(TypedDict, total=False):
    """Whose number on which day: either `period` or `on`; `member`, or `level` and `role` outright.

    `department` is written as policy writes it (`tertiary:cardiology`), `drg` is a group or disease label.
    """

    period: str | None
    on: date | None
    member: str | None
    level: str | None
    role: str | None
    department: str | None
    drg: str | None


@dataclass(frozen=True)
class _Member:
    level: str
    role: str


@dataclass
class Policy:
    """Policy rows and the members they are scoped to.

    Look-ups take either `period` (YYYY-MM: the row in force on its last day) or `on` (a day), and whose number it is
    (`Whose`): of a member, level and role follow from the members file; `department` and `drg` ask for rows of that
    scope first. The most specific scope wins: department, drg, member, role, level, all.
    """

    rows: tuple[PolicyRow, ...]
    members: Mapping[str, _Member] = field(default_factory=dict)
    _by_name: dict[str, list[PolicyRow]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._by_name = defaultdict(list)
        for row in self.rows:
            self._by_name[row.parameter].append(row)

    @classmethod
    def load(cls, reference_dir: Path) -> Policy:
        """Policy of a folder of reference data (`reference.overlay` makes one that is checked).

        Rows of `policy_pipeline.csv` count only where `policy.csv` has no row of that name.
        """
        own = list(_read(reference_dir / "policy.csv"))
        names = {row.parameter for row in own}
        pipeline = [row for row in _read(reference_dir / "policy_pipeline.csv") if row.parameter not in names]
        with (reference_dir / "members.csv").open(encoding="utf-8-sig", newline="") as file:
            members = {row["member_id"]: _Member(row["level"], row["role"]) for row in csv.DictReader(file)}
        return cls(tuple(own + pipeline), members)

    def value(self, name: str, **whose: Unpack[Whose]) -> Decimal:
        """The number in force. Shares are fractions (0.05), money is yuan.

        Raises:
            MissingParameter: no row is in force, or its cell is empty by design (ask with `optional`).
            WrongUnit: the parameter is a text.
        """
        found = self.row(name, **whose)
        if found.value is None:
            raise MissingParameter(
                f"policy parameter {name} is left empty by design in the row valid from {found.valid_from}; "
                "a caller that can do without it asks with optional()"
            )
        return _number(found)

    def text(self, name: str, **whose: Unpack[Whose]) -> str:
        """The text in force (units `text` and `level`).

        Raises:
            MissingParameter: no row is in force.
            WrongUnit: the parameter is a number.
        """
        found = self.row(name, **whose)
        if found.unit not in TEXT_UNITS or found.value is None:
            raise WrongUnit(f"policy parameter {name} is a number in {found.unit}; ask with value()")
        return found.value

    def optional(self, name: str, **whose: Unpack[Whose]) -> Decimal | None:
        """Like `value`, but None where the cell is empty or no row of that scope is in force.

        Raises:
            MissingParameter: policy has no row of that name at all: a misspelling, not a choice.
        """
        self._known(name)
        found = self._find(name, self._scopes(whose), _day(whose))
        return None if found is None or found.value is None else _number(found)

    def row(self, name: str, **whose: Unpack[Whose]) -> PolicyRow:
        """The row in force, with its source rule and approver.

        Raises:
            MissingParameter: no row is in force; the text names parameter, scope and day, and what rows there are.
        """
        rows = self._known(name)
        scopes, day = self._scopes(whose), _day(whose)
        found = self._find(name, scopes, day)
        if found is None:
            asked = ", ".join(f"{kind} {scope}" for kind, scope in scopes.items()) or "the whole consortium"
            there = ", ".join(sorted({f"{row.scope_kind} {row.scope}".strip() for row in rows}))
            raise MissingParameter(
                f"policy parameter {name} is missing for {asked} on {day}: add a row to policy.csv that is in force "
                f"(rows exist for: {there})"
            )
        return found

    def _known(self, name: str) -> list[PolicyRow]:
        if name not in self._by_name:
            raise MissingParameter(f"policy has no parameter {name}: add it to policy.csv, or correct the name")
        return self._by_name[name]

    def _find(self, name: str, scopes: Mapping[str, str], day: date) -> PolicyRow | None:
        held = (row for row in self._by_name[name] if row.holds_on(day))
        covering = (row for row in held if row.scope_kind == "all" or scopes.get(row.scope_kind) == row.scope)
        return min(covering, key=lambda row: PRECEDENCE.index(row.scope_kind), default=None)

    def _scopes(self, whose: Whose) -> dict[str, str]:
        member_id = whose.get("member")
        if member_id is not None and member_id not in self.members:
            raise MissingParameter(f"member {member_id} is not in members.csv, so no policy is in force for it")
        own = self.members.get(member_id or "")
        given = {
            "department": whose.get("department"),
            "drg": whose.get("drg"),
            "member": member_id,
            "role": whose.get("role") or (own and own.role),
            "level": whose.get("level") or (own and own.level),
        }
        return {kind: scope for kind, scope in given.items() if scope}


def last_day(period: str) -> date:
    """Last day of a period YYYY-MM."""
    year, month = map(int, period.split("-"))
    return date(year, month, calendar.monthrange(year, month)[1])


def _day(whose: Whose) -> date:
    period, on = whose.get("period"), whose.get("on")
    if period is not None and on is None:
        return last_day(period)
    if on is not None and period is None:
        return on
    raise TypeError("say either period='YYYY-MM' or on=date, not both and not neither")


def _number(row: PolicyRow) -> Decimal:
    if row.unit in TEXT_UNITS:
        raise WrongUnit(f"policy parameter {row.parameter} is a text; ask with text()")
    return Decimal(row.value or "")


def _read(path: Path) -> Iterator[PolicyRow]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for cells in csv.DictReader(file):
            yield PolicyRow(
                parameter=cells["parameter"],
                scope_kind=cells["scope_kind"],
                scope="" if cells["scope_kind"] == "all" else cells["scope"],
                value=cells["value"] or None,
                unit=cells["unit"],
                source_rule=cells["source_rule"],
                approved_by=cells["approved_by"],
                valid_from=date.fromisoformat(cells["valid_from"]),
                valid_to=date.fromisoformat(cells["valid_to"]) if cells["valid_to"] else None,
            )
