"""Puts the house together: assets, gates, jobs, schedule and sensors, with parts that a test may swap.

Belongs here: wiring. Does not belong here: anything wired.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from pipelines import dbt_run, jobs, reference, schedules, sensors, warehouse
from pipelines.assets.alerts import ALERTS, alert_assets
from pipelines.assets.deliveries import DELIVERIES, deliveries, member_extracts
from pipelines.assets.gates import consortium_gate, publication_gate
from pipelines.assets.manifest import manifest_asset
from pipelines.assets.marts import part_assets
from pipelines.assets.publication import PUBLICATION, publication_asset
from pipelines.dagster_home import night_log
from pipelines.partitions import members
from pipelines.resources import Consortium, Night
from pipelines.settings import Settings


def build_definitions(
    *, settings: Settings | None = None, resources: Mapping[str, Any] | None = None
) -> dg.Definitions:
    """The definitions of the consortium.

    Args:
        settings: where reference data and the warehouse stand; by default read from the environment.
        resources: put in place of the real ones, by name (`consortium`, `night`).
    """
    settings = settings or Settings.load()
    reference.overlay(settings)
    partitions = members(settings)
    lake = member_extracts(partitions)
    manifest = dbt_run.parsed_manifest(settings)
    parts = {part: part_assets(manifest, part) for part in warehouse.PARTS}
    foundation = [key for part in warehouse.FOUNDATION for key in parts[part].keys]
    products = [key for part in warehouse.PRODUCTS for key in parts[part].keys]
    gate_1 = manifest_asset([DELIVERIES, *lake.keys])
    gate_2 = consortium_gate(foundation)
    gate_3 = publication_gate([*gate_2.keys, *products])
    alerts = alert_assets([*gate_3.keys, *foundation, *products], PUBLICATION)
    publication = publication_asset([*gate_3.keys, *foundation, *products, ALERTS])
    ingest, night = jobs.ingest_member(lake), jobs.nightly_consolidation(lake)
    return dg.Definitions(
        assets=[lake, deliveries, gate_1, *parts.values(), gate_2, gate_3, *alerts, publication],
        jobs=[ingest, night, jobs.recovery_drill],
        schedules=[schedules.nightly(night), schedules.monthly_drill(jobs.recovery_drill)],
        sensors=[sensors.complete_deliveries(ingest, list(partitions.get_partition_keys())), sensors.failed_night],
        loggers={"console": night_log},
        resources={"consortium": Consortium(), "night": Night(), **(resources or {})},
    )
