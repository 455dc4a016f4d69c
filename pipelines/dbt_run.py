"""dbt in this process: parsing the project once, building a selection of it against a home, what became of each node.

Belongs here: every call of dbt. Does not belong here: which parts there are and when they are built (`warehouse.py`),
what of them (`rebuild.py`).
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.settings import PROJECT, Settings

DBT_PROJECT = PROJECT / "dbt_project"
# home/reference, seen from home/dbt/project.
REFERENCE = "../../reference"

# dbt's events of a node that has ended, and how often one of them is told.
_NODE_ENDS = frozenset({"LogModelResult", "LogSeedResult", "LogTestResult", "LogNodeNoOpResult"})
_TELL_EVERY = 5.0


class WarehouseError(RuntimeError):
    """dbt could not build a part; the text holds the failing nodes and their messages."""


@dataclass(frozen=True)
class Node:
    """What became of one dbt node."""

    unique_id: str
    resource_type: str
    status: str
    seconds: float
    message: str
    failures: int | None

    @property
    def failed(self) -> bool:
        return self.status in ("error", "fail", "runtime error")


def code_fingerprint() -> str:
    """Hash over everything that a mart's figures depend on besides data: models, macros, contract, engines."""
    digest = hashlib.sha256()
    for folder, patterns in (
        (DBT_PROJECT, ("dbt_project.yml", "models/**/*.sql", "models/**/*.py", "models/**/*.yml", "macros/**/*.sql")),
        (PROJECT / "pipelines", ("costing/**/*.py", "risk/**/*.py", "grouper/**/*.py", "dbt_run.py")),
        (PROJECT / "expectations" / "extracts", ("*.yml",)),
    ):
        for path in sorted({path for pattern in patterns for path in folder.glob(pattern)}):
            digest.update(str(path.relative_to(folder)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def dbt_build(
    settings: Settings,
    select: str,
    *,
    run_id: str,
    since: str | None = None,
    say: Callable[[str], None] | None = None,
) -> list[Node]:
    """`dbt build` of a selection, without unit tests, in this process.

    Args:
        since: models that are built by period keep what they hold of months before it.
    """
    arguments = ["build", "--select", *select.split(), "--exclude", "resource_type:unit_test"]
    arguments += ["--indirect-selection", "buildable"]
    manifest = parsed(settings)
    result = invoke(settings, ["--no-write-json", *arguments], run_id=run_id, since=since, say=say, manifest=manifest)
    if result.result is None:
        raise WarehouseError(f"dbt build stopped before its first node: {result.exception or 'see the log'}")
    return [_node(each) for each in result.result.results]


def invoke(
    settings: Settings,
    arguments: list[str],
    *,
    run_id: str = "",
    since: str | None = None,
    say: Callable[[str], None] | None = None,
    manifest: Any = None,
) -> Any:
    """Any dbt command of the project, in this process, against this home. Returns dbt's own result object."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    told = time.monotonic()

    def heard(event: Any) -> None:
        nonlocal told
        if say is None or event.info.name not in _NODE_ENDS:
            return
        is_bad = event.info.level in ("error", "warn")
        if is_bad or time.monotonic() - told > _TELL_EVERY:
            told = time.monotonic()
            say(event.info.msg)

    settings.home.mkdir(parents=True, exist_ok=True)
    options = {
        "--log-level": "none" if "build" in arguments else "error",
        "--log-path": settings.home / "dbt" / "logs",
    }
    places = {
        "--project-dir": _project(settings),
        "--profiles-dir": DBT_PROJECT,
        "--target-path": settings.home / "dbt" / "target",
    }
    with _environment(settings, run_id, since):
        try:
            return dbtRunner(manifest=manifest, callbacks=[heard]).invoke(
                ["--no-use-colors", *_flat(options), *arguments, *_flat(places)]
            )
        finally:
            # dbt leaves the database open in this process; gates and publication open it themselves.
            DuckDBConnectionManager.close_all_connections()


def _flat(options: Mapping[str, object]) -> list[str]:
    return [str(part) for pair in options.items() for part in pair]


def _project(settings: Settings) -> Path:
    """The dbt project seen from this home: links to its parts, so that the seeds' path is short and relative.

    dbt writes each seed's compiled SQL to target/run/<project>/<path of the seed>; a path with many `..`, or an
    absolute one, can lead that write back onto the CSV itself.
    """
    folder = settings.home / "dbt" / "project"
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("dbt_project.yml", "models", "macros", "tests"):
        link, target = folder / part, (DBT_PROJECT / part).resolve()
        if not link.is_symlink() or link.resolve() != target:
            link.unlink(missing_ok=True)
            link.symlink_to(target)
    return folder


@contextmanager
def _environment(settings: Settings, run_id: str, since: str | None) -> Iterator[None]:
    """dbt reads its folders from the environment; it is put back afterwards."""
    wanted = {
        "CONSORTIUM_HOME": str(settings.home.resolve()),
        "CONSORTIUM_REFERENCE": REFERENCE,
        "CONSORTIUM_PUBLISHED": str(settings.published.resolve()),
        "CONSORTIUM_MEMORY": settings.memory,
        "CONSORTIUM_THREADS": str(settings.threads),
        "CONSORTIUM_NOW": settings.clock().isoformat(timespec="seconds"),
        "YILIAN_RUN_ID": run_id,
        "YILIAN_REBUILD_SINCE": since or "",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }
    for name, folder in (("DRG_TABLES", settings.drg_tables), ("RULE_LISTS", settings.rule_lists)):
        if folder is not None:
            wanted[f"CONSORTIUM_{name}"] = str(folder.resolve())
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _node(result: Any) -> Node:
    return Node(
        unique_id=result.node.unique_id,
        resource_type=str(result.node.resource_type),
        status=str(result.status),
        seconds=round(result.execution_time, 3),
        message=" ".join((result.message or "").split()),
        failures=result.failures,
    )


def parsed_manifest(settings: Settings) -> Path:
    """dbt's manifest of the project, parsed anew only when a file of the project is younger than it.

    Raises:
        WarehouseError: the project does not parse; holds dbt's words.
    """
    path = settings.home / "dbt" / "target" / "manifest.json"
    files = [DBT_PROJECT / "dbt_project.yml"]
    for folder in ("models", "macros", "tests"):
        files += [each for each in (DBT_PROJECT / folder).rglob("*") if each.suffix in (".sql", ".yml", ".py")]
    files += (settings.home / "reference").glob("*")
    if not path.exists() or path.stat().st_mtime < max(each.stat().st_mtime for each in files):
        parsed(settings)
    return path


_parsed: dict[tuple[Path, str], Any] = {}


def parsed(settings: Settings) -> Any:
    """dbt's parsed project: once per process and state of the code, so that each part does not read it again.

    Raises:
        WarehouseError: the project does not parse.
    """
    seeds = sorted(path.name for path in (settings.home / "reference").glob("*"))
    code = hashlib.sha256("\n".join([code_fingerprint(), *seeds]).encode()).hexdigest()
    key = (settings.home.resolve(), code)
    if key not in _parsed:
        # Other code is parsed from nothing: what dbt remembers of the old one trips over entries that moved.
        mark = settings.home / "dbt" / "target" / "parsed_code"
        known = mark.exists() and mark.read_text(encoding="utf-8") == code
        result = invoke(settings, ["parse"] if known else ["--no-partial-parse", "parse"])
        if not result.success:
            raise WarehouseError(f"the dbt project does not parse: {result.exception}")
        mark.write_text(code, encoding="utf-8")
        _parsed.clear()
        _parsed[key] = result.result
    return _parsed[key]
