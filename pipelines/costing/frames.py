"""Allocation of many members and periods: tables in, the trace as a table out.

Here: what stands between dbt's Python model and `allocate`: Polars in, Polars out, whole fen and scaled integers only.
Not here: which driver a sender takes and what its quantities are (SQL, int_cost__sender and int_cost__driver_quantity).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.costing.allocate import Allocation, allocate
from pipelines.costing.network import Driver, Sender

FLOWS: dict[str, pl.DataType] = {
    "period": pl.String(),
    "member_id": pl.String(),
    "step": pl.Int64(),
    "from_dept": pl.String(),
    "to_dept": pl.String(),
    "cost_layer": pl.String(),
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
Element = tuple[str, str]
"""Layer of a cost scope and cost element: each is allocated by itself, so that each stays exact."""


def allocate_tables(costs: pl.DataFrame, senders: pl.DataFrame, quantities: pl.DataFrame) -> pl.DataFrame:
    """Runs the three-level step-down (cn3) of every member and period.

    Args:
        costs: period, member_id, dept_code, cost_layer, cost_element, amount_fen (Int64): direct cost of departments.
            Layers (what each cost scope adds to the one before) and elements never mix.
        senders: period, member_id, dept_code, step, driver, fallback_driver (both may be null): every department that
            passes its cost on. A department that only stands in `costs` receives to the end.
        quantities: period, member_id, driver, sender ('*' = any), receiver, quantity (Int64, scaled alike within a
            driver).

    Returns:
        One row per period, member, step, sender, receiver, layer and element with an amount (FLOWS),
        sorted. Cost that no
        driver places goes to UNALLOCATED with driver 'none': whoever publishes judges whether that is too much.
    """
    costs_of = _by_member(costs.sort("dept_code"))
    senders_of = _by_member(senders.sort("dept_code"))
    quantities_of = _by_member(quantities)
    lines = [pl.DataFrame(schema=FLOWS)]
    for key in sorted(costs_of):
        direct, elements = _direct(costs_of[key])
        served = _served(quantities_of.get(key))
        network = list(_senders(senders_of.get(key), served))
        names = [f"{element} ({layer})" for layer, element in elements]
        result = allocate(direct, network, names, park_up_to=None, where=f"{key[1]} {key[0]}")
        if result.services:
            lines.append(_lines(key, result, elements))
    order = ["period", "member_id", "step", "from_dept", "to_dept", "cost_layer", "cost_element"]
    return pl.concat(lines).sort(order)


def _direct(costs: pl.DataFrame) -> tuple[dict[str, list[int]], list[Element]]:
    """Fen per department and element, and the elements; both in the order of their names."""
    elements = sorted(set(zip(costs["cost_layer"], costs["cost_element"], strict=True)))
    place = {element: number for number, element in enumerate(elements)}
    direct: dict[str, list[int]] = {}
    for dept, layer, element, fen in costs.select("dept_code", "cost_layer", "cost_element", "amount_fen").iter_rows():
        direct.setdefault(dept, [0] * len(elements))[place[layer, element]] += fen
    return direct, elements


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


def _lines(key: Key, allocation: Allocation, elements: Sequence[Element]) -> pl.DataFrame:
    """The trace of one member and period; rows without amount left out."""
    services = allocation.services
    sizes = [len(service.column.receivers) for service in services]
    amounts = np.concatenate([service.amounts for service in services])
    flow, element = amounts.nonzero()
    sender = np.repeat(np.arange(len(services)), sizes)[flow]
    receivers = np.concatenate([service.column.receivers for service in services])[flow]
    millionths = np.concatenate(
        [
            (2 * column.quantities * 10**6 + column.total) // (2 * column.total)
            for column in (service.column for service in services)
        ]
    ).astype(np.int64)[flow]

    def words(values: Sequence[object], places: NDArray[np.intp]) -> pl.Series:
        return pl.Series(values).gather(places)

    layers, names = zip(*elements, strict=True)
    lines = {
        "period": pl.Series([key[0]]).new_from_index(0, len(flow)),
        "member_id": pl.Series([key[1]]).new_from_index(0, len(flow)),
        "step": words([service.sender.step for service in services], sender),
        "from_dept": words([service.sender.code for service in services], sender),
        "to_dept": words(allocation.codes, receivers),
        "cost_layer": words(layers, element),
        "cost_element": words(names, element),
        "driver": words([service.driver for service in services], sender),
        "is_fallback": words([service.is_fallback for service in services], sender),
        "share_millionths": pl.Series(millionths),
        "amount_fen": pl.Series(amounts[flow, element].astype(np.int64)),
    }
    return pl.DataFrame([lines[name].alias(name) for name in FLOWS])
