"""Business between members, booked on both sides, and the planted cases where it is not.

Belongs here: the list of internal events of a month with what each side books (domain 2.6.2), and the labels.
Not here: vouchers (books), money rules of sharing (the pipeline).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pipelines.demo.people import mix
from pipelines.demo.sizes import FOCUS, PERIODS, Member, previous_period
from pipelines.demo.world import World, first_day, last_day

CT_PRICE = 15_000
EXPERT_SESSION = 80_000


@dataclass(frozen=True)
class Event:
    """One internal event as one member books it.

    `kind`: service, staff, rent, subsidy, loan, repay, interest, advance, sweep, settle (payment of last month's debt).
    `is_seller`: provider, lender, payer of a subsidy, holder of the pool: side A of the elimination rule's income leg.
    """

    kind: str
    reference: str
    partner: str
    amount: int
    day: int
    is_seller: bool
    what: str = ""
    ic_period: str | None = None


@dataclass(frozen=True)
class Label:
    """A row of _labels/intercompany.csv."""

    reference: str
    kind: str
    period: str
    member_id: str
    counterparty_member_id: str
    amount: int
    counterparty_amount: int
    expected_status: str
    note: str


@dataclass(frozen=True)
class Deal:
    """One internal event before it is seen from a side."""

    kind: str
    reference: str
    seller: str
    buyer: str
    amount: int
    day: int
    what: str


def _size(world: World, member: Member, period: str) -> int:
    """A measure of the member's month in fen, for amounts that should look in proportion."""
    return world.counts[member.member_id, period] * 10_000


@lru_cache(maxsize=8)
def deals(world: World, period: str) -> tuple[Deal, ...]:
    """Internal business of a month, as it ought to be booked."""
    first = first_day(period)
    lead = world.lead
    townships = world.of("township")
    generals = world.of("general")
    tag = period[2:4] + period[5:]
    out: list[Deal] = []

    def add(kind: str, seller: Member, buyer: Member, amount: int, on: int, what: str) -> None:
        ref = f"IC{tag}{seller.member_id}{buyer.member_id}{len(out) + 1:03d}"
        out.append(Deal(kind, ref, seller.member_id, buyer.member_id, amount, first + on, what))

    for k, member in enumerate(townships):
        add("service", lead, member, ct_uses(world, member, period) * CT_PRICE, 25, "共享CT检查服务")
        add("service", lead, member, _size(world, member, period) * 3 // 100 // 100 * 100, 25, "检验标本委托检测")
        add("staff", lead, member, (2 + k % 3) * EXPERT_SESSION, 26, "专家坐诊与带教")
        add("sweep", lead, member, _size(world, member, period) * 12 // 100, 27, "资金归集上存")
        if k % 2 == 0:
            add("subsidy", lead, member, _size(world, member, period) * 5 // 100, 18, "对成员单位补助")
    for k, member in enumerate(generals):
        add("service", lead, member, 60_000 + 1_000 * k + _size(world, member, period) * 2 // 100, 25, "病理与特检委托")
        tenant = townships[k % len(townships)]
        add("rent", member, tenant, 320_000, 10, "门诊用房租金")
    borrower = townships[1]
    principal = max(_size(world, borrower, period) * 40 // 100 // 10_000 * 10_000, 1_000_000)
    if period.endswith("09"):
        add("loan", lead, borrower, principal, 3, "内部借款")
    else:
        before = previous_period(period)
        principal = max(_size(world, borrower, before) * 40 // 100 // 10_000 * 10_000, 1_000_000)
        add("repay", lead, borrower, principal // 4, 20, "归还内部借款")
        interest = principal * 335 * 27 // 360 // 10_000
        add("interest", lead, borrower, interest, 20, "内部借款利息")
    if len(townships) > 2:
        add("advance", lead, townships[2], _size(world, townships[2], period) * 4 // 100, 12, "预付检验试剂款")
    return tuple(d for d in out if d.amount > 0)


def ct_uses(world: World, member: Member, period: str) -> int:
    """CT scans that a township books at the lead hospital in a month."""
    n = world.counts[member.member_id, period]
    return 2 + n * 2 // 100 + int(mix(np.array([member.serial * 17 + PERIODS.index(period)]), 95)[0] % 3)


@dataclass(frozen=True)
class _Plant:
    reference: str
    status: str
    note: str


@lru_cache(maxsize=8)
def plants(world: World, period: str) -> tuple[_Plant, ...]:
    """Which deals of a month one side books wrongly. Only in the two focus periods."""
    if period not in FOCUS:
        return ()
    rows = deals(world, period)
    townships = [m.member_id for m in world.of("township")]
    out: list[_Plant] = []

    def pick(kind: str, buyer: str, what: str, status: str, note: str) -> None:
        for deal in rows:
            if deal.kind == kind and deal.buyer == buyer and deal.what.startswith(what):
                out.append(_Plant(deal.reference, status, note))
                return

    if period.endswith("10"):
        pick("service", townships[3], "检验", "one_sided", "the buyer has not booked the service")
        pick("service", townships[1], "共享CT", "difference", "the buyer booked two scans less")
        pick("rent", townships[0], "门诊", "wrong_counterparty", "the tenant booked it against another member")
        pick("service", townships[0], "检验", "matched", "the buyer booked 0.50 yuan less: within tolerance")
    else:
        pick("staff", townships[0], "专家", "timing", "the buyer books it in the next period and says so")
        pick("staff", townships[2], "专家", "timing", "the buyer books it in the next period without a word")
    return tuple(out)


def events(world: World, member: Member, period: str) -> list[Event]:
    """What a member books of internal business in a month."""
    out: list[Event] = []
    for deal in deals(world, period):
        plant = next((p for p in plants(world, period) if p.reference == deal.reference), None)
        late = plant is not None and plant.status == "timing"
        announced = late and plant is not None and "says so" in plant.note
        following = f"{period[:5]}{int(period[5:]) + 1:02d}"
        if member.member_id == deal.seller:
            out.append(
                Event(deal.kind, deal.reference, deal.buyer, deal.amount, deal.day, True, deal.what,
                      following if announced else None)
            )  # fmt: skip
        if member.member_id == deal.buyer and not late:
            if plant is not None and plant.status == "one_sided":
                continue
            amount, partner = deal.amount, deal.seller
            if plant is not None and plant.status == "difference":
                amount -= 2 * CT_PRICE
            if plant is not None and plant.status == "matched":
                amount -= 50
            if plant is not None and plant.status == "wrong_counterparty":
                partner = next(m.member_id for m in world.of("specialist"))
            out.append(Event(deal.kind, deal.reference, partner, amount, deal.day, False, deal.what))
    if period.endswith("10"):
        before = previous_period(period)
        for plant in plants(world, before):
            deal = next(d for d in deals(world, before) if d.reference == plant.reference)
            if plant.status == "timing" and deal.buyer == member.member_id:
                announced = "says so" in plant.note
                on = min(first_day(period) + 4, last_day(period))
                out.append(
                    Event(deal.kind, deal.reference, deal.seller, deal.amount, on, False, deal.what,
                          before if announced else None)
                )  # fmt: skip
        for deal in deals(world, before):
            late = any(p.reference == deal.reference and p.status == "timing" for p in plants(world, before))
            if deal.kind in ("service", "staff", "rent") and member.member_id in (deal.seller, deal.buyer) and not late:
                is_seller = member.member_id == deal.seller
                partner = deal.buyer if is_seller else deal.seller
                out.append(
                    Event("settle", deal.reference, partner, deal.amount, first_day(period) + 14, is_seller, deal.what)
                )
    return out


def labels(world: World) -> list[Label]:
    """What the pipeline should say about each planted deal."""
    out = []
    for period in FOCUS:
        for plant in plants(world, period):
            deal = next(d for d in deals(world, period) if d.reference == plant.reference)
            other = {"one_sided": 0, "timing": 0, "difference": deal.amount - 2 * CT_PRICE, "matched": deal.amount - 50}
            out.append(
                Label(deal.reference, deal.kind, period, deal.seller, deal.buyer, deal.amount,
                      other.get(plant.status, deal.amount), plant.status, plant.note)
            )  # fmt: skip
    return out
