"""From exact rationals to fen: one rounding, at the end, that loses nothing (domain 1.6 rule 5, variant E).

Here: largest remainder, what rounds together, and whole-fen flows that lead from the direct costs to the rounded full
costs. Not here: the exact solution (`solver`).
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.costing.solver import Column

Whole = NDArray[Any]
"""Whole fen: 64 bits, or Python integers where senders serve each other and pools may grow beyond that."""
MACHINE = 2**62
"""Products below this fit 64 bits with room to add."""


def largest_remainder(fractions: Sequence[tuple[int, int]], whole: int) -> list[int]:
    """Rounds fractions that sum to `whole` so that they still do.

    Everybody gets the floor; what is then missing goes fen by fen to the largest remainders, ties to the lower place
    (callers order by code). Remainders are compared in their first 128 bits, and exactly where those are alike.

    Args:
        fractions: numerator and denominator > 0; negatives are floored downwards like any number.

    Raises:
        ValueError: the fractions don't sum to the whole.
    """
    parts = [divmod(numerator, denominator) for numerator, denominator in fractions]
    missing = whole - sum(floor for floor, _ in parts)
    if not 0 <= missing <= sum(1 for _, remainder in parts if remainder):
        raise ValueError(f"largest_remainder: the fractions don't sum to {whole}")
    rounded = [floor for floor, _ in parts]
    leading = [(remainder << 128) // fractions[place][1] for place, (_, remainder) in enumerate(parts)]
    alike = Counter(leading)

    def largest_first(place: int) -> tuple[int, Fraction | int, int]:
        is_close = alike[leading[place]] > 1
        return -leading[place], -Fraction(parts[place][1], fractions[place][1]) if is_close else 0, place

    for place in sorted(range(len(parts)), key=largest_first)[:missing]:
        rounded[place] += 1
    return rounded


def share_out(pools: Whole, column: Column) -> Whole:
    """Whole-fen shares of a sender's pools, receivers x elements; each pool by largest remainder.

    The lower receiver wins a tie: `column.receivers` ascends. Machine integers where every product fits them.
    """
    quantities = column.quantities
    if int(max(abs(pools))) * column.total < MACHINE:
        products = np.multiply.outer(quantities.astype(np.int64), pools.astype(np.int64))
    else:
        products = np.multiply.outer(quantities, pools.astype(object))
    shares = products // column.total
    remainders = products - shares * column.total
    missing = pools - shares.sum(axis=0)
    if missing.any():
        places = np.argsort(np.argsort(-remainders, axis=0, kind="stable"), axis=0, kind="stable")
        shares = shares + (places < missing)
    return shares.astype(pools.dtype)


def parts_of_network(nodes: int, columns: Sequence[Column], active: Sequence[bool]) -> list[NDArray[np.intp]]:
    """The nodes in groups that active senders connect: only within such a part can a fen wander.

    A fen that rounding took from one closed part to another would be cost that nobody passed on.
    """
    labels = np.arange(nodes)
    for column, is_active in zip(columns, active, strict=True):
        if not is_active:
            continue
        touched = np.unique(labels[np.append(column.receivers, column.sender)])
        if len(touched) > 1:
            labels[np.isin(labels, touched)] = touched[0]
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)


def settle_at_senders(
    columns: Sequence[Column], flows: Sequence[Whole], gross: NDArray[np.float64], surplus: Whole
) -> None:
    """Takes a fen from a receiver that has too much and gives it to one that has too little, sender by sender.

    Nearly all of what rounding leaves open is settled so: first by moves that leave a cell within a fen of its exact
    value, then within two, then by any; of a sender's cells those that gain most, the later senders first. `flows` and
    `surplus` change in place.

    Args:
        flows: per column, receivers x elements.
        gross: columns x elements, what each sender passes on.
        surplus: nodes x elements.
    """
    latest_first = list(zip(columns, flows, gross, strict=True))[::-1]
    for limit in (1.0, 2.0, math.inf):
        for column, shares, passed in latest_first:
            if surplus[column.receivers].any():
                _settle_at(column, shares, passed, surplus, limit)


def _settle_at(column: Column, shares: Whole, passed: NDArray[np.float64], surplus: Whole, limit: float) -> None:
    others = (column.receivers != column.sender)[:, None] & (passed != 0)
    exact = np.multiply.outer(column.shares(), passed)
    while True:
        strays = shares.astype(float) - exact
        open_ = surplus[column.receivers]
        over = others & (open_ > 0) & (shares > 0) & (strays - 1 >= -limit)
        under = others & (open_ < 0) & (strays + 1 <= limit)
        moves = np.minimum(over.sum(axis=0), under.sum(axis=0))
        if not moves.any():
            return
        for element in np.flatnonzero(moves).tolist():
            for cells, change in ((over, -1), (under, +1)):
                places = np.flatnonzero(cells[:, element])
                order = np.argsort(change * strays[places, element], kind="stable")
                chosen = places[order[: moves[element]]]
                shares[chosen, element] += change
                surplus[column.receivers[chosen], element] += change


Move = tuple[int, int, int]
"""Column, place in the column, change in fen."""
Arc = tuple[int, int, int, int]
"""Neighbour, column, place in the column, and the change that takes a fen from this node to the neighbour."""


class WholeFlows:
    """Whole-fen flows, sender x receiver, brought to balance in every node, one element at a time.

    A node has too much when direct cost + received - passed on (or, at the end, - full cost) is positive. A fen too
    much in one node and one too little in another are joined by the shortest chain of arcs: one fen more where a
    sender serves the next node, one less where it is served by it. Among equally short chains those go first that
    bring the flows nearer to their exact values.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._shares = [column.shares().tolist() for column in columns]
        self._arcs: dict[int, list[Arc]] = {}
        for c, column in enumerate(columns):
            for r, receiver in enumerate(column.receivers.tolist()):
                if receiver != column.sender:
                    self._arcs.setdefault(column.sender, []).append((receiver, c, r, +1))
                    self._arcs.setdefault(receiver, []).append((column.sender, c, r, -1))

    def settle(self, flows: list[list[int]], gross: Sequence[float], balance: dict[int, int]) -> None:
        """Moves single fen until every node balances; `flows` (per column) and `balance` change in place.

        A chain takes only from cells that have a fen, of senders that have cost (`gross`, per column, not 0). Where
        there is none, a cell may end one fen below zero: that happens in pools of a few fen only, and is the price of
        full costs rounded once over all receivers.
        """
        for node in sorted(balance):
            while balance[node] > 0:
                moves = self._chain(node, flows, gross, balance, strict=True)
                moves = moves or self._chain(node, flows, gross, balance, strict=False)
                if moves is None:
                    raise AssertionError(f"a fen too much in node {node} finds no way: its part isn't closed")
                for c, r, change in moves:
                    flows[c][r] += change

    def _chain(
        self, start: int, flows: list[list[int]], gross: Sequence[float], balance: dict[int, int], strict: bool
    ) -> list[Move] | None:
        def distance_after(arc: Arc) -> tuple[float, int]:
            neighbour, c, r, change = arc
            return (change * (flows[c][r] - gross[c] * self._shares[c][r]), neighbour)

        came: dict[int, tuple[int, Move]] = {}
        queue = deque([start])
        while queue:
            node = queue.popleft()
            for neighbour, c, r, change in sorted(self._arcs.get(node, ()), key=distance_after):
                if neighbour == start or neighbour in came or not gross[c]:
                    continue
                if strict and change < 0 and flows[c][r] <= 0:
                    continue
                came[neighbour] = (node, (c, r, change))
                if balance.get(neighbour, 0) < 0:
                    balance[start] -= 1
                    balance[neighbour] += 1
                    return _walk_back(came, neighbour, start)
                queue.append(neighbour)
        return None


def _walk_back(came: dict[int, tuple[int, Move]], end: int, start: int) -> list[Move]:
    moves = []
    while end != start:
        end, move = came[end]
        moves.append(move)
    return moves
