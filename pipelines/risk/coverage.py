"""What became of every rule that the catalogues name: found whole, in part, elsewhere, or not at all, and why.

Belongs here: putting the rules that stand (`catalogue.py`) beside what `coverage.yml` says of the others. Does not
belong here: the rules themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

PAGE = Path(__file__).with_name("coverage.yml")


@dataclass(frozen=True)
class Coverage:
    """What became of one rule.

    Attributes:
        status: rule, part, within, statistics or missing, as `coverage.yml` explains them.
        missing: what members would have to deliver.
        by: rules or marts that find it instead.
        needs: a setting without which the rule finds nothing.
    """

    status: str
    missing: str = ""
    by: str = ""
    note: str = ""
    needs: str = ""


def load(rules: Iterable[str], page: Path = PAGE) -> dict[str, Coverage]:
    """Every rule by code: those of the folder (`rules`), and what the page says of these and of others."""
    said = {code: Coverage(**entry) for code, entry in yaml.safe_load(page.read_text(encoding="utf-8")).items()}
    return dict(sorted(({code: Coverage("rule") for code in rules} | said).items()))
