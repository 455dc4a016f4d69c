"""What can go wrong in an allocation, each with its code and what to do about it.

Here: the exceptions of `pipelines.costing`. Not here: how a night reacts to them.
"""

from __future__ import annotations

from collections.abc import Sequence


class AllocationError(ValueError):
    """An allocation that can't be carried out as asked; the message names place and remedy."""

    code = "E_ALLOCATION"


class ZeroDriver(AllocationError):
    """A sender has cost, but none of its drivers says where the cost goes (domain 1.6 rule 4)."""

    code = "E_DRV_ZERO"

    def __init__(self, where: str, sender: str, elements: Sequence[str], drivers: Sequence[str], fen: int) -> None:
        self.where, self.sender, self.elements, self.drivers, self.fen = where, sender, tuple(elements), drivers, fen
        tried = ", ".join(drivers) or "no driver configured"
        super().__init__(
            f"{self.code} {where}: sender {sender} has {fen / 100:.2f} yuan of {', '.join(elements)} to pass on, "
            f"but every driver is zero ({tried}). Deliver the driver's extract, or give the sender a fallback_driver "
            "in allocation_drivers."
        )


class ClosedLoop(AllocationError):
    """Senders that serve only each other: their cost never reaches a final receiver (domain 1.8)."""

    code = "E_CLOSED_LOOP"

    def __init__(self, where: str, senders: Sequence[str]) -> None:
        self.senders = tuple(senders)
        super().__init__(
            f"{self.code} {where}: {', '.join(senders)} serve only each other, so their cost has no way out. "
            "Give one of them a receiver outside the loop."
        )


class OverfullShares(AllocationError):
    """The shares of one sender don't make a whole (domain 1.8: column sums beyond 1 are rejected)."""

    code = "E_SHARES"

    def __init__(self, driver: str, total: object) -> None:
        super().__init__(
            f"{self.code}: the shares of driver {driver} add up to {total}, not to 1. "
            "Correct the shares, or name with rest_to who takes what is left below 1."
        )


class BadNetwork(AllocationError):
    """A sender twice, an order that misses a sender, a negative driver quantity."""

    code = "E_NETWORK"
