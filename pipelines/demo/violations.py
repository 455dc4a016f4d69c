"""Planted insurance violations and their near-misses, with labels (domain 5.3).

Belongs here: what is put into the natural data, and the label of it. Not here: finding it (the pipeline).
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.demo.care import Care
from pipelines.demo.care_extracts import Month
from pipelines.demo.world import World


@dataclass(frozen=True)
class Label:
    """A row of _labels/violations.csv; `tag` marks the charge lines it is about."""

    rule_code: str
    member_id: str
    encounter_id: str
    is_violation: bool
    note: str
    tag: int = 0
    charge_ids: tuple[str, ...] = ()


def plant(world: World, current: Care) -> tuple[Care, list[Label]]:
    """Put violations into a member's month."""
    _ = world
    return current, []


def resolve(labels: list[Label], current: Care, cut: Month, before: Care | None) -> list[Label]:
    """Fill in the charge ids of the tags."""
    _ = current, cut, before
    return labels
