"""The one allocation solver: exact costs of every department, whatever the method.

Cost flows x = d + A x with A the senders' driver shares (domain 1.8). With Q_j the sum of sender j's driver and
y_j = x_j / Q_j its cost per driver unit, every stage of senders solves  Q_i y_i - sum_j q_ij y_j = v_i, where v is what
the senders hold when the stage opens. A stage without service among its own senders (every stage of cn3, stepdown and
direct) is a diagonal; the single stage of `reciprocal` is a matrix. All numbers are Python integers over one common
denominator that grows stage by stage, so nothing is ever rounded here, and no order of summing can matter.

Here: the exact solution. Not here: fen (`rounding`), and who asks (`allocate`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True)
class Exact:
    """Exact cost of every node and element: numerators over a denominator of its own per node.

    A sender's is its gross cost at closing, what it passes on; a final receiver's its full cost.
    """

    numerators: Integers
    denominators: list[int]

    def fraction(self, node: int, element: int) -> Fraction:
        return Fraction(int(self.numerators[node, element]), self.denominators[node])

    def approximate(self, node: int, element: int) -> float:
        """Nearest double of a cost: to choose between whole-fen cells, never to compute with."""
        return int(self.numerators[node, element]) / self.denominators[node]


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
    gross = np.zeros_like(direct)
    denominators = [1] * len(direct)
    denominator = 1
    for stage in columns:
        if not stage:
            continue
        members = np.array([column.sender for column in stage], dtype=np.intp)
        inside = np.zeros(len(direct), dtype=bool)
        inside[members] = True
        if is_mutual(stage, inside):
            rates, factor = _simultaneous(held[members], stage, members, where, codes)
        else:
            factor = math.lcm(*(column.total for column in stage))
            rates = held[members] * np.array([[factor // column.total] for column in stage], dtype=object)
        if factor != 1:
            held = held * factor
            denominator *= factor
        gross[members] = rates * np.array([[column.total] for column in stage], dtype=object)
        held[members] = 0
        for sender in members.tolist():
            denominators[sender] = denominator
        for receivers, quantities, rate in _merged(stage, rates, inside):
            held[receivers] += np.multiply.outer(quantities, rate)
    senders = {column.sender for stage in columns for column in stage}
    for node in range(len(direct)):
        if node not in senders:
            gross[node] = held[node]
            denominators[node] = denominator
    return Exact(gross, denominators)


def is_mutual(stage: Sequence[Column], inside: NDArray[np.bool_]) -> bool:
    """Whether senders of a stage serve each other or themselves; `inside` marks the stage's senders among the nodes."""
    return any(inside[column.receivers].any() for column in stage)


def _merged(
    stage: Sequence[Column], rates: Integers, inside: NDArray[np.bool_]
) -> list[tuple[NDArray[np.intp], Integers, Integers]]:
    """Senders that share cost out alike (all admin departments by headcount) act as one."""
    alike: dict[tuple[bytes, tuple[int, ...]], tuple[NDArray[np.intp], Integers, Integers]] = {}
    for column, rate in zip(stage, rates, strict=True):
        key = (column.receivers.tobytes(), tuple(column.quantities))
        if key in alike:
            receivers, quantities, before = alike[key]
            alike[key] = (receivers, quantities, before + rate)
        else:
            outside = ~inside[column.receivers]
            alike[key] = (column.receivers[outside], column.quantities[outside], rate)
    return list(alike.values())


def _simultaneous(
    held: Integers, stage: Sequence[Column], members: NDArray[np.intp], where: str, codes: Sequence[str]
) -> tuple[Integers, int]:
    """Costs per driver unit of senders that serve each other, times the determinant, and the determinant.

    Fraction-free Gauss-Jordan (Bareiss) on  diag(Q) - q : every intermediate value is a minor of the matrix, so the
    divisions leave nothing over. The matrix is an M-matrix: without a closed loop its pivots are positive.
    """
    _refuse_closed_loops(stage, members, where, codes)
    size = len(stage)
    position = {int(member): index for index, member in enumerate(members)}
    matrix = np.zeros((size, size), dtype=object)
    for j, column in enumerate(stage):
        matrix[j, j] = column.total
        for receiver, quantity in zip(column.receivers.tolist(), column.quantities, strict=True):
            if receiver in position:
                matrix[position[receiver], j] -= quantity
    system = np.hstack([matrix, held])
    previous = 1
    for k in range(size):
        pivot = system[k, k]
        for i in range(size):
            if i != k:
                system[i] = (system[i] * pivot - system[k] * system[i, k]) // previous
        previous = pivot
    return system[:, size:], int(previous)


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
