"""The one allocation solver: exact costs of every department, whatever the method.

Cost flows x = d + A x with A the senders' driver shares (domain 1.8). With Q_j the sum of sender j's driver and
y_j = x_j / Q_j its cost per driver unit, every stage of senders solves  Q_i y_i - sum_j q_ij y_j = v_i, where v is what
the senders hold when the stage opens. A stage without service among its own senders (every stage of cn3, stepdown and
direct) is a diagonal; the single stage of `reciprocal` is a matrix. All numbers are Python integers over a denominator
of each department's own, so nothing is ever rounded here, and no order of summing can matter. Work and width grow with
the services that there are, not with departments squared: a denominator holds the drivers of those who served it.

Here: the exact solution. Not here: fen (`rounding`), and who asks (`allocate`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from pipelines.costing.errors import ClosedLoop

Integers = NDArray[np.object_]
"""Arrays of Python integers: as wide as they must be."""


@dataclass(frozen=True, slots=True)
class Column:
    """One sender with the driver in use: receivers (ascending node numbers), their quantities, and the sum.

    Quantities are coprime integers > 0: only their proportions matter.
    """

    sender: int
    receivers: NDArray[np.intp]
    quantities: Integers
    total: int

    def shares(self) -> NDArray[np.float64]:
        """Nearest doubles of the receivers' shares: to choose between whole-fen cells, never to compute with."""
        return np.array([quantity / self.total for quantity in self.quantities])


@dataclass(frozen=True, slots=True)
class Exact:
    """Exact cost of every node and element: numerators over a denominator of its own per node.

    A sender's is its gross cost at closing, what it passes on; a final receiver's its full cost.
    """

    numerators: Integers
    denominators: list[int]

    def fraction(self, node: int, element: int) -> Fraction:
        return Fraction(int(self.numerators[node, element]), self.denominators[node])

    def approximate(self, node: int) -> list[float]:
        """Nearest doubles of a node's cost per element: to choose between whole-fen cells, never to compute with."""
        return [numerator / self.denominators[node] for numerator in self.numerators[node]]


def solve(direct: Integers, columns: Sequence[Sequence[Column]], where: str, codes: Sequence[str]) -> Exact:
    """Closes the stages in their order and carries every cost to its end.

    Args:
        direct: nodes x elements, in fen; negatives (credits of a month) pass through like any cost.
        columns: stages of senders; a sender stands in one stage and gives to later stages and final receivers, or,
            within a single stage, to its fellows and itself.
        where: member and period for messages.
        codes: node codes for messages.

    Raises:
        ClosedLoop: senders whose cost can never leave their circle.
    """
    held = direct.copy()
    denominators = [1] * len(direct)
    inside = np.zeros(len(direct), dtype=bool)
    for stage in columns:
        members = [column.sender for column in stage]
        inside[:] = False
        inside[members] = True
        if is_mutual(stage, inside):
            rates = _simultaneous(held, stage, where, codes)
            for column, (each, denominator) in zip(stage, rates, strict=True):
                held[column.sender] = each * column.total
                denominators[column.sender] = denominator
        else:
            rates = [(held[c.sender], denominators[c.sender] * c.total) for c in stage]
        incoming: dict[int, list[tuple[int, Rate]]] = {}
        for column, rate in _merged(stage, rates):
            for receiver, quantity in zip(column.receivers.tolist(), column.quantities, strict=True):
                if not inside[receiver]:
                    incoming.setdefault(receiver, []).append((quantity, rate))
        for receiver, services in incoming.items():
            mine = (held[receiver], denominators[receiver])
            held[receiver], denominators[receiver] = _sum([(1, mine), *services])
    return Exact(held, denominators)


def is_mutual(stage: Sequence[Column], inside: NDArray[np.bool_]) -> bool:
    """Whether senders of a stage serve each other or themselves; `inside` marks the stage's senders among the nodes."""
    return any(inside[column.receivers].any() for column in stage)


Rate = tuple[Integers, int]
"""Cost per driver unit: numerators per element, and their denominator."""


def _sum(parts: Sequence[tuple[int, Rate]]) -> Rate:
    """Sum of quantity x rate, over the least common denominator."""
    common = math.lcm(*(denominator for _, (_, denominator) in parts))
    total = sum(numerators * (quantity * (common // denominator)) for quantity, (numerators, denominator) in parts)
    return np.asarray(total, dtype=object), common


def _merged(stage: Sequence[Column], rates: Sequence[Rate]) -> Iterator[tuple[Column, Rate]]:
    """Senders that share cost out alike (all admin departments by headcount) act as one."""
    alike: dict[tuple[bytes, tuple[int, ...]], tuple[Column, list[Rate]]] = {}
    for column, rate in zip(stage, rates, strict=True):
        key = (column.receivers.tobytes(), tuple(column.quantities))
        alike.setdefault(key, (column, []))[1].append(rate)
    for column, together in alike.values():
        yield column, together[0] if len(together) == 1 else _sum([(1, rate) for rate in together])


def _simultaneous(held: Integers, stage: Sequence[Column], where: str, codes: Sequence[str]) -> list[Rate]:
    """Costs per driver unit of senders that serve each other, over the determinant; `held` is in whole fen.

    Fraction-free Gauss-Jordan (Bareiss) on  diag(Q) - q : every intermediate value is a minor of the matrix, so the
    divisions leave nothing over. The matrix is an M-matrix: without a closed loop its pivots are positive.
    """
    members = np.array([column.sender for column in stage], dtype=np.intp)
    _refuse_closed_loops(stage, members, where, codes)
    size = len(stage)
    position = {int(member): index for index, member in enumerate(members)}
    matrix = np.zeros((size, size), dtype=object)
    for j, column in enumerate(stage):
        matrix[j, j] = column.total
        for receiver, quantity in zip(column.receivers.tolist(), column.quantities, strict=True):
            if receiver in position:
                matrix[position[receiver], j] -= quantity
    system = np.hstack([matrix, held[members]])
    previous = 1
    for k in range(size):
        pivot = system[k, k]
        for i in range(size):
            if i != k:
                system[i] = (system[i] * pivot - system[k] * system[i, k]) // previous
        previous = pivot
    return [(rate, int(previous)) for rate in system[:, size:]]


def _refuse_closed_loops(stage: Sequence[Column], members: NDArray[np.intp], where: str, codes: Sequence[str]) -> None:
    inside = set(members.tolist())
    open_senders: set[int] = set()
    waiting = list(stage)
    while waiting:
        released = [c for c in waiting if any(r not in inside or r in open_senders for r in c.receivers.tolist())]
        if not released:
            raise ClosedLoop(where, sorted(codes[column.sender] for column in waiting))
        open_senders.update(column.sender for column in released)
        waiting = [column for column in waiting if column.sender not in open_senders]
