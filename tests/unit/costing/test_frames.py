"""Tables of many members in, one sorted trace out."""

from __future__ import annotations

import polars as pl

from pipelines.costing.frames import FLOWS, allocate_tables

P = "2026-10"


def tables() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    costs = pl.DataFrame(
        [
            (P, "H02", "LAB", "medical", "labour", 100),
            (P, "H01", "LAB", "medical", "labour", 301),
            (P, "H01", "LAB", "medical", "drug", 7),
            (P, "H01", "SHUT", "medical", "drug", 2),
        ],
        schema=["period", "member_id", "dept_code", "cost_layer", "cost_element", "amount_fen"],
        orient="row",
    )
    senders = pl.DataFrame(
        [
            (P, "H01", "LAB", 3, "ordered_revenue", "headcount"),
            (P, "H02", "LAB", 3, "ordered_revenue", "headcount"),
            (P, "H01", "SHUT", 0, None, None),
        ],
        schema=["period", "member_id", "dept_code", "step", "driver", "fallback_driver"],
        orient="row",
    )
    quantities = pl.DataFrame(
        [
            (P, "H01", "ordered_revenue", "LAB", "WARD", 10_000),
            (P, "H01", "ordered_revenue", "LAB", "ICU", 20_000),
            (P, "H01", "ordered_revenue", "*", "ICU", 99_999),
            (P, "H02", "headcount", "*", "WARD", 10_000),
        ],
        schema=["period", "member_id", "driver", "sender", "receiver", "quantity"],
        orient="row",
    )
    return costs, senders, quantities


def test_members_and_elements_are_kept_apart() -> None:
    flows = allocate_tables(*tables())
    assert flows.schema == FLOWS
    assert flows.drop("period", "is_fallback", "cost_layer").rows() == [
        ("H01", 0, "SHUT", "UNALLOCATED", "drug", "none", 1_000_000, 2),
        ("H01", 3, "LAB", "ICU", "drug", "ordered_revenue", 666_667, 5),
        ("H01", 3, "LAB", "ICU", "labour", "ordered_revenue", 666_667, 201),
        ("H01", 3, "LAB", "WARD", "drug", "ordered_revenue", 333_333, 2),
        ("H01", 3, "LAB", "WARD", "labour", "ordered_revenue", 333_333, 100),
        ("H02", 3, "LAB", "WARD", "labour", "headcount", 1_000_000, 100),
    ]


def test_a_senders_own_figures_win_over_everybodys_and_a_fallback_is_marked() -> None:
    flows = allocate_tables(*tables())
    assert flows.filter(pl.col("is_fallback"))["member_id"].to_list() == ["H02"]


def test_the_order_of_rows_changes_nothing() -> None:
    costs, senders, quantities = tables()
    again = allocate_tables(costs.reverse(), senders.reverse(), quantities.reverse())
    assert again.equals(allocate_tables(costs, senders, quantities))


def test_nothing_in_nothing_out() -> None:
    costs, senders, quantities = (table.clear() for table in tables())
    assert allocate_tables(costs, senders, quantities).is_empty()
