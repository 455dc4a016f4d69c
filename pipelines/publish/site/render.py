"""Templates, words and number formats of the pages. What a page shows does not belong here (`pages`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import yaml

from pipelines.publish.chain import Record

LANGUAGES = ("zh", "en")


class Words:
    """The words of one language, and the names of members."""

    def __init__(self, language: str, names: Mapping[str, str]) -> None:
        self.language = language
        self.names = names
        self._words = _vocabulary()

    def word(self, key: str) -> str:
        """A word of the pages; one that is not in the vocabulary is a mistake of the template."""
        return str(self._words["words"][key][self.language])

    def title(self, group: str, key: str) -> str:
        return str(self._words[group][key][self.language])

    def code(self, code: str | None) -> str:
        """A code of a mart in words; one that the vocabulary does not hold is shown as it is."""
        said = self._words["codes"].get(code)
        return str(said[self.language]) if said else code or ""

    def colour(self, code: str) -> str:
        return next((colour for colour, codes in self._words["colours"].items() if code in codes), "")

    def member(self, member_id: str | None) -> str:
        """`H01 临江县人民医院`."""
        if member_id is None:
            return ""
        name = self.names.get(member_id)
        return f"{member_id} {name}" if name and name != member_id else member_id


class Renderer:
    """Turns a page's figures into HTML; `names` holds members' names by language and id."""

    def __init__(self, record: Record, names: Mapping[str, Mapping[str, str]]) -> None:
        self._record = record
        self._names = names
        self._templates = _environment()

    def words(self, language: str) -> Words:
        return Words(language, self._names[language])

    def page(
        self,
        words: Words,
        name: str,
        pages: Sequence[str],
        member: str | None,
        shown: Mapping[str, Any],
        missing: Mapping[str, str],
    ) -> str:
        """A page of an edition.

        Args:
            words: the language.
            name: page and template.
            pages: all pages of the edition, for the navigation.
            member: whose edition it is, or None for the consortium's.
            shown: what the page's function made.
            missing: frames that could not be made, with the reason.
        """
        return self._templates.get_template(f"{name}.html").render(
            shown,
            page=name,
            pages=pages,
            member=member,
            record=self._record,
            missing=missing,
            words=words,
            lang=words.language,
            w=words.word,
            t=words.title,
            c=words.code,
            colour=words.colour,
        )

    def chooser(self) -> str:
        """The page that offers the languages."""
        title = " · ".join(Words(language, {}).word("site_name") for language in LANGUAGES)
        return self._templates.get_template("chooser.html").render(record=self._record, title=title)


def money(value: Decimal | None) -> str:
    """Yuan with two digits and thousands separators; nothing for nothing."""
    return "" if value is None else f"{value:,.2f}"


def share(value: Decimal | None) -> str:
    """A fraction as per cent with one digit."""
    return "" if value is None else f"{value * 100:,.1f} %"


def number(value: Decimal | float | int | None) -> str:
    """A number with at most four digits behind the point, none where there are none."""
    if value is None:
        return ""
    text = f"{value:,.4f}"
    return text.rstrip("0").rstrip(".")


def size(count: int) -> str:
    """Bytes for people."""
    amount = Decimal(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            break
        amount /= 1024
    return f"{amount:,.0f} {unit}" if unit == "B" else f"{amount:,.1f} {unit}"


@jinja2.pass_context
def _member(context: jinja2.runtime.Context, member_id: str | None) -> str:
    return str(context["words"].member(member_id))


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"money": money, "share": share, "number": number, "member": _member}
    return environment


@cache
def _vocabulary() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("words.yml").read_text(encoding="utf-8"))
    return loaded
