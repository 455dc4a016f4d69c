"""What a close keeps, and what the gates say when a closed month would change or late vouchers arrive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from pipelines.gates import load_checks, measure
from pipelines.gates.member_checks import all_checks
from pipelines.ingest import periods
from pipelines.ledger import close
from pipelines.state import State

AT = datetime(2026, 11, 5, 9)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state.sqlite")


def closed(state: State, published: Path, at: datetime = AT) -> int:
    figures = close.published_figures(published, "2026-10")
    periods.close(state, "2026-10", by="王会计", reason="month end", at=at, figures=figures)
    return len(figures)


def judged(state: State, published: Path, change: str = "create table nothing (x integer)") -> tuple[int, str, str]:
    """Violations, worst observed and what was expected, of a warehouse that differs by `change`."""
    (check,) = [each for each in load_checks(2) if each.name == "keeps_closed_periods"]
    with duckdb.connect() as connection:
        connection.execute(f"attach '{published / 'current' / 'consortium.duckdb'}' as made (read_only)")
        connection.execute("create schema ledger")
        for mart in ("statement_line", "statement_by_member"):
            connection.execute(f"create table ledger.{mart} as from made.ledger.{mart}")
        connection.execute(change)
        close.lay_down_figures(connection, state)
        (found,) = measure(connection, [check])
    return found.violated, found.observed, found.expected


def test_a_closed_month_may_be_computed_again_and_is_the_same(publication: Callable[[], Path], state: State) -> None:
    published = publication()
    assert closed(state, published) > 20
    assert judged(state, published)[0] == 0


def test_a_map_that_reaches_back_closes_the_gate(publication: Callable[[], Path], state: State) -> None:
    published = publication()
    closed(state, published)
    t01 = "where member_id = 'T01' and line_code = 'RE_EXPENSE'"
    moved = f"update ledger.statement_by_member set amount = amount + 7 {t01}"
    assert judged(state, published, moved) == (1, "2026-10 T01 RE_EXPENSE: 52.00", "45.00")
    gone = f"delete from ledger.statement_by_member {t01}"
    assert judged(state, published, gone) == (1, "2026-10 T01 RE_EXPENSE: 0.00", "45.00")
    plugged = "update ledger.statement_line set elimination_amount = 0 where line_code = 'IC_DIFF'"
    assert judged(state, published, plugged)[0] == 1


def test_an_open_month_and_a_newcomers_first_books_change_nothing(
    publication: Callable[[], Path], state: State
) -> None:
    """History of a member that had delivered nothing may still come in; the others' figures stay."""
    published = publication()
    other_month = "update ledger.statement_by_member set period = '2026-11'"
    assert judged(state, published, other_month)[0] == 0
    closed(state, published)
    first_books = (
        "insert into ledger.statement_by_member by name "
        "select period, statement, line_code, 'V01' as member_id, amount "
        "from ledger.statement_by_member; update ledger.statement_line set elimination_amount = elimination_amount - 1"
    )
    assert judged(state, published, first_books)[0] == 0


def test_reopening_lets_figures_go_and_keeps_who_when_and_why(publication: Callable[[], Path], state: State) -> None:
    published = publication()
    closed(state, published)
    periods.reopen(state, "2026-10", by="周总会计师", reason="late invoice", at=datetime(2026, 11, 6, 9))
    moved = "update ledger.statement_by_member set amount = amount + 7"
    assert judged(state, published, moved)[0] == 0
    assert [tuple(row.values()) for row in periods.changes(state)] == [
        ("2026-10", "2026-11-05T09:00:00", "closed", "王会计", "month end"),
        ("2026-10", "2026-11-06T09:00:00", "open", "周总会计师", "late invoice"),
    ]


def test_what_a_close_keeps_is_not_let_go_by_another_one(publication: Callable[[], Path], state: State) -> None:
    """Closed again without a publication at hand its figures would be gone; closed anew it has new ones."""
    published = publication()
    count = closed(state, published)
    with pytest.raises(
        periods.PeriodError, match=r"2026-10 is closed since 2026-11-05T09:00:00 by 王会计.*reopen 2026-10"
    ):
        closed(state, published.parent / "nowhere")
    assert len(state.rows("select 1 from closed_figure")) == count
    for day in (6, 8):
        periods.reopen(state, "2026-10", by="周总会计师", reason="late invoice", at=datetime(2026, 11, day, 9))
        assert state.rows("select 1 from closed_figure") == []
        assert closed(state, published, at=datetime(2026, 11, day + 1, 9)) == count
    assert [row["status"] for row in periods.changes(state)] == ["closed", "open", "closed", "open", "closed"]


def test_a_month_of_which_nothing_is_published_can_be_closed(state: State, tmp_path: Path) -> None:
    assert closed(state, tmp_path / "nowhere") == 0


def late(rule: str, state: State, reference: Path, posted: date) -> dict[str, int]:
    """Violations per check about dates, of one voucher line delivered for October."""
    names = ("dates_vouchers_in_their_month", "leaves_closed_months_alone")
    with duckdb.connect() as connection:
        connection.execute("create table gl_entries (member_id varchar, period varchar, posting_date date)")
        connection.execute("insert into gl_entries values ('T01', '2026-10', ?)", [posted])
        connection.execute(f"create view policy as select '{rule}' as late_voucher_rule")
        close.lay_down_periods(connection, reference, state)
        found = measure(connection, [each for each in all_checks() if each.name in names])
    return {each.check.name: each.violated for each in found}


@pytest.mark.parametrize(
    ("rule", "posted", "outside", "held_back"),
    [
        ("next_open", date(2026, 10, 31), 0, 0),
        ("reopen", date(2026, 10, 31), 0, 0),
        ("next_open", date(2026, 9, 30), 1, 0),
        ("reopen", date(2026, 9, 30), 1, 1),
        ("reopen", date(2026, 8, 31), 1, 0),
        ("reopen", date(2026, 12, 1), 1, 0),
    ],
)
def test_late_vouchers_go_on_or_force_a_reopening_by_policy(
    tmp_path: Path, state: State, rule: str, posted: date, outside: int, held_back: int
) -> None:
    """September is closed in the reference data, August was and has been reopened, December isn't there yet."""
    (tmp_path / "periods.csv").write_text("period,status\n2026-08,closed\n2026-09,closed\n", encoding="utf-8")
    periods.reopen(state, "2026-08", by="周总会计师", reason="audit", at=AT)
    assert late(rule, state, tmp_path, posted) == {
        "dates_vouchers_in_their_month": outside,
        "leaves_closed_months_alone": held_back,
    }
