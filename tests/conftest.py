"""How the suite is laid out over workers: what is dear to build is built once, by the worker that needs it.

`make test` runs two workers (`-n 2 --dist loadgroup --no-loadscope-reorder`). All tests that look at the demo night
stay together on one of them, and come first, since they take longest; a file whose fixtures are dear stays whole; the
rest is dealt out singly.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# Fixtures of which there is one per worker, dearer than all others: tests that ask for one stay together.
NIGHT = {"demo_night", "another"}
# Folders whose files stay whole, since what a file sets up is dear.
WHOLE = ("integration/", "acceptance/", "definitions/", "dbt/", "unit/demo/", "unit/publish/", "unit/grouper/")
WHOLE_FILES = ("unit/test_benchmark_floor.py", "unit/alerts/test_alerts.py")
# The longest first, so that no worker is left alone with one at the end; the others follow as collected.
FIRST = (
    "night",
    "acceptance/test_sparcs_night.py",
    "dbt/test_ledger.py",
    "dbt/test_risk_rules.py",
    "dbt/test_performance.py",
    "dbt/test_ledger_properties.py",
    "unit/test_benchmark_floor.py",
    "integration/test_publish_killed.py",
    "integration/test_publish_postgres.py",
)


def group_of(item: pytest.Item) -> str | None:
    """The group of a test: the night, its file where that is dear to set up, or none."""
    file = item.path.relative_to(HERE).as_posix()
    if NIGHT & set(getattr(item, "fixturenames", ())):
        return "night"
    return file if file.startswith(WHOLE) or file in WHOLE_FILES else None


@pytest.hookimpl(wrapper=True)  # around xdist's own hook, which reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Gives tests their groups, the longest groups first."""
    for item in items:
        if (group := group_of(item)) is not None:
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: FIRST.index(group) if (group := group_of(item)) in FIRST else len(FIRST))
    yield
