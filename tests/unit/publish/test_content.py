"""The content hash, against the rule written out by hand and against an independent computation."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.publish.content import content
from pipelines.publish.marts import Column, Mart

MART = Mart("cost", "example", "", (Column("period", "VARCHAR", ""), Column("amount", "DECIMAL(18,2)", "")))


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def by_hand(rows: list[tuple[str | None, Decimal | None]]) -> str:
    """The rule of `content`'s docstring, in Python."""
    buckets: dict[str, list[str]] = defaultdict(list)
    for period, amount in rows:
        text = "\x1e" if period is None else period
        if period is not None:
            text = text.replace("\\", "\\\\").replace("\x1e", "\\e").replace("\x1f", "\\f")
        number = "\x1e" if amount is None else f"{amount:.2f}"
        digest = sha(number + "\x1f" + text)
        buckets[digest[:3]].append(digest)
    body = sha("".join(sha("".join(sorted(found))) for _, found in sorted(buckets.items())))
    return sha("\n".join(["cost.example", "amount DECIMAL(18,2)", "period VARCHAR", str(len(rows)), body]))


def in_duckdb(rows: list[tuple[str | None, Decimal | None]]) -> str:
    with duckdb.connect() as connection:
        connection.execute("create table t (period varchar, amount decimal(18,2))")
        for row in rows:
            connection.execute("insert into t values (?, ?)", row)
        return content(connection, MART, "t").hash


def test_the_worked_example_of_the_manual():
    rows = [("2026-10", Decimal("12.50")), (None, None)]
    assert in_duckdb(rows) == by_hand(rows)


CELLS = st.tuples(
    st.none() | st.text(alphabet="ab\\\x1e\x1f 医", max_size=4),
    st.none() | st.decimals(-(10**6), 10**6, places=2, allow_nan=False),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(CELLS, max_size=8), st.randoms(use_true_random=False))
def test_the_hash_is_that_of_the_rule_and_blind_to_order(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert in_duckdb(shuffled) == by_hand(rows)


@settings(max_examples=25, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=5), st.lists(CELLS, min_size=1, max_size=5))
def test_different_rows_have_different_hashes(left, right):
    same = sorted(map(repr, left)) == sorted(map(repr, right))
    assert (by_hand(left) == by_hand(right)) == same
    assert (in_duckdb(left) == in_duckdb(right)) == same


@pytest.mark.parametrize("kind", ["DATE", "TIMESTAMP", "BOOLEAN", "BIGINT", "VARCHAR[]"])
def test_every_published_type_has_a_text(kind):
    values = {
        "DATE": "date '2026-10-31'", "TIMESTAMP": "timestamp '2026-10-31 08:00:00'", "BOOLEAN": "true",
        "BIGINT": "7", "VARCHAR[]": "['a', null]",
    }  # fmt: skip
    texts = {
        "DATE": "2026-10-31", "TIMESTAMP": "2026-10-31 08:00:00", "BOOLEAN": "true", "BIGINT": "7",
        "VARCHAR[]": '["a",null]',
    }  # fmt: skip
    mart = Mart("cost", "example", "", (Column("x", kind, ""),))
    digest = sha(texts[kind])
    body = sha(sha(digest))
    with duckdb.connect() as connection:
        found = content(connection, mart, f"(select {values[kind]} as x)")
    assert found.hash == sha("\n".join(["cost.example", f"x {kind}", "1", body]))
