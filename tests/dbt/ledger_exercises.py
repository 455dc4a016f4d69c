"""Consolidation exercises from public text books, told as books of members.

Here belong: their figures, and the vouchers and balances that make them. Not here: the comparison with the marts
(`test_ledger_lasting.py`) and with the file the figures were taken from (`tests/acceptance`). Of five, the one with
two currencies does not fit: all members of a consortium keep yuan.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.dbt.ledger_books import BANK, PAYABLE, RECEIVABLE, book, internal, line

if TYPE_CHECKING:
    from tests.dbt.conftest import Warehouse

SALES, COST, STOCK, INVESTMENT, FUNDS = "4401", "5201", "1302", "150190", "3001"
GOODS = {"ic_type": "stock_transfer"}
CODES = {BANK, RECEIVABLE, PAYABLE, SALES, COST, STOCK, INVESTMENT, FUNDS, "1212", "2302", "160102", "160202"}
TWO_STORES, MARKUP, FOUR_FIFTHS, LINK = "2028-01", "2028-04", "2028-07", "2028-10"

EXERCISES: dict[str, dict[str, dict[str, Any]]] = {
    "C1_top_bottom": {
        "inputs": {
            "Top": {"sales": 800000, "cogs": 600000},
            "Bottom": {"sales": 300000, "cogs": 180000},
            "intragroup_sale": 100000,
            "unsold_share": 0.4,
            "seller": "Top",
        },
        "published": {"sales": 1000000, "cogs": 690000},
    },
    "C3_full_markup_inventory": {
        "inputs": {"intragroup_sale": 180000, "markup_on_cost": 1.0, "still_in_inventory": 36000},
        "published": {"revenue_eliminated": 180000, "cogs_eliminated": 162000, "inventory_eliminated": 18000},
    },
    "C7_parent_80pct_year1": {
        "inputs": {
            "P": {
                "fin_inv_A": 800, "receivables": 1800, "cash": 400, "capital": 1500, "reserves": 400, "result": 100,
                "payables": 1000, "of_which_receivable_from_A": 200,
            },
            "A": {
                "tangible_cost": 3000, "tangible_depr": -800, "receivables": 1300, "cash": 500, "capital": 1000,
                "reserves": 600, "result": 50, "payables": 2350, "of_which_payable_to_P": 200,
            },
            "share": 0.8,
        },
        "published": {
            "tangible_cost": 3000, "tangible_depr": -800, "fin_inv": 0, "receivables": 2900, "cash": 900,
            "capital": 1500, "reserves": 400, "result": 100, "cons_reserves_A": 520, "minority_A": 330,
            "payables": 3150, "total": 6000, "link_interco": 0,
        },
    },
    "C9_unmatched_within_threshold": {
        "inputs": {
            "year1": {"A_recv_B": 100, "B_pay_A": 100},
            "year2": {"A_recv_B": 150, "B_pay_A": 100},
            "threshold": 50,
            "third_party_year2": {"receivables": 1750, "payables": 1800},
        },
        "published": {"link_account": 50, "consolidated": {"receivables": 1750, "payables": 1800}},
    },
}  # fmt: skip


def tell(warehouse: Warehouse) -> None:
    """Delivers all exercises, each in a month of its own."""
    two_stores(warehouse)
    goods_at_twice_their_cost(warehouse)
    an_owner_of_four_fifths(warehouse)
    a_difference_that_is_accepted(warehouse)


def two_stores(warehouse: Warehouse) -> None:
    """Top sells to Bottom at its usual margin; two fifths of it are unsold."""
    given = EXERCISES["C1_top_bottom"]["inputs"]
    top, bottom, inside = given["Top"], given["Bottom"], given["intragroup_sale"]
    inside_cost = inside * top["cogs"] // top["sales"]
    used = inside - int(inside * Decimal(str(given["unsold_share"])))
    book(
        warehouse,
        "H01",
        [internal(BANK, inside, "H02"), internal(SALES, -inside, "H02", **GOODS)],
        [line(BANK, top["sales"] - inside), line(SALES, credit=top["sales"] - inside)],
        [internal(COST, inside_cost, "H02", **GOODS), line(STOCK, credit=inside_cost)],
        [line(COST, top["cogs"] - inside_cost), line(STOCK, credit=top["cogs"] - inside_cost)],
        opening=[line(STOCK, top["cogs"]), line(FUNDS, credit=top["cogs"])],
        period=TWO_STORES,
    )
    others = bottom["cogs"] - used
    book(
        warehouse,
        "H02",
        [internal(STOCK, inside, "H01", **GOODS), internal(BANK, -inside, "H01")],
        [line(BANK, bottom["sales"]), line(SALES, credit=bottom["sales"])],
        [line(COST, used), internal(STOCK, -used, "H01")],
        [line(COST, others), line(STOCK, credit=others)],
        opening=[line(STOCK, others), line(FUNDS, credit=others)],
        period=TWO_STORES,
    )


def goods_at_twice_their_cost(warehouse: Warehouse) -> None:
    given = EXERCISES["C3_full_markup_inventory"]["inputs"]
    sale, held = given["intragroup_sale"], given["still_in_inventory"]
    cost = int(sale / (1 + Decimal(str(given["markup_on_cost"]))))
    book(
        warehouse,
        "H03",
        [internal(BANK, sale, "V01"), internal(SALES, -sale, "V01", **GOODS)],
        [internal(COST, cost, "V01", **GOODS), line(STOCK, credit=cost)],
        opening=[line(STOCK, cost), line(FUNDS, credit=cost)],
        period=MARKUP,
    )
    book(
        warehouse,
        "V01",
        [internal(STOCK, sale, "H03", **GOODS), internal(BANK, -sale, "H03")],
        [line(COST, sale - held), internal(STOCK, held - sale, "H03")],
        period=MARKUP,
    )


def an_owner_of_four_fifths(warehouse: Warehouse) -> None:
    """P owns 80 % of A: A's books name P on that part of its net assets. All of it is booked in the month."""
    given = EXERCISES["C7_parent_80pct_year1"]["inputs"]
    parent, child, inside = given["P"], given["A"], given["P"]["of_which_receivable_from_A"]
    owned = Decimal(str(given["share"])) * (child["capital"] + child["reserves"] + child["result"])
    book(
        warehouse,
        "T03",
        [
            internal(INVESTMENT, parent["fin_inv_A"], "T04"), internal(RECEIVABLE, inside, "T04"),
            line("1212", parent["receivables"] - inside), line(BANK, parent["cash"]),
            line("2302", credit=parent["payables"]),
            line(FUNDS, credit=parent["capital"] + parent["reserves"] + parent["result"]),
        ],
        period=FOUR_FIFTHS,
    )  # fmt: skip
    book(
        warehouse,
        "T04",
        [
            line("160102", child["tangible_cost"]), line("160202", credit=-child["tangible_depr"]),
            line("1212", child["receivables"]), line(BANK, child["cash"]), internal(PAYABLE, -inside, "T03"),
            line("2302", credit=child["payables"] - inside), internal(FUNDS, -owned, "T03"),
            line(FUNDS, credit=child["capital"] + child["reserves"] + child["result"] - owned),
        ],
        period=FOUR_FIFTHS,
    )  # fmt: skip


def a_difference_that_is_accepted(warehouse: Warehouse) -> None:
    """A claims 150 of B, which knows of 100; outsiders owe 1,750 and are owed 1,800."""
    given = EXERCISES["C9_unmatched_within_threshold"]["inputs"]
    inside, outside = given["year2"], given["third_party_year2"]
    claims = inside["A_recv_B"] + outside["receivables"]
    book(
        warehouse,
        "T01",
        opening=[
            internal(RECEIVABLE, inside["A_recv_B"], "T02"), line("1212", outside["receivables"]),
            line("2302", credit=outside["payables"]), line(FUNDS, credit=claims - outside["payables"]),
        ],
        period=LINK,
    )  # fmt: skip
    opening = [internal(PAYABLE, -inside["B_pay_A"], "T01"), line(FUNDS, inside["B_pay_A"])]
    book(warehouse, "T02", opening=opening, period=LINK)
