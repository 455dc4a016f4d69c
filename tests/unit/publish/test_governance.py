"""The record of the run, as readers of a publication find it."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal

import polars as pl
import pytest

from pipelines.ingest import periods
from pipelines.publish import PublicationError
from pipelines.publish.dictionary import COLUMNS
from pipelines.publish.governance import tables


def outcome(**said: object) -> dict[str, object]:
    return {
        "member_id": "H01", "delivery_date": "2026-10-31", "file": "charge_lines.csv", "extract": "charge_lines",
        "period": "2026-10", "outcome": "accepted", "reason_code": "accepted_with_quarantine", "rows_delivered": 100,
        "rows_accepted": 98, "rows_quarantined": 2, "detail": "2 of 100 rows are quarantined", "sha256": "", "measures":
        json.dumps(dict.fromkeys(("completeness", "validity", "uniqueness", "consistency", "timeliness"), "1.000000")
                   | {"accuracy": "0.980000"}), "recorded_at": "2026-11-01T01:00:00",
    } | said  # fmt: skip


def test_the_columns_of_the_interface_stand_in_every_governance_mart():
    fixed = {
        "quality_score": "period member_id extract completeness validity uniqueness consistency timeliness accuracy "
        "status",
        "delivery_outcome": "member_id delivery_date file extract period outcome reason_code rows_delivered "
        "rows_accepted rows_quarantined detail",
        "quarantine": "member_id delivery_date extract file row_number column_name reason_code masked_value",
        "gate": "run_id gate check_name status observed expected members",
        "publication": "publication_id run_id published_at periods fresh_members stale_members inputs_hash marts_hash "
        "previous_hash hash",
        "alert": "alert_id severity area member_id dept_code subject metric value threshold recipient_role raised_at "
        "respond_by status",
    }
    for name, columns in fixed.items():
        assert set(columns.split()) <= {column.name for column in tables()[name].columns}, name


def test_outcomes_and_measures_reach_their_marts(house):
    house.state.put("outcome", [outcome()])
    house.publish()
    assert house.read("select outcome, reason_code, rows_quarantined from governance.delivery_outcome") == [
        ("accepted", "accepted_with_quarantine", 2)
    ]
    assert house.read("select member_id, status, accuracy from governance.quality_score order by 1") == [
        ("H01", "accepted", Decimal("0.980000")),
        ("T01", "stale", None),
        ("T09", "missing", None),
    ]


def test_a_period_that_only_a_rejected_file_speaks_of_makes_nobody_missing(house):
    path = house.settings.in_force / "_manifest.parquet"
    manifest = pl.read_parquet(path)
    wrong = manifest.head(1).with_columns(period=pl.lit("2026-13"), status=pl.lit("quarantined"))
    pl.concat([manifest, wrong]).write_parquet(path)
    house.publish()
    found = "select period, member_id, status from governance.quality_score where status = 'missing'"
    assert house.read(found) == [("2026-10", "T09", "missing")]


def test_a_measure_that_is_no_share_stops_the_publication(house):
    house.state.put("outcome", [outcome(measures='{"accuracy": "1.5"}')])
    with pytest.raises(PublicationError, match=r"accuracy of H01 charge_lines 2026-10 is 1\.5"):
        house.publish()


def test_quarantined_cells_are_published_masked_as_they_were_written(house):
    path = house.settings.quarantine / "charge_lines/H01/q.parquet"
    path.parent.mkdir(parents=True)
    row = {
        "member_id": "H01", "delivery_date": date(2026, 10, 31), "extract": "charge_lines", "file": "charge_lines.csv",
        "row_number": 17, "column_name": "amount", "reason_code": "not_a_number", "masked_value": "12,3x",
    }  # fmt: skip
    pl.DataFrame([row]).write_parquet(path)
    named = {
        "member_id": "H01",
        "delivery_date": "2026-10-31",
        "file": "charge_lines.csv",
        "extract": "charge_lines",
    }
    relative = str(path.relative_to(house.settings.home))
    house.state.put("quarantine_file", [named | {"path": relative, "rows": 1}])
    house.publish()
    assert house.read("select row_number, column_name, reason_code, masked_value from governance.quarantine") == [
        (17, "amount", "not_a_number", "12,3x")
    ]


def test_gates_name_their_members(house):
    house.publish()
    assert house.read("select gate, members from governance.gate order by gate") == [
        ("1", ["H01", "T01"]),
        ("2", ["H01", "T01"]),
        ("3", ["H01", "T01"]),
    ]


def test_without_alerts_the_mart_stands_empty_and_with_some_it_is_taken_as_built(house):
    house.publish()
    assert house.read("select count(*) from governance.alert") == [(0,)]
    house.build("create schema governance; create table governance.alert as select 'A1' as alert_id, 'open' as status")
    house.publish()
    assert house.read("select alert_id from governance.alert") == [("A1",)]


def test_members_fresh_stale_and_absent_are_told_apart(house):
    house.publish()
    found = house.read("select fresh_members, stale_members, absent_members, periods from governance.publication")
    assert found == [(["H01"], ["T01"], ["T09"], ["2026-10"])]


def test_the_dictionary_describes_every_column_of_every_mart(house):
    made = house.publish()
    entries = json.loads((made.path / "dictionary.json").read_text())
    described = {(mart["schema"], mart["table"], c["column"]) for mart in entries["marts"] for c in mart["columns"]}
    published = house.read("select schema_name, table_name, column_name from duckdb_columns() where not internal")
    assert described == set(published)
    lines = (made.path / "dictionary.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert 'mart,cost,department_cost,5,full_amount,"DECIMAL(18,2)",False,全成本,Full cost,,' in lines


def test_every_close_and_reopening_is_published_with_who_when_and_why(house):
    """The reference data closed a year before; October was closed by command, reopened, and closed again."""
    path = house.settings.home / "reference" / "periods.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        "period,status,closed_on,closed_by,reason\n2025-10,closed,2025-11-05,王会计,年结\n2026-10,open,,,\n"
    )
    said = {"by": "王会计", "reason": "月结"}
    figure = {"period": "2026-10", "statement": "cash", "line_code": "CF_NET", "member_id": "H01", "amount": "1.00"}
    periods.close(house.state, "2026-10", at=datetime(2026, 11, 5, 9), **said)
    periods.reopen(house.state, "2026-10", by="周总会计师", reason="补录", at=datetime(2026, 11, 6, 9))
    periods.close(house.state, "2026-10", at=datetime(2026, 11, 7, 9), figures=[figure], **said)
    house.publish()
    assert house.read(
        "select period, status, changed_at::varchar, changed_by, reason, said_in, is_current, kept_figures "
        "from governance.period_close order by period, said_in desc, changed_at"
    ) == [
        ("2025-10", "closed", "2025-11-05 00:00:00", "王会计", "年结", "periods.csv", True, 0),
        ("2026-10", "open", None, None, None, "periods.csv", False, 0),
        ("2026-10", "closed", "2026-11-05 09:00:00", "王会计", "月结", "command", False, 0),
        ("2026-10", "open", "2026-11-06 09:00:00", "周总会计师", "补录", "command", False, 0),
        ("2026-10", "closed", "2026-11-07 09:00:00", "王会计", "月结", "command", True, 1),
    ]
