"""GATE 1: which version of each member's extracts is in force tonight, and who is held back for what is its own.

Belongs here: judging candidate versions, falling back to the last released ones, who is fresh or stale and since
when, and the manifest of the night. Does not belong here: taking files in (`pipelines/ingest`), linking files
(`in_force.py`), what the consortium as a whole must hold (gate 2).

A member is held back period by period: a bad October does not take its September away.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipelines import contract
from pipelines.gates.in_force import InForce, Line, link
from pipelines.gates.measure import Check, Measured
from pipelines.gates.member_checks import Key, judge_members
from pipelines.gates.standings import Standing, joined, late, mark_late, stand
from pipelines.gates.verdict import FAILED, Verdict, judge, record
from pipelines.ingest import versions
from pipelines.policy import Policy
from pipelines.settings import Settings
from pipelines.state import State, put

COVERAGE = (
    Check(
        name="covers_members",
        gate=1,
        severity="error",
        owner="team:data-platform",
        note="A member's newest good delivery is older than policy allows (stale_max_days): ask it for a new one.",
        query="",
    ),
    Check(
        name="has_heard_of_members",
        gate=1,
        severity="warning",
        owner="team:data-platform",
        note="Members that have joined and have nothing in force; they have no row in any mart.",
        query="",
    ),
)


@dataclass(frozen=True)
class Decision:
    """What gate 1 decided: the manifest of the night."""

    manifest_id: str
    lines: tuple[Line, ...]
    standings: tuple[Standing, ...]
    verdicts: tuple[Verdict, ...]

    def _with(self, status: str) -> list[str]:
        return [standing.member_id for standing in self.standings if standing.status == status]

    @property
    def fresh(self) -> list[str]:
        return self._with("fresh")

    @property
    def stale(self) -> list[str]:
        return self._with("stale")

    @property
    def missing(self) -> list[str]:
        return self._with("missing")

    def sentences(self) -> list[str]:
        """What somebody has to look at, one sentence each."""
        found = [standing.sentence() for standing in self.standings if standing.status != "fresh"]
        return found + [verdict.sentence() for verdict in self.verdicts if verdict.status == FAILED]

    def markdown(self) -> str:
        """The report of the night: member x extract x status x reason x age x marts affected."""
        extracts = contract.load().extracts
        rows = ["| member | status | since | why |", "|---|---|---|---|"]
        for standing in self.standings:
            rows.append(
                f"| {standing.member_id} | {standing.status} | {standing.since or ''} | {'; '.join(standing.reasons)} |"
            )
        rows += ["", "| member | period | extract | status | delivered | reason | marts affected |", "|" + "---|" * 7]
        for line in self.lines:
            if line.status != "accepted":
                affected = ", ".join(extracts[line.extract].needed_by) if line.extract in extracts else ""
                rows.append(
                    f"| {line.member_id} | {line.period} | {line.extract} | {line.status} | "
                    f"{line.delivery_date or ''} | {line.reason} | {affected} |"
                )
        return "\n".join(rows)


def decide(settings: Settings, state: State, reference: Path, *, run_id: str) -> Decision:
    """Judges what is new, releases what is good, and puts the manifest of the night in force.

    Args:
        reference: the overlaid seeds (members, account_map, policy).

    Raises:
        GateError: a check cannot be run.
        MissingParameter: policy lacks a tolerance; named.
    """
    now = settings.clock()
    policy = Policy.load(reference)
    candidates = _candidates(settings, state)
    released = {(row["member_id"], row["extract"], row["period"]): row for row in state.rows("select * from release")}
    changed = sorted(
        {
            (member, period)
            for (member, extract, period), version in candidates.items()
            if released.get((member, extract, period), {}).get("version") != version.version
        }
    )
    measured, held = judge_members(settings, reference, policy, candidates, changed, now.date())
    in_force = _fall_back(settings, candidates, released, held)
    outcomes = state.rows("select * from outcome where outcome = 'rejected'")
    lines = _lines(candidates, in_force, held, outcomes)
    members = joined(reference, now.date())
    lines = mark_late(lines, late(members, state))
    standings = stand(members, in_force, lines)
    measured += _coverage(standings, policy, now.date())
    verdicts = judge(measured, state)
    manifest_id = _manifest_id(in_force)
    link(settings, manifest_id, list(in_force.values()), lines)
    serial = int(state.note("manifest_serial") or 0) + 1
    _release(settings, state, in_force, manifest_id, serial, standings, now.isoformat(timespec="seconds"))
    record(state, verdicts, run_id=run_id, build_id=manifest_id, revision=serial, at=now)
    return Decision(manifest_id, tuple(lines), tuple(standings), tuple(verdicts))


def _manifest_id(in_force: Mapping[Key, InForce]) -> str:
    """Names what is in force: versions, and the contract whose columns stand beside theirs when it is widened."""
    lines = [f"{'|'.join(key)}|{version.version}" for key, version in sorted(in_force.items())]
    return hashlib.sha256("\n".join([contract.load().fingerprint(), *lines]).encode()).hexdigest()[:16]


def _candidates(settings: Settings, state: State) -> dict[Key, InForce]:
    """The newest version of everything that was ever accepted."""
    known = contract.load().extracts
    return {
        (each.member_id, each.extract, each.period): InForce(
            each.member_id, each.extract, each.period, each.version, each.delivery_date, each.path
        )
        for each in versions(settings, state)
        if each.extract in known
    }


def _fall_back(
    settings: Settings,
    candidates: Mapping[Key, InForce],
    released: Mapping[Key, Mapping[str, Any]],
    held: Mapping[tuple[str, str], list[str]],
) -> dict[Key, InForce]:
    """The versions in force: the candidates, and for a held-back member and period what was last released."""
    in_force = {key: version for key, version in candidates.items() if (key[0], key[2]) not in held}
    for (member, extract, period), row in released.items():
        path = settings.lake / row["path"]
        if (member, period) in held and path.exists():
            in_force[member, extract, period] = InForce(
                member_id=member,
                extract=extract,
                period=period,
                version=row["version"],
                delivery_date=date.fromisoformat(row["delivery_date"]),
                path=path,
            )
    return in_force


def _lines(
    candidates: Mapping[Key, InForce],
    in_force: Mapping[Key, InForce],
    held: Mapping[tuple[str, str], list[str]],
    rejected: Iterable[Mapping[str, Any]],
) -> list[Line]:
    """One line per member, extract and period that was ever delivered: what is in force, and why not the newest."""
    newest_rejected: dict[Key, Mapping[str, Any]] = {}
    for row in rejected:
        if row["extract"] and row["period"]:
            key = (row["member_id"], row["extract"], row["period"])
            if key not in newest_rejected or newest_rejected[key]["delivery_date"] < row["delivery_date"]:
                newest_rejected[key] = row
    lines = []
    for key in sorted(set(candidates) | set(in_force) | set(newest_rejected)):
        member, extract, period = key
        version, bad, back = in_force.get(key), newest_rejected.get(key), held.get((member, period))
        delivered = version.delivery_date if version else None
        status, reason = "accepted", ""
        if back:
            status, reason = "stale" if version else "quarantined", f"held back: {', '.join(back)}"
        elif bad and (delivered is None or bad["delivery_date"] >= delivered.isoformat()):
            status = "stale" if version else "quarantined"
            reason = f"{bad['delivery_date']} {bad['file']}: {bad['reason_code']}"
        lines.append(Line(member, extract, period, version.version if version else "", delivered, status, reason))
    return lines


def _coverage(standings: Sequence[Standing], policy: Policy, today: date) -> list[Measured]:
    limit = int(policy.value("stale_max_days", on=today))
    in_force = [standing for standing in standings if standing.since is not None]
    too_old = [s for s in in_force if s.status == "stale" and s.since and (today - s.since).days > limit]
    missing = [standing for standing in standings if standing.status == "missing"]
    oldest = max(((today - s.since).days for s in in_force if s.since), default=0)
    return [
        Measured(
            check=COVERAGE[0],
            violated=len(too_old),
            denominator=len(in_force),
            observed=f"{oldest} days since the oldest member's newest good delivery",
            expected=f"at most {limit} days",
            members=tuple(standing.member_id for standing in too_old),
        ),
        Measured(
            check=COVERAGE[1],
            violated=len(missing),
            denominator=len(standings),
            observed=f"{len(missing)} members without anything in force",
            expected="none",
            members=tuple(standing.member_id for standing in missing),
        ),
    ]


def _release(
    settings: Settings,
    state: State,
    in_force: Mapping[Key, InForce],
    manifest_id: str,
    serial: int,
    standings: Sequence[Standing],
    at: str,
) -> None:
    with state.transaction() as connection:
        connection.execute("delete from release")
        put(
            connection,
            "release",
            [
                {
                    "member_id": version.member_id,
                    "extract": version.extract,
                    "period": version.period,
                    "version": version.version,
                    "delivery_date": version.delivery_date.isoformat(),
                    "path": str(version.path.relative_to(settings.lake)),
                    "released_at": at,
                }
                for version in in_force.values()
            ],
        )
        notes = {
            "manifest_id": manifest_id,
            "manifest_serial": str(serial),
            "standings": json.dumps(
                [
                    {
                        "member_id": s.member_id,
                        "status": s.status,
                        "since": s.since.isoformat() if s.since else None,
                        "reasons": list(s.reasons),
                    }
                    for s in standings
                ],
                ensure_ascii=False,
            ),
        }
        put(connection, "note", [{"key": key, "value": value} for key, value in notes.items()])
