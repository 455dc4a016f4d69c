"""What the site shows, declared in `pages/*.yml`: one file per page, sections in the order in which they are read.

Belongs here: reading the declarations and refusing faulty ones. Does not belong here: figures (`frames`), drawing
(`views`).

    page: {order: 30, zh: 成本, en: Cost, lead: {zh: …, en: …}}
    sections:
      - name: unit_cost                     unique over all pages; anchor of the section
        zh: 单位成本
        en: Unit cost
        note: {zh: …, en: …}                optional
        marts: [cost.unit_cost]             all must be published, else the section is left out and named at the foot
        edition: both                       or `consortium`: never in a member's edition
        sql: select member_id, unit, …      small aggregates; columns that name members decide whose row it is
        views: [{kind: table, columns: [[unit, word, 单位, Unit], …]}]

A new mart gets its section by a few lines here and no Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipelines.publish.errors import PublicationError

FOLDER = Path(__file__).with_name("pages")

KINDS: Mapping[str, frozenset[str]] = {
    "table": frozenset({"columns", "by", "by_kind", "open_first", "folded"}),
    "matrix": frozenset({"rows", "across", "cell", "small", "tag", "heat", "folded"}),
    "lights": frozenset({"rows", "across", "light", "small"}),
    "bars": frozenset({"label", "series", "value", "unit"}),
    "trend": frozenset({"label", "period", "value", "unit"}),
    "waterfall": frozenset({"by", "step", "value", "is_total"}),
    "sankey": frozenset({"source", "target", "value", "source_column", "target_column"}),
}
"""Kinds of views and what each may say; `views` draws them."""

CELLS = frozenset({
    "text", "code", "tag", "word", "member", "money", "number", "share", "ratio", "figure", "date", "phrase", "extract",
})  # fmt: skip
"""How a cell is written; a phrase holds both languages, `中文 · English`; a figure is `value@unit`,
a ratio a number with four digits."""


@dataclass(frozen=True)
class Section:
    """A part of a page: one query and the ways in which its rows are shown; `empty` is said where it has no row."""

    name: str
    titles: Mapping[str, str]
    notes: Mapping[str, str]
    empty: Mapping[str, str]
    marts: tuple[str, ...]
    sql: str
    edition: str
    views: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Page:
    """A page of an edition; `leads` is the sentence under its title."""

    name: str
    order: int
    titles: Mapping[str, str]
    leads: Mapping[str, str]
    sections: tuple[Section, ...]


@cache
def pages() -> tuple[Page, ...]:
    """All declared pages in the order of the navigation.

    Raises:
        PublicationError: a declaration is faulty; names the file and what is wrong.
    """
    found = [read_page(path) for path in FOLDER.glob("*.yml")]
    names = [section.name for page in found for section in page.sections]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise PublicationError(f"{FOLDER}: sections {', '.join(sorted(twice))} stand twice; a name is an anchor")
    return tuple(sorted(found, key=lambda page: (page.order, page.name)))


def sections() -> tuple[Section, ...]:
    """The sections of all pages."""
    return tuple(section for page in pages() for section in page.sections)


def read_page(path: Path) -> Page:
    """One declared page.

    Raises:
        PublicationError: the declaration is faulty; names the file, the section and what is wrong.
    """
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        head = loaded["page"]
        found = tuple(_section(path, each) for each in loaded["sections"])
        return Page(path.stem, int(head["order"]), _both(head), _both(head["lead"]), found)
    except KeyError as missing:
        raise PublicationError(f"{path}: {missing} is missing") from None


def _section(path: Path, said: Mapping[str, Any]) -> Section:
    views = tuple(said["views"])
    for view in views:
        known = KINDS.get(view["kind"])
        if known is None:
            raise PublicationError(f"{path}, {said['name']}: {view['kind']} is no kind of view: {', '.join(KINDS)}")
        unknown = set(view) - known - {"kind"}
        if unknown:
            raise PublicationError(f"{path}, {said['name']}: a {view['kind']} has no {', '.join(sorted(unknown))}")
        for column in view.get("columns", ()):
            if len(column) != 4 or column[1] not in CELLS:
                raise PublicationError(
                    f"{path}, {said['name']}: {column} is no column [key, kind, 中文, English]; kinds: "
                    f"{', '.join(sorted(CELLS))}"
                )
    edition = said.get("edition", "both")
    if edition not in ("both", "consortium"):
        raise PublicationError(f"{path}, {said['name']}: edition {edition} is neither both nor consortium")
    notes, empty = (_both(said[key]) if key in said else {} for key in ("note", "empty"))
    return Section(said["name"], _both(said), notes, empty, tuple(said["marts"]), said["sql"], edition, views)


def _both(said: Mapping[str, Any]) -> dict[str, str]:
    return {language: str(said[language]) for language in ("zh", "en")}
