"""Allocation of many members and periods: tables in, the trace as a table out.

Here: what stands between dbt's Python model and `allocate`: Polars in, Polars out, whole fen and scaled integers only.
Not here: which driver a sender takes and what its quantities are (SQL, int_cost__sender and int_cost__driver_quantity).
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from pipelines.costing.allocate import Allocation, allocate
from pipelines.costing.network import Driver, Sender

FLOWS: dict[str, pl.DataType] = {
    "period": pl.String(),
    "member_id": pl.String(),
    "step": pl.Int64(),
    "from_dept": pl.String(),
    "to_dept": pl.String(),
    "cost_element": pl.String(),
    "driver": pl.String(),
    "is_fallback": pl.Boolean(),
    "share_millionths": pl.Int64(),
    "amount_fen": pl.Int64(),
}
"""Columns of what `allocate_tables` returns. share_millionths: the receiver's driver share, half-up."""

ANY_SENDER = "*"
"""Sender of a driver quantity that holds for every sender: headcount is the receiver's own."""

Key = tuple[str, str]
"""Period and member."""


def allocate_tables(costs: pl.DataFrame, senders: pl.DataFrame, quantities: pl.DataFrame) -> pl.DataFrame:
    """Runs the three-level step-down (cn3) of every member and period.

    Args:
        costs: period, member_id, dept_code, cost_element, amount_fen (Int64): direct cost of departments.
        senders: period, member_id, dept_code, step, driver, fallback_driver (both may be null): every department that
            passes its cost on. A department that only stands in `costs` receives to the end.
        quantities: period, member_id, driver, sender ('*' = any), receiver, quantity (Int64, scaled alike within a
            driver).

    Returns:
        One row per period, member, step, sender, receiver and element with an amount (FLOWS), sorted. Cost that no
        driver places goes to UNALLOCATED with driver 'none': whoever publishes judges whether that is too much.
    """
    elements = sorted(costs["cost_element"].unique().to_list())
    costs_of = _by_member(costs.sort("dept_code"))
    senders_of = _by_member(senders.sort("dept_code"))
    quantities_of = _by_member(quantities)
    rows: list[tuple[object, ...]] = []
    for key in sorted(costs_of):
        direct: dict[str, list[int]] = {}
        for _, _, dept, element, fen in costs_of[key].iter_rows():
            direct.setdefault(dept, [0] * len(elements))[elements.index(element)] += fen
        served = _served(quantities_of.get(key))
        network = list(_senders(senders_of.get(key), served))
        where = f"{key[1]} {key[0]}"
        rows.extend(_rows(key, allocate(direct, network, elements, park_up_to=None, where=where)))
    order = ["period", "member_id", "step", "from_dept", "to_dept", "cost_element"]
    return pl.DataFrame(rows, schema=FLOWS, orient="row").sort(order)


def _by_member(frame: pl.DataFrame) -> dict[Key, pl.DataFrame]:
    parts = frame.partition_by("period", "member_id", as_dict=True, maintain_order=True)
    return {(str(period), str(member)): part for (period, member), part in parts.items()}


def _served(quantities: pl.DataFrame | None) -> dict[tuple[str, str], dict[str, int]]:
    """(driver, sender) -> receiver -> quantity."""
    served: dict[tuple[str, str], dict[str, int]] = {}
    if quantities is not None:
        for _, _, driver, sender, receiver, quantity in quantities.iter_rows():
            served.setdefault((driver, sender), {})[receiver] = quantity
    return served


def _senders(senders: pl.DataFrame | None, served: dict[tuple[str, str], dict[str, int]]) -> Iterator[Sender]:
    if senders is None:
        return
    for _, _, dept, step, *names in senders.iter_rows():
        drivers = tuple(
            Driver(name, served.get((name, dept)) or served.get((name, ANY_SENDER), {}))
            for name in dict.fromkeys(names)
            if name is not None
        )
        yield Sender(dept, step, drivers)


def _rows(key: Key, allocation: Allocation) -> Iterator[tuple[object, ...]]:
    for flow in allocation.flows:
        share = (2 * flow.share.numerator * 10**6 + flow.share.denominator) // (2 * flow.share.denominator)
        for element, fen in zip(allocation.elements, flow.amounts, strict=True):
            if fen:
                yield (*key, flow.step, flow.sender, flow.receiver, element, flow.driver, flow.is_fallback, share, fen)
