"""The methods, their refusals, and worked examples of domain 1.8."""

from __future__ import annotations

from fractions import Fraction

import pytest

from pipelines.costing import BadNetwork, ClosedLoop, Driver, OverfullShares, Sender, ZeroDriver, allocate

LEVELS = {"OFFICE": 1, "STERILE": 2, "LAB": 3}


def hospital(**drivers: dict[str, int]) -> list[Sender]:
    return [Sender(code, LEVELS[code], (Driver("workload", served),)) for code, served in drivers.items()]


def test_reciprocal_gross_costs_of_the_worked_example() -> None:
    """Domain 1.8: column j holds the shares of j's output; the printed 1638/2569/1562 is slightly off."""
    shares = {
        "S1": {"S1": "0.25", "S2": "0.35", "S3": "0.10"},
        "S2": {"S1": "0.15", "S2": "0.20", "S3": "0.10"},
        "S3": {"S1": "0.15", "S2": "0.25", "S3": "0.35"},
    }
    senders = [
        Sender(code, 3, (Driver.from_shares("output", {r: Fraction(s) for r, s in column.items()}, rest_to="OUT"),))
        for code, column in shares.items()
    ]
    result = allocate({"S1": [60_000], "S2": [110_000], "S3": [60_000]}, senders, ["all"], method="reciprocal")
    gross = [float(result.exact(code)[0]) / 100 for code in ("S1", "S2", "S3")]
    assert gross == pytest.approx([1629.893, 2578.885, 1570.581], abs=5e-4)
    assert result.full["OUT"] == (230_000,)
    outlets = {"S1": Fraction("0.30"), "S2": Fraction("0.55"), "S3": Fraction("0.25")}
    assert sum(outlets[code] * result.exact(code)[0] for code in outlets) == 230_000


def test_reciprocal_trace_balances_with_mutual_and_self_service() -> None:
    senders = hospital(
        OFFICE={"OFFICE": 1, "STERILE": 2, "LAB": 3, "WARD": 5},
        STERILE={"OFFICE": 1, "LAB": 4, "WARD": 7},
        LAB={"STERILE": 1, "WARD": 9, "CLINIC": 3},
    )
    direct = {"OFFICE": [100_001], "STERILE": [7], "LAB": [33_333], "WARD": [5], "CLINIC": [0]}
    result = allocate(direct, senders, ["labour"], method="reciprocal")
    for code, row in direct.items():
        received = sum(flow.amounts[0] for flow in result.flows if flow.receiver == code)
        passed_on = sum(flow.amounts[0] for flow in result.flows if flow.sender == code)
        assert row[0] + received == (result.full[code][0] if code in result.finals else passed_on)


def test_a_closed_loop_is_refused_and_named() -> None:
    senders = hospital(STERILE={"LAB": 1}, LAB={"STERILE": 1}, OFFICE={"WARD": 1, "LAB": 1})
    with pytest.raises(ClosedLoop, match="LAB, STERILE serve only each other"):
        allocate({"LAB": [100], "WARD": [1]}, senders, ["labour"], method="reciprocal", where="H01 2026-10")


def test_shares_beyond_one_are_refused() -> None:
    with pytest.raises(OverfullShares, match="add up to 11/10"):
        Driver.from_shares("output", {"A": Fraction("0.7"), "B": Fraction("0.4")}, rest_to="OUT")


def test_shares_below_one_need_somebody_for_the_rest() -> None:
    with pytest.raises(OverfullShares, match="rest_to"):
        Driver.from_shares("output", {"A": Fraction("0.7")})


def test_cn3_never_gives_to_the_own_level_or_back() -> None:
    """Domain 1.6 rules 1 and 2: the driver quantities of forbidden receivers leave the denominator too."""
    served = {"OFFICE": 50, "STERILE": 10, "LAB": 10, "WARD": 30}
    senders = hospital(OFFICE=served, STERILE=served, LAB=served)
    result = allocate({"OFFICE": [500], "STERILE": [400], "LAB": [300], "WARD": [0]}, senders, ["labour"])
    assert {(flow.sender, flow.receiver): flow.share for flow in result.flows} == {
        ("OFFICE", "LAB"): Fraction(1, 5),
        ("OFFICE", "STERILE"): Fraction(1, 5),
        ("OFFICE", "WARD"): Fraction(3, 5),
        ("STERILE", "LAB"): Fraction(1, 4),
        ("STERILE", "WARD"): Fraction(3, 4),
        ("LAB", "WARD"): Fraction(1),
    }


def test_cost_for_another_member_ends_at_an_external_receiver() -> None:
    senders = hospital(LAB={"WARD": 3, "EXT:T01": 1})
    result = allocate({"LAB": [1_000], "WARD": [0]}, senders, ["labour"])
    assert result.full["EXT:T01"] == (250,)
    assert result.full["WARD"] == (750,)


def test_zero_driver_names_sender_element_member_and_period() -> None:
    senders = [Sender("STERILE", 2, (Driver("workload:pack", {"WARD": 0}),))]
    message = r"E_DRV_ZERO H01 2026-10: sender STERILE has 9.00 yuan of drug.*workload:pack"
    with pytest.raises(ZeroDriver, match=message):
        allocate({"STERILE": [0, 900], "WARD": [1, 1]}, senders, ["labour", "drug"], where="H01 2026-10")


def test_a_configured_fallback_is_used_and_marked() -> None:
    drivers = (Driver("workload:pack", {}), Driver("bed_days", {"WARD": 2, "ICU": 1}))
    result = allocate({"STERILE": [900], "WARD": [0], "ICU": [0]}, [Sender("STERILE", 2, drivers)], ["labour"])
    assert {(flow.driver, flow.is_fallback) for flow in result.flows} == {("bed_days", True)}
    assert result.full["WARD"] == (600,)


def test_cost_without_driver_is_parked_within_the_tolerance_only() -> None:
    """Domain 1.6 rule 6, policy unallocated_cost_tolerance = 0.5 %."""
    senders = [Sender("CLOSED", 2, ())]
    inside = allocate({"CLOSED": [5], "WARD": [995]}, senders, ["labour"], park_up_to=Fraction("0.005"))
    assert inside.parked == 5
    assert inside.full["UNALLOCATED"] == (5,)
    with pytest.raises(ZeroDriver, match="no driver configured"):
        allocate({"CLOSED": [6], "WARD": [994]}, senders, ["labour"], park_up_to=Fraction("0.005"))


def test_a_sender_without_cost_needs_no_driver() -> None:
    assert allocate({"WARD": [7]}, [Sender("CLOSED", 2, ())], ["labour"]).full["WARD"] == (7,)


def test_credits_pass_through_like_costs() -> None:
    result = allocate({"LAB": [-100], "A": [10], "B": [20]}, hospital(LAB={"A": 1, "B": 2}), ["drug"])
    assert result.full["A"] == (10 - 33,)
    assert result.full["B"] == (20 - 67,)


def test_ties_go_to_the_lower_code() -> None:
    result = allocate({"LAB": [1]}, hospital(LAB={"C10": 1, "C09": 1}), ["drug"])
    assert result.full["C09"] == (1,)


def test_a_fen_never_crosses_between_parts_that_no_cost_connects() -> None:
    """Over all receivers at once, 0.8, 0.6 and 0.6 would be rounded up, and LAB's fen would end with STERILE's."""
    senders = hospital(LAB={"A": 4, "B": 3, "C": 3}, STERILE={"D": 3, "E": 3, "F": 4})
    result = allocate({"LAB": [1], "STERILE": [2]}, senders, ["drug"])
    assert sum(result.full[code][0] for code in "ABC") == 1
    assert sum(result.full[code][0] for code in "DEF") == 2


@pytest.mark.parametrize("order", [None, ["LAB"], ["LAB", "LAB"], ["LAB", "OFFICE", "STERILE"]])
def test_stepdown_needs_a_complete_order(order: list[str] | None) -> None:
    senders = hospital(LAB={"WARD": 1}, OFFICE={"WARD": 1})
    with pytest.raises(BadNetwork):
        allocate({"LAB": [1]}, senders, ["labour"], method="stepdown", order=order)


def test_negative_driver_quantities_are_refused() -> None:
    with pytest.raises(BadNetwork, match="negative for WARD"):
        allocate({"LAB": [1]}, hospital(LAB={"WARD": -1}), ["labour"])


def test_a_sender_stands_once() -> None:
    with pytest.raises(BadNetwork, match="twice"):
        allocate({"LAB": [1]}, hospital(LAB={"WARD": 1}) * 2, ["labour"])
