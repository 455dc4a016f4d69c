"""What the state remembers of one file: questions before it is taken in, statements when it has been.

Belongs here: the SQL around a job. Not here: the tables (`pipelines/state.py`), when they are asked (`file.py`).
"""

from __future__ import annotations

from typing import Any

from pipelines.ingest.deliveries import PERSONS
from pipelines.ingest.job import Job
from pipelines.ingest.outcomes import Verdict
from pipelines.ingest.persons import newest_list
from pipelines.state import State


def stands(job: Job, state: State) -> bool:
    """Whether this very content was accepted from this very place, as it is described now."""
    found = state.rows(
        "select sha256, mode, path from piece where member_id = ? and delivery_date = ? and file = ? and extract = ? "
        "and period = ?",
        (*job.mine, job.entry.period),
    )
    newest = state.rows(
        "select outcome from outcome where member_id = ? and delivery_date = ? and file = ? and extract = ?", job.mine
    )
    return (
        bool(found and newest)
        and (found[0]["sha256"], found[0]["mode"]) == (job.entry.sha256, job.entry.mode)
        and newest[0]["outcome"] == Verdict.ACCEPTED.value
        and (job.settings.home / found[0]["path"]).exists()
    )


def has_others(job: Job, state: State) -> bool:
    """Whether the lake has something of this member, extract and period that did not come with this manifest."""
    found = state.rows(
        "select delivery_date, manifest from piece where member_id = ? and extract = ? and period = ?",
        (job.delivery.member_id, job.entry.extract, job.entry.period),
    )
    own = (job.delivery.delivery_date.isoformat(), job.manifest.sha256)
    return any((row["delivery_date"], row["manifest"]) != own for row in found)


def drop_quarantine(connection: Any, job: Job) -> None:
    """Forgets the list of bad cells of an earlier version of the file."""
    connection.execute(
        "delete from quarantine_file where member_id = ? and delivery_date = ? and file = ? and extract = ?", job.mine
    )


def replace_withdrawn(connection: Any, job: Job) -> None:
    """A corrected delivery of the same day may name its file, or its period, otherwise: the old one then goes."""
    stays = {e.file for e in job.manifest.entries if (e.extract, e.period) == (job.entry.extract, job.entry.period)}
    member_id, delivery_date, _, extract = job.mine
    elsewhere = connection.execute(
        "select period from piece where member_id = ? and delivery_date = ? and file = ? and extract = ?", job.mine
    ).fetchall()
    for row in elsewhere:
        if row["period"] != job.entry.period and row["period"] not in job.rules.closed:
            connection.execute(
                "delete from piece where member_id = ? and delivery_date = ? and file = ? and extract = ? "
                "and period = ?",
                (*job.mine, row["period"]),
            )
    for row in connection.execute(
        "select file from piece where member_id = ? and delivery_date = ? and extract = ? and period = ?",
        (member_id, delivery_date, extract, job.entry.period),
    ).fetchall():
        if row["file"] not in stays:
            for table in ("piece", "outcome", "quarantine_file"):
                connection.execute(
                    f"delete from {table} where member_id = ? and delivery_date = ? and extract = ? and file = ?",
                    (member_id, delivery_date, extract, row["file"]),
                )


def named(job: Job) -> dict[str, Any]:
    """The columns that name a file in the tables of the state."""
    return dict(zip(("member_id", "delivery_date", "file", "extract"), job.mine, strict=True))


def persons_list(job: Job, state: State) -> list[str]:
    """Names and numbers of the member's newest persons list; empty where it delivered none."""
    rows = state.rows(
        "select delivery_date, file from outcome where member_id = ? and extract = ? and outcome = 'accepted' "
        "order by delivery_date desc, file limit 1",
        (job.delivery.member_id, PERSONS),
    )
    landing = job.settings.landing / job.delivery.member_id
    return [word for row in rows for word in newest_list(landing / row["delivery_date"] / row["file"])]
