"""What machines read of a publication: data package, DCAT catalogue, dbt's page, the bundle for Superset."""

from __future__ import annotations

import json
import zipfile

import duckdb
import pytest
import yaml

from pipelines.publish import PublicationError, superset
from pipelines.publish.dbt_docs import write_dbt_docs

URI = "postgresql+psycopg2://bi_h02:XXXXXXXXXX@db/marts"


@pytest.fixture(scope="module")
def published(make_house, tmp_path_factory):
    house = make_house(tmp_path_factory.mktemp("described"))
    return house.publish().path


def test_the_data_package_names_every_mart_with_its_columns_and_its_file(published):
    package = json.loads((published / "datapackage.json").read_text())
    resources = {each["name"]: each for each in package["resources"]}
    assert set(resources) == set(json.loads((published / "publication.json").read_text())["marts"]) | {
        "governance.publication"
    }
    cost = resources["cost.department_cost"]
    assert cost["schema"]["fields"][4] == {
        "name": "full_amount", "type": "number", "title": "全成本", "description": "Full cost",
    }  # fmt: skip
    for each in resources.values():
        assert (published / each["path"]).stat().st_size == each["bytes"]
        assert duckdb.sql(f"select count(*) from '{published / each['path']}'").fetchall() == [(each["rows"],)]


def test_the_catalogue_leads_to_every_file_without_an_address(published):
    catalogue = json.loads((published / "catalog.jsonld").read_text())
    links = [d["dcat:downloadURL"]["@id"] for each in catalogue["dcat:dataset"] for d in each["dcat:distribution"]]
    assert len(links) == len(json.loads((published / "datapackage.json").read_text())["resources"])
    assert all((published / link).is_file() for link in links)


def test_dbts_page_holds_the_project_and_nothing_of_this_machine(tmp_path):
    target = tmp_path / "home/dbt/target"
    target.mkdir(parents=True)
    node = {
        "resource_type": "model", "schema": "cost", "alias": "mart", "raw_code": "select '</script>'",
        "build_path": "/secret/place", "root_path": "/secret/place",
    }  # fmt: skip
    manifest = {"metadata": {"project_name": "yilian", "env": {"TOKEN": "secret"}}, "nodes": {"m": node}, "sources": {}}
    (target / "manifest.json").write_text(json.dumps(manifest))
    connection = duckdb.connect()
    connection.execute("create schema cost; create table cost.mart (amount decimal(18,2))")
    for name in ("first", "second"):
        assert write_dbt_docs(tmp_path / "home", connection, "memory", tmp_path / name / "dbt.html")
    page = (tmp_path / "first/dbt.html").read_text()
    assert "secret" not in page
    assert '"raw_code":"select \'<\\/script>\'"' in page
    assert '"amount":{"type":"DECIMAL(18,2)"' in page
    assert (tmp_path / "first/dbt.html").samefile(tmp_path / "second/dbt.html")
    assert not write_dbt_docs(tmp_path, connection, "memory", tmp_path / "third/dbt.html")


def entries(*marts: str) -> dict:
    """A dictionary whose marts have the columns that the charts name."""
    declared = yaml.safe_load(superset.DECLARED.read_text(encoding="utf-8"))
    columns: dict[str, set[str]] = {mart: {"period"} for mart in marts}
    for chart in declared["charts"]:
        for key in ("x_axis", "source", "target", "groupby", "all_columns", "groupbyRows", "groupbyColumns"):
            said = chart["params"].get(key, [])
            columns.get(chart["mart"], set()).update([said] if isinstance(said, str) else said)
    return {
        "marts": [
            {
                "schema": mart.split(".")[0], "table": mart.split(".")[1], "zh": "表", "en": "Mart",
                "columns": [{"column": c, "type": "VARCHAR", "zh": "列", "en": "Column"} for c in sorted(names)],
            }
            for mart, names in columns.items()
        ]
    }  # fmt: skip


def bundle(path) -> dict:
    with zipfile.ZipFile(path) as archive:
        return {name: yaml.safe_load(archive.read(name)) for name in archive.namelist()}


def test_a_bundle_holds_charts_of_published_marts_only_and_every_reference_leads_somewhere(tmp_path):
    given = entries("ledger.statement_by_member", "cost.department_cost", "payment.member_drg")
    left_out = superset.write_bundle(given, URI, "Yilian H02", tmp_path / "a.zip")
    assert {"pools", "findings"} <= set(left_out)
    files = bundle(tmp_path / "a.zip")
    assert files["yilian/databases/yilian.yaml"]["sqlalchemy_uri"] == URI
    datasets = {each["uuid"] for name, each in files.items() if "/datasets/" in name}
    charts = {each["uuid"]: each for name, each in files.items() if "/charts/" in name}
    assert {each["slice_name"] for each in charts.values()} >= {"成本结构 · Cost structure", "CMI 走势 · CMI over time"}
    assert {each["dataset_uuid"] for each in charts.values()} <= datasets
    dashboard = files["yilian/dashboards/yilian.yaml"]
    placed = {
        each["meta"]["uuid"]
        for each in dashboard["position"].values()
        if isinstance(each, dict) and each["type"] == "CHART"
    }
    assert placed == set(charts)
    targets = [f["targets"][0]["datasetUuid"] for f in dashboard["metadata"]["native_filter_configuration"]]
    assert set(targets) <= datasets


def test_the_same_publication_gives_the_same_bundle_and_another_login_another(tmp_path):
    given = entries("ledger.statement_by_member", "cost.department_cost")
    for file, name in (("a", "A"), ("b", "A"), ("c", "B")):
        superset.write_bundle(given, URI, name, tmp_path / f"{file}.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    uuids = [{each.get("uuid") for each in bundle(tmp_path / f"{file}.zip").values()} - {None} for file in "ac"]
    assert not uuids[0] & uuids[1]


def test_a_bundle_reads_postgres_only(tmp_path):
    with pytest.raises(PublicationError, match="duckdb is not Postgres"):
        superset.write_bundle(entries(), "duckdb:///x", "A", tmp_path / "a.zip")
