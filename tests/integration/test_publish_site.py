"""The site of the demo's first night: every section is drawn, nobody is named, members stay among themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from pipelines import night
from pipelines.publish.lineage import read_lineage
from pipelines.publish.marts import catalogue
from pipelines.publish.site import read_frames, sections
from pipelines.publish.site.words import vocabulary
from pipelines.publish.visibility import rule_of
from tests.integration.consortium import Consortium

Night = tuple[Consortium, night.Finished]


def connected(consortium: Consortium) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(consortium.current / "consortium.duckdb"), read_only=True)


def test_every_section_whose_marts_are_published_can_be_drawn(demo_night: Night) -> None:
    """A mart that misses a column of the interface, or a query with a mistake, would leave its section out."""
    with connected(demo_night[0]) as connection:
        marts = catalogue(connection, "consortium")
        frames = read_frames(connection, marts, sections(), "any")
    there = {mart.full_name for mart in marts}
    assert {n: why for n, why in frames.missing.items() if set(frames.marts[n]) <= there} == {}


def spoken(view: Mapping[str, Any]) -> set[str]:
    """Columns of a view whose values are codes that are shown as words."""
    named = [
        *view.get("columns", ()),
        *(view[key] for key in ("rows", "across", "cell", "label", "small") if key in view),
    ]
    found = {each[0] for each in named if isinstance(each, list) and each[1:] and each[1] in ("word", "tag")}
    found |= {view[key] for key in ("series", "tag", "light") if key in view}
    return found | ({view["by"]} if view.get("by_kind") == "word" else set())


def test_every_code_that_is_shown_has_its_words(demo_night: Night) -> None:
    """A new code of a mart belongs into `words.yml`; Chinese text and ids of departments stand as they are."""
    with connected(demo_night[0]) as connection:
        frames = read_frames(connection, catalogue(connection, "consortium"), sections(), "any")
    missing = {
        (section.name, code)
        for section in sections()
        if section.name in frames.found
        for column in set().union(*map(spoken, section.views))
        for code in frames.found[section.name][column].unique()
        if isinstance(code, str) and re.fullmatch("[a-z_]+", code) and code not in vocabulary()["codes"]
    }
    assert missing == set()


def test_no_page_holds_the_number_of_a_patient_or_a_stay(demo_night: Night) -> None:
    consortium, _ = demo_night
    with connected(consortium) as connection:
        secrets = {
            number
            for query in ("select patient_id from risk.finding", "select encounter_id from cost.case_cost")
            for (number,) in connection.execute(query).fetchall()
            if number
        }
    assert len(secrets) > 1000
    for page in (consortium.current / "site").rglob("*.html"):
        words = set(re.findall(r"[\w-]+", page.read_text(encoding="utf-8")))
        assert not words & secrets, page


def test_no_member_finds_an_amount_of_another_on_its_pages(demo_night: Night) -> None:
    """An amount above 50,000 that one member alone has is its secret (smaller ones meet by chance in sums)."""
    consortium, _ = demo_night
    owners: dict[Decimal, set[str]] = {}
    with connected(consortium) as connection:
        for mart in catalogue(connection, "consortium"):
            rule = rule_of(mart)
            if rule.shared or rule.owners != ("member_id",):
                continue
            for column in mart.columns:
                if column.type == "DECIMAL(18,2)":
                    amounts = f'select distinct member_id, "{column.name}" from {mart.full_name}'
                    for member, amount in connection.execute(f'{amounts} where "{column.name}" > 50000').fetchall():
                        owners.setdefault(amount, set()).add(member)
    secrets = {f"{amount:,.2f}": whose.pop() for amount, whose in owners.items() if len(whose) == 1}
    assert len(secrets) > 1000
    told = 0
    for page in (consortium.current / "site" / "members").rglob("*.html"):
        member = page.parts[-3] if page.parent.name in ("zh", "en") else page.parent.name
        for amount in set(re.findall(r"\d{1,3}(?:,\d{3})*\.\d\d", page.read_text(encoding="utf-8"))):
            assert secrets.get(amount, member) == member, (page, amount)
            told += amount in secrets
    assert told > 200, "the pages show so few amounts that this search means nothing"


def test_every_column_of_every_mart_is_followed_to_its_origins(demo_night: Night) -> None:
    consortium, _ = demo_night
    with duckdb.connect(str(consortium.settings.warehouse_path), read_only=True) as connection:
        lineage = read_lineage(consortium.settings.home, connection, "warehouse")
        marts = [mart for mart in catalogue(connection, "warehouse") if mart.schema != "governance"]
    unread = [
        f"{mart.full_name}.{c.name}"
        for mart in marts
        for c in mart.columns
        if c.name not in lineage.direct[mart.full_name]
    ]
    assert unread == [], "SQL that the lineage cannot read"
    assert "lake.gl_entries.debit" in lineage.origins("ledger.statement_line", "consolidated_amount")
    assert "lake.charge_lines.amount" in lineage.origins("cost.case_cost", "charge")


def test_the_dictionary_and_dbts_page_lie_beside_the_marts(demo_night: Night) -> None:
    current = demo_night[0].current
    columns = [
        column for mart in json.loads((current / "dictionary.json").read_text())["marts"] for column in mart["columns"]
    ]
    assert [column for column in columns if not (column["zh"] and column["en"])] == []
    assert (current / "docs/dbt.html").stat().st_size > 2**20


@pytest.mark.parametrize("page", ["index", "statements", "cost", "drg", "performance", "risk", "quality"])
def test_a_page_is_small_enough_to_open_at_once(demo_night: Night, page: str) -> None:
    for edition in ("zh", "en"):
        assert (demo_night[0].current / f"site/{edition}/{page}.html").stat().st_size < 2**20
