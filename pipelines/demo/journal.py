"""Vouchers of one member and month: posting, closing, trial balance.

Belongs here: double entry (both sides balanced on their own, domain 2.1), monthly closing to 3301, balances that
roll. Not here: which business leads to which voucher (books).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import polars as pl

from pipelines.demo.accounts import local_code
from pipelines.demo.people import as_dates
from pipelines.demo.sizes import Member

Key = tuple[str, str, str]  # account, detail, counterparty
Balances = dict[Key, int]


@dataclass(frozen=True)
class Entry:
    """One line: `amount` in fen, debit positive."""

    account: str
    amount: int
    dept: str | None = None
    fund: str = "own"
    partner: str | None = None
    reference: str | None = None
    ic_type: str | None = None
    ic_period: str | None = None
    project: str | None = None
    detail: str = ""


@dataclass(frozen=True)
class CashLine:
    """One movement on a bank account: positive comes in."""

    day: int
    amount: int
    category: str
    partner: str | None
    kind: str


@dataclass
class Journal:
    """The vouchers of a month."""

    member: Member
    period: str
    names: dict[str, str]
    rows: list[tuple[object, ...]] = field(default_factory=list)
    cash: list[CashLine] = field(default_factory=list)
    moves: dict[Key, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    number: int = 0

    def post(self, day: int, summary: str, entries: list[Entry], category: str = "other") -> None:
        """Post a voucher; a line on 1002 is a cash movement of the category too.

        Raises:
            ValueError: one of the two sides does not balance.
        """
        entries = [e for e in entries if e.amount]
        if not entries:
            return
        for name, side in (("financial", "12345"), ("budgetary", "678")):
            gap = sum(e.amount for e in entries if e.account[0] in side)
            if gap:
                raise ValueError(f"{self.member.member_id} {self.period}: {summary}: {name} side is off by {gap} fen")
        self.number += 1
        number = f"{self.period[2:4]}{self.period[5:]}-{self.number:05d}"
        for line, e in enumerate(entries, 1):
            partner = None if e.account == "1002" else e.partner  # a bank account is no internal account
            key = (e.account, e.detail, partner or "")
            self.moves[key][0 if e.amount > 0 else 1] += abs(e.amount)
            dept = None if self.member.is_total_only else e.dept
            self.rows.append(
                (number, line, day, local_code(self.member.vendor, e.account, e.detail), self.names[e.account], dept,
                 max(e.amount, 0), max(-e.amount, 0), partner, e.reference, e.ic_type, e.ic_period, e.fund,
                 e.project, summary)
            )  # fmt: skip
            if e.account == "1002":
                kind = "pool" if e.detail == "02" else "operating"
                self.cash.append(CashLine(day, e.amount, category, e.partner, kind))

    def close(self, day: int) -> None:
        """Carry revenue and expense to 3301 (closing vouchers, one for each result)."""
        for prefix, summary in (("4", "结转收入"), ("5", "结转费用")):
            entries: list[Entry] = []
            for (account, detail, partner), (debit, credit) in sorted(self.moves.items()):
                if account.startswith(prefix) and debit != credit:
                    entries.append(Entry(account, credit - debit, partner=partner or None, detail=detail))
            results: dict[str, int] = defaultdict(int)
            for e in entries:
                research = e.account.startswith(("410102", "500103", "510103"))
                project = e.account.startswith(("400102", "500102", "500105", "510102"))
                results["330103" if research else "330101" if project else "330102"] -= e.amount
            entries += [Entry(account, amount) for account, amount in sorted(results.items())]
            self.post(day, summary, entries)

    def entries_frame(self) -> pl.DataFrame:
        """The `gl_entries` extract."""
        columns = ["voucher_no", "line_no", "posting_date", "account_code", "account_name", "dept_code", "debit",
                   "credit", "counterparty_member_id", "ic_reference", "ic_type", "ic_period", "fund_source",
                   "project_code", "summary"]  # fmt: skip
        text = {c: pl.String for c in columns if c not in ("line_no", "posting_date", "debit", "credit")}
        frame = pl.DataFrame(
            self.rows, schema=columns, orient="row",
            schema_overrides=text | dict.fromkeys(("line_no", "posting_date", "debit", "credit"), pl.Int64),
        )  # fmt: skip
        return frame.with_columns(as_dates(frame["posting_date"].to_numpy(), "posting_date"))

    def trial_balance(self, opening: Balances) -> tuple[pl.DataFrame, Balances]:
        """The `trial_balance` extract, and the closing balances that the next month opens with."""
        closing: Balances = {}
        out = []
        for key in sorted(set(opening) | set(self.moves)):
            account, detail, partner = key
            before = opening.get(key, 0)
            debit, credit = self.moves.get(key, (0, 0))
            after = before + debit - credit
            if after:
                closing[key] = after
            if before or debit or credit:
                out.append(
                    (local_code(self.member.vendor, account, detail), partner or None, before, debit, credit, after)
                )
        columns = ["account_code", "counterparty_member_id", "opening_balance", "debit", "credit", "closing_balance"]
        kinds = dict.fromkeys(columns[2:], pl.Int64)
        return pl.DataFrame(
            out,
            schema=columns,
            orient="row",
            schema_overrides={"account_code": pl.String, "counterparty_member_id": pl.String, **kinds},
        ), closing

    def cash_frame(self) -> pl.DataFrame:
        """The `cash_movements` extract."""
        mid = f"{self.member.member_id}{self.period[2:4]}{self.period[5:]}"
        rows = [
            (f"{mid}M{n:05d}", c.day, c.kind, "in" if c.amount > 0 else "out", c.category, abs(c.amount), c.partner)
            for n, c in enumerate(self.cash, 1)
        ]
        columns = [
            "movement_id",
            "moved_on",
            "account_kind",
            "direction",
            "category",
            "amount",
            "counterparty_member_id",
        ]
        frame = pl.DataFrame(
            rows,
            schema=columns,
            orient="row",
            schema_overrides={"counterparty_member_id": pl.String, "moved_on": pl.Int64},
        )
        return frame.with_columns(as_dates(frame["moved_on"].to_numpy(), "moved_on"))
