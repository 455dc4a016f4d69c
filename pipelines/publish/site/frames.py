"""The figures that the pages show: small aggregates of published marts, no row of a person.

Belongs here: running the sections' queries, and cutting their rows down to one member. Does not belong here: the
queries (`pages/*.yml`), how a figure is shown (`views`). Whose a row is, is said by `publish.visibility` alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb
import polars as pl

from pipelines.publish.marts import Mart
from pipelines.publish.site.sections import Section
from pipelines.publish.visibility import OWNERS, SHARED

SMALL_CELL = 5
"""Groups of fewer cases are left out of the pages: few cases can name a person. Queries say `$small`."""

PARAMETERS = ("small", "run_id")
"""What a query may ask for by `$name`."""


@dataclass(frozen=True)
class Frames:
    """The frames of an edition by section, and why some are missing; `marts` are those that each reads."""

    found: Mapping[str, pl.DataFrame]
    missing: Mapping[str, str]
    marts: Mapping[str, tuple[str, ...]]

    def and_also(self, name: str, frame: pl.DataFrame) -> Frames:
        """With one more frame, of something that is no mart."""
        return replace(self, found={**self.found, name: frame})

    def of_member(self, member_id: str) -> Frames:
        """Only what a member may see: what every member sees whole, and rows in which it is an owner."""
        own: dict[str, pl.DataFrame] = {}
        for name, frame in self.found.items():
            owners = [column for column in OWNERS if column in frame.columns]
            if self.marts.get(name) and set(self.marts[name]) <= SHARED:
                own[name] = frame
            elif owners:
                own[name] = frame.filter(pl.any_horizontal([pl.col(column) == member_id for column in owners]))
        return replace(self, found=own)


def read_frames(
    connection: duckdb.DuckDBPyConnection, marts: Sequence[Mart], sections: Sequence[Section], run_id: str
) -> Frames:
    """Runs the query of every section whose marts are there.

    Args:
        connection: marts can be read as `<schema>.<mart>`.
        marts: the catalogue of what is there.
        sections: what is to be shown; one without marts is made elsewhere and left alone.
        run_id: the run whose gates are shown.
    """
    there = {mart.full_name for mart in marts}
    given = {"small": SMALL_CELL, "run_id": run_id}
    found: dict[str, pl.DataFrame] = {}
    missing: dict[str, str] = {}
    for section in sections:
        absent = [mart for mart in section.marts if mart not in there]
        if absent or not section.marts:
            missing |= {section.name: ", ".join(absent)} if absent else {}
            continue
        asked = {name: given[name] for name in PARAMETERS if f"${name}" in section.sql}
        try:
            found[section.name] = connection.sql(section.sql, params=asked).pl()
        except duckdb.BinderException as error:
            missing[section.name] = f"{', '.join(section.marts)}: {str(error).splitlines()[0]}"
    return Frames(found, missing, {section.name: section.marts for section in sections})


def member_names(connection: duckdb.DuckDBPyConnection, marts: Sequence[Mart]) -> dict[str, dict[str, str]]:
    """Members' names by language and id, as core.member has them; the Chinese one where there is no other."""
    there = {column.name for mart in marts if mart.full_name == "core.member" for column in mart.columns}
    if not {"member_id", "name"} <= there:
        return {"zh": {}, "en": {}}
    english = "name_en" if "name_en" in there else "name"
    rows = connection.execute(f"select member_id, name, coalesce({english}, name) from core.member").fetchall()
    return {"zh": {key: zh for key, zh, _ in rows if zh}, "en": {key: en for key, _, en in rows if en}}
