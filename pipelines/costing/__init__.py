"""Costing: where a hospital's cost arose, and where it ended (成本核算).

Here: the allocation engine, pure and exact. No dagster, no dbt, no files: dbt's Python model hands tables to
`frames.allocate_tables`. Item, case and DRG costs are SQL, in dbt_project/models/{intermediate,marts}/cost.
"""

from pipelines.costing.allocate import Allocation, Flow, allocate
from pipelines.costing.errors import AllocationError, BadNetwork, ClosedLoop, OverfullShares, ZeroDriver
from pipelines.costing.network import COMMON, EXTERNAL, UNALLOCATED, Driver, Method, Sender

__all__ = [
    "COMMON",
    "EXTERNAL",
    "UNALLOCATED",
    "Allocation",
    "AllocationError",
    "BadNetwork",
    "ClosedLoop",
    "Driver",
    "Flow",
    "Method",
    "OverfullShares",
    "Sender",
    "ZeroDriver",
    "allocate",
]
