"""XML: every element at the adapter's `record` path is a row; headers are child paths (`A`, `A/B`) or `@attribute`.

Read element by element and forgotten at once. No document type, no entities, no network: a file with a DOCTYPE is
refused before its content is looked at. Namespaces are not told apart.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from lxml import etree

from pipelines.ingest.readers import records
from pipelines.ingest.readers.base import Opened, Task, from_records
from pipelines.ingest.readers.errors import Unreadable


def open_file(task: Task) -> Opened:
    """Reads the first records for the headers.

    Raises:
        Unreadable: `broken_xml`, `xml_doctype`; names line and row.
    """
    names = records.headers(task, (row.keys() for row in _rows(task)))
    return Opened(names, lambda used: _frames(task, used))


def _frames(task: Task, used: list[str]) -> Iterator[pl.DataFrame]:
    return from_records(([row.get(each) for each in used] for row in _rows(task)), used, task.batch_rows)


def _rows(task: Task) -> Iterator[dict[str, str | None]]:
    path = (task.mapping.source.record or "").strip("/").split("/")
    number = 0
    with task.path.open("rb") as file:
        parser = etree.iterparse(
            file, events=("start", "end"), resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False,
            remove_comments=True, remove_pis=True,
        )  # fmt: skip
        try:
            open_: list[str] = []
            for event, element in parser:
                if event == "start":
                    if not open_:
                        _refuse_doctype(task, element)
                    open_.append(_local(element))
                    continue
                open_.pop()
                here = [*open_, _local(element)]
                if here == path:
                    number += 1
                    yield dict(_fields(element))
                if len(here) <= len(path):
                    element.clear()
                    while element.getprevious() is not None:
                        del element.getparent()[0]
        except etree.XMLSyntaxError as error:
            raise Unreadable(
                "broken_xml", f"{task.name}, line {error.lineno}, after row {number}", str(error.msg)
            ) from error


def _refuse_doctype(task: Task, root: etree._Element) -> None:
    information = root.getroottree().docinfo
    if information.doctype or information.internalDTD is not None:
        raise Unreadable("xml_doctype", task.name, "declares a DOCTYPE (entities); deliver it without")


def _fields(element: etree._Element, before: str = "") -> Iterator[tuple[str, str | None]]:
    for name, value in element.attrib.items():
        yield f"{before}@{etree.QName(name).localname}", str(value) or None
    for child in element:
        name = before + _local(child)
        if len(child) or child.attrib:
            yield from _fields(child, f"{name}/")
        if not len(child):
            yield name, child.text if child.text and child.text.strip() else None


def _local(element: etree._Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
