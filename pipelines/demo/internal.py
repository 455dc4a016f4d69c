"""How a member books business with other members: both legs, balance and result (domain 2.6.2).

Belongs here: accounts and elimination types of each kind of event. Not here: which events there are (intercompany).
"""

from __future__ import annotations

from dataclasses import replace

from pipelines.demo import intercompany
from pipelines.demo.books import Books
from pipelines.demo.intercompany import Event
from pipelines.demo.journal import Entry


def post(books: Books) -> None:
    """Post the month's internal business as this member sees it."""
    for e in intercompany.events(books.world, books.member, books.period):
        if e.kind in ("service", "staff", "rent"):
            _on_account(books, e)
        else:
            _in_cash(books, e)


def _leg(e: Event, account: str, amount: int, ic_type: str, dept: str | None = None) -> Entry:
    return Entry(
        account, amount, dept, partner=e.partner, reference=e.reference, ic_type=ic_type, ic_period=e.ic_period
    )


def _on_account(books: Books, e: Event) -> None:
    """Services, staff and rent: income and receivable here, cost and payable there; paid the month after."""
    if e.is_seller:
        income = "460590" if e.kind == "rent" else "460990"
        lines = [_leg(e, "121290", e.amount, "receivable"), _leg(e, income, -e.amount, e.kind)]
    else:
        dept, detail = (None, "0709") if e.kind == "rent" else (_user(books, e.what), "0708")
        cost = books.expense(dept, detail, e.amount)
        marked = _leg(e, cost.account, cost.amount, e.kind, cost.dept)
        lines = [replace(marked, fund=cost.fund), _leg(e, "230290", -e.amount, "receivable")]
    books.journal.post(e.day, e.what, lines)


def _in_cash(books: Books, e: Event) -> None:
    """Everything that moves money at once. `way` is +1 where money comes in."""
    seller = e.is_seller
    side: list[Entry] = []
    category, detail, what = "other", "01", e.what

    def budget(account: str, ic_type: str) -> list[Entry]:
        return [Entry("800102", way * e.amount), _leg(e, account, -way * e.amount, ic_type)]

    if e.kind == "settle":
        way, account, ic_type = (1, "121290", "receivable") if seller else (-1, "230290", "receivable")
        side, what = budget("660990" if seller else "720190", "budget_service"), f"内部往来结算-{e.what}"
    elif e.kind == "subsidy":
        way, account, ic_type = (-1, "5501", "subsidy_down") if seller else (1, "4201", "subsidy_down")
        side = budget("7501" if seller else "6201", "budget_subsidy")
    elif e.kind in ("loan", "repay"):
        way = 1 if seller == (e.kind == "repay") else -1
        account, ic_type = "121803" if seller else "230703", "loan"
        category = "internal_loan" if e.kind == "loan" else "internal_repayment"
    elif e.kind == "interest":
        way, account, ic_type = (1, "460490", "loan") if seller else (-1, "590190", "loan")
        side, category = budget("660990" if seller else "790190", "budget_service"), "internal_interest"
    elif e.kind == "advance":  # the lead receives it, for reagents to come
        way, account, ic_type = (1, "230590", "advance") if seller else (-1, "121490", "advance")
    elif e.kind == "sweep":  # into the pool account that the lead keeps apart from its own
        way, account, ic_type = (1, "230705", "cash_pool") if seller else (-1, "121804", "cash_pool")
        detail = "02" if seller else "01"
    else:
        raise ValueError(f"internal event {e.kind} has no booking")
    office = next((p.code for p in books.rows if p.dept_class == "admin"), books.rows[0].code)
    other = _leg(e, account, -way * e.amount, ic_type, office if account == "5501" else None)
    cash = books.cash(way * e.amount, detail, e.partner)
    books.journal.post(e.day, what, [other, cash, *side] if e.kind == "subsidy" else [cash, other, *side], category)


def _user(books: Books, what: str) -> int:
    """Department that uses a service from another member."""
    wanted = ("2S300001",) if "CT" in what or "检" in what else ("1O020001", "1O030001", "1O500001")
    return next((i for c in wanted for i, p in enumerate(books.rows) if p.code == c), 0)
