"""Accounts that members delivered, held against the map: what is unmapped, and what is known (S5-PLAT-04).

Belongs here: reading the newest versions of the ledgers out of the lake, also of members that gate 1 holds back, and
the reference data. Does not belong here: what an unmapped account might be (`suggest.py`).
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import polars as pl

from pipelines import ingest, reference
from pipelines.ledger.suggest import LocalAccount, MapRow, Suggestion, mapped, suggest
from pipelines.settings import Settings
from pipelines.state import State


def suggestions(settings: Settings, state: State, member_id: str | None = None) -> list[Suggestion]:
    """Suggestions for every account in the newest ledgers that the map doesn't know in one of their months.

    Args:
        member_id: only accounts of this member; the others' still bear witness.

    Raises:
        ReferenceError: the reference data has a problem.
    """
    unmapped, known = _sorted_out(settings, state)
    chart = {
        row["account_code"]: row["account_name_zh"]
        for row in reference.read(reference.overlay(settings), "unified_accounts")
    }
    wanted = [local for local in unmapped if member_id in (None, local.member_id)]
    return suggest(wanted, known, chart)


def unmapped_accounts(settings: Settings, state: State) -> list[LocalAccount]:
    """Accounts of the newest ledgers that no map knows, by member, greatest amount first."""
    return _sorted_out(settings, state)[0]


def _sorted_out(settings: Settings, state: State) -> tuple[list[LocalAccount], list[tuple[LocalAccount, str]]]:
    folder = reference.overlay(settings)
    vendors = {row["member_id"]: row["vendor"] for row in reference.read(folder, "members")}
    rows = [
        MapRow(row["vendor_or_member"], row["local_account_pattern"].rstrip("*%"), row["account_code"], *row.dates())
        for row in reference.read(folder, "account_map")
    ]
    unmapped: dict[tuple[str, str], LocalAccount] = {}
    known: dict[tuple[str, str], tuple[LocalAccount, str]] = {}
    for local in _delivered(settings, state):
        year, month = map(int, local.first_period.split("-"))
        vendor = vendors.get(local.member_id, "")
        code = mapped(local, vendor, rows, date(year, month, calendar.monthrange(year, month)[1]))
        key = (local.member_id, local.account_code)
        if code is not None:
            known[key] = (local, code)
        elif key in unmapped:
            unmapped[key] = _together(unmapped[key], local)
        else:
            unmapped[key] = local
    ordered = sorted(unmapped.values(), key=lambda each: (each.member_id, -each.amount, each.account_code))
    return ordered, [known[key] for key in sorted(known)]


def _together(one: LocalAccount, other: LocalAccount) -> LocalAccount:
    first = min(one.first_period, other.first_period)
    amount, lines = one.amount + other.amount, one.lines + other.lines
    return LocalAccount(one.member_id, one.account_code, one.account_name, first, amount, lines)


def _delivered(settings: Settings, state: State) -> Sequence[LocalAccount]:
    """One account per member, period and code, as the newest accepted ledgers have them."""
    found = []
    for version in ingest.versions(settings, state):
        if version.extract != "gl_entries":
            continue
        totals = (
            pl.scan_parquet(version.path)
            .group_by("account_code")
            .agg(
                pl.col("account_name").min(),
                (pl.col("debit").abs().sum() + pl.col("credit").abs().sum()).alias("amount"),
                pl.len().alias("lines"),
            )
            .sort("account_code")
            .collect()
        )
        found += [
            LocalAccount(version.member_id, code, name, version.period, Decimal(amount), lines)
            for code, name, amount, lines in totals.iter_rows()
        ]
    return found
