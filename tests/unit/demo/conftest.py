"""One county, written once, and a DuckDB that reads it as a stranger would.

Size S; YILIAN_TEST_DEMO_SIZE=M asks the same of a larger one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from pipelines import demo
from pipelines.demo.catalogue import SEEDS

Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> demo.DemoSummary:
    """The county in canonical Parquet."""
    size = os.environ.get("YILIAN_TEST_DEMO_SIZE", "S")
    return demo.write(tmp_path_factory.mktemp("county"), size=size, as_canonical="parquet")


@pytest.fixture(scope="session")
def ask(county: demo.DemoSummary) -> Ask:
    """SQL over the written files: a view per extract with `member` and `period`, `labels`, and `ledger` unified."""
    db = duckdb.connect()
    for name in county.rows:
        files = f"{county.landing}/*/*/{name}_????-??.parquet"
        db.sql(
            f"create view {name} as select *, split_part(filename, '/', -3) as member, "
            f"regexp_extract(filename, '_(\\d{{4}}-\\d\\d)[.]parquet', 1) as period "
            f"from read_parquet('{files}', filename = true, union_by_name = true)"
        )
    for seed in ("account_map", "unified_accounts", "items", "item_pairs", "drug_limits", "drg"):
        db.sql(f"create view seed_{seed} as select * from read_csv('{SEEDS / seed}.csv', all_varchar = true)")
    db.sql(f"create view labels as select * from read_csv('{county.labels / 'violations.csv'}', all_varchar = true)")
    db.sql(
        f"create table ledger as select g.*, m.account_code as unified from gl_entries g "
        f"join read_csv('{county.seeds / 'members.csv'}', all_varchar = true) w on w.member_id = g.member "
        "join seed_account_map m on m.vendor_or_member = w.vendor and starts_with(g.account_code, "
        "m.local_account_pattern) "
        "qualify row_number() over (partition by member, period, voucher_no, line_no "
        "order by length(local_account_pattern) desc) = 1"
    )
    db.sql(
        "create table closing as select distinct member, period, voucher_no from ledger where "
        "starts_with(unified, '3301')"
    )
    return lambda query: db.sql(query).fetchall()
