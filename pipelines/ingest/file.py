"""One delivered file's way into the lake.

Belongs here: copy, hash, read, validate, pseudonymise, write, judge as a whole, and the one transaction that
remembers it. Not here: which files are taken and when (`take_in.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from threading import get_ident
from typing import Any

import polars as pl
import pyarrow as pa

from pipelines.contract import Extract
from pipelines.ingest import quality, quarantine, remembered
from pipelines.ingest.adapter import AdapterError
from pipelines.ingest.deliveries import PERSONS, Refusal, take_copy
from pipelines.ingest.duplicates import without_duplicates
from pipelines.ingest.job import Job
from pipelines.ingest.lake import PieceWriter, piece_name, settle
from pipelines.ingest.outcomes import Outcome, Reason, Verdict
from pipelines.ingest.persons import NoPersonsList, read_persons
from pipelines.ingest.pseudonyms import Pseudonyms
from pipelines.ingest.readers import Unreadable, batches
from pipelines.ingest.scrubbing import Scrubber
from pipelines.ingest.validate import Keys, Tally, Validator
from pipelines.state import State, put


@dataclass
class _Taken:
    """What reading a file left: its tally, the piece and the list of bad cells, both still aside."""

    tally: Tally
    piece: Path
    piece_rows: int
    faults: Path
    listed: int
    trouble: Refusal | None


def take_file(job: Job, state: State, now: datetime) -> Outcome:
    """Takes in one file and remembers what became of it.

    Raises:
        OSError: our own disk fails.
    """
    at = now.isoformat(timespec="seconds")
    if job.entry.extract == PERSONS:
        return _take_persons(job, state, at)
    if remembered.stands(job, state):
        return _outcome(job, Verdict.UNCHANGED, Reason.SAME_AS_BEFORE, "")
    if job.entry.period in job.rules.closed and remembered.has_others(job, state):
        detail = f"{job.entry.period} is closed and has {job.entry.extract} of {job.delivery.member_id} already"
        outcome = _outcome(job, Verdict.REFUSED, Reason.PERIOD_IS_CLOSED, detail)
        state.put("outcome", [outcome.as_row(at)])
        return outcome
    with _aside(job) as folder:
        try:
            copy, sha256 = take_copy(job.delivery, job.entry.file, folder)
            if sha256 != job.entry.sha256:
                detail = f"{job.entry.file} has sha256 {sha256[:12]}…, the manifest says {job.entry.sha256[:12]}…"
                raise Refusal(Reason.SHA256_DIFFERS, detail)
            taken = _read(job, copy, folder, state)
        except Refusal as refusal:
            outcome = _outcome(job, Verdict.REJECTED, refusal.reason, refusal.detail)
            with state.transaction() as connection:
                remembered.drop_quarantine(connection, job)
                put(connection, "outcome", [outcome.as_row(at)])
            return outcome
        return _settle(job, taken, state, at)


@contextmanager
def _aside(job: Job) -> Iterator[Path]:
    """A folder of our own on the lake's disk, empty afterwards. Our own files in it begin with a dot."""
    member = job.settings.home / "incoming" / job.delivery.member_id
    folder = member / str(get_ident())
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        for left in folder.iterdir():
            left.unlink()


def _read(job: Job, copy: Path, folder: Path, state: State) -> _Taken:
    """Reads a private copy to its end.

    Raises:
        Refusal: it can't be read.
    """
    extract, entry = job.contract.extracts[job.entry.extract], job.entry
    validator = Validator(extract, job.delivery.delivery_date, set(entry.control_totals))
    hide = _Hiding(extract, job, state)
    keys = Keys(extract.key, folder)
    address: dict[str, str | date] = {
        "member_id": job.delivery.member_id, "period": entry.period,
        "delivery_date": job.delivery.delivery_date, "source_file": entry.file,
    }  # fmt: skip
    piece = folder / ".piece.parquet"
    with PieceWriter(piece, extract, address) as writer:
        for batch in _batches(job, copy, extract):
            rows = hide.persons(validator.take(batch))
            keys.take(rows)
            writer.write(rows)
    copy.unlink()
    rows_written = writer.rows
    if not (suspects := keys.suspects()).is_empty():
        piece, rows_written = without_duplicates(piece, suspects, extract, address, validator)
    faults, listed = folder / ".faults.parquet", 0
    if validator.faults:
        listed = quarantine.write(
            faults, validator.faults, member_id=job.delivery.member_id,
            delivery_date=job.delivery.delivery_date, extract=extract.name, file=entry.file,
        )  # fmt: skip
    trouble = _judge(job, validator.tally)
    return _Taken(validator.tally, piece, rows_written, faults, listed, trouble)


def _batches(job: Job, copy: Path, extract: Extract) -> Iterator[pl.DataFrame]:
    """The reader's batches, with everything it may say about bad input turned into a refusal."""
    parameters = {"member_id": job.delivery.member_id, "period": job.entry.period}
    try:
        mapping = job.adapters.of(job.manifest.vendor).mapping_for(extract.name, job.entry.file)
        yield from batches(copy, mapping, extract, parameters=parameters)
    except Unreadable as error:
        raise Refusal(*_said(error)) from error
    except AdapterError as error:
        raise Refusal(Reason.ADAPTER_INVALID, str(error)) from error
    except (pl.exceptions.PolarsError, pa.ArrowException, ValueError, ArithmeticError, LookupError) as error:
        # A reader that fails in a way nobody foresaw costs this file, not the night. Its words may hold cells.
        raise Refusal(Reason.READER_FAILED, f"{job.entry.file}: {type(error).__name__}") from error


def _said(error: Unreadable) -> tuple[Reason, str]:
    where = f"{error.where}: {error.detail}"
    try:
        return Reason(error.reason_code), where
    except ValueError:
        return Reason.UNREADABLE_TEXT, f"{error.reason_code} at {where}"


class _Hiding:
    """Persons out of accepted rows, before anything is written."""

    def __init__(self, extract: Extract, job: Job, state: State) -> None:
        columns = extract.columns.values()
        self._persons = [c.name for c in columns if c.person]
        self._texts = [c.name for c in columns if c.scrub]
        self._pseudonyms = Pseudonyms(job.key, job.delivery.member_id)
        self._scrubber = Scrubber(remembered.persons_list(job, state) if self._texts else ())

    def persons(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with pseudonyms for identifiers and scrubbed free text."""
        hidden = [self._pseudonyms.replace(rows[name]).alias(name) for name in self._persons]
        hidden += [self._scrubber.replace(rows[name]).alias(name) for name in self._texts]
        return rows.with_columns(hidden) if hidden else rows


def _judge(job: Job, tally: Tally) -> Refusal | None:
    """What is wrong with the file as a whole."""
    if tally.rows != job.entry.rows:
        return Refusal(Reason.ROW_COUNT_DIFFERS, f"{tally.rows} rows, the manifest says {job.entry.rows}")
    differing = [
        f"{name} {tally.totals[name]} instead of {stated}"
        for name, stated in job.entry.control_totals.items()
        if not tally.unreadable[name] and tally.totals[name] != stated
    ]
    if differing:
        return Refusal(Reason.CONTROL_TOTAL_DIFFERS, f"totals differ from the manifest: {'; '.join(differing)}")
    tolerance = job.rules.tolerance(job.delivery.member_id, job.entry.period)
    if Decimal(tally.quarantined) > tolerance * tally.rows:
        detail = f"{tally.quarantined} of {tally.rows} rows break the contract, {tolerance} are allowed"
        return Refusal(Reason.TOO_MANY_BAD_ROWS, f"{detail} ({_reasons(tally)})")
    return None


def _settle(job: Job, taken: _Taken, state: State, at: str) -> Outcome:
    """Puts the files in their place, then remembers them in one transaction."""
    tally, trouble = taken.tally, taken.trouble
    as_stated = trouble is None or trouble.reason is Reason.TOO_MANY_BAD_ROWS
    counted: dict[str, Any] = {
        "rows_delivered": tally.rows,
        "measures": quality.measures(tally, as_stated=as_stated, in_time=job.in_time),
    }
    delivered_on, sha256 = job.delivery.delivery_date, job.entry.sha256
    listed = quarantine.place(
        job.settings.quarantine, job.delivery.member_id, delivered_on, job.entry.extract, job.entry.file, sha256
    )
    if taken.listed:
        settle(taken.faults, listed)
    if trouble is not None:
        outcome = _outcome(
            job, Verdict.REJECTED, trouble.reason, trouble.detail,
            rows_accepted=0, rows_quarantined=tally.rows, **counted,
        )  # fmt: skip
    else:
        reason = Reason.ACCEPTED_WITH_QUARANTINE if tally.quarantined else Reason.ACCEPTED
        outcome = _outcome(
            job, Verdict.ACCEPTED, reason, _remarks(job, tally),
            rows_accepted=taken.piece_rows, rows_quarantined=tally.quarantined, **counted,
        )  # fmt: skip
        place = _piece_path(job)
        settle(taken.piece, job.settings.home / place)
    with state.transaction() as connection:
        remembered.drop_quarantine(connection, job)
        if taken.listed:
            put(connection, "quarantine_file", [remembered.named(job) | {
                "path": str(listed.relative_to(job.settings.home)), "rows": taken.listed}])  # fmt: skip
        put(connection, "outcome", [outcome.as_row(at)])
        if trouble is None:
            remembered.replace_withdrawn(connection, job)
            put(connection, "piece", [remembered.named(job) | {
                "period": job.entry.period, "mode": job.entry.mode, "path": place, "rows": taken.piece_rows,
                "sha256": sha256, "manifest": job.manifest.sha256,
                "contract": job.contract.extracts[job.entry.extract].fingerprint(), "accepted_at": at}])  # fmt: skip
    return outcome


def _piece_path(job: Job) -> str:
    """Place of the piece below home: what decides its content decides its name."""
    entry = job.entry
    extract = job.contract.extracts[entry.extract]
    name = piece_name(
        job.delivery.delivery_date, entry.file, entry.sha256, entry.mode, job.manifest.vendor, extract.fingerprint()
    )
    return f"lake/{entry.extract}/{job.delivery.member_id}/{entry.period}/{name}"


def _remarks(job: Job, tally: Tally) -> str:
    """What is worth saying about an accepted file."""
    said = []
    if tally.quarantined:
        said.append(f"{tally.quarantined} of {tally.rows} rows are quarantined ({_reasons(tally)})")
    wanted = job.contract.extracts[job.entry.extract].control_totals
    if unstated := [name for name in wanted if name not in job.entry.control_totals]:
        said.append(f"no control total was stated for {', '.join(unstated)}")
    if unread := [name for name, cells in tally.unreadable.items() if cells]:
        said.append(f"the total of {', '.join(unread)} could not be compared: cells are no numbers")
    return "; ".join(said)


def _reasons(tally: Tally) -> str:
    ordered = sorted(tally.reasons.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{reason} {count}" for reason, count in ordered[:6])


def _outcome(job: Job, verdict: Verdict, reason: Reason, detail: str, **counted: Any) -> Outcome:
    return Outcome(
        job.delivery.member_id, job.delivery.delivery_date, job.entry.file, job.entry.extract, job.entry.period,
        verdict, reason, detail, sha256=job.entry.sha256, **counted,
    )  # fmt: skip


def _take_persons(job: Job, state: State, at: str) -> Outcome:
    """A persons list is remembered by its place only; it is read again when notes are scrubbed."""
    with _aside(job) as folder:
        try:
            copy, sha256 = take_copy(job.delivery, job.entry.file, folder)
            if sha256 != job.entry.sha256:
                raise Refusal(Reason.SHA256_DIFFERS, f"{job.entry.file} is not the file of the manifest")
            listed = read_persons(copy.read_bytes())
            detail = f"{len(listed)} names and numbers are taken out of notes; the list is not stored"
            outcome = _outcome(job, Verdict.ACCEPTED, Reason.ACCEPTED, detail)
        except NoPersonsList as error:
            outcome = _outcome(job, Verdict.REJECTED, Reason.UNREADABLE_TEXT, f"{job.entry.file} {error}")
        except Refusal as refusal:
            outcome = _outcome(job, Verdict.REJECTED, refusal.reason, refusal.detail)
    state.put("outcome", [outcome.as_row(at)])
    return outcome
