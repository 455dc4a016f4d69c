"""Which publications are kept. Nothing else belongs here; the number is a setting, the yearly closes a rule.

Kept are the newest N, the one that readers open, and for every year the last one whose newest period is that year's
December: the yearly close.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.publish import folder
from pipelines.publish.chain import Record, records


def retire(published: Path, keep: int) -> list[str]:
    """Removes the folders of publications that are no longer kept; their records in the chain stay.

    Returns:
        ids of what was removed.
    """
    stay = to_keep(records(published), keep) | {folder.current_id(published)}
    removed = [name for name in folder.kept(published) if name not in stay]
    for name in removed:
        folder.remove(published, name)
    return removed


def to_keep(chain: Sequence[Record], keep: int) -> set[str]:
    """Ids to keep: the newest `keep`, and the last of every closed year."""
    closes = {
        max(record.periods)[:4]: record.publication_id
        for record in chain
        if record.periods and max(record.periods).endswith("-12")
    }
    return {record.publication_id for record in chain[-keep:]} | set(closes.values())
