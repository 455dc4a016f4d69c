"""The partitions of the ingest: one per member of the consortium."""

from __future__ import annotations

import csv

import dagster as dg

from pipelines.settings import PROJECT, Settings


def member_ids(settings: Settings) -> list[str]:
    """The members of the reference data in force, in their order there."""
    path = (settings.seeds or PROJECT / "seeds") / "members.csv"
    if not path.exists():
        path = PROJECT / "seeds" / "members.csv"
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return [row["member_id"] for row in csv.DictReader(lines)]


def members(settings: Settings) -> dg.StaticPartitionsDefinition:
    """One partition per member; a new member is one more row of `members.csv`."""
    return dg.StaticPartitionsDefinition(member_ids(settings))
