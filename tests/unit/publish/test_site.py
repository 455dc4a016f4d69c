"""The site: opens from disk, names no patient, shows a member nothing of another."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from lxml import html

from pipelines.ingest.outcomes import CellFault, Reason, Verdict
from pipelines.publish import PublicationError
from pipelines.publish.dictionary import bilingual
from pipelines.publish.marts import catalogue
from pipelines.publish.site import charts, read_frames, sections
from pipelines.publish.site.sankey import Flow, sankey
from pipelines.publish.site.sections import pages as declared
from pipelines.publish.site.sections import read_page
from pipelines.publish.site.tables import Cells
from pipelines.publish.site.views import draw
from pipelines.publish.site.words import Words, money, number, share, size, vocabulary
from pipelines.publish.visibility import OWNERS, SHARED, rule_of

FULL = """
create schema ledger; create schema performance; create schema risk; create schema payment;
alter table cost.department_cost add column dept_name varchar;
alter table cost.department_cost add column dept_class varchar;
alter table cost.department_cost add column direct_amount decimal(18,2);
alter table cost.department_cost add column passed_on_amount decimal(18,2);
alter table cost.department_cost add column from_common decimal(18,2);
alter table cost.department_cost add column from_admin decimal(18,2);
alter table cost.department_cost add column from_auxiliary decimal(18,2);
alter table cost.department_cost add column from_medtech decimal(18,2);
update cost.department_cost set direct_amount = full_amount, dept_name = '<script>alert(1)</script>';
create table cost.drg_cost as
select '2026-10' as period, 4000.00 as peer_best_cost, 1.020408 as cost_ratio_to_region, * from (values
    ('H01', 'ES1', '常见病组', 40, 5000.00, 4900.00, 6000.00, 1000.00, 5.0, 'normal'),
    ('H01', 'RARE9', '罕见病组', 2, 90000.00, 80000.00, 6000.00, -84000.00, 9.0, 'over_standard')
) v(member_id, drg_code, drg_name, cases, mean_cost, region_mean_cost, payment_standard, margin_per_case, mean_los,
    status);
create table risk.finding as
select 'F' || i as finding_id, 'R30' as rule_code, '重复收费' as rule_name, if(i % 2 = 0, 'H01', 'T01') as member_id,
       'PSEUDONYM' || i as patient_id, 'ENCOUNTER' || i as encounter_id, 'open' as status,
       cast(i as decimal(18,2)) as amount_at_risk
from range(9) r(i);
create table performance.kpi_value as
select '2026-10' as period, * from (values
    ('member', 'H01', 'S1-PERF-01', '双向转诊率', 'collaboration', 'share', 0.5, 0.6, 0.83, 83.0, false),
    ('member', 'T01', 'S1-PERF-01', '双向转诊率', 'collaboration', 'share', 0.7, 0.6, 1.0, 100.0, true),
    ('person', 'DOCTOR7', 'S1-PERF-01', '双向转诊率', 'collaboration', 'share', 0.1, 0.6, 0.1, 10.0, false)
) v(entity_level, entity_id, kpi_code, kpi_name, dimension, unit, value, target, attainment, score, is_veto);
create table ledger.statement_line as
select '2026-10' as period, 'cash' as statement, 'C1' as line_code, '现金净增加额' as line_name,
       'Net increase' as line_name_en, 1 as line_order, 10.00::decimal(18,2) as aggregate_amount,
       -2.00::decimal(18,2) as elimination_amount,
       8.00::decimal(18,2) as consolidated_amount;
create table ledger.statement_by_member as
select period, statement, line_code, line_name, line_name_en, line_order, m.member_id, 5.00::decimal(18,2) as amount
from ledger.statement_line, core.member as m;
"""

VALIDATED = [
    {"success": success, "result": {"observed_value": observed}, "sentence": sentence,
     "expectation_config": {"severity": "critical", "notes": "Debit is not credit."}}
    for success, observed, sentence in [(True, 1204, "balances__rows <= 1"), (False, 3, "balances__violated must be 0")]
]  # fmt: skip


@pytest.fixture(scope="module")
def published(make_house, tmp_path_factory):
    house = make_house(tmp_path_factory.mktemp("site"))
    house.build(FULL)
    house.state.put("validated", [{"key": "k", "check_name": "2 balances", "no_violation": 0, "enough": 1,
                                   "results": json.dumps(VALIDATED)}])  # fmt: skip
    house.state.put("note", [{"key": "validated:2", "value": "k"}])
    house.publish()
    return house.settings.published / "current"


@pytest.fixture(scope="module")
def site(published) -> Path:
    return published / "site"


def pages(site: Path) -> dict[str, str]:
    return {str(path.relative_to(site)): path.read_text(encoding="utf-8") for path in sorted(site.rglob("*.html"))}


def text(page: str) -> str:
    return " ".join(" ".join(html.fromstring(page.encode()).itertext()).split())


def test_both_languages_have_every_page_and_members_their_own(site):
    own = ["cost", "drg", "index", "performance", "quality", "risk", "statements"]
    names = [*own, "dictionary", "expectations", "downloads"]
    expected = {"index.html"} | {f"{language}/{name}.html" for language in ("zh", "en") for name in names}
    for member in ("H01", "T01"):
        expected |= {f"members/{member}/index.html"}
        expected |= {f"members/{member}/{language}/{name}.html" for language in ("zh", "en") for name in own}
    assert set(pages(site)) == expected


def test_no_page_asks_anything_of_a_network_and_every_link_leads_somewhere(site):
    for name, page in pages(site).items():
        assert "<script" not in page, name
        assert "default-src 'none'" in page, name
        tree = html.fromstring(page.encode())
        for link in [*tree.xpath("//@href"), *tree.xpath("//@src")]:
            assert not re.match(r"(\w+:)?//", link), (name, link)
            if not link.startswith(("#", "data:")):
                assert ((site / name).parent / link.split("#")[0]).resolve().exists(), (name, link)
    assert not re.search(r"url\(|@import|https?:", (site / "style.css").read_text())


def test_every_page_has_a_language_a_title_and_tables_with_headings(site):
    for name, page in pages(site).items():
        tree = html.fromstring(page.encode())
        assert tree.get("lang") in ("zh-CN", "en"), name
        assert len(tree.xpath("//h1")) == 1, name
        for table in tree.xpath("//table"):
            assert table.xpath(".//th[@scope='col']"), name
        for picture in tree.xpath("//*[local-name()='svg']"):
            assert picture.get("role") == "img", name
            assert picture.get("aria-label"), name


def test_no_person_and_no_small_group_is_named(site):
    for name, page in pages(site).items():
        for secret in ("PSEUDONYM", "ENCOUNTER", "DOCTOR7", "RARE9", "罕见病组"):
            assert secret not in page, name
    assert "常见病组" in pages(site)["zh/drg.html"]


def test_what_members_deliver_is_shown_as_text_never_run(site):
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in pages(site)["zh/cost.html"]


def test_a_members_edition_holds_no_figure_of_another(site):
    for name, page in pages(site).items():
        if name.startswith("members/T01/"):
            assert "H01" not in text(page), name
            assert "临江县人民医院" not in text(page), name
    assert "H01" in text(pages(site)["zh/performance.html"])


def test_figures_stand_on_the_pages_as_in_the_marts(site):
    zh, en = pages(site)["zh/statements.html"], pages(site)["en/statements.html"]
    assert "现金净增加额 10.00 -2.00 8.00" in text(zh)
    assert "Net increase 10.00 -2.00 8.00" in text(en)
    assert "S1-PERF-01 双向转诊率 协同 50.0 % 60.0 % 83.0 % 83" in text(pages(site)["zh/performance.html"])


def test_the_first_page_says_who_is_stale_and_why(site):
    shown = text(pages(site)["en/index.html"])
    assert "T01 城关社区卫生服务中心 charge_lines stale 2026-10-30 SHA-256 differs" in shown
    assert "T01 城关社区卫生服务中心 stale 2026-10-30 0 1 0" in shown
    assert "T09 missing" in shown


def test_data_docs_say_what_was_judged_failures_first_to_the_consortium_alone(published):
    page = text(pages(published / "site")["en/expectations.html"])
    assert "Expectations 2 Hold 1" in page
    said = "balances__violated must be 0 failed 3 critical Debit is not credit. balances__rows <= 1 passed 1,204"
    assert said in page
    assert json.loads((published / "docs/expectations.json").read_text()) == {"2": VALIDATED}
    assert not list((published / "site/members").rglob("expectations*"))


def test_a_mart_that_is_not_there_has_no_section_and_is_named(site):
    page = pages(site)["en/cost.html"]
    assert "Not on this page, since these marts are not published: " in text(page)
    assert "cost.unit_cost" in text(page)
    assert 'id="unit_cost"' not in page
    assert not (site / "en/sharing.html").exists()


def test_the_dictionary_tells_both_languages_apart():
    assert bilingual("全成本 · Full cost / all of it") == ("全成本", "Full cost / all of it")
    assert bilingual("总成本（医疗成本）· Medical cost") == ("总成本（医疗成本）", "Medical cost")
    assert bilingual("One row per member. 成员机构") == ("成员机构", "One row per member.")
    assert bilingual("Cost here, beside the region (S3-DRG-08). DRG 成本") == (
        "DRG 成本",
        "Cost here, beside the region (S3-DRG-08).",
    )
    assert bilingual("科室成本；每行一个科室。One row per department.") == (
        "科室成本；每行一个科室。",
        "One row per department.",
    )
    assert bilingual("Cost of a visit (诊次成本), domain 1.7.") == ("", "Cost of a visit (诊次成本), domain 1.7.")
    assert bilingual("DRG 成本") == ("DRG 成本", "")
    assert bilingual("Only English") == ("", "Only English")
    assert bilingual("") == ("", "")


def test_numbers_are_written_for_people():
    assert money(Decimal("1234567.5")) == "1,234,567.50"
    assert share(Decimal("0.12345")) == "12.3 %"
    assert number(Decimal("1200.500000")) == "1,200.5"
    assert (number(100), number(None), money(None)) == ("100", "", "")
    zh, en = Words("zh", {}), Words("en", {})
    assert zh.measured(Decimal("0.0357"), "share") == "3.6 %"
    assert zh.measured(Decimal("4823.24"), "yuan") == "4,823.24 元"
    assert (en.measured(Decimal("6.5000"), "day"), en.measured(Decimal(3), "count")) == ("6.5 days", "3")
    assert (zh.measured(None, "yuan"), zh.measured(Decimal(1), None)) == ("", "1")
    assert (size(12), size(5 * 2**20)) == ("12 B", "5.0 MiB")


def test_a_member_sees_on_its_pages_what_its_login_sees_in_the_marts(published):
    """A section cut down to a member is the section over that member's rows alone, by the one rule of visibility."""
    with duckdb.connect(str(published / "consortium.duckdb"), read_only=True) as connection:
        marts = catalogue(connection, connection.execute("select current_database()").fetchone()[0])
        whole = read_frames(connection, marts, sections(), "run-1").of_member("T01")
    with duckdb.connect() as own:
        own.execute(f"attach '{published / 'consortium.duckdb'}' as all_rows (read_only)")
        for mart in marts:
            own.execute(f"create schema if not exists {mart.schema}")
            rule = rule_of(mart)
            owned = " or ".join(f"{owner} = 'T01'" for owner in rule.owners) or "entity_id = 'T01'"
            mine = "true" if rule.shared else owned if rule.owners or rule.entity else "false"
            own.execute(f"create view {mart.full_name} as from all_rows.{mart.full_name} where {mine}")
        seen = read_frames(own, marts, sections(), "run-1")
    for section in sections():
        if section.name in whole.found and section.edition == "both":
            assert whole.found[section.name].rows() == seen.found[section.name].rows(), section.name


def test_every_section_says_whose_its_rows_are():
    """A section that members see has a column of their id, or reads only what every member sees whole."""
    for section in sections():
        if section.edition == "both":
            named = any(re.search(rf"\b{owner}\b", section.sql.split(" from ")[0]) for owner in OWNERS)
            assert named or set(section.marts) <= SHARED, section.name


def test_no_section_asks_for_a_person():
    for section in sections():
        asked = re.sub("|".join(map(re.escape, section.marts)) or "^$", "", section.sql)
        assert not re.search(r"patient|doctor|encounter|person|staff_id|charge_ids|masked", asked), section.name
        if re.search(r"\bcases\b", section.sql) and "mean_cost" in section.sql:
            assert "cases >= $small" in section.sql, section.name


def test_every_reason_of_the_ingest_has_its_words():
    assert [each for each in (*Verdict, *Reason, *CellFault) if each not in vocabulary()["codes"]] == []


def test_every_code_of_a_heading_is_in_both_languages():
    for group in ("words", "codes"):
        for key, said in vocabulary()[group].items():
            assert set(said) == {"zh", "en"}, key
    for page in declared():
        assert all(page.titles.values()), page.name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("kind: pie", "pie is no kind of view"),
        ("kind: table, colour: red", "a table has no colour"),
        ("kind: table, columns: [[a, euro, 甲, A]]", "is no column"),
    ],
)
def test_a_faulty_declaration_names_its_file_and_section(tmp_path, change, message):
    path = tmp_path / "faulty.yml"
    path.write_text(
        "page: {order: 1, zh: 甲, en: A, lead: {zh: 甲, en: A}}\n"
        f"sections: [{{name: one, zh: 甲, en: A, marts: [a.b], sql: select 1, views: [{{{change}}}]}}]\n",
        encoding="utf-8",
    )
    with pytest.raises(PublicationError, match=f"faulty.yml, one: .*{message}"):
        read_page(path)


def test_a_waterfall_ends_where_it_began_and_a_flow_is_as_wide_as_its_amount():
    steps = [
        ("a", Decimal(60), False),
        ("b", Decimal(40), False),
        ("sum", Decimal(100), True),
        ("off", Decimal(-50), False),
    ]
    drawn = re.findall(r'<rect class="(\w+)" x="([\d.]+)" y="\d+" width="([\d.]+)"', charts.waterfall("t", steps))
    assert drawn == [
        ("up", "190.0", "246.0"),
        ("up", "436.0", "164.0"),
        ("total", "190.0", "410.0"),
        ("down", "395.0", "205.0"),
    ]
    flows = [
        Flow((0, "a"), (1, "c"), Decimal(30)),
        Flow((0, "b"), (1, "c"), Decimal(10)),
        Flow((0, "b"), (1, "d"), Decimal(-1)),
    ]
    widths = re.findall(r" v([\d.]+) ", sankey("t", flows))
    assert sorted(map(float, widths)) == [80, 240]


def test_a_bar_is_as_long_as_its_share_of_the_greatest():
    rows = [("a", [Decimal(30), Decimal(10)]), ("b", [Decimal(20), Decimal(-5)])]
    drawn = charts.stacked_bars("t", rows, ["x", "y"], "元")
    assert re.findall(r'width="([\d.]+)"', drawn) == ["307.5", "102.5", "205.0"]
    assert charts.shorten("城关社区卫生服务中心医院", 12) == "城关社区卫…"


def test_very_many_members_are_linked_not_piled_up_on_one_page():
    columns = [["dept_code", "text", "科室", "Department"]]
    section = replace(
        next(each for each in sections() if each.name == "cost_by_department"),
        views=({"kind": "table", "by": "member_id", "columns": columns},),
    )
    rows = [{"member_id": f"M{n:02d}", "dept_code": f"D{n}"} for n in range(21)]
    linked = draw(section, rows, Cells(Words("en", {}), lambda key: f"../members/{key}/en/cost.html"))
    assert linked.count("<a href=") == 21
    assert '<a href="../members/M07/en/cost.html#cost_by_department">M07 (1)</a>' in linked
    assert "<table>" not in linked
    assert draw(section, rows, Cells(Words("en", {}), lambda _: None)).count("<table>") == 21
