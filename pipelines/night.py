"""A night from the command line: the same Dagster job that the schedule starts, in this process, with its ending.

Belongs here: running the job and reading how it ended. Does not belong here: any step of it.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines import alerts, gates
from pipelines.settings import Settings
from pipelines.state import NightIsRunning, State, night_lock

if TYPE_CHECKING:
    import dagster as dg

    from pipelines.publish import Publication


@dataclass(frozen=True)
class Finished:
    """How a night ended.

    Attributes:
        ending: `published`, `closed` (a gate stayed closed) or `broken`.
        reasons: why, one line each.
    """

    ending: str
    run_id: str
    seconds: float
    publication_id: str | None = None
    reasons: tuple[str, ...] = field(default=())


def run(settings: Settings, *, definitions: dg.Definitions | None = None) -> Finished:
    """Runs `nightly_consolidation` in this process.

    Args:
        definitions: put in place of the consortium's own (tests).

    Raises:
        SettingsError: the pseudonym key is missing.
        NightIsRunning: another night is at work in this home.
    """
    settings.secret_key()
    with night_lock(settings.home):
        pass  # fail before anything heavy is loaded
    import dagster as dg

    from pipelines.build import build_definitions
    from pipelines.dagster_home import prepare
    from pipelines.jobs import NIGHTLY

    started = time.monotonic()
    prepare(settings)
    definitions = definitions or build_definitions(settings=settings)
    with dg.DagsterInstance.get() as instance:
        with night_lock(settings.home):
            _bury(instance, NIGHTLY)
        result = definitions.resolve_job_def(NIGHTLY).execute_in_process(instance=instance, raise_on_error=False)
    state = State(settings.state_path)
    finished = _finished(state, result, time.monotonic() - started)
    if finished.ending != "published":
        names = [reason.split(":")[0] for reason in finished.reasons]
        alerts.tell_failure(settings, state, names, os.environ)
    return finished


def _bury(instance: dg.DagsterInstance, job: str) -> None:
    """Ends nights that were killed: Dagster still takes them for running, and keeps their place in the pool.

    Whoever holds the lock of the home is the only night there, so any other that seems to run is dead.
    """
    import dagster as dg

    unfinished = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    for run in instance.get_runs(dg.RunsFilter(job_name=job, statuses=unfinished)):
        instance.report_run_failed(run, "the night was killed; this one takes over from where it stood")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def _finished(state: State, result: dg.ExecuteInProcessResult, seconds: float) -> Finished:
    found = state.rows("select publication_id from publication where run_id = ?", (result.run_id,))
    if result.success and found:
        return Finished("published", result.run_id, seconds, found[0]["publication_id"])
    if result.success:
        skipped = ("a step was skipped, so nothing was published: see the log, and run again",)
        return Finished("broken", result.run_id, seconds, reasons=skipped)
    rows = state.rows("select * from gate where run_id = ?", (result.run_id,))
    closed = [row for row in rows if gates.closes(row)]
    if closed:
        reasons = tuple(
            f"gate {row['gate']}, {row['check_name']} {row['status']}{_whom(row['members'])}: "
            f"observed {row['observed']}, expected {row['expected']}; "
            f"{row['violated']} of {row['denominator']} violate. {row['note']}"
            for row in closed
        )
        return Finished("closed", result.run_id, seconds, reasons=reasons)
    failures = []
    for event in result.filter_events(lambda event: event.is_step_failure):
        error = event.step_failure_data.error
        cause = error.cause or error if error else None
        failures.append(f"{event.step_key}: {cause.message.strip() if cause else event.message}")
    return Finished("broken", result.run_id, seconds, reasons=tuple(failures))


def _whom(members: str) -> str:
    return f" ({members.replace('|', ', ')})" if members else ""


def publish_now(settings: Settings, state: State) -> Publication:
    """Publishes what stands in the warehouse.

    Raises:
        GateClosed: a gate is closed, or was judged on another state of the warehouse.
    """
    from pipelines import reference, warehouse
    from pipelines.publish import publish

    with night_lock(settings.home):
        gates.require_open(state, 1, 2, 3)
        overlaid = settings.home / "reference"
        wanted = warehouse.build_id(settings, state.note("manifest_id") or "", reference.fingerprint(overlaid))
        newest = state.rows("select run_id from build order by revision desc limit 1")
        if stale := [part for part in warehouse.PARTS if not warehouse.is_current(settings, state, part, wanted)]:
            raise warehouse.WarehouseError(
                f"{', '.join(stale)} in the warehouse was built from other deliveries, reference data or code than "
                "stand now: run `yilian nightly`, which builds and publishes"
            )
        return publish(settings, state, run_id=newest[0]["run_id"], build_id=wanted, clock=settings.clock())


__all__ = ["Finished", "NightIsRunning", "publish_now", "run"]
