"""A believable county consortium as deliveries: `write()`, or `python -m pipelines.demo <landing> --size S`.

Belongs here: the entry point. The parts stand in the modules beside it: sizes, world, people (who is there),
catalogue, clinical, places (what they do), visits, stays, stay_lines, referring, care, care_extracts (patients),
staff, equipment, stores, intercompany, books, journal, accounts (money), together, governance (the rest), county
(in order), violations and faults (what is planted), deliver and dialects (files). The pipeline never reads
`<landing>/_labels`, where the planted things are listed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from pipelines.demo.writing import DemoSummary, write_county

__all__ = ["DemoSummary", "write"]


def write(
    landing: Path,
    *,
    size: str = "S",
    seed: int = 20261031,
    members: Sequence[str] | None = None,
    periods: Sequence[str] | None = None,
    as_canonical: Literal["csv", "parquet"] | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> DemoSummary:
    """Write the demo county's deliveries.

    The same size and seed give the same bytes; any member or period can be written alone and comes out the same.

    Args:
        landing: where `<member_id>/<delivery_date>/` folders, `_labels/` and `_seeds/` are put.
        size: S (8 members, 8 thousand encounters, 100 thousand charge lines), M (20, 500 thousand, 5 million) or
            L (60, 5 million, 50 million), over four periods.
        seed: of all randomness.
        members: only these, all where unsaid.
        periods: only these (YYYY-MM), all four where unsaid.
        as_canonical: everything in canonical columns, as CSV or Parquet, without vendors' dialects and without planted
            delivery faults; `None` writes each member's dialect and the faults at size S, Parquet at M and L.
        on_progress: called with a line of text after each member and period.

    Raises:
        ValueError: an unknown size, member or period.
    """
    return write_county(
        Path(landing), size=size, seed=seed, members=members, periods=periods, as_canonical=as_canonical,
        on_progress=on_progress,
    )  # fmt: skip
