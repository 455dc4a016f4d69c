"""No doctor sees more in a day than a day holds, unless it was planted (R67): by the plans of all sizes."""

from __future__ import annotations

import math

import pytest
import yaml

from pipelines.demo import places
from pipelines.demo.care import busiest_day, doctors
from pipelines.demo.sizes import SIZES
from pipelines.demo.visits import visits
from pipelines.demo.world import World
from pipelines.settings import PROJECT

RULE = PROJECT / "dbt_project/models/intermediate/risk/rules/int_risk__r67_more_visits_than_a_day_holds.yml"


def bound() -> int:
    (model,) = yaml.safe_load(RULE.read_text(encoding="utf-8"))["models"]
    (parameter,) = model["config"]["meta"]["parameters"]
    return int(parameter["value"])


def more_than(limit: int, mean: float) -> float:
    """Chance that a day brings more, arrivals being independent (Poisson)."""
    return sum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(limit + 1, limit + 200))


@pytest.mark.parametrize("size", SIZES)
def test_chance_makes_no_day_of_more_visits_than_a_day_holds(size: str) -> None:
    """All doctors on twenty busiest days in four months: less than one in a hundred counties has such a day."""
    world, limit = World(size, 1), bound()
    chance = 0.0
    for member in world.members:
        staff = zip(places.places(member), busiest_day(world, member), doctors(world, member), strict=True)
        chance += sum(20 * n * more_than(limit, day / n) for place, day, n in staff if place.setting and day)
    assert chance < 0.01


def test_the_busiest_day_is_what_the_plan_draws() -> None:
    """At a township of size M: the fullest day of a month lies around what is expected, never far above."""
    world = World("M", 20261031)
    (member, expected) = next((m, busiest_day(world, m)) for m in world.members if m.member_id == "T01")
    seen = visits(world, member, "2026-10")
    clinic = expected.index(max(expected))
    days = [int(d) for d in (seen.start // 1440)[seen.dept == clinic]]
    fullest = max(days.count(day) for day in set(days))
    assert 0.8 * expected[clinic] < fullest < expected[clinic] + 4 * math.sqrt(expected[clinic])
