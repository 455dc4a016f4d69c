"""HL7 FHIR R4: bundles or bare resources, as one JSON document (`.json`) or one JSON object a line (`.ndjson`).

Every resource of the adapter's type is a row, its headers are paths (`fhir_paths.py`). References are resolved within
their bundle; for bare resources, to those that stand earlier in the file.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

import orjson
import polars as pl

from pipelines.ingest.readers import jsonl, records
from pipelines.ingest.readers.base import Opened, Task, from_records
from pipelines.ingest.readers.errors import Unreadable
from pipelines.ingest.readers.fhir_paths import Json, Known, getter, parse, put

LARGEST_DOCUMENT = 256 * 2**20


def open_file(task: Task) -> Opened:
    """Looks at the first resources for the headers.

    Raises:
        Unreadable: `broken_json`, `no_fhir`, `document_too_large`.
    """
    paths = {each: getter(each) for each in task.wanted()}
    seen = (
        [path for path, get in paths.items() if get(resource, known) is not None]
        for resource, known in _resources(task)
    )
    return Opened(records.headers(task, seen), lambda used: _frames(task, used))


def _frames(task: Task, used: list[str]) -> Iterator[pl.DataFrame]:
    getters = [getter(each) for each in used]
    rows = ([records.cell(get(resource, known)) for get in getters] for resource, known in _resources(task))
    return from_records(rows, used, task.batch_rows)


def _resources(task: Task) -> Iterator[tuple[Json, Known]]:
    """Every resource of the adapter's type with the resources that its references can reach."""
    type_ = task.mapping.source.resource
    followed = {step.name for path in task.wanted() for step in parse(path) if step.kind == ">"}
    earlier = Known()
    for number, document in enumerate(_documents(task), start=1):
        kind = document.get("resourceType")
        if kind == "Bundle":
            entries = document.get("entry", [])
            if not isinstance(entries, list):
                raise _no_fhir(task, number, "its entry is no list")
            known = Known()
            resources = []
            for entry in entries:
                resource = entry.get("resource") if isinstance(entry, dict) else None
                if isinstance(resource, dict):
                    known.add(resource, entry.get("fullUrl"))
                    resources.append(resource)
            yield from ((each, known) for each in resources if each.get("resourceType") == type_)
        elif isinstance(kind, str):
            if kind in followed:
                earlier.add(document)
            if kind == type_:
                yield document, earlier
        else:
            raise _no_fhir(task, number, "has no resourceType")


def _no_fhir(task: Task, number: int, what: str) -> Unreadable:
    return Unreadable("no_fhir", f"{task.name}, document {number}", f"is no FHIR R4 resource or bundle: {what}")


def _documents(task: Task) -> Iterator[Json]:
    if task.path.suffix.lower() != ".json":
        yield from jsonl.objects(task)
        return
    if task.path.stat().st_size > LARGEST_DOCUMENT:
        raise Unreadable(
            "document_too_large", task.name,
            f"one document of more than {LARGEST_DOCUMENT // 2**20} MiB; deliver one bundle a line as .ndjson",
        )  # fmt: skip
    try:
        whole = orjson.loads(task.path.read_bytes().removeprefix(codecs.BOM_UTF8))
    except orjson.JSONDecodeError as error:
        where = f"{task.name}, line {error.lineno}"
        raise Unreadable("broken_json", where, f"is no whole JSON document: {error.msg}") from error
    documents = whole if isinstance(whole, list) else [whole]
    for number, document in enumerate(documents, start=1):
        if not isinstance(document, dict):
            raise _no_fhir(task, number, "is no JSON object")
        yield document


def bundle(rows: Iterable[dict[str, str | None]], resource: str) -> Json:
    """One FHIR bundle from rows of paths and texts (`to_vendor`): what a system of this kind would send.

    Args:
        rows: path -> text; empty values are left out.
        resource: type of the resource that each row becomes.
    """
    known = Known()
    made: list[Json] = []
    for number, row in enumerate(rows, start=1):
        one: Json = {"resourceType": resource, "id": row.get("id") or f"{resource.lower()}-{number}"}
        for path, value in sorted(row.items(), key=lambda item: ">" in item[0]):
            if value is not None:
                put(one, path, value, known)
        made.append(one)
    entries = [*made, *known.by_address.values()]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": f"urn:yilian:{each['resourceType']}:{each['id']}", "resource": each} for each in entries],
    }
