"""What starts a run besides the clock, and what happens when a run fails.

Belongs here: the sensor for complete deliveries and the failure sensor. Does not belong here: reading deliveries.
"""

import os
from collections.abc import Iterator, Sequence

import dagster as dg

from pipelines import alerts
from pipelines.ingest import waiting
from pipelines.ingest.deliveries import MANIFEST
from pipelines.jobs import INGEST, AssetJob
from pipelines.resources import Consortium


def complete_deliveries(job: AssetJob, members: Sequence[str]) -> dg.SensorDefinition:
    """One run per complete delivery: a folder is complete once its manifest stands in it."""

    @dg.sensor(
        name="complete_deliveries",
        job=job,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Takes in a member's delivery once its manifest.json stands there and no night has taken it in; a "
        "rewritten one again.",
    )
    def look(context: dg.SensorEvaluationContext, consortium: Consortium) -> Iterator[dg.RunRequest | dg.SkipReason]:
        landing = consortium.settings.landing
        if not landing.is_dir():
            yield dg.SkipReason(f"{landing} does not exist yet")
            return
        for member, delivery in sorted(waiting(consortium.settings, consortium.state, members).items()):
            yield dg.RunRequest(
                run_key=f"{member}:{delivery.stamp(MANIFEST)}",
                partition_key=member,
                tags={"delivery_date": delivery.delivery_date.isoformat()},
            )

    return look


@dg.run_failure_sensor(
    name="failed_night",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Notes a failed run for the engineer on call: what failed, why, and that the last publication stays.",
)
def failed_night(context: dg.RunFailureSensorContext, consortium: Consortium) -> None:
    """Keeps the failure in the state, from where `yilian status` takes it, and tells who runs the data."""
    run = context.dagster_run
    failed = [event.step_key or "" for event in context.get_step_failure_events()]
    text = (
        f"{run.job_name} {run.run_id[:8]} failed in {', '.join(failed) or 'start-up'}: "
        f"{context.failure_event.message}. The last publication stays in force."
    )
    context.log.error(text)
    if run.job_name != INGEST:
        consortium.state.put("note", [{"key": "last_failure", "value": text}])
        what = [f"{run.job_name} {', '.join(failed)}".strip()]
        alerts.tell_failure(consortium.settings, consortium.state, what, consortium.environ or os.environ)
