"""Writes the editions of the site. How anything on a page looks does not belong here."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pipelines.publish.chain import Record
from pipelines.publish.site import reference
from pipelines.publish.site.frames import Frames
from pipelines.publish.site.render import Renderer
from pipelines.publish.site.sections import Page, Section, pages
from pipelines.publish.site.tables import Cells
from pipelines.publish.site.views import draw
from pipelines.publish.site.words import LANGUAGES, Words

Editions = Mapping[str, frozenset[str]]
"""The pages that each member's own edition has."""


@dataclass(frozen=True)
class Edition:
    """What all editions are made from.

    `names` are members' names by language and id; `downloads` are (path inside the publication, rows or None, bytes);
    `entries` is the data dictionary; `counts` are rows by mart; `has_dbt_docs` says that `docs/dbt.html` is there;
    `validations` are the validation engine's results by gate (`gates.verdict.validations`).
    """

    record: Record
    frames: Frames
    names: Mapping[str, Mapping[str, str]]
    entries: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    downloads: Sequence[tuple[str, int | None, int]] = ()
    has_dbt_docs: bool = False
    validations: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


class _Shown:
    """The pages and sections of one edition: those that have a frame."""

    def __init__(self, frames: Frames, member: str | None) -> None:
        self.member = member
        self.rows = {name: frame.to_dicts() for name, frame in frames.found.items()}
        self.missing = frames.missing
        self.pages = [page for page in pages() if any(map(self._is_shown, page.sections))]

    def sections(self, page: Page) -> list[Section]:
        return [section for section in page.sections if self._is_shown(section)]

    def absent(self, page: Page) -> list[str]:
        """Why sections of a page are left out; the operations centre's matter."""
        if self.member is not None:
            return []
        return sorted({self.missing[section.name] for section in page.sections if section.name in self.missing})

    def _is_shown(self, section: Section) -> bool:
        return section.name in self.rows and (self.member is None or section.edition == "both")


def build_site(edition: Edition, site: Path) -> int:
    """Writes the consortium's edition and one for every member.

    Args:
        edition: figures and descriptions.
        site: an empty or missing folder.

    Returns:
        number of pages.
    """
    renderer = Renderer(edition.record)
    members = (*edition.record.fresh_members, *edition.record.stale_members)
    own = {member: _Shown(edition.frames.of_member(member), member) for member in members}
    there = {member: frozenset(page.name for page in shown.pages) for member, shown in own.items()}
    count = _write(renderer, edition, _Shown(edition.frames, None), site, there)
    for member, shown in own.items():
        count += _write(renderer, edition, shown, site / "members" / member, {})
    return count


def _write(renderer: Renderer, edition: Edition, shown: _Shown, target: Path, editions: Editions) -> int:
    """Writes one edition; `editions` are those that it may link to."""
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(__file__).with_name("style.css"), target / "style.css")
    count, sides = 1, []
    for language in LANGUAGES:
        folder = target / language
        folder.mkdir(exist_ok=True)
        words = Words(language, edition.names[language])
        written = {
            page.name: ("page", page.titles[language], _page(edition, shown, page, words, editions))
            for page in shown.pages
        }
        if shown.member is None:
            written |= reference.pages(edition, words)
        navigation = [(name, title) for name, (_, title, _) in written.items()]
        for name, (template, _, content) in written.items():
            html = renderer.page(template, words, name, navigation, shown.member, content)
            (folder / f"{name}.html").write_text(html, encoding="utf-8")
        count += len(written)
        sides.append({
            "lang": language, "name": words.word("language"), "facts": _facts(edition.record, shown, words),
            "pages": [(name, title, content["lead"]) for name, (_, title, content) in written.items()],
        })  # fmt: skip
    whose = Words(LANGUAGES[0], edition.names[LANGUAGES[0]]).member(shown.member)
    (target / "index.html").write_text(renderer.entrance(whose, sides), encoding="utf-8")
    return count


def _page(edition: Edition, shown: _Shown, page: Page, words: Words, editions: Editions) -> dict[str, Any]:
    language = words.language

    def link(key: str) -> str | None:
        """The same page of a member's own edition, where the member can be looked at closer."""
        return f"../members/{key}/{language}/{page.name}.html" if page.name in editions.get(key, ()) else None

    cells = Cells(words, link)
    found = [
        {
            "name": section.name,
            "title": section.titles[language],
            "note": section.notes.get(language),
            "empty": section.empty.get(language),
            "content": draw(section, rows, cells) if (rows := shown.rows[section.name]) else Markup(""),
        }
        for section in shown.sections(page)
    ]
    return {
        "title": page.titles[language],
        "lead": page.leads[language],
        "sections": found,
        "absent": shown.absent(page),
        "facts": _facts(edition.record, shown, words) if page.name == "index" else [],
    }


def _facts(record: Record, shown: _Shown, words: Words) -> list[tuple[str, str, str]]:
    """Key figures of the night: name, figure, remark."""
    word = words.word
    everybody = len(record.fresh_members) + len(record.stale_members) + len(record.absent_members)
    facts = [(word("periods"), record.periods[-1] if record.periods else "–", ", ".join(record.periods[:-1]))]
    if shown.member is None:
        facts += [
            (word("fresh"), str(len(record.fresh_members)), f"{word('of')} {everybody}"),
            (word("stale"), str(len(record.stale_members)), ", ".join(record.stale_members)),
        ]
        checks = shown.rows.get("gates", [])
        passed = sum(check["status"] in ("passed", "not applicable") for check in checks)
        if checks:
            facts.append((word("gates"), f"{passed} / {len(checks)}", word("passed")))
    else:
        facts.append((word("status"), word("fresh" if shown.member in record.fresh_members else "stale"), ""))
    if "alerts" in shown.rows:
        red = sum(alert["severity"] == "red" for alert in shown.rows["alerts"])
        facts.append((word("alerts"), str(len(shown.rows["alerts"])), f"{red} {words.code('red')}" if red else ""))
    return facts
