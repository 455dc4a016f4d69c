"""Suggestions for accounts that no map knows: by name, by what other members do, by neighbouring codes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from pipelines.ledger.suggest import LocalAccount, MapRow, likeness, mapped, suggest

CHART = {
    "1002": "银行存款",
    "5001040701": "其他经费-其他运行费用-水电费",
    "5001040703": "其他经费-其他运行费用-维修费",
    "5101040703": "单位管理费用-其他经费-其他运行费用-维修费",
    "460990": "医联体内部其他收入",
}


def account(code: str, name: str, member: str = "T01") -> LocalAccount:
    return LocalAccount(member, code, name, "2026-10", Decimal(100), 3)


def test_the_name_decides_where_nothing_else_is_known() -> None:
    best = suggest([account("Z1", "水电费")], [], CHART)[0]
    assert (best.account_code, best.why) == ("5001040701", "name 100 % alike")


def test_how_others_map_an_account_of_that_name_counts_and_is_said() -> None:
    """Two members have the account among management expense: that beats the equally alike one of services."""
    known = [
        (account("6602.09", "设备维修费", "H02"), "5101040703"),
        (account("55-9", "设备维修费", "H03"), "5101040703"),
    ]
    best, second = suggest([account("Z9", "设备维修费")], known, CHART)[:2]
    assert (best.account_code, second.account_code) == ("5101040703", "5001040703")
    assert "so mapped by H02, H03" in best.why


def test_neighbouring_codes_of_the_member_count() -> None:
    known = [(account("5001.04.01", "甲"), "5001040703"), (account("5001.04.02", "乙"), "5001040701")]
    best = suggest([account("5001.04.03", "维修费")], known, CHART)[0]
    assert best.account_code == "5001040703"
    assert "its neighbours are 50010407" in best.why


def test_what_resembles_nothing_has_no_suggestion() -> None:
    assert suggest([account("9901", "代保管物资备查")], [], CHART) == []


def test_its_own_unmapped_accounts_bear_no_witness_for_a_member() -> None:
    own = [(account("Z8", "设备维修费"), "5101040703")]
    assert all("so mapped" not in each.why for each in suggest([account("Q9", "设备维修费")], own, CHART))


def test_the_map_is_read_as_a_night_reads_it() -> None:
    """Longest prefix in force first, then the member's own row before its vendor's."""
    always = (date(2020, 1, 1), date.max)
    rows = [
        MapRow("ruikang", "50", "5001", *always),
        MapRow("ruikang", "5001", "5001040701", date(2020, 1, 1), date(2026, 9, 30)),
        MapRow("T01", "50", "5101", *always),
    ]
    local = account("5001", "-")
    assert mapped(local, "ruikang", rows, date(2026, 9, 30)) == "5001040701"
    assert mapped(local, "ruikang", rows, date(2026, 10, 31)) == "5101"
    assert mapped(account("70", "-"), "ruikang", rows, date(2026, 9, 30)) is None


@given(st.text(max_size=12), st.text(max_size=12))
def test_likeness_is_a_share_and_the_same_both_ways(one: str, other: str) -> None:
    assert 0 <= likeness(one, other) == likeness(other, one) <= 1
    assert likeness(one, one) in (0, 1)


@given(st.permutations([account(f"Z{n}", name) for n, name in enumerate(["水电费", "维修费", "银行", "内部其他收入"])]))
def test_suggestions_do_not_depend_on_the_order_of_accounts(accounts: list[LocalAccount]) -> None:
    key = lambda each: (each.local.account_code, -each.score, each.account_code)  # noqa: E731
    found = sorted(suggest(accounts, [], CHART), key=key)
    assert found == sorted(suggest(sorted(accounts, key=lambda a: a.account_code), [], CHART), key=key)
