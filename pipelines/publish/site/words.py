"""Words of the pages in one language, names of members, and how numbers are written.

Belongs here: everything that turns a value into a word. Does not belong here: HTML (`tables`, `render`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipelines import contract

LANGUAGES = ("zh", "en")

_FRACTIONS = frozenset({"share", "percentage points as a fraction"})
_NAMED = frozenset({"yuan", "point", "day", "working_day", "times"})
"""Units of `performance.kpi_value` and `governance.alert`; a count and a weight stand without one."""


class Words:
    """The words of one language, and the names of members."""

    def __init__(self, language: str, names: Mapping[str, str]) -> None:
        self.language = language
        self.names = names
        self._words = vocabulary()

    def word(self, key: str) -> str:
        """A word of the pages; one that is not in the vocabulary is a mistake of the template."""
        return str(self._words["words"][key][self.language])

    def code(self, code: str | None) -> str:
        """A code of a mart in words; one that the vocabulary does not hold is shown as it is."""
        said = self._words["codes"].get(code)
        return str(said[self.language]) if said else code or ""

    def extract(self, name: str | None) -> str:
        """An extract by its Chinese name and its own, or by its own alone."""
        said = contract.load().extracts.get(name or "")
        return f"{said.name_zh} {name}" if said and self.language == "zh" else name or ""

    def measured(self, value: Decimal | None, unit: str | None) -> str:
        """A figure of a mart that says each row's unit: fractions as per cent, yuan to the cent, the others named."""
        if value is None or unit in _FRACTIONS:
            return share(value)
        text = money(value) if unit == "yuan" else number(value)
        return f"{text} {self.code(unit)}" if unit in _NAMED else text

    def colour(self, code: str | None) -> str:
        """`red`, `yellow`, `green`, or nothing for a code that is neither good nor bad."""
        return next((colour for colour, codes in self._words["colours"].items() if code in codes), "")

    def member(self, member_id: str | None) -> str:
        """`H01 临江县人民医院`."""
        if member_id is None:
            return ""
        name = self.names.get(member_id)
        return f"{member_id} {name}" if name and name != member_id else member_id

    def name(self, key: str | None) -> str:
        """The name of what may be a member or a code."""
        return self.member(key) if key in self.names else self.code(key)


def money(value: Decimal | None) -> str:
    """Yuan with two digits and thousands separators; nothing for nothing."""
    return "" if value is None else f"{value:,.2f}"


def share(value: Decimal | None) -> str:
    """A fraction as per cent with one digit."""
    return "" if value is None else f"{value * 100:,.1f} %"


def number(value: Decimal | float | int | None) -> str:
    """A number with at most four digits behind the point, none where there are none."""
    if value is None:
        return ""
    text = f"{value:,.4f}"
    return text.rstrip("0").rstrip(".")


def moment(value: Any) -> str:
    """A day, or a day and the minute."""
    if value is None:
        return ""
    return value.isoformat(sep=" ", timespec="minutes") if isinstance(value, datetime) else str(value)


def size(count: int) -> str:
    """Bytes for people."""
    amount = Decimal(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            break
        amount /= 1024
    return f"{amount:,.0f} {unit}" if unit == "B" else f"{amount:,.1f} {unit}"


@cache
def vocabulary() -> dict[str, Any]:
    """What stands in `words.yml`."""
    loaded: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("words.yml").read_text(encoding="utf-8"))
    return loaded
