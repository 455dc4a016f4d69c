"""Suggestions for accounts that no map knows: which unified account they might be, and why. A person decides.

Belongs here: likeness of names, how other members map accounts of that name, and what the member's own neighbouring
codes are. Does not belong here: mapping anything (`seeds/account_map.csv` is written by people), the mapping of a night
(`int_ledger__account_mapping`).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

# Weights of the three kinds of evidence; they order suggestions and decide nothing.
NAME, PEERS, NEIGHBOURS = 0.5, 0.3, 0.2
_APART = re.compile(r"[-—_/\\·:：,，()()（）\s]+")


@dataclass(frozen=True)
class LocalAccount:
    """An account of a member's own chart, with what was posted on it (debits plus credits, yuan)."""

    member_id: str
    account_code: str
    account_name: str
    first_period: str
    amount: Decimal
    lines: int


@dataclass(frozen=True)
class MapRow:
    """A row of `account_map`: the longest prefix in force wins, a member's own row before its vendor's."""

    vendor_or_member: str
    prefix: str
    account_code: str
    valid_from: date
    valid_to: date

    def holds(self, scopes: Sequence[str], code: str, day: date) -> bool:
        in_force = self.valid_from <= day <= self.valid_to
        return in_force and self.vendor_or_member in scopes and code.startswith(self.prefix)


@dataclass(frozen=True)
class Suggestion:
    """One unified account that a local one may be. `score` lies in 0..1; `why` names the evidence."""

    local: LocalAccount
    account_code: str
    account_name: str
    score: float
    why: str


def mapped(local: LocalAccount, vendor: str, rows: Iterable[MapRow], day: date) -> str | None:
    """The unified account that the map gives a local one on a day, or None."""
    scopes = (local.member_id, vendor, "*")
    fitting = [row for row in rows if row.holds(scopes, local.account_code, day)]
    best = max(fitting, key=lambda r: (len(r.prefix), -scopes.index(r.vendor_or_member), r.valid_from), default=None)
    return best.account_code if best else None


def likeness(one: str, other: str) -> float:
    """How alike two account names are, 0..1: shared pairs of characters (Dice), of whole names or their last parts."""
    whole = _dice(_APART.sub("", one), _APART.sub("", other))
    last = _dice(_parts(one)[-1], _parts(other)[-1])
    return max(whole, last)


def suggest(
    unmapped: Sequence[LocalAccount],
    known: Sequence[tuple[LocalAccount, str]],
    chart: Mapping[str, str],
    *,
    most: int = 3,
    least: float = 0.2,
) -> list[Suggestion]:
    """Ranks unified accounts for each unmapped one.

    Args:
        unmapped: accounts that no map knows.
        known: mapped accounts of all members, with the unified account each has.
        chart: code -> name of the unified chart.
        most: suggestions per account.
        least: score below which nothing is suggested.

    Returns:
        per account, in their order, its suggestions, best first. An account that nothing resembles has none.
    """
    return [each for local in unmapped for each in _ranked(local, known, chart)[:most] if each.score >= least]


def _ranked(
    local: LocalAccount, known: Sequence[tuple[LocalAccount, str]], chart: Mapping[str, str]
) -> list[Suggestion]:
    peers: dict[str, set[str]] = defaultdict(set)
    for other, code in known:
        if other.member_id != local.member_id and likeness(local.account_name, other.account_name) >= 0.8:
            peers[code].add(other.member_id)
    members = len(set().union(*peers.values())) if peers else 0
    family = _family(local, [(other.account_code, code) for other, code in known if other.member_id == local.member_id])
    found = []
    for code, name in chart.items():
        name_score = likeness(local.account_name, name)
        peer_score = len(peers[code]) / members if code in peers else 0.0
        near_score = _common(code, family) / len(code) if family else 0.0
        score = NAME * name_score + PEERS * peer_score + NEIGHBOURS * near_score
        why = [f"name {round(name_score * 100)} % alike"] if name_score >= 0.3 else []
        if code in peers:
            why.append(f"so mapped by {', '.join(sorted(peers[code]))}")
        if near_score >= 0.5:
            why.append(f"its neighbours are {family}")
        found.append(Suggestion(local, code, name, round(score, 4), "; ".join(why)))
    return sorted(found, key=lambda each: (-each.score, -len(each.account_code), each.account_code))


def _family(local: LocalAccount, own: Sequence[tuple[str, str]]) -> str:
    """The unified code that the member's accounts with the longest shared beginning have in common."""
    shared = max((_common(local.account_code, code) for code, _ in own), default=0)
    if shared < 2:
        return ""
    near = [unified for code, unified in own if _common(local.account_code, code) == shared]
    first = near[0]
    length = min(_common(first, code) for code in near)
    return first[:length]


def _common(one: str, other: str) -> int:
    """Length of the beginning that two codes share."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _parts(name: str) -> list[str]:
    return [part for part in _APART.split(name) if part] or [""]


def _dice(one: str, other: str) -> float:
    left, right = _pairs(one), _pairs(other)
    total = left.total() + right.total()
    return 2 * (left & right).total() / total if total else 0.0


def _pairs(text: str) -> Counter[str]:
    """Overlapping pairs of characters, the first and the last with an edge, so that short names count too."""
    edged = f"^{text}$" if text else ""
    return Counter(edged[i : i + 2] for i in range(len(edged) - 1))
