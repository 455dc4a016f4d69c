"""Eliminations of consortia that nobody designed: identities that hold whatever members book (domain 2.6.3, step 5).

A build costs seconds, so each example is several consortia, in months of their own: as drawn, with members in another
order, and with one member more. A third of the members trades goods at a margin in months beside them, and assets at
gains and losses that the buyer books before, with or after the seller, or never.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.dbt.ledger_books import BANK, Balances, Shelf, book, chart, internal, line

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

MEMBERS = ("H01", "H02", "T01", "T02")
NEWCOMER = "V01"
# Goods are sold by the first to the others; none of them trades anything else.
SELLER, BUYERS = "H03", ("T03", "T04")
GOODS_MONTHS = ("2026-01", "2026-02", "2026-03")
SALES, GOODS_COST, STOCK = "410190", "5001040301", "130201"
OTHER_COST, OTHER_STOCK = "5001040202", "130202"  # of a later month
ASSETS, GAIN, LOSS, CARRIED = "160102", "460990", "5301", Decimal(10**6)
LIFE = 60  # transferred_asset_life_months
AMOUNTS = st.integers(1, 10**7).map(lambda fen: Decimal(fen) / 100)
FEN = Decimal("0.01")
MARTS = ("elimination", "intercompany", "statement_line", "statement_by_member", "unrealised_margin")


@dataclass(frozen=True)
class Kind:
    """A kind of internal business: its rule, what sides a and b book, and the accounts of the debt that follows."""

    ic_type: str
    rule_id: str
    a_account: str
    b_account: str
    a_is_income: bool


KINDS = (
    Kind("service", "E06", "410190", "5001040708", a_is_income=True),
    Kind("staff", "E07", "460990", "5001040704", a_is_income=True),
    Kind("rent", "E08", "460590", "5001040709", a_is_income=True),
    Kind("subsidy_down", "E04", "5501", "4201", a_is_income=False),
)
CODES = {each for kind in KINDS for each in (kind.a_account, kind.b_account)} | {
    "121290", "230290", BANK, "4101010101", "5001040101", SALES, GOODS_COST, STOCK, OTHER_COST, OTHER_STOCK, "3001",
    ASSETS, "160202", GAIN, LOSS,
}  # fmt: skip


@dataclass(frozen=True)
class Deal:
    """One piece of business: what side a books and what side b books (None = nothing)."""

    kind: Kind
    a: str
    b: str
    a_amount: Decimal | None
    b_amount: Decimal | None
    has_reference: bool


@dataclass(frozen=True)
class Trade:
    """Goods sold to a buyer in a month, what they cost, and how much of all it holds the buyer uses (in per cent)."""

    month: str
    buyer: str
    price: Decimal
    cost: Decimal
    used: int


@dataclass(frozen=True)
class Disposal:
    """An asset sold to a buyer at a gain (loss negative), and the month in which the buyer books it, if ever."""

    sold_in: str
    booked_in: str | None
    buyer: str
    gain: Decimal

    def unrealised(self, month: str) -> Decimal:
        """What of the gain is not earned by the end of a month, by the straight line."""
        if month < self.sold_in:
            return Decimal(0)
        if self.is_pending(month):
            return self.gain
        assert self.booked_in is not None
        months = GOODS_MONTHS.index(month) - GOODS_MONTHS.index(self.booked_in) + 1
        return self.gain - (self.gain * months / LIFE).quantize(FEN, ROUND_HALF_UP)

    def is_pending(self, month: str) -> bool:
        """Whether only the seller has booked it by then."""
        return self.sold_in <= month and (self.booked_in is None or self.booked_in > month)


@st.composite
def deals(draw: st.DrawFn) -> Deal:
    a, b = draw(st.permutations(MEMBERS))[:2]
    amount = draw(AMOUNTS)
    other = draw(st.one_of(st.just(amount), st.just(amount), AMOUNTS, st.none()))
    a_amount, b_amount = (amount, other) if draw(st.booleans()) else (other, amount)
    return Deal(draw(st.sampled_from(KINDS)), a, b, a_amount, b_amount, has_reference=draw(st.booleans()))


@st.composite
def trades(draw: st.DrawFn) -> Trade:
    price = draw(AMOUNTS)
    cost = max((price * draw(st.integers(40, 120)) / 100).quantize(FEN), FEN)
    return Trade(
        draw(st.sampled_from(GOODS_MONTHS)), draw(st.sampled_from(BUYERS)), price, cost, draw(st.integers(0, 100))
    )


disposals = st.builds(
    Disposal,
    st.sampled_from(GOODS_MONTHS),
    st.one_of(st.none(), st.sampled_from(GOODS_MONTHS), st.sampled_from(GOODS_MONTHS)),
    st.sampled_from(BUYERS),
    st.one_of(AMOUNTS, AMOUNTS.map(lambda amount: -amount)),
)


@dataclass(frozen=True)
class Consortium:
    """Business of a month, and another order of the members for it."""

    business: Sequence[Deal]
    order: Sequence[str]

    def in_other_order(self) -> list[Deal]:
        name = dict(zip(MEMBERS, self.order, strict=True))
        return [replace(deal, a=name[deal.a], b=name[deal.b]) for deal in reversed(self.business)]


consortia = st.builds(Consortium, st.lists(deals(), min_size=4, max_size=20), st.permutations(MEMBERS))


def vouchers(deal: Deal, number: int) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    said = {"ic_type": deal.kind.ic_type, "ic_reference": f"D{number}" if deal.has_reference else None}
    sides = (
        (deal.a, deal.b, deal.a_amount, deal.kind.a_account, deal.kind.a_is_income),
        (deal.b, deal.a, deal.b_amount, deal.kind.b_account, not deal.kind.a_is_income),
    )
    for member, other, amount, account, is_income in sides:
        if amount is not None:
            debt, sign = ("121290", -1) if is_income else ("230290", 1)
            yield (
                member,
                [internal(account, sign * amount, other, **said), internal(debt, -sign * amount, other, **said)],
            )


def deliver(warehouse: Warehouse, business: Sequence[Deal], period: str) -> None:
    by_member: dict[str, list[list[dict[str, Any]]]] = defaultdict(list)
    for number, deal in enumerate(business):
        for member, lines in vouchers(deal, number):
            by_member[member].append(lines)
    for member, booked in by_member.items():
        book(warehouse, member, *booked, period=period)


def vouchers_of_assets(assets: Sequence[Disposal], month: str, member: str) -> Iterable[list[dict[str, Any]]]:
    """What the seller, or a buyer, books of sold assets in a month."""
    for number, asset in enumerate(assets):
        said = {"ic_type": "asset_sale", "ic_reference": f"A{number}"}
        price = CARRIED + asset.gain
        if (member, month) == (SELLER, asset.sold_in):
            result = internal(GAIN if asset.gain > 0 else LOSS, -asset.gain, asset.buyer, **said)
            yield [line(BANK, price), line(ASSETS, credit=CARRIED), result]
        if (member, month) == (asset.buyer, asset.booked_in):
            yield [internal(ASSETS, price, SELLER, **said), line(BANK, credit=price)]


def deliver_goods(warehouse: Warehouse, goods: Sequence[Trade], assets: Sequence[Disposal]) -> dict[str, Decimal]:
    """Books of the seller and the buyers; gives the margin not earned at each month's end, worked out by hand."""
    said = {"ic_type": "stock_transfer"}
    carried: dict[str, Balances] = defaultdict(dict)
    held: dict[str, Decimal] = defaultdict(Decimal)
    sold: dict[str, Decimal] = defaultdict(Decimal)
    spent: dict[str, Decimal] = defaultdict(Decimal)
    unrealised: dict[str, Decimal] = {}
    for month in GOODS_MONTHS:
        sales = list(vouchers_of_assets(assets, month, SELLER))
        purchases = {buyer: list(vouchers_of_assets(assets, month, buyer)) for buyer in BUYERS}
        for trade in (each for each in goods if each.month == month):
            sales.append([line(BANK, trade.price), internal(SALES, -trade.price, trade.buyer, **said)])
            sales.append([internal(GOODS_COST, trade.cost, trade.buyer, **said), line(STOCK, credit=trade.cost)])
            purchases[trade.buyer].append(
                [internal(STOCK, trade.price, SELLER, **said), line(BANK, credit=trade.price)]
            )
            sold[trade.buyer] += trade.price
            spent[trade.buyer] += trade.cost
            used = ((held[trade.buyer] + trade.price) * trade.used / 100).quantize(FEN)
            held[trade.buyer] += trade.price - used
            if used:
                purchases[trade.buyer].append([line(GOODS_COST, used), internal(STOCK, -used, SELLER)])
        there = [line(STOCK, 10**8), line(ASSETS, 10**8), line("3001", credit=2 * 10**8)]
        opening = there if month == GOODS_MONTHS[0] else []
        carried[SELLER] = book(warehouse, SELLER, *sales, period=month, opening=opening, carried=carried[SELLER])
        for buyer in BUYERS:
            carried[buyer] = book(warehouse, buyer, *purchases[buyer], period=month, carried=carried[buyer])
        parts = (held[b] * (sold[b] - spent[b]) / sold[b] for b in BUYERS if sold[b])
        unrealised[month] = sum((part.quantize(FEN, ROUND_HALF_UP) for part in parts), Decimal(0))
        unrealised[month] += sum(asset.unrealised(month) for asset in assets)
    return unrealised


def expected_movements(business: Sequence[Deal]) -> dict[tuple[str, str, str], tuple[Decimal, Decimal, Decimal]]:
    """Side a, side b and eliminated per rule and pair, added up without any matching."""
    totals: dict[tuple[str, str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for deal in business:
        pair = totals[deal.kind.rule_id, deal.a, deal.b]
        pair[0] += deal.a_amount or 0
        pair[1] += deal.b_amount or 0
    return {key: (a, b, min(a, b)) for key, (a, b) in totals.items()}


NOTHING = (Decimal(0),) * 3
Statements = dict[tuple[str, str], tuple[Decimal, Decimal, Decimal]]


def statements(shelf: Shelf, period: str) -> Statements:
    return {
        (statement, code): (aggregate, elimination, consolidated)
        for statement, code, aggregate, elimination, consolidated in shelf.tuples(
            "select statement, line_code, aggregate_amount, elimination_amount, consolidated_amount "
            f"from ledger.statement_line where period = '{period}'"
        )
    }


@settings(
    max_examples=2, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
@given(
    drawn=st.lists(consortia, min_size=3, max_size=3),
    goods=st.lists(trades(), min_size=3, max_size=12),
    assets=st.lists(disposals, min_size=4, max_size=8),
)
def test_eliminations_net_whatever_members_book(
    dbt_session: Warehouse, drawn: list[Consortium], goods: list[Trade], assets: list[Disposal]
) -> None:
    warehouse = dbt_session
    warehouse.reset()
    chart(warehouse, sorted(CODES))
    unrealised = deliver_goods(warehouse, goods, assets)
    months = {}
    for number, consortium in enumerate(drawn):
        as_drawn, in_other_order, with_one_more = (f"{2027 + number}-{month:02d}" for month in (2, 5, 8))
        months[number] = (as_drawn, in_other_order, with_one_more)
        deliver(warehouse, consortium.business, as_drawn)
        deliver(warehouse, consortium.in_other_order(), in_other_order)
        deliver(warehouse, consortium.business, with_one_more)
        outside = [line(BANK, 70), line("4101010101", credit=70)], [line("5001040101", 40), line(BANK, credit=40)]
        book(warehouse, NEWCOMER, *outside, period=with_one_more)
    warehouse.build(*(f"+ledger__{mart}" for mart in MARTS), tests=False)
    shelf = Shelf(warehouse.database)
    with closing(shelf.connection):
        eliminations_net(shelf)
        consolidated_books_balance(shelf)
        for number, consortium in enumerate(drawn):
            business_of_a_month(shelf, consortium, months[number])
        for month in GOODS_MONTHS:
            pending = -sum((asset.gain for asset in assets if asset.is_pending(month)), Decimal(0))
            goods_of_a_month(shelf, month, unrealised[month], pending)


def eliminations_net(shelf: Shelf) -> None:
    groups = "select rule_id, leg, period, sum(amount) as total from intermediate.int_ledger__elimination group by all"
    assert shelf.tuples(f"select * from ({groups}) where total <> 0") == []


def consolidated_books_balance(shelf: Shelf) -> None:
    """What all members booked and what is eliminated of it, account by account: debit is credit in every month."""
    lines = (
        "select period, account_code, amount from ledger.entry union all "
        "select period, account_code, amount from intermediate.int_ledger__elimination where leg = 'movement'"
    )
    accounts = f"select period, account_code, sum(amount) as balance from ({lines}) group by all"
    debit_and_credit = shelf.tuples(
        "select period, sum(greatest(balance, 0)) as debit, sum(greatest(-balance, 0)) as credit "
        f"from ({accounts}) group by period"
    )
    assert any(debit for _, debit, _ in debit_and_credit)
    assert [month for month, debit, credit in debit_and_credit if debit != credit] == []


def business_of_a_month(shelf: Shelf, consortium: Consortium, months: tuple[str, str, str]) -> None:
    """Eliminated as added up by hand; the same in any order; one member more adds its own lines and no others."""
    as_drawn, in_other_order, with_one_more = (statements(shelf, month) for month in months)
    pairs = shelf.tuples(
        "select rule_id, a_member_id, b_member_id, a_amount, b_amount, eliminated_amount "
        f"from intermediate.int_ledger__intercompany_pair where leg = 'movement' and period = '{months[0]}'"
    )
    assert {pair[:3]: pair[3:] for pair in pairs} == expected_movements(consortium.business)
    nothing_else_is_left(as_drawn)
    assert {key: line[2] for key, line in in_other_order.items()} == {key: line[2] for key, line in as_drawn.items()}
    own = {
        (statement, code): amount
        for statement, code, amount in shelf.tuples(
            "select statement, line_code, amount from ledger.statement_by_member "
            f"where period = '{months[2]}' and member_id = '{NEWCOMER}'"
        )
    }
    assert own["revenue_expense", "RE_SURPLUS"] == 30
    for key, amounts in with_one_more.items():
        before, more = as_drawn.get(key, NOTHING), own.get(key, Decimal(0))
        assert amounts == (before[0] + more, before[1], before[2] + more), key


def goods_of_a_month(shelf: Shelf, month: str, unrealised: Decimal, pending: Decimal) -> None:
    """What the consortium sold to itself is neither income nor more than its cost in stock or assets, nor a
    disagreement, but for gains whose asset the buyer has not booked: they stand on the suspense line."""
    lines = statements(shelf, month)
    position = {code: amounts for (statement, code), amounts in lines.items() if statement == "financial_position"}
    aggregate, _, consolidated = position["FP_NET_ASSETS"]
    assert consolidated == aggregate - unrealised, month
    assert position["FP_ASSETS"][2] == position["FP_LIABILITIES_NET_ASSETS"][2]
    assert position["IC_DIFF"] == (0, pending, pending)
    assert lines.get(("revenue_expense", "IC_DIFF"), NOTHING) == NOTHING
    assert lines.get(("revenue_expense", "RE_INCOME"), NOTHING)[2] == 0


def nothing_else_is_left(lines: Statements) -> None:
    """Everything here is business between members: none of it is left in any line but the suspense."""
    assets = lines["financial_position", "FP_ASSETS"]
    assert assets[2] == lines["financial_position", "FP_LIABILITIES_NET_ASSETS"][2]
    assert assets[2] == lines["financial_position", "IC_DIFF"][2]
    for code in ("FP_RECEIVABLE", "FP_PAYABLE"):
        assert lines["financial_position", code][2] == 0
    for code in ("RE_INCOME", "RE_EXPENSE"):
        assert lines["revenue_expense", code][2] == 0
    assert lines["revenue_expense", "RE_SURPLUS"][1] == 0
    assert lines["financial_position", "FP_NET_ASSETS"][1] == 0


def content(warehouse: Warehouse, where: str = "true") -> list[list[tuple[Any, ...]]]:
    shelf = Shelf(warehouse.database)
    with closing(shelf.connection):
        return [shelf.tuples(f"from ledger.{mart} where {where} order by all") for mart in MARTS]


def changed_since(warehouse: Warehouse, seed: str, key: dict[str, str], change: dict[str, str], since: str) -> None:
    """Ends a row of the reference data the day before, and puts a changed one after it."""
    until = (date.fromisoformat(since) - timedelta(days=1)).isoformat()
    with (warehouse.reference / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    (old,) = (row for row in rows if key.items() <= row.items())
    rows[rows.index(old)] = old | {"valid_to": until}
    warehouse.refer(seed, [*rows, old | change | {"valid_from": since}])


def test_a_closed_month_is_replayed_with_its_own_map_rules_lines_and_policy(dbt_session: Warehouse) -> None:
    """Stands on what the property above left, built a second time after the year changed all four, and with books of
    that year, goods and other accounts in them: not a cell of an earlier month moves. The new month has the new."""
    # An asset's gain comes back month by month, also in months of which nobody has delivered books.
    with_books = "period in (select period from ledger.statement_line)"
    before = content(dbt_session, with_books)
    since, new = "2030-01-01", "2030-02"
    service = {"rule_id": "E06"}
    changed_since(dbt_session, "elimination_rules", service, {"rule_name_zh": "新服务", "tolerance_abs": "50"}, since)
    rent = {"statement": "revenue_expense", "line_code": "RE_RENT"}
    changed_since(dbt_session, "statement_lines", rent, {"account_prefixes": "460590"}, since)
    staff = {"statement": "revenue_expense", "line_code": "RE_OTHER"}
    changed_since(
        dbt_session, "statement_lines", staff, {"account_prefixes": "4609|4605", "line_name_zh": "其他"}, since
    )
    changed_since(dbt_session, "account_map", {"local_account_pattern": "460990"}, {"account_code": "460590"}, since)
    life = {"parameter": "transferred_asset_life_months"}
    changed_since(dbt_session, "policy_pipeline", life, {"value": "120"}, since)
    goods = {"ic_type": "stock_transfer"}
    for buyer in BUYERS:
        received = [internal(OTHER_STOCK, 10**7, SELLER, **goods), line(BANK, credit=10**7)]
        book(dbt_session, buyer, received, period=new)
    sold = [[line(BANK, 10**7), internal(SALES, -(10**7), buyer, **goods)] for buyer in BUYERS]
    spent = [[internal(OTHER_COST, 10**6, buyer, **goods), line(STOCK, credit=10**6)] for buyer in BUYERS]
    book(dbt_session, SELLER, *sold, *spent, period=new)
    said = {"ic_type": "service"}
    book(dbt_session, "H01", [line(BANK, 100), internal("410190", -100, "T01", **said)], [
        line(BANK, 7), line("460990", credit=7)], period=new)  # fmt: skip
    book(dbt_session, "T01", [internal("5001040708", 60, "H01", **said), line(BANK, credit=60)], period=new)
    dbt_session.build(*(f"+ledger__{each}" for each in MARTS), tests=False)
    assert all(before)
    assert content(dbt_session, f"period < '{new}' and {with_books}") == before
    shelf = Shelf(dbt_session.database)
    with closing(shelf.connection):
        assert shelf.tuples(
            "select distinct rule_name, tolerance, status from ledger.intercompany "
            f"where period = '{new}' and rule_id = 'E06'"
        ) == [("新服务", 50, "matched")]
        lines = shelf.statement("revenue_expense", new)
        assert (lines["RE_RENT"][2], lines["RE_OTHER"][2]) == (7, 0)
