"""What machines read of a publication: a Frictionless data package and a DCAT catalogue, beside the data dictionary.

Belongs here: naming what stands in the dictionary by the two vocabularies. Does not belong here: any description of
its own.

    datapackage.json   Frictionless Data Package: one resource per mart, its Parquet file, schema and key
    catalog.jsonld     DCAT 2 as JSON-LD, as DCAT-AP asks for it: one dataset per area, one distribution per mart
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from pipelines.publish import folder
from pipelines.publish.chain import Record

PARQUET_TYPE = "application/vnd.apache.parquet"

_TYPES = {
    "VARCHAR": "string", "BOOLEAN": "boolean", "DATE": "date", "TIMESTAMP": "datetime", "DOUBLE": "number",
    "TINYINT": "integer", "SMALLINT": "integer", "INTEGER": "integer", "BIGINT": "integer",
}  # fmt: skip

TITLE = {"zh": "医联体财务与医保数据发布", "en": "Consortium finance and insurance data"}


def write_metadata(target: Path, record: Record, entries: Mapping[str, Any], counts: Mapping[str, int]) -> None:
    """Writes both files into a publication.

    Args:
        target: the publication, its Parquet files written.
        record: its number, time and periods.
        entries: the data dictionary.
        counts: rows by mart.
    """
    folder.write_json(target / "datapackage.json", data_package(target, record, entries, counts))
    folder.write_json(target / "catalog.jsonld", catalogue(record, entries))


def field_type(kind: str) -> str:
    """A column's type as Table Schema names it."""
    if kind.endswith("[]"):
        return "array"
    return "number" if kind.startswith("DECIMAL") else _TYPES[kind]


def data_package(target: Path, record: Record, entries: Mapping[str, Any], counts: Mapping[str, int]) -> dict[str, Any]:
    """The Frictionless description; paths are relative to the publication."""
    resources = []
    for mart in entries["marts"]:
        path = f"{folder.PARQUET}/{mart['schema']}/{mart['table']}.parquet"
        fields = [
            {
                "name": c["column"],
                "type": field_type(c["type"]),
                "title": c["zh"] or c["column"],
                "description": c["en"],
            }
            for c in mart["columns"]
        ]
        key = [column["column"] for column in mart["columns"] if column["is_key"]]
        resources.append({
            "name": f"{mart['schema']}.{mart['table']}", "path": path, "format": "parquet", "mediatype": PARQUET_TYPE,
            "title": mart["zh"], "description": mart["en"], "bytes": (target / path).stat().st_size,
            "rows": counts[f"{mart['schema']}.{mart['table']}"],
            "schema": {"fields": fields, **({"primaryKey": key} if key else {})},
        })  # fmt: skip
    return {
        "name": "yilian", "id": record.publication_id, "title": TITLE["zh"], "description": TITLE["en"],
        "created": record.published_at.replace(" ", "T"), "version": record.publication_id, "resources": resources,
    }  # fmt: skip


def catalogue(record: Record, entries: Mapping[str, Any]) -> dict[str, Any]:
    """The DCAT description; a dataset is an area of marts, for the months of the publication."""
    issued = {"@type": "xsd:dateTime", "@value": record.published_at.replace(" ", "T")}
    datasets = []
    for area, marts in groupby(entries["marts"], key=lambda mart: mart["schema"]):
        distributions = [
            {
                "@id": f"{folder.PARQUET}/{area}/{mart['table']}.parquet", "@type": "dcat:Distribution",
                "dct:title": _both(mart["zh"] or mart["table"], mart["table"]),
                "dct:description": _both(mart["zh"], mart["en"]), "dcat:mediaType": PARQUET_TYPE,
                "dcat:downloadURL": {"@id": f"{folder.PARQUET}/{area}/{mart['table']}.parquet"},
            }
            for mart in marts
        ]  # fmt: skip
        datasets.append({
            "@id": f"#{area}", "@type": "dcat:Dataset", "dct:identifier": f"{record.publication_id}/{area}",
            "dct:title": _both(area, area),
            "dct:description": _both(f"{TITLE['zh']}：{area}", f"{TITLE['en']}: {area}"),
            "dct:issued": issued, "dct:accrualPeriodicity": "daily",
            "dct:temporal": [{"@type": "dct:PeriodOfTime", "rdfs:label": period} for period in record.periods],
            "dcat:distribution": distributions,
        })  # fmt: skip
    return {
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/",
            "rdfs": "http://www.w3.org/2000/01/rdf-schema#", "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@id": f"#{record.publication_id}", "@type": "dcat:Catalog", "dct:title": _both(TITLE["zh"], TITLE["en"]),
        "dct:description": _both(TITLE["zh"], TITLE["en"]), "dct:issued": issued, "dct:language": ["zh", "en"],
        "dcat:dataset": datasets,
    }  # fmt: skip


def _both(zh: str, en: str) -> list[dict[str, str]]:
    return [{"@language": "zh", "@value": zh}, {"@language": "en", "@value": en}]
