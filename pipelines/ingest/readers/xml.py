"""XML: every element at the adapter's `record` path is a row; headers are child paths (`A`, `A/B`) or `@attribute`.

Read element by element and forgotten at once. No document type, no entities, no network: a file with a DOCTYPE is
refused before its content is looked at. Namespaces are not told apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import polars as pl
from lxml import etree

from pipelines.ingest.readers import records
from pipelines.ingest.readers.base import Opened, Task, from_records
from pipelines.ingest.readers.errors import Unreadable

LONGEST_WITHOUT_ROW = 64 * 2**20
_HEAD_STEP = 512
_SAFE = {"resolve_entities": False, "load_dtd": False, "no_network": True, "huge_tree": False}


def open_file(task: Task) -> Opened:
    """Reads the first records for the headers.

    Raises:
        Unreadable: `broken_xml`, `xml_doctype`, `no_record`; names line and row.
    """
    _refuse_doctype(task)
    names = records.headers(task, (row.keys() for row in _rows(task)))
    return Opened(names, lambda used: _frames(task, used))


def _frames(task: Task, used: list[str]) -> Iterator[pl.DataFrame]:
    return from_records(([row.get(each) for each in used] for row in _rows(task)), used, task.batch_rows)


def _refuse_doctype(task: Task) -> None:
    """Parses up to the root element, in small steps, and looks at what stood before it."""
    parser = etree.XMLPullParser(events=("start",), **_SAFE)
    try:
        with task.path.open("rb") as file:
            while piece := file.read(_HEAD_STEP):
                parser.feed(piece)
                for _, root in parser.read_events():
                    information = root.getroottree().docinfo
                    if information.doctype or information.internalDTD is not None:
                        raise Unreadable("xml_doctype", task.name, "declares a DOCTYPE (entities); deliver it without")
                    return
            parser.close()
    except etree.XMLSyntaxError as error:
        raise _broken(task, error, 0) from error


def _broken(task: Task, error: etree.XMLSyntaxError, row: int) -> Unreadable:
    return Unreadable("broken_xml", f"{task.name}, line {error.lineno}, after row {row}", str(error.msg))


class _Watched:
    """The file as the parser reads it; what holds no row for long is not read on, since nothing would free it."""

    def __init__(self, file: BinaryIO, task: Task) -> None:
        self.file, self.task, self.since_row = file, task, 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        piece = self.file.read(size)
        self.since_row += len(piece)
        if self.since_row > LONGEST_WITHOUT_ROW:
            path, limit = self.task.mapping.source.record, LONGEST_WITHOUT_ROW // 2**20
            raise Unreadable(
                "no_record", self.task.name, f"no element {path} in {limit} MiB; correct record in the adapter"
            )
        return piece


def _rows(task: Task) -> Iterator[dict[str, str | None]]:
    path = (task.mapping.source.record or "").strip("/").split("/")
    is_deep = any("/" in each or "@" in each for each in task.wanted())
    number = 0
    with task.path.open("rb") as file:
        watched = _Watched(file, task)
        parser = etree.iterparse(
            watched, events=("end",), tag=f"{{*}}{path[-1]}", remove_comments=True, remove_pis=True, **_SAFE
        )
        try:
            for _, element in parser:
                if _path(element) != path:
                    continue
                number += 1
                watched.since_row = 0
                yield dict(_deep_fields(element)) if is_deep else _fields(element)
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
        except etree.XMLSyntaxError as error:
            raise _broken(task, error, number) from error


def _path(element: etree._Element) -> list[str]:
    names = [_local(each) for each in element.iterancestors()]
    return [*reversed(names), _local(element)]


def _fields(element: etree._Element) -> dict[str, str | None]:
    return {_local(child): _text(child) for child in element}


def _deep_fields(element: etree._Element, before: str = "") -> Iterator[tuple[str, str | None]]:
    for name, value in element.attrib.items():
        yield f"{before}@{etree.QName(name).localname}", str(value) or None
    for child in element:
        name = before + _local(child)
        yield from _deep_fields(child, f"{name}/")
        if not len(child):
            yield name, _text(child)


def _text(element: etree._Element) -> str | None:
    text = element.text
    return text if text and not text.isspace() else None


def _local(element: etree._Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
