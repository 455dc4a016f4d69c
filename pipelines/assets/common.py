"""What the asset files share: keys of the gates, the retry policy, the refusal at a closed gate.

Belongs here: only what several asset files need and what is about Dagster. Does not belong here: domain code.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import dagster as dg

from pipelines import gates, reference, warehouse
from pipelines.settings import Settings
from pipelines.state import State

MANIFEST = dg.AssetKey(["gate", "manifest"])
CONSORTIUM_GATE = dg.AssetKey(["gate", "consortium"])
PUBLICATION_GATE = dg.AssetKey(["gate", "publication"])

# Faults that may pass by themselves: a locked state file, a file system or server that was away for a moment.
TRANSIENT = (sqlite3.OperationalError, ConnectionError, TimeoutError, BlockingIOError)


@contextmanager
def transient() -> Iterator[None]:
    """Tries a step again, twice, for faults that may pass by themselves, and for no others."""
    try:
        yield
    except TRANSIENT as error:
        raise dg.RetryRequested(max_retries=2, seconds_to_wait=5) from error


def now_and_then(say: Callable[[str], object], every: float = 5.0) -> Callable[[str], None]:
    """Progress for people: of many sentences, one every few seconds, with the count so far."""
    count, told = 0, time.monotonic()

    def heard(sentence: str) -> None:
        nonlocal count, told
        count += 1
        if time.monotonic() - told > every:
            told = time.monotonic()
            say(f"{count} files so far; {sentence}")

    return heard


def refuse_when_closed(state: State, *numbers: int) -> None:
    """Turns a closed gate into a failure of the step that is not tried again."""
    try:
        gates.require_open(state, *numbers)
    except gates.GateClosed as closed:
        raise dg.Failure(str(closed), allow_retries=False) from None


def wanted_build(settings: Settings, state: State) -> str:
    """The id of the warehouse that tonight's manifest, reference data and code call for.

    Reference data is as gate 1 laid it out tonight (`reference.overlay`).
    """
    overlaid = settings.home / "reference"
    return warehouse.build_id(settings, state.note("manifest_id") or "", reference.fingerprint(overlaid))


def as_check_results(verdicts: Sequence[gates.Verdict], key: dg.AssetKey) -> Iterator[dg.AssetCheckResult]:
    """Verdicts as asset checks that show observed, expected, the violated count and its denominator."""
    for verdict in verdicts:
        measured = verdict.measured
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name=verdict.name,
            passed=verdict.status in (gates.PASSED, gates.NOT_APPLICABLE),
            severity=dg.AssetCheckSeverity.ERROR if measured.check.severity == "error" else dg.AssetCheckSeverity.WARN,
            description=verdict.sentence(),
            metadata={
                "status": verdict.status,
                "observed": measured.observed,
                "expected": measured.expected,
                "violated": measured.violated,
                "denominator": measured.denominator,
                "members": ", ".join(measured.members) or "none",
                "owner": measured.check.owner,
            },
        )


def check_specs(checks: Sequence[gates.Check], key: dg.AssetKey, *, blocking: bool) -> list[dg.AssetCheckSpec]:
    """The asset checks of a gate, as Dagster wants to know them beforehand."""
    return [
        dg.AssetCheckSpec(
            check.name, asset=key, description=check.note, blocking=blocking and check.severity == "error"
        )
        for check in checks
    ]
