"""What must hold for every hospital: laws, tried on generated ones."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.costing import Allocation, Driver, Sender, allocate
from pipelines.costing.network import Method
from pipelines.costing.rounding import largest_remainder

FINALS = ["C1", "C2", "C3", "C4", "EXT:H02"]
SENDERS = {"COMMON": 0, "A1": 1, "A2": 1, "X1": 2, "X2": 2, "T1": 3, "T2": 3, "T3": 3}
fen = st.one_of(st.just(0), st.integers(0, 9), st.integers(0, 10**11))
quantity = st.one_of(st.just(0), st.integers(0, 5), st.integers(0, 10**13))


@st.composite
def hospitals(draw: st.DrawFn, to_senders: bool = True) -> tuple[dict[str, list[int]], list[Sender]]:
    direct = {code: draw(st.lists(fen, min_size=2, max_size=2)) for code in [*SENDERS, *FINALS[:4]]}
    senders = []
    for code, step in SENDERS.items():
        receivers = [*SENDERS, *FINALS] if to_senders else FINALS
        served = {receiver: draw(quantity) for receiver in receivers}
        served["C1"] = max(served["C1"], 1)  # an outlet, so that no loop is closed
        senders.append(Sender(code, step, (Driver("workload", served),)))
    return direct, senders


def run(hospital: tuple[dict[str, list[int]], list[Sender]], method: Method) -> Allocation:
    direct, senders = hospital
    order = list(SENDERS) if method == "stepdown" else None
    return allocate(direct, senders, ["labour", "drug"], method=method, order=order)


methods = st.sampled_from(["cn3", "stepdown", "direct", "reciprocal"])


@settings(max_examples=150, deadline=None)
@given(hospitals(), methods)
def test_cost_is_conserved_per_element_and_in_every_department(hospital: Any, method: Method) -> None:
    direct, _ = hospital
    result = run(hospital, method)
    for e in range(2):
        ends = sum(result.full[code][e] for code in result.finals if code in result.full)
        assert ends == sum(row[e] for row in direct.values())
        for code in [*SENDERS, *FINALS]:
            received = sum(flow.amounts[e] for flow in result.flows if flow.receiver == code)
            passed_on = sum(flow.amounts[e] for flow in result.flows if flow.sender == code)
            holds = direct.get(code, [0, 0])[e] + received
            assert holds == result.full.get(code, (0, 0))[e]
            assert passed_on == (0 if code in result.finals else holds)


@settings(max_examples=150, deadline=None)
@given(hospitals(), methods)
def test_full_costs_are_the_exact_costs_rounded_up_or_down(hospital: Any, method: Method) -> None:
    result = run(hospital, method)
    for code in result.finals:
        for full, exact in zip(result.full.get(code, (0, 0)), result.exact(code), strict=True):
            assert full >= 0
            assert abs(full - exact) < 1


@settings(max_examples=100, deadline=None)
@given(hospitals(), methods)
def test_no_cell_of_the_trace_strays_from_its_share(hospital: Any, method: Method) -> None:
    """Rounding at each sender and settling at the ends may move a cell by a few fen, never by more than the senders."""
    result = run(hospital, method)
    for flow in result.flows:
        for amount, gross in zip(flow.amounts, result.exact(flow.sender), strict=True):
            assert abs(amount - gross * flow.share) < 2 + len(SENDERS)


@settings(max_examples=60, deadline=None)
@given(hospitals(), st.sampled_from(["cn3", "direct", "reciprocal"]), st.randoms(use_true_random=False))
def test_the_order_of_input_changes_nothing(hospital: Any, method: Method, random: Any) -> None:
    direct, senders = hospital
    shuffled = random.sample(senders, len(senders)), random.sample(list(direct.items()), len(direct))
    again = allocate(dict(shuffled[1]), shuffled[0], ["labour", "drug"], method=method)
    once = run(hospital, method)
    assert again.full == once.full
    assert sorted(again.flows, key=repr) == sorted(once.flows, key=repr)


@settings(max_examples=60, deadline=None)
@given(hospitals(to_senders=False))
def test_without_service_between_supporters_all_methods_agree(hospital: Any) -> None:
    results = [run(hospital, method) for method in ("direct", "cn3", "stepdown", "reciprocal")]
    assert all(result.full == results[0].full for result in results)
    assert all(result.exact("C2") == results[0].exact("C2") for result in results)


@settings(max_examples=60, deadline=None)
@given(hospitals(), methods, st.sampled_from([*SENDERS, "C1"]), st.integers(1, 10**9))
def test_more_cost_never_makes_anybody_cheaper(hospital: Any, method: Method, code: str, more: int) -> None:
    direct, senders = hospital
    dearer = {c: [row[0] + (more if c == code else 0), row[1]] for c, row in direct.items()}
    before, after = run(hospital, method), run((dearer, senders), method)
    for final in before.finals:
        assert after.exact(final)[0] >= before.exact(final)[0]
        assert after.exact(final)[1] == before.exact(final)[1]


@settings(max_examples=60, deadline=None)
@given(hospitals())
def test_cn3_agrees_with_the_formulas_written_out(hospital: Any) -> None:
    """The three levels of domain 1.6, computed naively in fractions."""
    direct, senders = hospital
    held = {code: [Fraction(x) for x in direct.get(code, [0, 0])] for code in [*SENDERS, *FINALS]}
    for step in range(4):
        for sender in (s for s in senders if s.step == step):
            served = {c: q for c, q in sender.drivers[0].quantities.items() if SENDERS.get(c, 9) > step}
            for code, q in served.items():
                for e in range(2):
                    held[code][e] += held[sender.code][e] * q / sum(served.values())
    result = run(hospital, "cn3")
    assert all(list(result.exact(code)) == held[code] for code in held)


@given(st.lists(st.tuples(st.integers(-(10**6), 10**6), st.integers(1, 10**4)), min_size=1, max_size=8))
def test_largest_remainder_keeps_the_whole_and_strays_by_less_than_one(parts: list[tuple[int, int]]) -> None:
    exact = [Fraction(numerator, denominator) for numerator, denominator in parts]
    short = -sum(exact, Fraction(0)) % 1
    fractions = [*parts, (short.numerator, short.denominator)]
    whole = int(sum(exact, short))
    rounded = largest_remainder(fractions, whole)
    assert sum(rounded) == whole
    assert all(abs(r - Fraction(*f)) < 1 for r, f in zip(rounded, fractions, strict=True))


def test_remainders_alike_in_their_first_bits_are_told_apart() -> None:
    """One third beside one third and 10^-45: the larger gets the fen, though it stands later."""
    tiny = 10**45
    fractions = [(1, 3), (tiny + 3, 3 * tiny), (tiny - 3, 3 * tiny)]
    assert largest_remainder(fractions, 1) == [0, 1, 0]
    assert largest_remainder([(1, 3)] * 3, 1) == [1, 0, 0]


def test_width_grows_with_a_departments_services_not_with_the_hospital() -> None:
    """Each clinic's denominator holds the drivers of the two who serve it, however many others there are."""
    senders = [Sender(f"T{n:03}", 3, (Driver("orders", {f"C{n:03}": 101 + n, f"C{n + 1:03}": 2}),)) for n in range(300)]
    direct = {sender.code: [997] for sender in senders}
    result = allocate(direct, senders, ["labour"])
    assert max(result.exact(f"C{n:03}")[0].denominator for n in range(301)) < 10**6
