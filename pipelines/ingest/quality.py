"""The six measures of `governance.quality_score`, from what the ingest counted.

Belongs here: the definitions. Each is a fraction from 0 to 1 over what one file delivered, bad rows included, so
that a file that was rejected is scored too. Not here: the counting (`validate.py`), the status of a member's
version (gate 1), the mart (`pipelines/publish`).

| measure | definition |
|---|---|
| completeness | required cells that are filled / required cells |
| validity | rows without a cell of the wrong type, list, pattern or range / rows |
| uniqueness | rows that are not set aside because their key stands twice in the file / rows |
| consistency | rows that break no rule between their columns / rows; 0 where the manifest's count or total differs |
| timeliness | 1 when the delivery was complete before its deadline, else 0 (S3-PERF-06) |
| accuracy | rows without any fault / rows: the passed records of S3-PLAT-04 (TC-68: 9,800 of 10,000 is 0.98) |

A file without rows scores 1 where there was nothing to get wrong.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from pipelines.ingest.validate import Tally

MEASURES = ("completeness", "validity", "uniqueness", "consistency", "timeliness", "accuracy")
_STEP = Decimal("0.000001")


def measures(tally: Tally, *, as_stated: bool, in_time: bool) -> dict[str, str]:
    """The six measures of one file, as decimal texts with six places, rounded down: 1 means without a fault.

    Args:
        tally: what was counted over the whole file.
        as_stated: rows and control totals are those of the manifest.
        in_time: the delivery was complete before its deadline.
    """
    return {
        "completeness": _share(tally.required - tally.missing, tally.required),
        "validity": _share(tally.rows - tally.invalid, tally.rows),
        "uniqueness": _share(tally.rows - tally.duplicate, tally.rows),
        "consistency": _share(tally.rows - tally.inconsistent, tally.rows) if as_stated else "0.000000",
        "timeliness": "1.000000" if in_time else "0.000000",
        "accuracy": _share(tally.rows - tally.quarantined, tally.rows),
    }


def _share(part: int, whole: int) -> str:
    share = Decimal(part) / Decimal(whole) if whole else Decimal(1)
    return str(share.quantize(_STEP, rounding=ROUND_DOWN))
