"""Taking in: every complete delivery that is new or changed, file by file, each leaving an outcome.

Belongs here: which deliveries are touched, in which order their files are taken, and what is remembered when. Not
here: one file's way into the lake (`file.py`), what lies in the landing area (`deliveries.py`), which version a
night uses (`pipelines/gates`).

Nothing is lost or doubled when the run is killed: files are settled in the lake first, then one transaction speaks
of them; what no transaction speaks of is swept before the member is taken in again.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from pathlib import Path

from pipelines import contract
from pipelines.ingest import lake
from pipelines.ingest.deliveries import (
    MANIFEST,
    PERSONS,
    Delivery,
    Manifest,
    Refusal,
    Stray,
    read_manifest,
    scan,
)
from pipelines.ingest.file import take_file
from pipelines.ingest.job import Adapters, Job
from pipelines.ingest.outcomes import Outcome, Reason, Verdict
from pipelines.ingest.rules import Rules, load_rules
from pipelines.settings import LOCAL_TIME, Settings
from pipelines.state import State, put

_OPEN = (Verdict.REJECTED.value, Verdict.REFUSED.value)


def take_in(
    settings: Settings,
    state: State,
    members: Sequence[str] | None = None,
    on_progress: Callable[[str], object] | None = None,
) -> list[Outcome]:
    """Takes in what is new or changed in the landing area.

    A delivery that was taken in before costs a stat of its manifest, and one of every file that was not accepted.

    Args:
        settings: landing area, home, key, clock.
        state: where outcomes and pieces are remembered.
        members: only these; None = every member of the consortium.
        on_progress: told one sentence per file.

    Returns:
        one outcome per file looked at, and one per delivery that is overdue; ordered by member, date and file.

    Raises:
        SettingsError: no pseudonym key.
        ReferenceError, MissingParameter: reference data or policy can't be used.
        OSError: our own disk fails; what was settled before stays.
    """
    key = settings.secret_key()
    rules = load_rules(settings, state)
    known = rules.members
    wanted = known if members is None else known & frozenset(members)
    if members is not None and (strangers := sorted(set(members) - known)):
        raise ValueError(f"no members of this consortium: {', '.join(strangers)}; see seeds/members.csv")
    run = _Run(settings, state, rules, key, settings.clock(), on_progress or (lambda _: None))
    with ExitStack() as locks:
        for member_id in sorted(wanted):
            locks.enter_context(_member_lock(settings.home, member_id))
            _sweep(settings, state, member_id)
        found = list(scan(settings.landing, known, run.now.date()))
        strays = [s for s in found if isinstance(s, Stray) and (members is None or s.member_id in wanted)]
        for stray in strays:
            run.conclude(_stray(stray, run.now.date()))
        with state.kept_open():
            run.take([d for d in found if isinstance(d, Delivery) and d.member_id in wanted])
        for member_id in wanted:  # what is left of these folders tells the next run that this one was killed
            shutil.rmtree(settings.home / "incoming" / member_id, ignore_errors=True)
    return sorted(run.outcomes, key=lambda o: (o.member_id, o.delivery_date, o.file, o.extract))


def waiting(settings: Settings, state: State, members: Sequence[str]) -> dict[str, Delivery]:
    """Of each member the newest complete delivery whose manifest nobody has looked at yet, as it stands now."""
    seen = {
        (row["member_id"], row["delivery_date"]): json.loads(row["fingerprint"])["stamps"].get(MANIFEST)
        for row in state.rows("select member_id, delivery_date, fingerprint from delivery")
    }
    found: dict[str, Delivery] = {}
    for each in scan(settings.landing, frozenset(members), settings.clock().date()):
        if isinstance(each, Stray) or not each.is_complete:
            continue
        if each.stamp(MANIFEST) != seen.get((each.member_id, each.delivery_date.isoformat())):
            found[each.member_id] = each
    return found


class _Run:
    """One call of `take_in`."""

    def __init__(
        self,
        settings: Settings,
        state: State,
        rules: Rules,
        key: bytes,
        now: datetime,
        progress: Callable[[str], object],
    ) -> None:
        self.settings, self.state, self.rules, self.key, self.now = settings, state, rules, key, now
        self.progress = progress
        self.contract = contract.load()
        self.adapters = Adapters(settings, self.contract)
        self.outcomes: list[Outcome] = []
        self._remembered = {
            (row["member_id"], row["delivery_date"]): row for row in state.rows("select * from delivery")
        }

    def take(self, deliveries: Sequence[Delivery]) -> None:
        """Takes in those deliveries that are new or changed."""
        looked_at: list[tuple[Delivery, dict[str, str]]] = []
        groups: dict[tuple[str, str, str], list[Job]] = {}
        for delivery in deliveries:
            if not delivery.is_complete:
                self._in_transit(delivery)
            elif self._is_new(delivery):
                stamps = {MANIFEST: delivery.stamp(MANIFEST)}
                for job in self._jobs(delivery):
                    stamps[job.entry.file] = delivery.stamp(job.entry.file)
                    groups.setdefault((delivery.member_id, job.entry.extract, job.entry.period), []).append(job)
                looked_at.append((delivery, stamps))
        for key in [key for key in groups if key[1] == PERSONS]:  # lists first: notes are scrubbed of them
            for outcome in self._take_group(groups.pop(key)):
                self._tell(outcome)
        self._work(list(groups.values()))
        for delivery, stamps in looked_at:
            self._remember(delivery, stamps)

    def conclude(self, outcome: Outcome) -> None:
        """Records an outcome that comes without rows."""
        with self.state.transaction() as connection:
            if outcome.outcome is Verdict.REFUSED:  # a stray folder is told of once, with the newest date
                connection.execute(
                    "delete from outcome where member_id = ? and file = ? and reason_code = ? and extract = ''",
                    (outcome.member_id, outcome.file, outcome.reason_code.value),
                )
            put(connection, "outcome", [outcome.as_row(self.now.isoformat(timespec="seconds"))])
        self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        rows = "" if outcome.rows_delivered is None else f", {outcome.rows_accepted} of {outcome.rows_delivered} rows"
        name = f"{outcome.member_id} {outcome.delivery_date} {outcome.file}"
        self.progress(f"{name}: {outcome.outcome} ({outcome.reason_code}){rows}")

    def _in_transit(self, delivery: Delivery) -> None:
        deadline = delivery.deadline(self.rules.deadline_hour(delivery.member_id, delivery.delivery_date))
        if self.now >= deadline:
            detail = f"no {MANIFEST} at {self.now:%Y-%m-%d %H:%M}; it was due at {deadline:%Y-%m-%d %H:%M}"
            self.conclude(_whole(delivery, Verdict.IN_TRANSIT, Reason.NO_MANIFEST, detail))

    def _is_new(self, delivery: Delivery) -> bool:
        row = self._remembered.get((delivery.member_id, delivery.delivery_date.isoformat()))
        if row is None:
            return True
        seen = json.loads(row["fingerprint"])
        if any(delivery.stamp(file) != stamp for file, stamp in seen["stamps"].items()):
            return True
        return bool(seen["judged_by"]) and seen["judged_by"] != self._judged_by(seen["refused"])

    def _judged_by(self, refused: Sequence[str]) -> str:
        """What a file that was not accepted is judged by: when this changes, it gets another chance."""
        closed = ",".join(sorted(set(refused) & self.rules.closed))
        adapters = self.adapters.fingerprint()
        return "|".join((self.contract.fingerprint(), adapters, self.rules.fingerprint(), closed))

    def _jobs(self, delivery: Delivery) -> Iterator[Job]:
        """The files of a delivery; whatever can't be followed is concluded here."""
        try:
            manifest = read_manifest(delivery, self.contract)
        except Refusal as refusal:
            self.conclude(_whole(delivery, Verdict.REJECTED, refusal.reason, refusal.detail))
            return
        self._forget_what_was_withdrawn(delivery, manifest)
        for bad in manifest.bad:
            self.conclude(Outcome(
                delivery.member_id, delivery.delivery_date, bad.file, bad.extract, bad.period,
                Verdict.REJECTED, bad.refusal.reason, bad.refusal.detail,
            ))  # fmt: skip
        in_time = self._in_time(delivery)
        for entry in manifest.entries:
            yield Job(delivery, manifest, entry, self.settings, self.rules, self.adapters, self.key, in_time)

    def _in_time(self, delivery: Delivery) -> bool:
        """Whether the night that the delivery was due for saw it complete, or its manifest is older than that."""
        row = self._remembered.get((delivery.member_id, delivery.delivery_date.isoformat()))
        first_seen = datetime.fromisoformat(row["first_seen"]) if row else self.now
        deadline = delivery.deadline(self.rules.deadline_hour(delivery.member_id, delivery.delivery_date))
        written = datetime.fromtimestamp((delivery.folder / MANIFEST).stat().st_mtime, tz=LOCAL_TIME)
        return first_seen.date() <= deadline.date() or written.replace(tzinfo=None) <= deadline

    def _forget_what_was_withdrawn(self, delivery: Delivery, manifest: Manifest) -> None:
        """Outcomes of a manifest that stands no longer; what was accepted stays until it is replaced."""
        named = {(e.file, e.extract) for e in manifest.entries} | {(b.file, b.extract) for b in manifest.bad}
        mine = (delivery.member_id, delivery.delivery_date.isoformat())
        with self.state.transaction() as connection:
            for row in connection.execute(
                "select file, extract, outcome from outcome where member_id = ? and delivery_date = ?", mine
            ).fetchall():
                if (row["file"], row["extract"]) not in named and row["outcome"] != Verdict.ACCEPTED.value:
                    connection.execute(
                        "delete from outcome where member_id = ? and delivery_date = ? and file = ? and extract = ?",
                        (*mine, row["file"], row["extract"]),
                    )

    def _work(self, groups: list[list[Job]]) -> None:
        """Takes files in threads, the heaviest first; files of one extract and period one after the other."""
        for group in groups:
            group.sort(key=lambda job: (job.delivery.delivery_date, job.entry.mode == "append", job.entry.file))
        groups.sort(key=lambda group: -sum(job.size() for job in group))
        pool = ThreadPoolExecutor(self.settings.threads, thread_name_prefix="take-in")
        try:
            for future in as_completed([pool.submit(self._take_group, group) for group in groups]):
                for outcome in future.result():
                    self._tell(outcome)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _take_group(self, group: Sequence[Job]) -> list[Outcome]:
        return [take_file(job, self.state, self.now) for job in group]

    def _remember(self, delivery: Delivery, stamps: dict[str, str]) -> None:
        """What the delivery looked like before it was read, and which of its files are to be looked at again."""
        mine = (delivery.member_id, delivery.delivery_date.isoformat())
        rows = self.state.rows("select * from outcome where member_id = ? and delivery_date = ?", mine)
        waiting = [row for row in rows if row["outcome"] in _OPEN]
        watched = {MANIFEST} | {row["file"] for row in waiting}
        refused = sorted({row["period"] for row in waiting if row["outcome"] == Verdict.REFUSED.value})
        fingerprint = {
            "stamps": {file: stamp for file, stamp in stamps.items() if file in watched},
            "refused": refused,
            "judged_by": self._judged_by(refused) if waiting else "",
        }
        before = self._remembered.get(mine)
        now = self.now.isoformat(timespec="seconds")
        self.state.put("delivery", [{
            "member_id": mine[0], "delivery_date": mine[1], "fingerprint": json.dumps(fingerprint, sort_keys=True),
            "status": "open" if waiting else "done", "first_seen": before["first_seen"] if before else now,
            "checked_at": now,
        }])  # fmt: skip


def _whole(delivery: Delivery, verdict: Verdict, reason: Reason, detail: str) -> Outcome:
    """An outcome of the delivery as a whole."""
    return Outcome(delivery.member_id, delivery.delivery_date, MANIFEST, "", "", verdict, reason, detail)


def _stray(stray: Stray, today: date) -> Outcome:
    refusal = stray.refusal
    return Outcome(stray.member_id, today, stray.name or "/", "", "", Verdict.REFUSED, refusal.reason, refusal.detail)


@contextmanager
def _member_lock(home: Path, member_id: str) -> Iterator[None]:
    """One at a time takes in a member; the lock goes with the process."""
    folder = home / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / f"{member_id}.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _sweep(settings: Settings, state: State, member_id: str) -> None:
    """Removes what a killed run left behind of a member: half-written files, and pieces nobody speaks of."""
    left = settings.home / "incoming" / member_id
    if not left.exists():
        return
    used = lake.in_use(settings, state, member_id)
    used |= {settings.home / row["path"] for row in
             state.rows("select path from quarantine_file where member_id = ?", (member_id,))}  # fmt: skip
    for root in (settings.lake, settings.quarantine):
        for path in root.glob(f"*/{member_id}/**/*.parquet"):
            if path not in used:
                path.unlink()
    shutil.rmtree(left)
