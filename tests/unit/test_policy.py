"""Which policy row is in force for whom, and what happens where none is."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.policy import MissingParameter, Policy, PolicyRow, WrongUnit, _Member, last_day

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
MEMBERS = {
    "H01": _Member("tertiary", "lead"),
    "T01": _Member("primary", "primary"),
    "T02": _Member("primary", "primary"),
}


def row(
    parameter: str,
    value: str | None,
    scope_kind: str = "all",
    scope: str = "",
    since: str = "2026-01-01",
    until: str | None = None,
    unit: str = "share",
) -> PolicyRow:
    last = date.fromisoformat(until) if until else None
    return PolicyRow(parameter, scope_kind, scope, value, unit, "test", "council", date.fromisoformat(since), last)


@pytest.fixture(scope="module")
def project() -> Policy:
    return Policy.load(SEEDS)


def test_tc_05_levy_rates_of_each_level(project: Policy) -> None:
    rate = {
        m: project.value("pool_contribution_rate", period="2026-10", member=m) for m in ("H01", "H02", "T01", "V01")
    }
    assert 200_000_000 * rate["H01"] == Decimal("2000000")
    assert 10_000_000 * rate["T01"] == Decimal("50000")
    assert rate["V01"] == rate["T01"], "village clinics as primary"
    assert rate["H02"] == Decimal("0.008"), "decided by the demo's own consortium"


def test_tc_05_a_level_without_a_rate_is_an_error_and_not_zero() -> None:
    policy = Policy((row("pool_contribution_rate", "0.01", "level", "tertiary"),), MEMBERS)
    with pytest.raises(MissingParameter) as missing:
        policy.value("pool_contribution_rate", period="2026-10", level="secondary")
    said = str(missing.value)
    assert "pool_contribution_rate" in said
    assert "level secondary" in said
    assert "2026-10-31" in said


def test_tc_70_an_earlier_month_keeps_its_old_rule() -> None:
    policy = Policy((
        row("settled_by_drg", "1", until="2026-03-31"),
        row("settled_by_drg", "0", since="2026-04-01"),
    ))  # fmt: skip
    assert policy.value("settled_by_drg", period="2026-03") == 1
    assert policy.value("settled_by_drg", period="2026-04") == 0
    assert policy.value("settled_by_drg", period="2026-03") == 1, "recomputed after the change"


def test_a_period_takes_the_row_of_its_last_day() -> None:
    policy = Policy((row("p", "1", until="2026-10-14"), row("p", "2", since="2026-10-15")))
    assert policy.value("p", period="2026-10") == 2
    assert policy.value("p", on=date(2026, 10, 14)) == 1


def test_the_most_specific_scope_wins() -> None:
    policy = Policy(
        (
            row("p", "1"),
            row("p", "2", "level", "primary"),
            row("p", "3", "role", "lead"),
            row("p", "4", "member", "T02"),
            row("p", "5", "drg", "E78"),
            row("p", "6", "department", "tertiary:cardiology"),
        ),
        MEMBERS,
    )
    assert policy.value("p", period="2026-10") == 1
    assert policy.value("p", period="2026-10", member="T01") == 2
    assert policy.value("p", period="2026-10", member="H01") == 3
    assert policy.value("p", period="2026-10", member="T02") == 4
    assert policy.value("p", period="2026-10", member="T02", drg="E78") == 5
    assert policy.value("p", period="2026-10", member="H01", department="tertiary:cardiology") == 6


def test_a_row_of_a_department_is_not_its_hospitals() -> None:
    policy = Policy((row("dept_new_technique_min", "5", "department", "tertiary:cardiology", unit="count"),), MEMBERS)
    with pytest.raises(MissingParameter, match="rows exist for: department tertiary:cardiology"):
        policy.value("dept_new_technique_min", period="2026-10", member="H01")


def test_empty_by_design_has_to_be_asked_for_as_optional(project: Policy) -> None:
    assert project.optional("regional_fee_growth", period="2026-10") is None
    with pytest.raises(MissingParameter, match="empty by design"):
        project.value("regional_fee_growth", period="2026-10")


def test_a_misspelt_name_is_an_error_even_when_optional(project: Policy) -> None:
    with pytest.raises(MissingParameter, match="no parameter regional_fee_grwth"):
        project.optional("regional_fee_grwth", period="2026-10")


def test_texts_and_numbers_are_not_mixed(project: Policy) -> None:
    assert project.text("recognition_issuer_min_level", period="2026-10") == "secondary"
    with pytest.raises(WrongUnit, match="ask with text"):
        project.value("recognition_issuer_min_level", period="2026-10")
    with pytest.raises(WrongUnit, match="ask with value"):
        project.text("fee_growth_max", period="2026-10")


def test_an_unknown_member_is_an_error(project: Policy) -> None:
    with pytest.raises(MissingParameter, match="X99 is not in members"):
        project.value("fee_growth_max", period="2026-10", member="X99")


@pytest.mark.parametrize("when", [{}, {"period": "2026-10", "on": date(2026, 10, 1)}])
def test_a_look_up_says_one_day(project: Policy, when: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="either period"):
        project.value("fee_growth_max", **when)  # type: ignore[arg-type]


def test_the_consortiums_policy_goes_before_the_pipelines(tmp_path: Path) -> None:
    for name in ("members", "policy_pipeline"):
        (tmp_path / f"{name}.csv").write_bytes((SEEDS / f"{name}.csv").read_bytes())
    header = (SEEDS / "policy.csv").read_text(encoding="utf-8").splitlines()[0]
    (tmp_path / "policy.csv").write_text(f"{header}\nstale_max_days,all,,40,day,,,x,y,2024-01-01,\n", encoding="utf-8")
    policy = Policy.load(tmp_path)
    assert policy.value("stale_max_days", period="2026-10") == 40
    assert policy.value("split_admission_window", period="2026-10") == 15


@given(
    cuts=st.lists(st.integers(0, 2000), min_size=1, max_size=8, unique=True).map(sorted),
    day=st.integers(-30, 2100),
)
def test_dated_rows_partition_time(cuts: list[int], day: int) -> None:
    """Rows that end the day before the next begins: each day from the first on has exactly one, none before."""
    origin = date(2024, 1, 1)
    starts = [origin + timedelta(days=cut) for cut in cuts]
    ends = [start - timedelta(days=1) for start in starts[1:]]
    rows = tuple(
        row("p", str(number), since=start.isoformat(), until=end.isoformat() if end else None)
        for number, (start, end) in enumerate(zip(starts, [*ends, None], strict=True))
    )
    asked = origin + timedelta(days=day)
    holding = [number for number, start in enumerate(starts) if start <= asked]
    if holding:
        assert Policy(rows).value("p", on=asked) == holding[-1]
    else:
        assert Policy(rows).optional("p", on=asked) is None


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_the_last_day_of_a_period(day: date) -> None:
    last = last_day(f"{day:%Y-%m}")
    assert (last.year, last.month) == (day.year, day.month)
    assert (last + timedelta(days=1)).day == 1
