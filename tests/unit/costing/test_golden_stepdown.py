"""The county hospital of domain 1.6.1: nine departments, three elements, three levels, to the fen."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipelines.costing import Allocation, Driver, Sender, allocate

HEADS = {"A1": 10, "A2": 20, "X1": 8, "X2": 12, "T1": 15, "T2": 20, "C1": 25, "C2": 40, "C3": 50}
YUAN = {  # 人员, 卫材, 其他
    "A1": (120_000, 0, 80_000),
    "A2": (160_000, 20_000, 120_000),
    "X1": (64_000, 40_000, 16_000),
    "X2": (84_000, 2_000, 14_000),
    "T1": (180_000, 90_000, 30_000),
    "T2": (260_000, 60_000, 80_000),
    "C1": (300_000, 10_000, 40_000),
    "C2": (480_000, 70_000, 60_000),
    "C3": (620_000, 150_000, 80_000),
}
SERVED = {
    "X1": {"T1": 50, "T2": 10, "C1": 40, "C2": 100, "C3": 300},
    "X2": {"C1": 9_000, "C2": 300, "C3": 400},
    "T1": {"C1": 200_000, "C2": 350_000, "C3": 250_000},
    "T2": {"C1": 300_000, "C2": 200_000, "C3": 500_000},
}
STEP = {"A": 1, "X": 2, "T": 3}


@pytest.fixture(scope="module")
def golden() -> Allocation:
    senders = [Sender(code, STEP[code[0]], (Driver("headcount", HEADS),)) for code in ("A1", "A2")]
    senders += [Sender(code, STEP[code[0]], (Driver("workload", served),)) for code, served in SERVED.items()]
    direct = {code: [yuan * 100 for yuan in row] for code, row in YUAN.items()}
    return allocate(direct, senders, ("labour", "consumable", "other"))


def test_full_costs_round_once_at_the_end(golden: Allocation) -> None:
    assert golden.full["C1"] == (58507841, 6229826, 14129160)
    assert golden.full["C2"] == (71635910, 13757222, 15577568)
    # the page prints 222,932.73 for the last cell: half-up, with which the column would be a fen over 520,000.00
    assert golden.full["C3"] == (96656249, 24212952, 22293272)
    assert {code: sum(golden.full[code]) for code in golden.finals if code != "UNALLOCATED"} == {
        "C1": 78866827,
        "C2": 100970700,
        "C3": 143162473,
    }


def test_exact_costs_before_rounding(golden: Allocation) -> None:
    exact = {
        code: [round(Decimal(x.numerator) / x.denominator / 100, 4) for x in golden.exact(code)]
        for code in ("C1", "C2", "C3")
    }
    assert exact["C1"] == [Decimal("585078.4136"), Decimal("62298.2608"), Decimal("141291.5973")]
    assert exact["C2"] == [Decimal("716359.1001"), Decimal("137572.2244"), Decimal("155775.6768")]
    assert exact["C3"] == [Decimal("966562.4864"), Decimal("242129.5149"), Decimal("222932.7259")]


def test_nothing_is_lost_per_element(golden: Allocation) -> None:
    totals = [sum(golden.full[code][element] for code in ("C1", "C2", "C3")) for element in range(3)]
    assert totals == [226_800_000, 44_200_000, 52_000_000]


def test_the_trace_leads_from_direct_to_full(golden: Allocation) -> None:
    for code, row in YUAN.items():
        for element in range(3):
            received = sum(flow.amounts[element] for flow in golden.flows if flow.receiver == code)
            passed_on = sum(flow.amounts[element] for flow in golden.flows if flow.sender == code)
            assert row[element] * 100 + received == golden.full[code][element]
            assert passed_on == (0 if code in golden.finals else golden.full[code][element])


def test_each_cell_of_the_trace_is_its_share_within_a_fen_of_rounding(golden: Allocation) -> None:
    for flow in golden.flows:
        for element, amount in enumerate(flow.amounts):
            assert abs(amount - golden.exact(flow.sender)[element] * flow.share) < 2


def test_what_auxiliary_and_technical_departments_hold_when_they_close(golden: Allocation) -> None:
    held = {code: round(sum(golden.exact(code))) for code in ("X1", "X2", "T1", "T2")}
    assert held == {"X1": 14352941, "X2": 13529412, "T1": 35847059, "T2": 46169412}
    assert all(abs(sum(golden.full[code]) - fen) <= 1 for code, fen in held.items())
