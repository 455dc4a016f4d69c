"""A night end to end, as the engineer on call and the BI user see it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from pipelines import gates, night, warehouse
from pipelines.build import build_definitions
from pipelines.resources import Night
from pipelines.state import NightIsRunning, night_lock
from tests.integration.consortium import Consortium

Demo = tuple[Consortium, night.Finished]


def test_the_demo_night_publishes(demo_night: Demo) -> None:
    consortium, finished = demo_night
    assert finished.reasons == ()
    assert finished.ending == "published"
    assert (consortium.current / "consortium.duckdb").exists()
    assert consortium.one("select count(*) from governance.publication") >= 1
    assert consortium.one("select count(*) from ledger.entry") > 1000


def test_a_night_with_nothing_new_builds_nothing_and_publishes_the_same_marts(
    another: Callable[[], Consortium],
) -> None:
    consortium = another()
    before = consortium.state.rows("select marts_hash from publication")[0]["marts_hash"]
    revision = warehouse.revision_of(consortium.state, tuple(warehouse.PARTS))
    finished = consortium.run()
    assert finished.ending == "published", finished.reasons
    assert warehouse.revision_of(consortium.state, tuple(warehouse.PARTS)) == revision
    newest = consortium.state.rows("select marts_hash from publication order by published_at desc, rowid desc limit 1")
    assert newest[0]["marts_hash"] == before
    assert {row["outcome"] for row in consortium.state.rows("select outcome from outcome")} >= {"accepted"}


def survey(period: str) -> tuple[str, str, list[dict[str, object]]]:
    row = {
        "survey_id": f"S-{period}",
        "surveyed_on": f"{period}-28",
        "dept_code": "",
        "audience": "patient",
        "score": "91.5",
        "respondents": 120,
        "complaints": 1,
    }
    return ("surveys", period, [row])


def test_a_late_member_is_carried_forward_and_named(another: Callable[[], Consortium]) -> None:
    consortium = another()
    consortium.now = "2026-11-02T01:30:00"
    cost = "select sum(full_amount - passed_on_amount) from cost.department_cost where member_id = 'T02'"
    before = consortium.one(cost)
    for member in ("H01", "H02", "H03", "T01", "T03", "T04", "V01"):
        consortium.deliver(member, "2026-11-01", {"surveys.csv": survey("2026-10")})
    finished = consortium.run()
    assert finished.ending == "published", finished.reasons
    standing = consortium.standing("T02")
    assert standing["status"] == "stale"
    assert "no good delivery of 2026-11-01" in " ".join(standing["reasons"])
    assert consortium.one(cost) == before
    stale = consortium.state.rows("select members_stale from publication order by published_at desc limit 1")
    assert "T02" in stale[0]["members_stale"]


def test_a_bad_ledger_is_held_back_and_the_others_go_on(another: Callable[[], Consortium]) -> None:
    """Given an unbalanced ledger of H01, when the night runs, H01's last good October stands in."""
    consortium = another()
    consortium.now = "2026-11-02T01:30:00"
    total = "select sum(debit) from ledger.entry where member_id = 'H01' and period = '2026-10'"
    before = consortium.one(total)
    line = {
        "voucher_no": "V1",
        "line_no": 1,
        "posting_date": "2026-10-31",
        "account_code": "1002",
        "account_name": "银行存款",
        "dept_code": "",
        "debit": "100.00",
        "credit": "0.00",
        "counterparty_member_id": "",
        "ic_reference": "",
        "ic_type": "",
        "ic_period": "",
        "fund_source": "own",
        "project_code": "",
        "summary": "收款",
    }
    consortium.deliver("H01", "2026-11-01", {"gl_entries.csv": ("gl_entries", "2026-10", [line])})
    finished = consortium.run()
    assert finished.ending == "published", finished.reasons
    assert consortium.standing("H01")["status"] == "stale"
    assert "balances" in " ".join(consortium.standing("H01")["reasons"])
    assert consortium.one(total) == before


def risk_marts(consortium: Consortium) -> dict[str, Any]:
    """What stands in every mart of insurance risk, and what was raised."""
    with warehouse.connect(consortium.settings) as connection:
        names = connection.execute("select table_name from duckdb_tables() where schema_name = 'risk'").fetchall()
        marts = {
            name: connection.execute(f"select count(*), sum(hash(m)) from risk.{name} m").fetchone()
            for (name,) in names
        }
    return marts | {"alerts": consortium.state.rows("select * from alert order by alert_id")}


def test_a_click_on_materialize_cannot_walk_around_a_closed_gate(another: Callable[[], Consortium]) -> None:
    """Given an allocation that lost a fen, no later run of KPI, risk or publication goes through."""
    consortium = another()
    published = consortium.current.resolve()
    with warehouse.connect(consortium.settings, read_only=False) as connection:
        connection.execute(
            "update cost.department_cost set full_amount = full_amount - 0.01 where rowid = "
            "(select min(rowid) from cost.department_cost where full_amount > 0 and passed_on_amount = 0)"
        )
    risk = risk_marts(consortium)
    reader = duckdb.connect(str(published / "consortium.duckdb"), read_only=True)
    before = reader.execute("select sum(full_amount) from cost.department_cost").fetchall()
    with consortium.environment():
        definitions = build_definitions(
            settings=consortium.settings, resources={"night": Night(environ=consortium.environ)}
        )
        job = definitions.resolve_job_def("nightly_consolidation")

        def click(*keys: str) -> dg.ExecuteInProcessResult:
            with dg.DagsterInstance.ephemeral() as instance:
                return job.execute_in_process(
                    instance=instance,
                    asset_selection=[dg.AssetKey(key.split("/")) for key in keys],
                    raise_on_error=False,
                )

        assert not click("gate/consortium").success
        for product in ("performance/kpi_value", "risk/finding", "gate/publication", "alerts/raised", "publication"):
            result = click(product)
            assert not result.success, product
            failed = result.filter_events(lambda event: event.is_step_failure)
            message = " ".join(str(event.step_failure_data.error) for event in failed)
            assert "gate 2 is closed" in message, product
    with pytest.raises(gates.GateClosed, match="conserves_allocation"):
        gates.require_open(consortium.state, 2)
    with pytest.raises(gates.GateClosed):
        night.publish_now(consortium.settings, consortium.state)
    assert consortium.current.resolve() == published
    assert risk_marts(consortium) == risk
    assert reader.execute("select sum(full_amount) from cost.department_cost").fetchall() == before
    reader.close()


def test_two_nights_at_once_are_refused(demo_night: Demo, tmp_path: Path) -> None:
    consortium = Consortium(tmp_path)
    with night_lock(consortium.settings.home), pytest.raises(NightIsRunning, match="another night is at work"):
        consortium.run()
