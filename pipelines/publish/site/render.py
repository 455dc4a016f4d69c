"""The frame around a page: head, navigation, foot. What a page shows does not belong here (`build`, `views`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from pipelines.publish.chain import Record
from pipelines.publish.site.words import LANGUAGES, Words, moment, money, number, share, size


class Renderer:
    """Turns templates into pages of one publication."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._templates = _environment()

    def page(
        self,
        template: str,
        words: Words,
        name: str,
        navigation: Sequence[tuple[str, str]],
        member: str | None,
        shown: Mapping[str, Any],
    ) -> str:
        """A page of an edition.

        Args:
            template: file of the template, without its ending.
            words: the language.
            name: the page's file, without its ending.
            navigation: file and title of every page of the edition.
            member: whose edition it is, or None for the consortium's.
            shown: what the template asks for.
        """
        return self._templates.get_template(f"{template}.html").render(
            shown,
            page=name,
            navigation=navigation,
            member=member,
            record=self._record,
            lang=words.language,
            w=words.word,
            c=words.code,
            member_name=words.member,
        )

    def entrance(self, member: str, sides: Sequence[Mapping[str, Any]]) -> str:
        """The first page, which cannot know its reader's language: both side by side, with the night's figures.

        Args:
            member: whose edition it is, by name; empty for the consortium's.
            sides: per language `lang`, `name`, `facts` (name, figure, remark) and `pages` (file, title, lead).
        """
        title = " · ".join(Words(language, {}).word("site_name") for language in LANGUAGES)
        return self._templates.get_template("entrance.html").render(
            record=self._record, title=title, member=member, sides=sides
        )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"money": money, "share": share, "number": number, "size": size, "moment": moment}
    return environment
