"""Stock and purchases.

Belongs here: what the store issued (what was billed, but for a planted R38, and the material that is not billed), and
what it ordered.
Issued quantity x unit cost is the drug and consumable cost of the ledger, to the fen. Not here: booking (ledger).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from pipelines.demo.care_extracts import Month
from pipelines.demo.people import mix
from pipelines.demo.sizes import Member
from pipelines.demo.world import World, first_day, last_day

CLASSES = {"drug": "drug", "consumable": "consumable", "high_value_consumable": "high_value_consumable"}
UNBILLED = ("CON008", "CON009", "CON016")
REAGENTS = (("RGT001", "化验试剂", 1_200, "lab"), ("RGT002", "影像耗材", 600, "exam"))
"""Material that no price list knows: code, name, cost of one in fen, charge class that uses it up."""
SUPPLIERS = ("国药控股浙江", "华东医药", "英特药业", "省采购平台直供", "县医药公司")


@dataclass
class Store:
    """Quantities carried from month to month, and purchases not yet paid: (pay on day, amount, class)."""

    closing: dict[str, int] = field(default_factory=dict)
    unpaid: list[tuple[int, int, str]] = field(default_factory=list)


@dataclass
class Issues:
    """What the store did in a month."""

    stock: pl.DataFrame
    purchases: pl.DataFrame
    received: dict[str, int]  # value by inventory class, fen
    paid: list[tuple[int, int, str]]  # day, amount, class
    opening: dict[str, int]
    unbilled: int  # value of the material that was not billed, fen


def inventory_class(item_class: str) -> str:
    """Ledger class of an item class."""
    return "drug" if item_class == "drug" else "consumable"


def run(world: World, member: Member, period: str, cut: Month, store: Store) -> Issues:
    """Move the store through a month."""
    listed = world.catalogue.listed
    prices = world.catalogue.prices(member)
    sums = dict(cut.lines.filter(~pl.col("off_stock")).group_by("item").agg(pl.col("quantity").sum()).iter_rows())
    cases = cut.cases.height
    rows: list[tuple[str, str, str, int, int, bool, bool]] = []  # code, name, class, cost, issued, essential, central
    by_class: dict[str, int] = {"lab": 0, "exam": 0}
    for item in listed:
        billed = int(sums.get(item.index, 0))
        if item.charge_class in by_class:
            by_class[item.charge_class] += billed * int(prices[item.index])
        if item.charge_class not in CLASSES:
            continue
        issued = cases * 2 if item.code in UNBILLED else billed
        if issued or item.code in store.closing:
            cost = int(prices[item.index]) or 1
            rows.append(
                (item.code, item.name, CLASSES[item.charge_class], cost, issued, item.is_essential, item.is_centralised)
            )
    unbilled = sum(cost * n for code, _, _, cost, n, _, _ in rows if code in UNBILLED)
    for code, name, cost, cls in REAGENTS:
        issued = by_class[cls] * (28 if cls == "lab" else 6) // 100 // cost
        rows.append((code, name, "consumable", cost, issued, False, True))
        unbilled += cost * issued
    first, last = first_day(period), last_day(period)
    stock, bought = [], []
    received_value, opening_value = {"drug": 0, "consumable": 0}, {"drug": 0, "consumable": 0}
    paid: list[tuple[int, int, str]] = []
    for n, (code, name, cls, cost, issued, essential, central) in enumerate(rows):
        luck = int(mix(np.array([n * 7919 + member.serial * 131 + int(period[:4])]), 91)[0] % 1_000)
        cover = 0.35 + 0.5 * (luck % 100) / 100
        cover = 3.2 if luck < 25 else cover  # some hoard
        opening = store.closing.get(code, -(-int(issued * cover) // 1) + 2)
        goal = 0 if luck >= 985 else int(issued * cover) + 1  # a few run dry
        received = max(issued + goal - opening, 0)
        closing = opening + received - issued
        store.closing[code] = closing
        group = inventory_class(cls)
        received_value[group] += received * cost
        opening_value[group] += opening * cost
        stock.append((code, name, cls, opening, received, issued, closing, int(issued * 0.3) + 1, cost, essential))
        if not received:
            continue
        for part, quantity in enumerate((received - received // 2, received // 2)):
            if not quantity:
                continue
            ordered = first + 1 + part * 13 + luck % 6
            slow = 38 if member.level == "primary" and luck % 4 == 0 else 16
            pay_on = ordered + slow + luck % 9
            store.unpaid.append((pay_on, quantity * cost, group))
            bought.append(
                (f"{member.member_id}{period[2:4]}{period[5:]}P{n:04d}{part + 1}", code, name, cls,
                 SUPPLIERS[luck % len(SUPPLIERS)], quantity, cost, quantity * cost, ordered, ordered + 2 + luck % 5,
                 pay_on if pay_on <= last else None, central and member.level != "village")
            )  # fmt: skip
    paid = sorted(p for p in store.unpaid if p[0] <= last)
    store.unpaid = [p for p in store.unpaid if p[0] > last]
    names = ["item_code", "item_name", "item_class", "opening_qty", "received_qty", "issued_qty", "closing_qty",
             "safety_stock_qty", "unit_cost", "is_essential_drug"]  # fmt: skip
    buys = ["purchase_id", "item_code", "item_name", "item_class", "supplier", "quantity", "unit_price", "amount",
            "ordered_on", "received_on", "paid_on", "is_centralised"]  # fmt: skip
    schema = {"ordered_on": pl.Int32, "received_on": pl.Int32, "paid_on": pl.Int32}
    purchases = pl.DataFrame(bought, schema=buys, orient="row", schema_overrides=schema).with_columns(
        pl.col("ordered_on", "received_on", "paid_on").cast(pl.Date)
    )
    return Issues(
        pl.DataFrame(stock, schema=names, orient="row"), purchases, received_value, paid, opening_value, unbilled
    )
