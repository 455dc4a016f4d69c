"""Writes the editions of the site. Nothing else belongs here."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.publish.chain import Record
from pipelines.publish.site.frames import Frames
from pipelines.publish.site.pages import MEMBER_PAGES, PAGES, Context
from pipelines.publish.site.render import LANGUAGES, Renderer


@dataclass(frozen=True)
class Edition:
    """What all editions are made from.

    `downloads` are (path inside the publication, rows or None, bytes); `entries` is the data dictionary.
    """

    record: Record
    frames: Frames
    entries: Mapping[str, Any]
    counts: Mapping[str, int]
    downloads: Sequence[tuple[str, int | None, int]]


def build_site(edition: Edition, site: Path) -> int:
    """Writes the consortium's edition and one for every member.

    Args:
        edition: figures and descriptions.
        site: an empty or missing folder.

    Returns:
        number of pages.
    """
    renderer = Renderer(edition.record, {language: _names(edition.frames, language) for language in LANGUAGES})
    count = _write(renderer, edition, site, member=None)
    for member in (*edition.record.fresh_members, *edition.record.stale_members):
        own = Edition(edition.record, edition.frames.of_member(member), {}, {}, ())
        count += _write(renderer, own, site / "members" / member, member=member)
    return count


def _write(renderer: Renderer, edition: Edition, target: Path, member: str | None) -> int:
    pages = PAGES if member is None else MEMBER_PAGES
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(__file__).with_name("style.css"), target / "style.css")
    (target / "index.html").write_text(renderer.chooser(), encoding="utf-8")
    for language in LANGUAGES:
        (target / language).mkdir(exist_ok=True)
        words = renderer.words(language)
        for name, page in pages.items():
            context = Context(edition.frames, words, edition.record, edition.entries, edition.counts, edition.downloads)
            html = renderer.page(words, name, tuple(pages), member, page(context), edition.frames.missing)
            (target / language / f"{name}.html").write_text(html, encoding="utf-8")
    return len(pages) * len(LANGUAGES) + 1


def _names(frames: Frames, language: str) -> dict[str, str]:
    """Names of members by id, as core.member has them; the Chinese one where there is no other."""
    return {
        row["member_id"]: (row.get("name_en") if language == "en" else None) or row["name"]
        for row in (frames.found["members"].to_dicts() if "members" in frames.found else [])
        if row.get("name")
    }
