"""Internal business that outlives its month: margin in stock, gain in assets, allowances, equity, cost (domain 2.6).

One consortium over four months and a change of year, every pair with one kind of business, built once.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.dbt import ledger_exercises as exercises
from tests.dbt.ledger_books import (
    BANK,
    MARTS,
    PAYABLE,
    RECEIVABLE,
    Balances,
    Shelf,
    book,
    chart,
    internal,
    line,
    shelve,
)

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

MONTHS = ("2026-10", "2026-11", "2026-12", "2027-01")
DRUG_COST, DRUGS, DEPRECIATION = "5001040301", "130201", "5001040402"
CODES = {
    BANK, RECEIVABLE, "121990", DRUGS, "150190", "160102", "160202", PAYABLE, "3001", "340190", "410190", "460990",
    "5301", DRUG_COST, DEPRECIATION, "5001040101", "5001040708", "590191",
}  # fmt: skip
GOODS = {"ic_type": "stock_transfer"}
LIFE_BY_POLICY = 60  # transferred_asset_life_months

H01: dict[str, list[list[dict[str, Any]]]] = {
    # 100 of goods that cost 80 to T01, 200 that cost 150 to T02; 5 set aside for T03 beside 10 of earlier years.
    "2026-10": [
        [internal(RECEIVABLE, 100, "T01"), internal("410190", -100, "T01", **GOODS)],
        [internal(DRUG_COST, 80, "T01", **GOODS), line(DRUGS, credit=80)],
        [internal(RECEIVABLE, 200, "T02"), internal("410190", -200, "T02", **GOODS)],
        [internal(DRUG_COST, 150, "T02", **GOODS), line(DRUGS, credit=150)],
        [internal("590191", 5, "T03", ic_type="allowance"), internal("121990", -5, "T03", ic_type="allowance")],
    ]
}
T01: dict[str, list[list[dict[str, Any]]]] = {
    # 60 of the goods used in October, the rest in November. Its stock account is kept by counterparty.
    "2026-10": [
        [internal(DRUGS, 100, "H01", **GOODS), internal(PAYABLE, -100, "H01")],
        [line(DRUG_COST, 60), internal(DRUGS, -60, "H01")],
        # A scanner of 124 from H02, whose gain is 24; another one whose life nobody tells, gain 60.
        [internal("160102", 124, "H02", ic_type="asset_sale", ic_reference="CT9"), line(BANK, credit=124)],
        [internal("160102", 360, "H02", ic_type="asset_sale", ic_reference="US3"), line(BANK, credit=360)],
        [line(DEPRECIATION, 20), line("160202", credit=20)],
    ],
    "2026-11": [[line(DRUG_COST, 40), internal(DRUGS, -40, "H01")]],
}
T02: dict[str, list[list[dict[str, Any]]]] = {
    # 200 of the goods lie among 300 of others; half of all is used.
    "2026-10": [
        [internal(DRUGS, 200, "H01", **GOODS), internal(PAYABLE, -200, "H01")],
        [line(DRUG_COST, 250), line(DRUGS, credit=250)],
    ]
}
H02: dict[str, list[list[dict[str, Any]]]] = {
    "2026-10": [
        [
            line(BANK, 124),
            line("160102", credit=100),
            internal("460990", -24, "T01", ic_type="asset_sale", ic_reference="CT9"),
        ],
        [
            line(BANK, 360),
            line("160102", credit=300),
            internal("460990", -60, "T01", ic_type="asset_sale", ic_reference="US3"),
        ],
        # Sold below what it stood at: a loss of 30.
        [line(BANK, 70), internal("5301", 30, "T03", ic_type="asset_sale"), line("160102", credit=100)],
    ]
}
T03: dict[str, list[list[dict[str, Any]]]] = {
    "2026-10": [[internal("160102", 70, "H02", ic_type="asset_sale"), line(BANK, credit=70)]]
}
H03: dict[str, list[list[dict[str, Any]]]] = {
    "2026-10": [[internal("340190", 50, "T04", ic_type="free_transfer"), line("160102", credit=50)]]
}
T04: dict[str, list[list[dict[str, Any]]]] = {
    "2026-10": [[line("160102", 50), internal("340190", -50, "H03", ic_type="free_transfer")]]
}
OPENING: dict[str, list[dict[str, Any]]] = {
    # H01 holds 80 % of H02, whose equity is 1,650; it has an allowance on T03 from earlier years.
    "H01": [
        internal("150190", 800, "H02"), line(DRUGS, 1000), internal("121990", -10, "T03"), line("3001", credit=1790),
    ],
    "H02": [line("160102", 1650), internal("3001", -1320, "H01"), line("3001", credit=330)],
    "H03": [line("160102", 50), line("3001", credit=50)],
    "T01": [line(BANK, 500), line("3001", credit=500)],
    "T02": [line(DRUGS, 300), line("3001", credit=300)],
    "T03": [line(BANK, 100), line("3001", credit=100)],
}  # fmt: skip
BOOKS = {"H01": H01, "H02": H02, "H03": H03, "T01": T01, "T02": T02, "T03": T03, "T04": T04}
BY_ACCOUNT_ONLY = {"T02"}  # whose trial balance does not part stock by counterparty


@pytest.fixture(scope="module")
def ledger(dbt_session: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    dbt_session.reset()
    chart(dbt_session, sorted(CODES | exercises.CODES))
    for member, by_month in BOOKS.items():
        carried: Balances = {}
        for month in MONTHS:
            opening = OPENING.get(member, []) if month == MONTHS[0] else ()
            together = {DRUGS} if member in BY_ACCOUNT_ONLY else set()
            said: dict[str, Any] = {"opening": opening, "carried": carried, "together": together}
            carried = book(dbt_session, member, *by_month.get(month, []), period=month, **said)
    asset = {"asset_id": "CT9", "asset_class": "imaging", "modality": "ct", "original_cost": 124}
    dbt_session.deliver("assets", "T01", "2026-10", [asset | {"monthly_depreciation": "10.33"}])
    a_sterile_supply_that_works_for_a_township(dbt_session)
    assets_that_go_before_their_time(dbt_session)
    assets_that_the_buyer_books_in_another_month(dbt_session)
    goods_that_the_buyer_does_not_have(dbt_session)
    exercises.tell(dbt_session)
    dbt_session.build(*MARTS, "+ledger__consolidated_cost", "+ledger__transfer_price")
    return shelve(dbt_session, tmp_path_factory.mktemp("lasting"))


def a_sterile_supply_that_works_for_a_township(warehouse: Warehouse) -> None:
    """A month of its own: 100 of sterile supply, a fifth of its packs for V01's clinic, which pays 30 for them."""
    period, said = "2027-06", {"ic_type": "service"}
    paid = [internal("5001040708", 30, "H01", dept_code="C9", **said), internal(PAYABLE, -30, "H01", **said)]
    book(warehouse, "V01", paid, period=period)
    labour = [line("5001040101", 100, dept_code="3S000001"), line(BANK, credit=100)]
    sold = [internal(RECEIVABLE, 30, "V01", **said), internal("410190", -30, "V01", **said)]
    book(warehouse, "H01", labour, sold, period=period)
    clinic = {"dept_class": "clinical", "headcount": 1}
    supply = {"dept_code": "3S000001", "dept_name": "供应室", "dept_class": "auxiliary", "headcount": 1}
    warehouse.deliver("departments", "H01", period, [supply, clinic | {"dept_code": "C1", "dept_name": "内科"}])
    warehouse.deliver("departments", "V01", period, [clinic | {"dept_code": "C9", "dept_name": "门诊"}])
    packs = {"sender_dept": "3S000001", "workload_kind": "sterile_packs"}
    outside = packs | {"receiver_dept": "C9", "receiver_member_id": "V01", "quantity": 2}
    warehouse.deliver("workload", "H01", period, [packs | {"receiver_dept": "C1", "quantity": 8}, outside])


GONE = ("2029-01", "2029-02", "2029-03", "2029-04")


def assets_that_go_before_their_time(warehouse: Warehouse) -> None:
    """T04 buys four assets of H03 at gains: one is scrapped, one half sold, one leaves the register, one is sold on."""
    gains = {"CT7": (124, 24), "XR2": (360, 60), "LAB5": (100, 30), "MV1": (112, 12)}

    def said(reference: str) -> dict[str, str]:
        return {"ic_type": "asset_sale", "ic_reference": reference}

    sold = [
        [line(BANK, price), line("160102", credit=price - gain), internal("460990", -gain, "T04", **said(reference))]
        for reference, (price, gain) in gains.items()
    ]
    bought = [
        [internal("160102", price, "H03", **said(reference)), line(BANK, credit=price)]
        for reference, (price, _) in gains.items()
    ]
    scrapped = [line("5301", 124), internal("160102", -124, "H03", **said("CT7"))]
    half_sold = [line(BANK, 180), internal("160102", -180, "H03", **said("XR2"))]
    sold_on = [
        line(BANK, 117), internal("160102", -112, "H03", **said("MV1")), internal("460990", -5, "V01", **said("MV1"))
    ]  # fmt: skip
    bought_on = [internal("160102", 117, "T04", **said("MV1")), line(BANK, credit=117)]
    by_month = {"H03": [sold, [], [], []], "T04": [bought, [], [half_sold, sold_on], [scrapped]]}
    by_month["V01"] = [[], [], [bought_on], []]
    opening = {
        "H03": [line("160102", 570), line("3001", credit=570)],
        "T04": [line(BANK, 696), line("3001", credit=696)],
    }
    opening["V01"] = [line(BANK, 200), line("3001", credit=200)]
    keep_books(warehouse, GONE, by_month, opening)
    register = {"asset_class": "imaging", "modality": "ct", "original_cost": 124, "monthly_depreciation": "10.33"}
    ct, lab = register | {"asset_id": "CT7"}, register | {"asset_id": "LAB5", "original_cost": 100}
    for month in GONE:
        there = [ct, lab | {"monthly_depreciation": 10}] if month < GONE[2] else [ct] if month < GONE[3] else []
        warehouse.deliver("assets", "T04", month, there)


APART = ("2030-01", "2030-02", "2030-03")


def keep_books(
    warehouse: Warehouse, months: tuple[str, ...], books: dict[str, list[Any]], opening: dict[str, list[Any]]
) -> None:
    """Delivers the vouchers of each member month by month; what one month leaves, the next begins with."""
    for member, by_month in books.items():
        carried: Balances = {}
        for month, vouchers in zip(months, by_month, strict=True):
            first = opening[member] if month == months[0] else ()
            carried = book(warehouse, member, *vouchers, period=month, opening=first, carried=carried)


def assets_that_the_buyer_books_in_another_month(warehouse: Warehouse) -> None:
    """H02 sells at gains: T02 books a month later and scraps the asset in the third, T04 has booked a month before, V01
    has booked another document than the one it was sold under. H03 and T03 say no document."""

    def said(reference: str | None) -> dict[str, Any]:
        return {"ic_type": "asset_sale", "ic_reference": reference}

    def sold(buyer: str, price: int, gain: int, reference: str | None) -> list[dict[str, Any]]:
        gained = internal("460990", -gain, buyer, **said(reference))
        return [line(BANK, price), line("160102", credit=price - gain), gained]

    def bought(price: int, reference: str | None, seller: str = "H02") -> list[dict[str, Any]]:
        return [internal("160102", price, seller, **said(reference)), line(BANK, credit=price)]

    first = [sold("T02", 360, 60, "LATE"), sold("V01", 130, 30, "GONE")]
    scrapped = [line("5301", 360), internal("160102", -360, "H02", **said("LATE"))]
    keep_books(
        warehouse,
        APART,
        {
            "H02": [first, [sold("T04", 360, 60, "EARLY")], []],
            "H03": [[sold("T03", 112, 12, None)], [], []],
            "T02": [[], [bought(360, "LATE")], [scrapped]],
            "T03": [[], [bought(112, None, "H03")], []],
            "T04": [[bought(360, "EARLY")], [], []],
            "V01": [[bought(400, "OTHER")], [], []],
        },
        {
            member: [line("160102" if member[0] == "H" else BANK, 1000), line("3001", credit=1000)]
            for member in ("H02", "H03", "T02", "T03", "T04", "V01")
        },
    )


IN_TRANSIT = ("2030-06", "2030-07")


def goods_that_the_buyer_does_not_have(warehouse: Warehouse) -> None:
    """H03 sells on credit. T01 receives a month later and uses 60 of 100, T02 (who pays cost) never, T03 three
    quarters, T04 names the seller with the debt only, V01 expenses all of it at once."""
    trades = {"T01": (100, 80), "T02": (50, 50), "T03": (200, 150), "T04": (30, 20), "V01": (40, 30)}
    sales = []
    for buyer, (price, cost) in trades.items():
        sales.append([internal(RECEIVABLE, price, buyer), internal("410190", -price, buyer, **GOODS)])
        sales.append([internal(DRUG_COST, cost, buyer, **GOODS), line(DRUGS, credit=cost)])

    def received(price: int) -> list[dict[str, Any]]:
        return [internal(DRUGS, price, "H03", **GOODS), internal(PAYABLE, -price, "H03")]

    unnamed = [line(DRUGS, 30), internal(PAYABLE, -30, "H03")]
    expensed = [internal(DRUG_COST, 40, "H03", **GOODS), internal(PAYABLE, -40, "H03")]
    used = [line(DRUG_COST, 60), internal(DRUGS, -60, "H03")]
    keep_books(
        warehouse,
        IN_TRANSIT,
        {
            "H03": [sales, []],
            "T01": [[], [received(100), used]],
            "T02": [[], []],
            "T03": [[received(150)], []],
            "T04": [[unnamed], []],
            "V01": [[expensed], []],
        },
        {
            "H03": [line(DRUGS, 330), line("3001", credit=330)],
            **{member: [line(BANK, 1), line("3001", credit=1)] for member in trades},
        },
    )


def journal(ledger: Shelf, rule: str, a: str, b: str, period: str = "2026-10") -> dict[str, Decimal]:
    """Account -> entry of the elimination journal, debit positive."""
    return dict(
        ledger.tuples(
            "select account_code, sum(amount) from ledger.elimination "
            f"where rule_id = '{rule}' and period = '{period}' and a_member_id = '{a}' "
            f"and b_member_id = '{b}' group by all"
        )
    )


def test_margin_in_goods_that_are_still_held_goes_out_of_stock(ledger: Shelf) -> None:
    """E09: 100 sold at a margin of 20, 40 still held: cost is 92 less and stock 8; once used, cost is 8 less."""
    assert journal(ledger, "E09", "H01", "T01") == {"410190": 100, DRUG_COST: -92, DRUGS: -8}
    assert journal(ledger, "E09", "H01", "T01", "2026-11") == {DRUG_COST: -8, DRUGS: 8}
    assert journal(ledger, "E09", "H01", "T01", "2026-12") == {}
    assert ledger.tuples(
        "select period, margin_amount, margin_rate, held_amount, unrealised_amount from ledger.unrealised_margin "
        "where rule_id = 'E09' and buyer_member_id = 'T01' and seller_member_id = 'H01' order by period"
    ) == [("2026-10", 20, Decimal("0.200000"), 40, 8), ("2026-11", 0, Decimal("0.200000"), 0, 0)]


def test_goods_that_lie_among_others_are_held_in_proportion(ledger: Shelf) -> None:
    """E09 without a stock balance per seller: 200 of 500 received, 250 left, so 100 held; a quarter of it is margin."""
    assert journal(ledger, "E09", "H01", "T02") == {"410190": 200, DRUG_COST: -175, DRUGS: -25}


def test_a_margin_is_no_disagreement(ledger: Shelf) -> None:
    columns = "side, own_amount, difference, eliminated_amount, explained_amount, suspense_amount, status"
    where = "rule_id = 'E09' and period = '2026-10' and 'T01' in (member_id, counterparty_member_id)"
    assert ledger.tuples(f"select {columns} from ledger.intercompany where {where} order by side") == [
        ("a", 100, 20, 80, 20, 0, "matched"),
        ("b", 80, -20, 80, -20, 0, "matched"),
    ]


def test_a_gain_inside_an_asset_comes_back_over_its_life(ledger: Shelf) -> None:
    """E10: 24 over twelve months by the asset register, 60 over the policy's sixty."""
    assert journal(ledger, "E10", "H02", "T01") == {"460990": 84, "160102": -84, "160202": 3, DEPRECIATION: -3}
    assert journal(ledger, "E10", "H02", "T01", "2026-12") == {"160202": 3, DEPRECIATION: -3}
    assert ledger.tuples(
        "select ic_reference, life_months, unrealised_amount from ledger.unrealised_margin "
        "where rule_id = 'E10' and period = '2027-01' and buyer_member_id = 'T01' order by all"
    ) == [("CT9 2026-10", 12, 16), ("US3 2026-10", LIFE_BY_POLICY, 56)]


def test_a_loss_goes_back_into_the_asset(ledger: Shelf) -> None:
    """T03 books no depreciation of its own: the chart's first account takes the correction."""
    assert journal(ledger, "E10", "H02", "T03") == {
        "5301": -30, "160102": 30, "160202": Decimal("-0.50"), "50010104": Decimal("0.50"),
    }  # fmt: skip
    assert ledger.tuples(
        "select side, status, suspense_amount from ledger.intercompany "
        "where rule_id = 'E10' and period = '2026-10' and 'T03' in (member_id, counterparty_member_id) order by all"
    ) == [("a", "matched", 0), ("b", "matched", 0)]


@pytest.mark.parametrize(
    ("month", "entries"),
    [
        (GONE[0], {"460990": 126, "160102": -126, "160202": "6.20", "50010104": "-6.20"}),
        (GONE[1], {"160202": "6.20", "50010104": "-6.20"}),
        # XR2: half of 60 leaves the cost, 1 of it had come back, 29 is earned. LAB5: 30, 6 and 24.
        (GONE[2], {"160102": 60, "160202": "-4.30", "50010104": "-2.70", "5301": -53}),
        # CT7 after three months of 2: 24 leaves the cost, 6 the depreciation, 18 is earned.
        (GONE[3], {"160102": 24, "160202": "-5.30", "50010104": "-0.70", "5301": -18}),
    ],
)
def test_what_an_asset_still_holds_of_a_gain_is_earned_when_it_goes(
    ledger: Shelf, month: str, entries: dict[str, Any]
) -> None:
    """E10: 24 over 12 months and 30 over 10 by the register, 60 and 12 over the policy's 60. In the month of disposal
    nothing is depreciated (政府会计准则第3号); what is sold on to V01 stays in the consortium."""
    assert journal(ledger, "E10", "H03", "T04", month) == {code: Decimal(amount) for code, amount in entries.items()}


def test_margin_of_assets_that_went_is_unrealised_no_more(ledger: Shelf) -> None:
    assert ledger.tuples(
        "select period, ic_reference, released_amount, unrealised_amount from ledger.unrealised_margin "
        f"where rule_id = 'E10' and seller_member_id = 'H03' and period in ('{GONE[2]}', '{GONE[3]}') order by all"
    ) == [
        ("2029-03", "CT7 2029-01", 0, 18),
        ("2029-03", "LAB5 2029-01", 24, 0),
        ("2029-03", "MV1 2029-01", 0, Decimal("11.40")),
        ("2029-03", "XR2 2029-01", 29, Decimal("28.50")),
        ("2029-04", "CT7 2029-01", 18, 0),
        ("2029-04", "MV1 2029-01", 0, Decimal("11.20")),
        ("2029-04", "XR2 2029-01", 0, 28),
    ]
    assert ledger.statuses(GONE[3]) | ledger.statuses(GONE[2]) == {"matched"}


@pytest.mark.parametrize("month", GONE)
def test_net_assets_are_less_by_what_is_left_of_the_gains(ledger: Shelf, month: str) -> None:
    position = ledger.statement("financial_position", month)
    ((unrealised,),) = ledger.tuples(
        f"select sum(unrealised_amount) from ledger.unrealised_margin where period = '{month}'"
    )
    aggregate, _, consolidated = position["FP_NET_ASSETS"]
    assert consolidated == aggregate - unrealised
    assert position["FP_ASSETS"][2] == position["FP_LIABILITIES_NET_ASSETS"][2]
    assert position["IC_DIFF"] == (0, 0, 0)


@pytest.mark.parametrize(
    ("buyer", "month", "entries"),
    [
        # The gain is out of income at once, on IC_DIFF until T02's books have the asset, then inside its cost.
        ("T02", APART[0], {"460990": 60, "IC_DIFF": -60}),
        ("T02", APART[1], {"IC_DIFF": 60, "160102": -60, "160202": 1, "50010104": -1}),
        ("T02", APART[2], {"160102": 60, "160202": -1, "5301": -59}),
        # Two months of T04's depreciation had a sixtieth of the gain in them when H02 booked it.
        ("T04", APART[0], {}),
        ("T04", APART[1], {"460990": 60, "160102": -60, "160202": 2, "50010104": -2}),
        ("T03", APART[0], {"460990": 12, "IC_DIFF": -12}),
        ("T03", APART[1], {"IC_DIFF": 12, "160102": -12, "160202": "0.20", "50010104": "-0.20"}),
        ("V01", APART[0], {"460990": 30, "IC_DIFF": -30}),
        ("V01", APART[1], {}),
    ],
)
def test_a_gain_waits_on_the_suspense_line_for_the_asset_it_is_inside_of(
    ledger: Shelf, buyer: str, month: str, entries: dict[str, Any]
) -> None:
    """E10 over the policy's 60 months, booked by one side a month before or after the other."""
    seller = "H03" if buyer == "T03" else "H02"
    assert journal(ledger, "E10", seller, buyer, month) == {code: Decimal(amount) for code, amount in entries.items()}


def test_a_gain_whose_asset_is_booked_in_another_month_is_timing(ledger: Shelf) -> None:
    def found(month: str) -> list[tuple[Any, ...]]:
        columns = "side, member_id, counterparty_member_id, own_amount, suspense_amount, status"
        where = f"rule_id = 'E10' and period = '{month}' and own_amount + suspense_amount <> 0"
        return ledger.tuples(f"select {columns} from ledger.intercompany where {where} order by all")

    assert found(APART[0]) == [
        ("a", "H02", "T02", 60, 60, "timing"),
        ("a", "H02", "V01", 30, 30, "one_sided"),
        ("a", "H03", "T03", 12, 12, "timing"),
        ("b", "T04", "H02", 360, 0, "matched"),
        ("b", "V01", "H02", 400, 0, "one_sided"),
    ]
    assert found(APART[1]) == [
        ("a", "H02", "T02", 0, -60, "timing"),
        ("a", "H02", "T04", 60, 0, "timing"),
        ("a", "H03", "T03", 0, -12, "timing"),
        ("b", "T02", "H02", 360, 0, "timing"),
        ("b", "T03", "H03", 112, 0, "timing"),
    ]


@pytest.mark.parametrize(
    ("buyer", "first", "second"),
    [
        ("T01", {"410190": 100, DRUG_COST: -80, "IC_DIFF": -20}, {"IC_DIFF": 20, DRUGS: -8, DRUG_COST: -12}),
        ("T02", {"410190": 50, DRUG_COST: -50}, {}),
        # A quarter of the price is margin: 12.50 of what is under way, 37.50 of what lies there.
        ("T03", {"410190": 200, DRUG_COST: -150, DRUGS: "-37.50", "IC_DIFF": "-12.50"}, {}),
        ("T04", {"410190": 30, DRUG_COST: -20, DRUGS: -10}, {}),
        ("V01", {"410190": 40, DRUG_COST: -40}, {}),
    ],
)
def test_goods_that_nobody_has_received_are_in_transit(
    ledger: Shelf, buyer: str, first: dict[str, Any], second: dict[str, Any]
) -> None:
    """E09: their margin is no income and stands on IC_DIFF beside the claim, which leaves them there at their cost."""
    for month, entries in zip(IN_TRANSIT, (first, second), strict=True):
        assert journal(ledger, "E09", "H03", buyer, month) == {code: Decimal(each) for code, each in entries.items()}


def test_goods_in_transit_are_named(ledger: Shelf) -> None:
    def found(month: str) -> list[tuple[Any, ...]]:
        columns = (
            "counterparty_member_id, own_amount, explained_amount, suspense_amount, status, split(reason, ' ·')[1]"
        )
        where = f"rule_id = 'E09' and side = 'a' and period = '{month}'"
        return ledger.tuples(f"select {columns} from ledger.intercompany where {where} order by all")

    late = "在途，买方在相邻期间入账"
    assert found(IN_TRANSIT[0]) == [
        ("T01", 100, 0, 20, "timing", late),
        ("T02", 50, 0, 0, "one_sided", "已售出，买方未入账（在途）"),
        ("T03", 200, Decimal("37.50"), Decimal("12.50"), "difference", "买方入账金额与销售额不符"),
        ("T04", 30, 10, 0, "matched", "差额为内部销售毛利"),
        ("V01", 40, -30, 0, "matched", "差额为内部销售毛利"),
    ]
    assert found(IN_TRANSIT[1]) == [("T01", 0, 20, -20, "timing", late)]
    held = "buyer_member_id, held_amount, in_transit_amount, unrealised_amount"
    where = f"rule_id = 'E09' and seller_member_id = 'H03' and period = '{IN_TRANSIT[0]}' and unrealised_amount <> 0"
    assert ledger.tuples(f"select {held} from ledger.unrealised_margin where {where} order by all") == [
        ("T01", 0, 20, 20),
        ("T03", 150, Decimal("12.50"), 50),
        ("T04", 30, 0, 10),
    ]


@pytest.mark.parametrize(
    ("month", "suspense"),
    [
        (APART[0], -60 - 12 - 30),
        (APART[1], -30),
        (APART[2], -30),
        # At what they cost the consortium: 80 of T01, 50 of T02, 37.50 of T03.
        (IN_TRANSIT[0], "167.50"),
        (IN_TRANSIT[1], "87.50"),
    ],
)
def test_what_is_under_way_stands_on_the_suspense_line_and_is_not_earned(
    ledger: Shelf, month: str, suspense: Any
) -> None:
    position, result = ledger.statement("financial_position", month), ledger.statement("revenue_expense", month)
    ((unrealised,),) = ledger.tuples(
        f"select sum(unrealised_amount) from ledger.unrealised_margin where period = '{month}'"
    )
    aggregate, _, consolidated = position["FP_NET_ASSETS"]
    # 800 is what T03 holds in T04 since 2028.
    assert consolidated == aggregate - unrealised - 800
    assert position["FP_ASSETS"][2] == position["FP_LIABILITIES_NET_ASSETS"][2]
    assert position["IC_DIFF"][2] == Decimal(suspense)
    assert result.get("IC_DIFF", (0,) * 3)[2] == 0


def test_a_free_transfer_leaves_nothing_but_the_asset(ledger: Shelf) -> None:
    assert journal(ledger, "E11", "H03", "T04") == {"340190": 0} or journal(ledger, "E11", "T04", "H03") == {
        "340190": 0
    }
    position = ledger.statement("financial_position", "2026-11")
    assert position["FP_FREE_TRANSFERS"] == (0, 0, 0)


def test_an_investment_goes_out_with_the_equity_it_stands_for(ledger: Shelf) -> None:
    """E12, figures of a published exercise: 800 for 80 % of 1,650; 520 is consolidation reserve, 330 the others'."""
    assert journal(ledger, "E12", "H01", "H02") == {"150190": -800, "3001": 1320, "3201": -520}
    position = ledger.statement("financial_position", "2026-11")
    assert position["FP_EQUITY_INVESTMENT"] == (800, -800, 0)
    assert position["FP_EQUITY_ADJUSTMENT"] == (0, 520, 520)


def test_an_allowance_on_a_member_goes_out_against_this_years_expense_and_earlier_surplus(ledger: Shelf) -> None:
    """E03: 5 of this year, 10 of earlier ones; next year all 15 are of earlier years."""
    assert journal(ledger, "E03", "H01", "T03") == {"590191": -5, "121990": 15, "3001": -10}
    position = {month: ledger.statement("financial_position", month) for month in MONTHS}
    receivable = {month: lines["FP_RECEIVABLE"] for month, lines in position.items()}
    assert receivable["2026-12"] == receivable["2027-01"] == (285, -285, 0)


def test_what_earlier_years_earned_inside_stands_in_accumulated_surplus(ledger: Shelf) -> None:
    """At the turn of the year the elimination of a gain moves from current to accumulated surplus, and stays."""
    before, after = (ledger.statement("financial_position", month) for month in ("2026-12", "2027-01"))
    assert before["FP_NET_ASSETS"][1] != 0
    change = {code: after[code][1] - before[code][1] for code in ("FP_ACCUMULATED_SURPLUS", "FP_CURRENT_SURPLUS")}
    # In January only that month's part of the depreciation (3 less 0.50 for the loss) is current.
    assert after["FP_CURRENT_SURPLUS"][1] == Decimal("2.50")
    assert sum(change.values()) == Decimal("2.50")


@pytest.mark.parametrize("month", MONTHS)
def test_consolidated_net_assets_are_the_members_less_what_is_not_earned(ledger: Shelf, month: str) -> None:
    """Domain 2.6.3 step 5: less unrealised margins and what H01 holds in H02; more by allowances on members."""
    position = ledger.statement("financial_position", month)
    ((unrealised,),) = ledger.tuples(
        f"select sum(unrealised_amount) from ledger.unrealised_margin where period = '{month}'"
    )
    aggregate, _, consolidated = position["FP_NET_ASSETS"]
    assert consolidated == aggregate - unrealised - 800 + 15
    assert position["FP_ASSETS"][2] == position["FP_LIABILITIES_NET_ASSETS"][2]
    assert position["IC_DIFF"] == (0, 0, 0)


def test_a_price_between_members_is_replaced_by_what_the_work_cost(ledger: Shelf) -> None:
    """Domain 2.6.4: the clinic's 30 go out, the 20 that its packs cost come in; 100 is all the consortium spent."""
    columns = "member_id, dept_code, cost_element, own_amount, price_amount, received_amount, consolidated_amount"
    assert ledger.tuples(f"select {columns} from ledger.consolidated_cost where period = '2027-06' order by all") == [
        ("H01", "C1", "labour", 80, 0, 0, 80),
        ("V01", "C9", "labour", 0, 0, 20, 20),
        ("V01", "C9", "other", 30, 30, 0, 0),
    ]
    columns = "provider_member_id, buyer_member_id, price_amount, cost_amount, margin_amount, margin_rate"
    assert ledger.tuples(f"select {columns} from ledger.transfer_price where period = '2027-06'") == [
        ("H01", "V01", 30, 20, 10, Decimal("0.333333"))
    ]


def test_consolidated_cost_is_the_cost_of_all_less_prices_and_margins(ledger: Shelf) -> None:
    """October: 480 of drugs booked as cost in all; goods of 230 went to members at 300, of which 33 is still margin."""
    ((own, consolidated),) = ledger.tuples(
        "select sum(own_amount), sum(consolidated_amount) from ledger.consolidated_cost "
        "where period = '2026-10' and cost_element = 'drug'"
    )
    result = ledger.statement("revenue_expense", "2026-10")
    assert own == 80 + 150 + 60 + 250
    assert consolidated == own - 92 - 175
    assert result["RE_SERVICE_EXPENSE"][1] == -92 - 175 - Decimal("2.50")


# Exercises from text books


def consolidated(ledger: Shelf, statement: str, month: str) -> dict[str, Decimal]:
    return {code: amounts[2] for code, amounts in ledger.statement(statement, month).items()}


def answer(name: str) -> dict[str, Any]:
    return exercises.EXERCISES[name]["published"]


def test_sales_and_cost_of_two_stores(ledger: Shelf) -> None:
    """C1: sales 1,000,000 and cost 690,000, of which 10,000 is margin deferred."""
    result, wanted = consolidated(ledger, "revenue_expense", exercises.TWO_STORES), answer("C1_top_bottom")
    assert (result["RE_BUSINESS"], result["RE_BUSINESS_EXPENSE"]) == (wanted["sales"], wanted["cogs"])


def test_what_goes_out_of_revenue_cost_and_stock_at_twice_the_cost(ledger: Shelf) -> None:
    """C3: of 180,000 of internal sales 162,000 go out of cost and 18,000 out of stock."""
    wanted = answer("C3_full_markup_inventory")
    assert journal(ledger, "E09", "H03", "V01", exercises.MARKUP) == {
        exercises.SALES: wanted["revenue_eliminated"],
        exercises.COST: -wanted["cogs_eliminated"],
        exercises.STOCK: -wanted["inventory_eliminated"],
    }


def test_the_balance_of_an_owner_of_four_fifths(ledger: Shelf) -> None:
    """C7: 520 of consolidation reserve on 3201, and the minority's 330 with the group's own net assets."""
    position, wanted = (
        consolidated(ledger, "financial_position", exercises.FOUR_FIFTHS),
        answer("C7_parent_80pct_year1"),
    )
    lines = {
        "FP_FIXED_GROSS": wanted["tangible_cost"], "FP_FIXED_DEPRECIATION": -wanted["tangible_depr"],
        "FP_EQUITY_INVESTMENT": wanted["fin_inv"], "FP_RECEIVABLE": wanted["receivables"], "FP_CASH": wanted["cash"],
        "FP_PAYABLE": wanted["payables"], "IC_DIFF": wanted["link_interco"], "FP_ASSETS": wanted["total"],
        "FP_EQUITY_ADJUSTMENT": wanted["cons_reserves_A"],
        "FP_ACCUMULATED_SURPLUS": wanted["capital"] + wanted["reserves"] + wanted["result"] + wanted["minority_A"],
    }  # fmt: skip
    assert {code: position[code] for code in lines} == lines


def test_an_accepted_difference_stands_on_the_suspense_line_and_does_not_vanish(ledger: Shelf) -> None:
    """C9: 1,750 of receivables + 50 of suspense = 1,800 of payables."""
    position, wanted = (
        consolidated(ledger, "financial_position", exercises.LINK),
        answer("C9_unmatched_within_threshold"),
    )
    assert position["IC_DIFF"] == wanted["link_account"]
    assert position["FP_RECEIVABLE"] == wanted["consolidated"]["receivables"]
    assert position["FP_PAYABLE"] == wanted["consolidated"]["payables"]
    assert position["FP_NET_ASSETS"] == 0
