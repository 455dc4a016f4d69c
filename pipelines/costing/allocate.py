"""The front door: cost of departments in, full cost and trace out, to the fen.

Here: choosing each sender's driver, the mask of the method, the exact solution, one rounding, and the trace that
carries every fen from where it arose to where it ends. Not here: the exact solution itself (`solver`), rounding
(`rounding`), tables of many members and periods (`frames`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipelines.costing.errors import BadNetwork, ZeroDriver
from pipelines.costing.network import UNALLOCATED, Driver, Method, Permits, Quantity, Sender, permits, stages
from pipelines.costing.rounding import (
    MACHINE,
    Whole,
    WholeFlows,
    largest_remainder,
    parts_of_network,
    settle_at_senders,
    share_out,
)
from pipelines.costing.solver import Column, Exact, Integers, is_mutual, solve

PARKED = "none"
"""The driver's name of a flow to UNALLOCATED."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What one sender passed to one receiver: a line of the trace per element.

    amounts: fen per element. share: the receiver's part of the driver, exact.
    """

    step: int
    sender: str
    receiver: str
    driver: str
    is_fallback: bool
    share: Fraction
    amounts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """All that one sender passed on: to the departments at `column.receivers`, fen per receiver and element."""

    sender: Sender
    driver: str
    is_fallback: bool
    column: Column
    amounts: Whole


@dataclass(frozen=True)
class Allocation:
    """Where the costs of one member and period ended.

    full: fen per element of every department: gross cost (direct + received) of a sender, full cost of a final
    receiver. The full costs of the final receivers, UNALLOCATED and EXT:<member> among them, add up to the direct
    costs of all, element by element, to the fen; direct + received = full = passed on holds in every sender.
    services: the trace as arrays, sender by sender; receivers stand as places in `codes`. `flows` is the same in words.
    """

    elements: tuple[str, ...]
    full: Mapping[str, tuple[int, ...]]
    finals: tuple[str, ...]
    services: tuple[Service, ...]
    codes: tuple[str, ...]
    _exact: Exact

    @cached_property
    def flows(self) -> tuple[Flow, ...]:
        """The trace, one entry per sender and receiver with an amount."""
        return tuple(
            Flow(
                service.sender.step,
                service.sender.code,
                self.codes[receiver],
                service.driver,
                service.is_fallback,
                Fraction(quantity, service.column.total),
                tuple(map(int, amounts)),
            )
            for service in self.services
            for receiver, quantity, amounts in zip(
                service.column.receivers.tolist(), service.column.quantities, service.amounts, strict=True
            )
            if amounts.any()
        )

    def exact(self, code: str) -> tuple[Fraction, ...]:
        """Cost in fen before any rounding, per element."""
        node = self.codes.index(code)
        return tuple(self._exact.fraction(node, element) for element in range(len(self.elements)))

    @property
    def parked(self) -> int:
        """Fen that no driver could place, over all elements."""
        return sum(self.full.get(UNALLOCATED, ()))


def allocate(
    direct: Mapping[str, Sequence[int]],
    senders: Sequence[Sender],
    elements: Sequence[str],
    *,
    method: Method = "cn3",
    order: Sequence[str] | None = None,
    park_up_to: Fraction | None = Fraction(0),
    where: str = "allocation",
) -> Allocation:
    """Carries the direct cost of every sender to the final receivers, element by element (分项).

    Args:
        direct: department -> fen per element. Departments that aren't senders are final receivers.
        senders: with their drivers in order of preference; what isn't positive for a permitted receiver is passed
            over, and the next driver is used and marked as fallback.
        elements: names of the cost elements, in the order of the amounts.
        method: cn3 (default), stepdown (needs `order`), direct or reciprocal: see `network.permits`.
        park_up_to: the share of the total direct cost that may be parked as UNALLOCATED when no driver places it
            (policy unallocated_cost_tolerance, domain 1.6 rule 6). 0 refuses the first fen; None parks whatever it is,
            for callers that judge the result.
        where: member and period, for messages.

    Returns:
        Full costs and trace, both in fen. Exact inside; one largest-remainder rounding per element over the final
        receivers, ties to the lower code, within each part of the network that costs connect (variant E).

    Raises:
        ZeroDriver: a sender has cost, no driver places it, and it is more than may be parked.
        ClosedLoop: reciprocal senders that serve only each other.
        BadNetwork: a sender twice, a wrong order, a negative driver quantity, amounts of the wrong length.

    Source: domain 1.6, 1.6.1, 1.8; CMS-2552-10 worksheet B-1 for `stepdown`.
    """
    elements = tuple(elements)
    allowed = permits(method, senders, order)
    codes = tuple(sorted({*direct, *(sender.code for sender in senders), *_receivers(senders), UNALLOCATED}))
    node_of = {code: node for node, code in enumerate(codes)}
    costs = _costs(direct, elements, codes)
    by_code = {sender.code: sender for sender in senders}
    chosen = [
        [_choose(by_code[code], allowed, node_of, where) for code in stage] for stage in stages(method, senders, order)
    ]
    plan = [[column for _, _, column in stage] for stage in chosen]
    exact = solve(costs, plan, where, codes)
    columns = [column for stage in plan for column in stage]
    full = _full_costs(costs, exact, columns)
    amounts = _whole_flows(costs, full, exact, plan)
    closed = {column.sender for column in columns}
    for column, shares in zip(columns, amounts, strict=True):
        full[column.sender] = shares.sum(axis=0)
    result = Allocation(
        elements=elements,
        full={c: tuple(map(int, full[n])) for c, n in node_of.items() if c != UNALLOCATED or any(full[n])},
        finals=tuple(code for code, node in node_of.items() if node not in closed),
        services=tuple(
            Service(by_code[codes[column.sender]], driver.name, is_fallback, column, shares)
            for (driver, is_fallback, column), shares in zip(
                (choice for stage in chosen for choice in stage), amounts, strict=True
            )
        ),
        codes=codes,
        _exact=exact,
    )
    _refuse_too_much_parked(result, sum(map(sum, direct.values())), park_up_to, where, by_code)
    return result


def _receivers(senders: Sequence[Sender]) -> set[str]:
    return {receiver for sender in senders for driver in sender.drivers for receiver in driver.quantities}


def _costs(direct: Mapping[str, Sequence[int]], elements: tuple[str, ...], codes: Sequence[str]) -> Integers:
    costs = np.zeros((len(codes), len(elements)), dtype=object)
    for node, code in enumerate(codes):
        row = direct.get(code, (0,) * len(elements))
        if len(row) != len(elements):
            raise BadNetwork(f"E_NETWORK: {code} has {len(row)} amounts for {len(elements)} elements")
        costs[node] = [int(amount) for amount in row]
    return costs


def _choose(sender: Sender, allowed: Permits, node_of: Mapping[str, int], where: str) -> tuple[Driver, bool, Column]:
    """The first driver with a positive quantity for a permitted receiver; else everything to UNALLOCATED."""
    for place, driver in enumerate(sender.drivers):
        negative = [receiver for receiver, quantity in driver.quantities.items() if quantity < 0]
        if negative:
            raise BadNetwork(f"E_NETWORK {where}: driver {driver.name} of {sender.code} is negative for {negative[0]}")
        taken = {node_of[r]: q for r, q in driver.quantities.items() if q > 0 and allowed(sender.code, r)}
        if taken:
            return driver, place > 0, _column(node_of[sender.code], taken)
    return Driver(PARKED, {}), False, _column(node_of[sender.code], {node_of[UNALLOCATED]: 1})


def _column(sender: int, quantities: Mapping[int, Quantity]) -> Column:
    receivers = sorted(quantities)
    exact = [q if isinstance(q, int) else Fraction(q) for q in (quantities[receiver] for receiver in receivers)]
    scale = math.lcm(*(q.denominator for q in exact))
    whole = [int(q * scale) for q in exact] if scale > 1 else [int(q) for q in exact]
    common = math.gcd(*whole)
    values = [quantity // common for quantity in whole]
    return Column(sender, np.array(receivers, dtype=np.intp), np.array(values, dtype=object), sum(values))


def _full_costs(direct: Integers, exact: Exact, columns: Sequence[Column]) -> Integers:
    """Whole fen of the final receivers; the rows of senders are left at zero."""
    closed = {column.sender for column in columns}
    full = np.zeros_like(exact.numerators)
    parts_by_activity: dict[tuple[bool, ...], list[NDArray[np.intp]]] = {}
    for element in range(full.shape[1]):
        active = tuple(bool(exact.numerators[column.sender, element]) for column in columns)
        if active not in parts_by_activity:
            parts_by_activity[active] = parts_of_network(len(direct), columns, active)
        for nodes in parts_by_activity[active]:
            ends = [node for node in nodes.tolist() if node not in closed]
            fractions = [(exact.numerators[node, element], exact.denominators[node]) for node in ends]
            full[ends, element] = largest_remainder(fractions, direct[nodes, element].sum())
    return full


def _whole_flows(direct: Integers, full: Integers, exact: Exact, plan: Sequence[Sequence[Column]]) -> list[Whole]:
    """Fen per sender (receivers x elements) that lead from the direct to the full costs.

    Stage by stage every sender shares out, by largest remainder, the whole fen it holds; senders that serve each other
    hold their exact gross cost, rounded. The few fen by which the ends then miss the full costs are settled.
    """
    inside = np.zeros(len(direct), dtype=bool)
    columns = [column for stage in plan for column in stage]
    inside[[column.sender for column in columns]] = True
    mutual = len(plan) == 1 and is_mutual(columns, inside)
    # Without service both ways nobody can hold more than there is.
    fits = not mutual and int(abs(direct).sum()) < MACHINE
    held: Whole = direct.astype(np.int64) if fits else direct.copy()
    amounts: list[Whole] = []
    for column in columns:
        if mutual:
            pools = [round(exact.fraction(column.sender, element)) for element in range(direct.shape[1])]
            shared = np.array(pools, dtype=object)
        else:
            shared = held[column.sender].copy()
        shares = share_out(shared, column)
        held[column.receivers] += shares
        held[column.sender] -= shared
        amounts.append(shares)
    surplus = held - (full.astype(np.int64) if fits else full)
    if surplus.any():
        gross = np.array([exact.approximate(column.sender) for column in columns])
        settle_at_senders(columns, amounts, gross, surplus)
        for element in np.flatnonzero(surplus.any(axis=0)).tolist():
            network = WholeFlows(columns)
            flows = [shares[:, element].tolist() for shares in amounts]
            balance = {node: int(fen) for node, fen in enumerate(surplus[:, element]) if fen}
            network.settle(flows, gross[:, element].tolist(), balance)
            for shares, settled in zip(amounts, flows, strict=True):
                shares[:, element] = settled
    return amounts


def _refuse_too_much_parked(
    allocation: Allocation, total: int, park_up_to: Fraction | None, where: str, by_code: Mapping[str, Sender]
) -> None:
    if park_up_to is None or abs(allocation.parked) <= park_up_to * abs(total):
        return
    worst = max(
        (flow for flow in allocation.flows if flow.receiver == UNALLOCATED and flow.driver == PARKED),
        key=lambda flow: (abs(sum(flow.amounts)), flow.sender),
    )
    elements = [name for name, fen in zip(allocation.elements, worst.amounts, strict=True) if fen]
    tried = [driver.name for driver in by_code[worst.sender].drivers]
    raise ZeroDriver(where, worst.sender, elements, tried, sum(worst.amounts))
