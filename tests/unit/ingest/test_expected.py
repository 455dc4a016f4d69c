"""The quick way and the slow way say the same of every batch."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import contract
from pipelines.ingest.expected import expect
from pipelines.ingest.typed import convert
from tests.unit.ingest.kit import charge_rows, gl_rows

DELIVERED = date(2026, 10, 31)
GOOD = {"charge_lines": charge_rows(3), "gl_entries": gl_rows(2)}
ODD: list[str | None] = [
    None, "", " ", "x", " 5", "5.0", "+5", "1e3", "12.345", "12.500", "-0", "1970-01-01", "2026-10-31T08:00:00",
    "2026-1-5", "2026-10-15 00:00:00", "TRUE", "1", "treatment ", "=1", "内\u0000科", "9" * 30, "9" * 12,
    "y" * 501,
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(GOOD)), st.data())
def test_what_the_quick_way_accepts_the_slow_way_accepts_alike(extract: str, data: Any) -> None:
    spec = contract.load().extracts[extract]
    rows = [dict(row) for row in GOOD[extract]]
    for _ in range(data.draw(st.integers(0, 3))):
        name = data.draw(st.sampled_from(sorted(spec.columns)))
        rows[data.draw(st.integers(0, len(rows) - 1))][name] = data.draw(st.sampled_from(ODD))  # type: ignore[assignment]
    batch = pl.DataFrame(rows, schema={**dict.fromkeys(spec.columns, pl.String)})
    rules = [pl.sql_expr(rule.when) for rule in spec.rows]
    found = expect(batch, spec.columns, rules, DELIVERED)
    for name, column in spec.columns.items():
        slow, bad = convert(batch[name], column, DELIVERED)
        if name not in found.doubtful:
            assert bad is None or not bad.any(), (name, batch[name].to_list())
            assert found.frame[name].to_list() == slow.to_list(), name
    if not found.doubtful:
        assert found.rules_hold == (not any(found.frame.select(r.fill_null(False).any()).item() for r in rules))


@pytest.mark.parametrize("extract", sorted(GOOD))
def test_a_right_batch_needs_no_second_look(extract: str) -> None:
    spec = contract.load().extracts[extract]
    empty_is_null = [{k: v or None for k, v in row.items()} for row in GOOD[extract]]
    batch = pl.DataFrame(empty_is_null, schema={**dict.fromkeys(spec.columns, pl.String)})
    found = expect(batch, spec.columns, [], DELIVERED)
    assert found.doubtful == frozenset()
    assert {n: t for n, t in spec.polars_schema().items() if n in spec.columns} == dict(found.frame.schema)


def test_native_columns_pass_as_they_are_and_floats_get_a_second_look() -> None:
    spec = contract.load().extracts["charge_lines"].columns
    money = {"amount": spec["amount"], "quantity": spec["quantity"]}
    batch = pl.DataFrame({"amount": [1.5], "quantity": [Decimal("2.5")]})
    found = expect(batch, money, [], DELIVERED)
    assert found.doubtful == {"amount"}
    assert found.frame["quantity"].to_list() == [Decimal("2.5000")]
    assert found.frame["quantity"].dtype == pl.Decimal(18, 4)
