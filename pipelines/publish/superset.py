"""A bundle for Apache Superset: database, one dataset per mart, the charts and the dashboard of `deploy/superset`.

Belongs here: Superset's import format (version 1.0.0, as Superset 6 exports it). Does not belong here: which charts
there are (`deploy/superset/dashboard.yml`); who sees which rows (Postgres decides by who logs in).

Ids are made from names, so that a bundle of a later publication replaces what the one before brought, and a bundle
for another login stands beside it.
"""

from __future__ import annotations

import uuid
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from pipelines.publish.errors import PublicationError
from pipelines.settings import PROJECT

DECLARED = PROJECT / "deploy" / "superset" / "dashboard.yml"

MONTH = "to_date(period, 'YYYY-MM')"
"""A date for charts over time; periods are text."""

_FOLDER = "yilian"
_VERSION = "1.0.0"
_SCOPE = uuid.UUID("6f0a3a1e-7f0e-5d5c-9a39-0d1f5a2f5c11")
_ROW_WIDTH, _ROW_HEIGHT = 12, 60


def write_bundle(entries: Mapping[str, Any], uri: str, name: str, target: Path) -> list[str]:
    """Writes the bundle as a ZIP file.

    Args:
        entries: the data dictionary of a publication.
        uri: SQLAlchemy address of the published Postgres with the login that the dashboard shall use; a password in it
            would stand in the file, so `XXXXXXXXXX` stands for it and Superset asks.
        name: what Superset calls the database; one per login.
        target: the file to write.

    Returns:
        charts that were left out, since their mart or a column of it is not published.

    Raises:
        PublicationError: the address is not one of Postgres.
    """
    if not uri.startswith("postgresql"):
        raise PublicationError(
            f"{uri.split(':')[0]} is not Postgres: Superset reads postgresql+psycopg2://login@host/db"
        )
    declared = yaml.safe_load(DECLARED.read_text(encoding="utf-8"))
    marts = {f"{mart['schema']}.{mart['table']}": mart for mart in entries["marts"]}
    charts = {chart["name"]: chart for chart in declared["charts"] if _fits(chart, marts)}
    files: dict[str, Any] = {
        "metadata.yaml": {"version": _VERSION, "type": "Dashboard", "timestamp": "2026-01-01T00:00:00+00:00"},
        f"databases/{_FOLDER}.yaml": _database(uri, name),
        f"dashboards/{_FOLDER}.yaml": _dashboard(declared, charts, marts, name),
    }
    filtered = {each["mart"] for each in declared["filters"]} & set(marts)
    for key in sorted({chart["mart"] for chart in charts.values()} | filtered):
        files[f"datasets/{_FOLDER}/{key}.yaml"] = _dataset(marts[key], name)
    for chart in charts.values():
        files[f"charts/{chart['name']}.yaml"] = _chart(chart, marts[chart["mart"]], name)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for path, content in files.items():
            text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
            bundle.writestr(zipfile.ZipInfo(f"yilian/{path}", (2026, 1, 1, 0, 0, 0)), text)
    return [chart["name"] for chart in declared["charts"] if chart["name"] not in charts]


def _fits(chart: Mapping[str, Any], marts: Mapping[str, Any]) -> bool:
    """Whether the mart of a chart is published with every column that the chart names."""
    mart = marts.get(chart["mart"])
    if mart is None:
        return False
    there = {column["column"] for column in mart["columns"]} | {"month"}
    params = chart["params"]
    named = [params[key] for key in ("x_axis", "source", "target") if key in params]
    for key in ("groupby", "all_columns", "groupbyRows", "groupbyColumns"):
        said = params.get(key, [])
        named += [said] if isinstance(said, str) else said
    return set(named) <= there


def _id(*parts: str) -> str:
    return str(uuid.uuid5(_SCOPE, "/".join(parts)))


def _database(uri: str, name: str) -> dict[str, Any]:
    return {
        "database_name": name, "sqlalchemy_uri": uri, "cache_timeout": None, "expose_in_sqllab": True,
        "allow_run_async": False, "allow_ctas": False, "allow_cvas": False, "allow_dml": False,
        "allow_csv_upload": False, "extra": {"allows_virtual_table_explore": True}, "uuid": _id("database", name),
        "version": _VERSION,
    }  # fmt: skip


def _dataset(mart: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A mart with its columns, named in Chinese and described in both languages."""
    columns = [
        {"column_name": c["column"], "verbose_name": c["zh"] or None, "description": f"{c['zh']} · {c['en']}",
         "type": c["type"].replace("VARCHAR", "TEXT"), "is_dttm": c["type"] in ("DATE", "TIMESTAMP"),
         "is_active": True, "groupby": True, "filterable": True, "expression": None}
        for c in mart["columns"]
    ]  # fmt: skip
    has_period = any(column["column"] == "period" for column in mart["columns"])
    if has_period:
        columns.append({
            "column_name": "month", "verbose_name": "月份", "description": "会计期间首日 · First day of the period",
            "type": "DATE", "is_dttm": True, "is_active": True, "groupby": True, "filterable": True,
            "expression": MONTH,
        })  # fmt: skip
    return {
        "table_name": mart["table"], "main_dttm_col": "month" if has_period else None, "schema": mart["schema"],
        "description": f"{mart['zh']} · {mart['en']}", "sql": None, "params": None, "template_params": None,
        "filter_select_enabled": True, "extra": None, "columns": columns,
        "metrics": [{"metric_name": "count", "metric_type": "count", "expression": "count(*)", "verbose_name": "行数"}],
        "uuid": _id("dataset", name, mart["schema"], mart["table"]), "database_uuid": _id("database", name),
        "version": _VERSION,
    }  # fmt: skip


def _metric(label: str, expression: str) -> dict[str, Any]:
    return {"expressionType": "SQL", "sqlExpression": expression, "label": label, "hasCustomLabel": True,
            "optionName": f"metric_{label}"}  # fmt: skip


def _chart(chart: Mapping[str, Any], mart: Mapping[str, Any], name: str) -> dict[str, Any]:
    params = {**chart["params"], "viz_type": chart["type"], "adhoc_filters": []}
    if chart["type"] == "table":  # amounts to the cent with separators; a table shortens them to thousands else
        money = [column["column"] for column in mart["columns"] if column["type"].endswith(",2)")]
        shown = {each: each for each in params.get("all_columns", ())} | chart.get("metrics", {})
        params["column_config"] = {
            label: {"d3NumberFormat": ",.2f"}
            for label, said in shown.items() if said in money or said in [f"sum({each})" for each in money]
        }  # fmt: skip
    if "metric" in chart:
        ((label, expression),) = chart["metric"].items()
        params["metric"] = _metric(label, expression)
    if "metrics" in chart:
        params["metrics"] = [_metric(label, expression) for label, expression in chart["metrics"].items()]
    if "where" in chart:
        params["adhoc_filters"] = [{
            "clause": "WHERE", "expressionType": "SQL", "sqlExpression": chart["where"],
            "filterOptionName": f"filter_{chart['name']}",
        }]  # fmt: skip
    return {
        "slice_name": chart["title"], "viz_type": chart["type"], "params": params, "cache_timeout": None,
        "uuid": _id("chart", name, chart["name"]), "dataset_uuid": _id("dataset", name, mart["schema"], mart["table"]),
        "version": _VERSION,
    }  # fmt: skip


def _dashboard(
    declared: Mapping[str, Any], charts: Mapping[str, Any], marts: Mapping[str, Any], name: str
) -> dict[str, Any]:
    """Tabs of rows of charts; a row or tab without a chart falls away."""
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["TABS"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": [], "parents": ["ROOT_ID"]},
        "TABS": {"type": "TABS", "id": "TABS", "children": [], "parents": ["ROOT_ID"], "meta": {}},
    }
    filtered = []
    for tab in declared["tabs"]:
        rows = [[each for each in row if each in charts] for row in tab["rows"]]
        tab_id = f"TAB-{tab['name']}"
        row_ids = _rows(position, tab_id, [row for row in rows if row], charts, name)
        if row_ids:
            position[tab_id] = {"type": "TAB", "id": tab_id, "children": row_ids, "parents": ["ROOT_ID", "TABS"],
                                "meta": {"text": tab["title"]}}  # fmt: skip
            position["TABS"]["children"].append(tab_id)
            filtered += [tab_id] if tab["is_filtered"] else []
    filters = [_filter(each, filtered, name) for each in declared["filters"] if each["mart"] in marts]
    return {
        "dashboard_title": f"{declared['title']} ({name})", "description": None, "css": "", "slug": None,
        "position": position, "metadata": {"native_filter_configuration": filters, "cross_filters_enabled": True},
        "uuid": _id("dashboard", name), "published": True, "version": _VERSION,
    }  # fmt: skip


def _rows(
    position: dict[str, Any], tab_id: str, rows: Sequence[Sequence[str]], charts: Mapping[str, Any], name: str
) -> list[str]:
    ids = []
    for number, row in enumerate(rows):
        row_id = f"ROW-{tab_id}-{number}"
        parents = ["ROOT_ID", "TABS", tab_id]
        position[row_id] = {"type": "ROW", "id": row_id, "children": [f"CHART-{each}" for each in row],
                            "parents": parents, "meta": {"background": "BACKGROUND_TRANSPARENT"}}  # fmt: skip
        for each in row:
            position[f"CHART-{each}"] = {
                "type": "CHART", "id": f"CHART-{each}", "children": [], "parents": [*parents, row_id],
                "meta": {"uuid": _id("chart", name, each), "chartId": 0, "sliceName": charts[each]["title"],
                         "width": _ROW_WIDTH // len(row), "height": _ROW_HEIGHT},
            }  # fmt: skip
        ids.append(row_id)
    return ids


def _filter(said: Mapping[str, Any], tabs: Sequence[str], name: str) -> dict[str, Any]:
    schema, table = said["mart"].split(".")
    newest = bool(said.get("is_newest_first"))
    return {
        "id": f"NATIVE_FILTER-{said['column']}", "name": said["name"], "type": "NATIVE_FILTER",
        "filterType": "filter_select", "description": "", "cascadeParentIds": [], "requiredFirst": newest,
        "targets": [{"datasetUuid": _id("dataset", name, schema, table), "column": {"name": said["column"]}}],
        "controlValues": {"multiSelect": True, "enableEmptyFilter": False, "defaultToFirstItem": newest,
                          "sortAscending": not newest, "inverseSelection": False, "searchAllOptions": False},
        "defaultDataMask": {"extraFormData": {}, "filterState": {}},
        "scope": {"rootPath": list(tabs), "excluded": []},
    }  # fmt: skip
