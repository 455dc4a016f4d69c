"""When the night runs by itself."""

from __future__ import annotations

import dagster as dg

from pipelines.jobs import AssetJob


def nightly(job: AssetJob) -> dg.ScheduleDefinition:
    """01:30 Asia/Shanghai, after the members' delivery deadline."""
    return dg.ScheduleDefinition(
        name="nightly_at_0130",
        job=job,
        cron_schedule="30 1 * * *",
        execution_timezone="Asia/Shanghai",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Every night at 01:30, Asia/Shanghai.",
    )
