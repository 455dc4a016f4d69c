"""From exact rationals to fen: one rounding, at the end, that loses nothing (domain 1.6 rule 5, variant E).

Here: largest remainder, what rounds together, and whole-fen flows that lead from the direct costs to the rounded full
costs. Not here: the exact solution (`solver`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.costing.solver import Column, Integers

MACHINE = 2**62
"""Products below this fit 64 bits with room to add."""


def largest_remainder(numerators: Sequence[int], denominator: int) -> list[int]:
    """Rounds fractions that sum to a whole number so that they still do.

    Everybody gets the floor; what is then missing goes fen by fen to the largest remainders, ties to the lower place
    (callers order by code).

    Args:
        numerators: over the common `denominator` > 0; negatives are floored downwards like any number.

    Raises:
        ValueError: the fractions don't sum to a whole number.
    """
    parts = [divmod(numerator, denominator) for numerator in numerators]
    missing, rest = divmod(sum(remainder for _, remainder in parts), denominator)
    if rest:
        raise ValueError("largest_remainder: the fractions don't sum to a whole number")
    rounded = [floor for floor, _ in parts]
    for place in sorted(range(len(parts)), key=lambda i: (-parts[i][1], i))[:missing]:
        rounded[place] += 1
    return rounded


def share_out(pools: Integers, column: Column) -> Integers:
    """Whole-fen shares of a sender's pools, receivers x elements; each pool by largest remainder.

    The lower receiver wins a tie: `column.receivers` ascends. Machine integers where every product fits them.
    """
    quantities = column.quantities
    if int(max(abs(pools))) * column.total < MACHINE:
        pools, quantities = pools.astype(np.int64), quantities.astype(np.int64)
    products = np.multiply.outer(quantities, pools)
    shares = products // column.total
    remainders = products - shares * column.total
    missing = pools - shares.sum(axis=0)
    places = np.argsort(np.argsort(-remainders, axis=0, kind="stable"), axis=0, kind="stable")
    return (shares + (places < missing)).astype(object)


def parts_of_network(nodes: int, columns: Sequence[Column], active: Sequence[bool]) -> NDArray[np.intp]:
    """Labels the nodes that active senders connect: only within such a part can a fen wander.

    A fen that rounding took from one closed part to another would be cost that nobody passed on.
    """
    labels = np.arange(nodes)
    for column, is_active in zip(columns, active, strict=True):
        if not is_active:
            continue
        touched = np.unique(labels[np.append(column.receivers, column.sender)])
        if len(touched) > 1:
            labels[np.isin(labels, touched)] = touched[0]
    return labels


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
        self._shares = [[quantity / column.total for quantity in column.quantities] for column in columns]
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
