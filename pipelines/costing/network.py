"""The vocabulary of an allocation: senders, their drivers, the methods and who may give to whom.

Here: what a caller states, and the mask of each method (domain 1.6, 1.8). Not here: arithmetic (`solver`,
`rounding`), and how drivers are found in a member's data (`frames`, dbt).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from pipelines.costing.errors import BadNetwork, OverfullShares

Quantity = int | Decimal | Fraction
Method = Literal["cn3", "stepdown", "direct", "reciprocal"]
METHODS: tuple[Method, ...] = ("cn3", "stepdown", "direct", "reciprocal")

UNALLOCATED = "UNALLOCATED"
"""Final receiver of cost that no driver can place (domain 1.6 rule 6)."""
COMMON = "COMMON"
"""Sender of the member's common costs, 公用成本, step 0 (domain 1.5)."""
EXTERNAL = "EXT:"
"""Prefix of a final receiver that is another member: EXT:<member_id> (domain 1.6 rule 3)."""
FINAL_STEP = 9
"""The step of everything that only receives."""


@dataclass(frozen=True, slots=True)
class Driver:
    """How one sender's cost is shared out: receiver -> driver quantity (>= 0, any exact number)."""

    name: str
    quantities: Mapping[str, Quantity]

    @classmethod
    def from_shares(cls, name: str, shares: Mapping[str, Quantity], rest_to: str | None = None) -> Driver:
        """A driver stated as shares of 1; `rest_to` takes what is left.

        Raises:
            OverfullShares: the shares exceed 1, or fall short of it with nobody named for the rest.
        """
        total = sum((Fraction(share) for share in shares.values()), Fraction(0))
        if total > 1 or (total < 1 and rest_to is None):
            raise OverfullShares(name, total)
        quantities = {receiver: Fraction(share) for receiver, share in shares.items()}
        if rest_to is not None:
            quantities[rest_to] = quantities.get(rest_to, Fraction(0)) + (1 - total)
        return cls(name, quantities)


@dataclass(frozen=True, slots=True)
class Sender:
    """A cost centre that passes everything on.

    step: 0 common 公用, 1 admin 行政后勤, 2 auxiliary 医疗辅助, 3 medtech 医疗技术. Drivers stand in order of
    preference: the first with a positive quantity for a permitted receiver is used.
    """

    code: str
    step: int
    drivers: tuple[Driver, ...]


Permits = Callable[[str, str], bool]
"""May (sender, receiver) exchange cost?"""


def permits(method: Method, senders: Sequence[Sender], order: Sequence[str] | None) -> Permits:
    """The mask of a method.

    cn3: to later steps only, never to the own level or back (三级分项逐级分步结转法, domain 1.6).
    stepdown: to everything not yet closed, in the given order (CMS-2552-10 worksheet B-1).
    direct: to final receivers only. reciprocal: to everybody, the sender itself included.

    Raises:
        BadNetwork: an order is missing, misses a sender or names one twice.
    """
    steps = {sender.code: sender.step for sender in senders}
    if len(steps) != len(senders):
        raise BadNetwork("E_NETWORK: a sender is listed twice")
    if method == "stepdown":
        if order is None or sorted(order) != sorted(steps):
            raise BadNetwork("E_NETWORK: stepdown needs an order that names every sender exactly once")
        steps = {code: position for position, code in enumerate(order)}
    elif order is not None:
        raise BadNetwork(f"E_NETWORK: method {method} takes no order")
    last = max(steps.values(), default=0) + FINAL_STEP
    if method in ("cn3", "stepdown"):
        return lambda sender, receiver: steps.get(receiver, last) > steps[sender]
    if method == "direct":
        return lambda sender, receiver: receiver not in steps
    if method == "reciprocal":
        return lambda sender, receiver: True
    raise BadNetwork(f"E_NETWORK: unknown method {method!r}; known are {', '.join(METHODS)}")


def stages(method: Method, senders: Sequence[Sender], order: Sequence[str] | None) -> list[list[str]]:
    """Senders in the groups that are closed together, in closing order."""
    if method == "stepdown":
        return [[code] for code in order or ()]
    if method == "cn3":
        steps = sorted({sender.step for sender in senders})
        return [sorted(sender.code for sender in senders if sender.step == step) for step in steps]
    return [sorted(sender.code for sender in senders)] if senders else []
