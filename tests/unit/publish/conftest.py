"""A small warehouse, a manifest and a state, as a night would have left them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.publish import Publication, publish
from pipelines.settings import Settings
from pipelines.state import State

CLOCK = datetime(2026, 11, 1, 1, 30)

WAREHOUSE = """
create schema core; create schema cost; create schema staging;
create table core.member (member_id varchar, name varchar, level varchar, joined_on date);
comment on table core.member is 'One row per member. 成员机构';
comment on column core.member.name is '名称 · Name';
insert into core.member values
    ('H01', '临江县人民医院', 'tertiary', '2020-01-01'), ('T01', '城关社区卫生服务中心', 'primary', null);
create table cost.department_cost (
    period varchar, member_id varchar, dept_code varchar, cost_element varchar, full_amount decimal(18,2));
comment on table cost.department_cost is 'One row per period, member, department and cost element. 科室成本';
comment on column cost.department_cost.full_amount is '全成本 · Full cost';
insert into cost.department_cost
select '2026-10', if(i % 3 = 0, 'T01', 'H01'), 'D' || i, 'labour', cast(i * 1.37 as decimal(18,2)) from range(100) r(i);
create table staging.secret (name varchar);
"""


@dataclass
class House:
    """A consortium's folders, ready to publish."""

    settings: Settings
    state: State

    def publish(self, run: str = "run-1", at: datetime = CLOCK) -> Publication:
        return publish(self.settings, self.state, run_id=run, build_id="build-1", clock=at)

    def judge(self, gate: int, status: str = "passed", run: str = "run-1") -> None:
        """Records a verdict of a gate on the present state."""
        verdict = {
            "run_id": run, "build_id": "build-1", "revision": 0, "gate": str(gate), "check_name": f"check_{gate}",
            "severity": "error", "status": status, "observed": "1", "expected": "1", "violated": 0, "denominator": 1,
            "members": "H01|T01", "owner": "finance office", "note": "", "checked_at": "2026-11-01T01:20:00",
        }  # fmt: skip
        self.state.put("gate", [verdict])

    def build(self, sql: str) -> None:
        """Changes the warehouse, as dbt would."""
        with duckdb.connect(str(self.settings.warehouse_path)) as connection:
            connection.execute(sql)

    def read(self, sql: str) -> list[tuple]:
        """What a BI client sees."""
        with duckdb.connect(str(self.settings.published / "current/consortium.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture(scope="session")
def make_house() -> Callable[[Path], House]:
    """Builds a house in a folder; for tests that only read, so that they can share one publication."""
    return _build


@pytest.fixture(autouse=True, scope="session")
def code_stands_still() -> Iterator[None]:
    """The code's fingerprint, which is none of these tests' matter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.publish.inputs.code_fingerprint", lambda: "code")
        yield


@pytest.fixture
def house(tmp_path: Path) -> House:
    return _build(tmp_path)


@pytest.fixture
def restorable(house: House) -> House:
    """A published house whose manifest is where gate 1 lays it."""
    manifest = house.settings.manifests / "m1"
    house.settings.manifests.mkdir()
    shutil.move(house.settings.in_force, manifest)
    house.settings.in_force.symlink_to(manifest)
    with house.state.transaction() as connection:
        connection.execute(
            "insert into build (build_id, manifest_id, run_id, part, started_at, finished_at) "
            "values ('build-1', 'm1', 'run-1', 'elsewhere', '', '')"
        )
    house.publish()
    return house


def _build(tmp_path: Path) -> House:
    settings = Settings.load({
        "CONSORTIUM_HOME": str(tmp_path / "home"),
        "CONSORTIUM_PUBLISHED": str(tmp_path / "published"),
        "CONSORTIUM_KEEP_PUBLICATIONS": "3",
    })  # fmt: skip
    house = House(settings, State(settings.state_path))
    house.build(WAREHOUSE)
    settings.in_force.mkdir()
    reference = settings.home / "reference"
    reference.mkdir()
    (reference / "members.csv").write_text("member_id,joined_on\nH01,\nT01,2020-01-01\nT09,2026-10-01\n")
    pl.DataFrame(
        [
            ("H01", "charge_lines", "2026-10", "v1", "2026-10-31", "accepted", ""),
            ("T01", "charge_lines", "2026-10", "v2", "2026-10-30", "stale", "sha256_differs"),
        ],
        schema=["member_id", "extract", "period", "version", "delivery_date", "status", "reason"],
        orient="row",
    ).with_columns(pl.col("delivery_date").str.to_date()).write_parquet(settings.in_force / "_manifest.parquet")
    for gate in (1, 2, 3):
        house.judge(gate)
    return house
