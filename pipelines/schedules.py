"""When the night runs by itself, and the recovery drill. "Real time" of the rules is every night (AMB-42)."""

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


def monthly_drill(job: AssetJob) -> dg.ScheduleDefinition:
    """Noon of the third of each month, Asia/Shanghai: no night runs then, and the old month is closed (S5-SEC-05)."""
    return dg.ScheduleDefinition(
        name="recovery_drill_monthly",
        job=job,
        cron_schedule="0 12 3 * *",
        execution_timezone="Asia/Shanghai",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Every month, on the third at noon, Asia/Shanghai.",
    )
