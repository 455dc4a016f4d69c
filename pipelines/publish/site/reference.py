"""Pages about the publication itself: the data dictionary with lineage, what Great Expectations judged, and the files.

No figures of a mart belong here. The validation engine's own Data Docs ask five content networks for scripts and
fonts; its results stand here in its own words instead.
"""

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
        "expectations": ("expectations", words.word("expectations"), _expectations(edition, words)),
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


def _expectations(edition: Edition, words: Words) -> dict[str, Any]:
    """Data Docs: by gate, how many expectations hold, and each with what was observed; what failed comes first."""
    return {
        "title": words.word("expectations"),
        "lead": words.word("expectations_lead"),
        "suites": [
            {
                "gate": f"gate_{gate}",
                "evaluated": len(results),
                "successful": sum(result["success"] for result in results),
                "results": sorted(results, key=lambda result: bool(result["success"])),
            }
            for gate, results in edition.validations.items()
        ],
    }


def _downloads(edition: Edition, words: Words) -> dict[str, Any]:
    """Every file of the publication."""
    files = [{"path": path, "rows": rows, "size": count} for path, rows, count in edition.downloads]
    return {"title": words.word("downloads"), "lead": words.word("downloads_lead"), "files": files}
