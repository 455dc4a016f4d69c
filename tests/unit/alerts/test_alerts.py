"""Alerts over nights: raised once, told once, to whom the rules say, never naming a patient.

Source: S2-RISK-34 to -36, S4-WF-01 (TC-38); a real HTTP channel takes the digest.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines import alerts
from pipelines.alerts.digest import measured
from pipelines.alerts.sources import COLUMNS, sources
from pipelines.settings import Settings, SettingsError
from pipelines.state import State

NIGHT = datetime(2026, 11, 1, 1, 30)
SEEDS = Path(__file__).resolve().parents[3] / "seeds"
INDICATOR = """
create schema risk;
create table risk.indicator (
    period varchar, member_id varchar, member_name varchar, dept_code varchar, dept_name varchar,
    indicator_code varchar, indicator_name varchar, is_veto boolean, unit varchar, value decimal(18,6),
    green_limit decimal(18,6), red_limit decimal(18,6), low_red_limit decimal(18,6), light varchar, side varchar)
"""
FOLLOW_UP = """
create table risk.follow_up (
    finding_id varchar, source varchar, source_name varchar, rule_code varchar, rule_name varchar, member_id varchar,
    member_name varchar, dept_code varchar, dept_name varchar, patient_id varchar, respond_by timestamp,
    decided_on date, rectify_by date, status varchar, freeze_status varchar, overdue varchar)
"""


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state.sqlite")


@pytest.fixture(scope="module")
def recipients() -> alerts.Recipients:
    return alerts.Recipients.load(SEEDS)


@pytest.fixture
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(INDICATOR)
        yield connection


def light(
    marts: duckdb.DuckDBPyConnection, *, colour: str, value: str, period: str = "2026-10", dept: str = "*"
) -> None:
    marts.execute(
        "insert into risk.indicator values (?, 'H01', '县医院', ?, null, 'S2-RISK-17', '分解住院率', false, "
        "'share', ?, 0.01, 0.02, null, ?, 'high')",
        [period, dept, value, colour],
    )


def open_rows(state: State) -> list[dict[str, Any]]:
    return state.rows("select * from alert where status = 'open' order by recipient_role")


def test_yellow_goes_to_the_specialist_and_the_performance_office_red_to_the_vice_president(
    marts: duckdb.DuckDBPyConnection, state: State, recipients: alerts.Recipients
) -> None:
    """S2-RISK-34, S2-RISK-35; a green light is nobody's matter."""
    light(marts, colour="yellow", value="0.015")
    light(marts, colour="red", value="0.021", dept="A")
    light(marts, colour="green", value="0.01", dept="B")
    alerts.raise_alerts(marts, state, recipients, NIGHT)
    assert [(row["recipient_role"], row["severity"], row["threshold"]) for row in open_rows(state)] == [
        ("department_insurance_specialist", "yellow", "0.010000"), ("performance_office", "yellow", "0.010000"),
        ("vice_president", "red", "0.020000"),
    ]  # fmt: skip


def test_the_same_light_is_one_alert_over_nights_and_a_worse_one_another(
    marts: duckdb.DuckDBPyConnection, state: State, recipients: alerts.Recipients
) -> None:
    light(marts, colour="yellow", value="0.015")
    first = alerts.raise_alerts(marts, state, recipients, NIGHT)
    numbers = {row["alert_id"] for row in open_rows(state)}
    marts.execute("update risk.indicator set value = 0.016")
    second = alerts.raise_alerts(marts, state, recipients, NIGHT + timedelta(days=1))
    assert (first.new, second.new, second.open) == (2, 0, 2)
    assert {row["alert_id"] for row in open_rows(state)} == numbers
    assert {(row["raised_at"], row["value"]) for row in open_rows(state)} == {("2026-11-01 01:30:00", "0.016000")}
    marts.execute("update risk.indicator set value = 0.03, light = 'red'")
    worse = alerts.raise_alerts(marts, state, recipients, NIGHT + timedelta(days=2))
    assert (worse.new, worse.closed) == (1, 2)
    assert [row["recipient_role"] for row in open_rows(state)] == ["vice_president"]


def test_only_the_newest_month_of_a_member_alerts(
    marts: duckdb.DuckDBPyConnection, state: State, recipients: alerts.Recipients
) -> None:
    light(marts, colour="red", value="0.05", period="2026-09")
    light(marts, colour="green", value="0.00", period="2026-10")
    assert alerts.raise_alerts(marts, state, recipients, NIGHT).open == 0


def test_a_source_whose_mart_is_missing_is_left_as_it_was(
    marts: duckdb.DuckDBPyConnection, state: State, recipients: alerts.Recipients
) -> None:
    light(marts, colour="red", value="0.05")
    alerts.raise_alerts(marts, state, recipients, NIGHT)
    marts.execute("drop table risk.indicator")
    assert alerts.raise_alerts(marts, state, recipients, NIGHT).closed == 0
    assert len(open_rows(state)) == 1


def test_what_nobody_is_named_for_is_kept_and_said(marts: duckdb.DuckDBPyConnection, state: State) -> None:
    light(marts, colour="red", value="0.05")
    raised = alerts.raise_alerts(marts, state, alerts.Recipients({}), NIGHT)
    assert raised.unheard == ("risk red",)
    assert [row["recipient_role"] for row in open_rows(state)] == [None]
    assert alerts.digests(state, NIGHT) == []


def test_frozen_settlements_are_told_by_department_and_answered_when_all_explained(
    marts: duckdb.DuckDBPyConnection, state: State, recipients: alerts.Recipients
) -> None:
    """S2-RISK-36: two cases of one department and hour are one alert, without their patients."""
    marts.execute(FOLLOW_UP)
    for number in ("F1", "F2"):
        marts.execute(
            "insert into risk.follow_up values (?, 'rule', '规则筛查', 'R63', '无指征检查', 'H01', '县医院', "
            "'A', '内科', 'P-' || ?, '2026-11-02 09:00', null, null, 'open', 'frozen', null)",
            [number, number],
        )
    alerts.raise_alerts(marts, state, recipients, NIGHT)
    (told,) = (row for row in open_rows(state) if row["recipient_role"] == "performance_office")
    assert (told["subject"], told["respond_by"]) == ("县医院 内科 无指征检查 2例,结算冻结待说明", "2026-11-02 09:00:00")
    marts.execute("update risk.follow_up set freeze_status = 'under_review', status = 'explained'")
    assert alerts.raise_alerts(marts, state, recipients, NIGHT).answered == 2
    marts.execute("update risk.follow_up set freeze_status = null, status = 'confirmed'")  # nobody explained after all
    alerts.raise_alerts(marts, state, recipients, NIGHT + timedelta(days=2))
    (lapsed,) = open_rows(state)
    assert (lapsed["recipient_role"], lapsed["severity"]) == ("vice_president", "red")
    assert lapsed["subject"].endswith("2例逾期未说明,按违规认定")


@pytest.mark.parametrize(("now", "alerted"), [("120000.00", True), ("119999.00", False)])
def test_tc_38_a_jump_of_drug_cost(now: str, alerted: bool, state: State, recipients: alerts.Recipients) -> None:
    """100,000 to 120,000 alerts, to 119,999 does not."""
    with duckdb.connect() as marts:
        marts.execute(f"""
            create schema ledger; create schema core; create schema intermediate;
            create table ledger.entry as
                select period, 'T01' as member_id, 'expense' as account_type, 'drug' as cost_element,
                       false as is_closing, cast(amount as decimal(18, 2)) as amount
                from (values ('2026-09', 100000), ('2026-10', {now})) as told (period, amount);
            create table core.member as select 'T01' as member_id, '城关社区卫生服务中心' as name;
            create table intermediate.int_reference__policy as
                select '2026-10' as period, 'T01' as member_id, 'drug_cost_jump_alert' as parameter,
                       cast(0.20 as decimal(18, 6)) as value;
        """)
        alerts.raise_alerts(marts, state, recipients, NIGHT)
    found = open_rows(state)
    assert [row["metric"] for row in found] == (["S4-WF-01"] if alerted else [])


def test_charges_that_were_never_settled_are_told(state: State, recipients: alerts.Recipients) -> None:
    """S2-PLAT-03: the newest month of the member, and nothing where all matched."""
    with duckdb.connect() as marts:
        marts.execute("""
            create schema payment;
            create table payment.settlement_check as
                select period, 'H01' as member_id, '县医院' as member_name, status, status_name, cases,
                       cast(difference as decimal(18, 2)) as difference
                from (values ('2026-09', 'different', '金额不符', 1, 5), ('2026-10', 'matched', '相符', 900, 0),
                             ('2026-10', 'unsettled', '有收费未结算', 3, 1200))
                    as told (period, status, status_name, cases, difference);
        """)
        alerts.raise_alerts(marts, state, recipients, NIGHT)
    (told,) = open_rows(state)
    assert (told["recipient_role"], told["metric"], told["value"]) == ("insurance_office", "S2-PLAT-03", "1200.00")
    assert told["subject"] == "县医院 2026-10 收费与结算核对:有收费未结算 3例,差额"


@contextmanager
def channel() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A real HTTP channel, and what it was told."""
    heard: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"json://127.0.0.1:{server.server_port}/", heard
    finally:
        server.shutdown()
        server.server_close()


def test_a_digest_reaches_its_channel_once_and_others_wait(
    marts: duckdb.DuckDBPyConnection, state: State, recipients: alerts.Recipients
) -> None:
    light(marts, colour="red", value="0.05")
    light(marts, colour="red", value="0.0331", dept="A")
    light(marts, colour="yellow", value="0.015", dept="B")
    alerts.raise_alerts(marts, state, recipients, NIGHT)
    with channel() as (url, heard):
        environ = {"YILIAN_CHANNEL_VICE_PRESIDENT": url, "YILIAN_CHANNEL_PERFORMANCE_OFFICE": " "}
        sent = alerts.send(state, recipients, environ, NIGHT)
        again = alerts.send(state, recipients, environ, NIGHT + timedelta(days=1))
    assert (sent.told, again.told) == (("vice_president",), ())
    assert sent.without_channel == ("department_insurance_specialist", "performance_office")
    (message,) = heard
    assert message["title"] == "医联预警 2026-11-01: 红2"
    assert message["message"].splitlines() == [
        "【红】县医院 2026-10 分解住院率 5%(界限 2%)", "【红】县医院 2026-10 分解住院率 3.31%(界限 2%)",
    ]  # fmt: skip


def test_a_channel_that_refuses_is_tried_again(
    marts: duckdb.DuckDBPyConnection, state: State, recipients: alerts.Recipients
) -> None:
    light(marts, colour="red", value="0.05")
    alerts.raise_alerts(marts, state, recipients, NIGHT)
    environ = {"YILIAN_CHANNEL_VICE_PRESIDENT": "nothing://that.apprise.knows"}
    assert alerts.send(state, recipients, environ, NIGHT).refused == ("vice_president",)
    later = alerts.send(state, recipients, environ, NIGHT, notify=lambda urls, digest: True)
    assert later.told == ("vice_president",)


def test_a_night_that_did_not_publish_is_told_and_nothing_else_is(
    marts: duckdb.DuckDBPyConnection, tmp_path: Path, recipients: alerts.Recipients
) -> None:
    """What that night had raised waits for the night that publishes, which closes the failure."""
    environ = {"CONSORTIUM_HOME": str(tmp_path), "CONSORTIUM_NOW": NIGHT.isoformat()}
    house = Settings.load(environ)
    state = State(house.state_path)
    assert alerts.tell_failure(house, state, ["gate 2"], environ) is None  # nothing was laid out yet
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference/recipients.csv").write_bytes((SEEDS / "recipients.csv").read_bytes())
    light(marts, colour="red", value="0.05")
    alerts.raise_alerts(marts, state, recipients, NIGHT)
    with channel() as (url, heard):
        channels = {"YILIAN_CHANNEL_VICE_PRESIDENT": url, "YILIAN_CHANNEL_DATA_OFFICER": url}
        sent = alerts.tell_failure(house, state, ["gate 2, conserves_allocation failed"], channels)
    assert sent is not None
    assert sent.told == ("data_officer",)
    assert "gate 2, conserves_allocation failed" in heard[0]["message"]
    alerts.raise_alerts(marts, state, recipients, NIGHT + timedelta(days=1))
    assert [row["source"] for row in open_rows(state)] == ["risk_light"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nights=st.lists(st.dictionaries(st.sampled_from("ABC"), st.sampled_from(["yellow", "red"])), max_size=6))
def test_whatever_the_lights_do_each_occurrence_is_told_once(
    nights: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory, recipients: alerts.Recipients
) -> None:
    """Counted again without the state: an alert is new where the night before did not have it."""
    state = State(tmp_path_factory.mktemp("nights") / "state.sqlite")
    told: list[tuple[str, int]] = []
    before: set[tuple[str, str]] = set()
    with duckdb.connect() as marts:
        marts.execute(INDICATOR)
        for number, lights in enumerate(nights):
            marts.execute("delete from risk.indicator")
            for dept, colour in lights.items():
                light(marts, colour=colour, value="0.05", dept=dept)
            alerts.raise_alerts(marts, state, recipients, NIGHT + timedelta(days=number))
            found = alerts.digests(state, NIGHT)
            alerts.send(state, recipients, {name: "x" for names in recipients.channels().values() for name in names},
                        NIGHT, notify=lambda urls, digest: True)  # fmt: skip
            told.append((", ".join(digest.role for digest in found), sum(len(digest.alert_ids) for digest in found)))
            new = set(lights.items()) - before
            assert told[-1][1] == sum(2 if colour == "yellow" else 1 for _, colour in new)
            before = set(lights.items())
    assert {row["dept_code"] for row in open_rows(state)} == ({dept for dept, _ in before})


def test_no_source_asks_for_a_patient_or_an_encounter() -> None:
    for source in sources():
        for word in ("patient", "encounter", "doctor", "evidence", "person"):
            assert word not in source.query, source.name
    assert not set(COLUMNS) & {"patient_id", "encounter_id", "doctor_id", "person_id"}


@pytest.mark.parametrize(
    ("number", "unit", "shown"),
    [("0.017699", "share", "1.77%"), ("1.000000", "share", "100%"), ("9860.40", "yuan", "9860.4"), ("6", "count", "6"),
     ("-0.138389", "share", "-13.84%")],
)  # fmt: skip
def test_numbers_are_worded_for_people(number: str, unit: str, shown: str) -> None:
    assert measured(number, unit) == shown


def test_a_channel_may_be_set_and_another_unknown_name_may_not() -> None:
    Settings.load({"YILIAN_CHANNEL_VICE_PRESIDENT": "json://localhost"})
    with pytest.raises(SettingsError, match="YILIAN_CHANEL_X"):
        Settings.load({"YILIAN_CHANEL_X": "json://localhost"})
