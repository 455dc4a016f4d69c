"""Pages about the publication itself: the data dictionary with lineage, and the files. No figures belong here."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from pipelines.publish.site.sections import pages as declared
from pipelines.publish.site.words import Words

if TYPE_CHECKING:
    from pipelines.publish.site.build import Edition


def pages(edition: Edition, words: Words) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """By file: template, title in the navigation, and what the template asks for; for the consortium's edition only."""
    return {
        "dictionary": ("dictionary", words.word("dictionary"), _dictionary(edition, words)),
        "downloads": ("downloads", words.word("downloads"), _downloads(edition, words)),
    }


def _dictionary(edition: Edition, words: Words) -> dict[str, Any]:
    """Every mart with its columns, and the sections that show it."""
    shown: dict[str, list[tuple[str, str, str]]] = {}
    for page in declared():
        for section in page.sections:
            if section.name in edition.frames.found:
                for mart in section.marts:
                    place = (page.name, section.name, section.titles[words.language])
                    shown.setdefault(mart, []).append(place)
    return {
        "title": words.word("dictionary"),
        "lead": words.word("dictionary_lead"),
        "schemas": [
            (name, list(group)) for name, group in groupby(edition.entries["marts"], key=lambda m: m["schema"])
        ],
        "counts": edition.counts,
        "shown": shown,
        "has_dbt_docs": edition.has_dbt_docs,
    }


def _downloads(edition: Edition, words: Words) -> dict[str, Any]:
    """Every file of the publication."""
    files = [{"path": path, "rows": rows, "size": count} for path, rows, count in edition.downloads]
    return {"title": words.word("downloads"), "lead": words.word("downloads_lead"), "files": files}
