"""The warehouse: which parts dbt builds, in what order, what a state of it is called, and running dbt in this process.

Belongs here: parts and their selectors, build ids and revisions, the dbt call. Does not belong here: models
(`dbt_project/`), gates, Dagster.

A part is built again only when what goes into it has changed: the deliveries in force, the reference data, or the
models themselves. Every time a part starts it gets a new revision, so that a gate judged before is closed.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.settings import PROJECT, Settings
from pipelines.state import State, put

DBT_PROJECT = PROJECT / "dbt_project"
# home/reference, seen from home/dbt/project.
REFERENCE = "../../reference"

# Which folders of models (and the seeds) a part is made of.
PARTS: Mapping[str, tuple[str, ...]] = {
    "foundation": (
        "seeds",
        "staging",
        "intermediate.reference",
        "intermediate.core",
        "intermediate.ledger",
        "intermediate.payment",
        "intermediate.cost",
        "marts.core",
        "marts.ledger",
        "marts.cost",
    ),
    "measures": ("intermediate.performance",),
    "performance": ("marts.performance", "marts.payment"),
    "risk": ("intermediate.risk", "marts.risk"),
}
# What must have been built before a part.
UPSTREAM: Mapping[str, tuple[str, ...]] = {
    "foundation": (),
    "measures": ("foundation",),
    "performance": ("foundation", "measures"),
    "risk": ("foundation", "measures"),
}
# Moments in a part's figures from which on they read differently (a deadline passes, a bar or a year ends): the part is
# built again in the first night after one of them, though nothing was delivered.
MOMENTS: Mapping[str, str] = {
    "risk": """
        select respond_by as moment from risk.follow_up
        union all select rectify_by + interval 1 day from risk.follow_up
        union all select barred_until + interval 1 day from risk.promotion_bar
        union all select cast(make_date(calendar_year + 1, 1, 1) as timestamp) from risk.training
    """,
}
FOUNDATION = ("foundation",)
PRODUCTS = ("measures", "performance", "risk")
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


@dataclass(frozen=True)
class Built:
    """One part of the warehouse after `build_part`."""

    part: str
    build_id: str
    revision: int
    reused: bool
    nodes: tuple[Node, ...] = field(default=())

    def problems(self) -> list[str]:
        """Failed nodes in words, one each."""
        return [f"{node.unique_id}: {node.message}" for node in self.nodes if node.failed]


def selector(part: str) -> str:
    """What of the dbt project a part is, in dbt's words."""
    return " ".join("resource_type:seed" if each == "seeds" else f"fqn:yilian.{each}" for each in PARTS[part])


def part_of(node: Mapping[str, Any]) -> str:
    """The part that builds a model or seed of dbt's manifest.

    Raises:
        WarehouseError: its folder belongs to no part.
    """
    folder = "seeds" if node["resource_type"] == "seed" else ".".join(node["fqn"][1:3])
    folder = "staging" if folder.startswith("staging") else folder
    for part, folders in PARTS.items():
        if folder in folders:
            return part
    raise WarehouseError(f"{node['unique_id']} stands in {folder}, which no part of the warehouse builds: see PARTS")


def build_id(settings: Settings, manifest_id: str, reference: str) -> str:
    """Names a state of the warehouse: same deliveries in force, reference data and code, same id."""
    parts = [manifest_id, reference, code_fingerprint(), _content(settings.drg_tables), _content(settings.rule_lists)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def code_fingerprint() -> str:
    """Hash over everything that a mart's figures depend on besides data: models, macros, contract, engines."""
    digest = hashlib.sha256()
    for folder, patterns in (
        (DBT_PROJECT, ("dbt_project.yml", "models/**/*.sql", "models/**/*.py", "models/**/*.yml", "macros/**/*.sql")),
        (PROJECT / "pipelines", ("costing/**/*.py", "risk/**/*.py", "grouper/**/*.py", "warehouse.py")),
        (PROJECT / "expectations" / "extracts", ("*.yml",)),
    ):
        for path in sorted({path for pattern in patterns for path in folder.glob(pattern)}):
            digest.update(str(path.relative_to(folder)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _content(folder: Path | None) -> str:
    """Hash over names and contents of a folder of national tables or lists; empty where none is set."""
    if folder is None:
        return ""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def revision_of(state: State, parts: tuple[str, ...]) -> int:
    """The newest revision among parts; 0 when none was ever built."""
    marks = ", ".join("?" for _ in parts)
    found = state.rows(f"select max(revision) as revision from build where part in ({marks})", parts)
    return int(found[0]["revision"] or 0)


def is_current(settings: Settings, state: State, part: str, wanted: str) -> bool:
    """Whether a part stands finished under this build id, with none before it built later and no moment of it come."""
    if not settings.warehouse_path.exists():
        return False
    newest = state.rows("select * from build where part = ? order by revision desc limit 1", (part,))
    if not newest or newest[0]["build_id"] != wanted or newest[0]["finished_at"] is None:
        return False
    upstream = UPSTREAM[part]
    if upstream and revision_of(state, upstream) >= newest[0]["revision"]:
        return False
    return part not in MOMENTS or not _has_come(settings, state, part)


def _has_come(settings: Settings, state: State, part: str) -> bool:
    """Whether a moment of the part lies between the clock it was built by and tonight's."""
    built, now = state.note(f"clock:{part}"), settings.clock()
    if built is None:
        return True
    with connect(settings) as connection:
        (count,) = connection.execute(
            f"select count(*) from ({MOMENTS[part]}) where moment > least(?, ?) and moment <= greatest(?, ?)",
            [datetime.fromisoformat(built), now] * 2,
        ).fetchone()
    return bool(count)


def build_part(
    settings: Settings,
    state: State,
    part: str,
    *,
    run_id: str,
    manifest_id: str,
    wanted: str,
    say: Callable[[str], None] | None = None,
) -> Built:
    """Builds one part with dbt in this process, or finds that it already stands.

    Args:
        say: is told of each node as it ends (progress).

    Failing nodes do not raise: they are in the result, and the part stays unfinished, so that gates stay closed.

    Raises:
        WarehouseError: dbt could not even start (a model that does not parse, a warehouse that is locked).
    """
    if is_current(settings, state, part, wanted):
        return Built(part, wanted, revision_of(state, (part,)), reused=True)
    started = datetime.now().isoformat(timespec="seconds")
    with state.transaction() as connection:
        cursor = connection.execute(
            "insert into build (build_id, manifest_id, run_id, part, started_at) values (?, ?, ?, ?, ?)",
            (wanted, manifest_id, run_id, part, started),
        )
        revision = int(cursor.lastrowid or 0)
    nodes = dbt_build(settings, selector(part), run_id=run_id, say=say)
    built = Built(part, wanted, revision, reused=False, nodes=tuple(nodes))
    if not built.problems():
        with state.transaction() as connection:
            connection.execute(
                "update build set finished_at = ? where revision = ?",
                (datetime.now().isoformat(timespec="seconds"), revision),
            )
            put(connection, "note", [{"key": f"clock:{part}", "value": settings.clock().isoformat(timespec="seconds")}])
    return built


def dbt_build(settings: Settings, select: str, *, run_id: str, say: Callable[[str], None] | None = None) -> list[Node]:
    """`dbt build` of a selection, without unit tests, in this process."""
    arguments = ["build", "--select", *select.split(), "--exclude", "resource_type:unit_test"]
    arguments += ["--indirect-selection", "buildable"]
    result = invoke(settings, ["--no-write-json", *arguments], run_id=run_id, say=say, manifest=_parse(settings))
    if result.result is None:
        raise WarehouseError(f"dbt build stopped before its first node: {result.exception or 'see the log'}")
    return [_node(each) for each in result.result.results]


def invoke(
    settings: Settings,
    arguments: list[str],
    *,
    run_id: str = "",
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
    with _environment(settings, run_id):
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
def _environment(settings: Settings, run_id: str) -> Iterator[None]:
    """dbt reads its folders from the environment; it is put back afterwards."""
    wanted = {
        "CONSORTIUM_HOME": str(settings.home.resolve()),
        "CONSORTIUM_REFERENCE": REFERENCE,
        "CONSORTIUM_MEMORY": settings.memory,
        "CONSORTIUM_THREADS": str(settings.threads),
        "CONSORTIUM_NOW": settings.clock().isoformat(timespec="seconds"),
        "YILIAN_RUN_ID": run_id,
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
        result = invoke(settings, ["parse"])
        if not result.success:
            raise WarehouseError(f"the dbt project does not parse: {result.exception}")
    return path


_parsed: dict[tuple[Path, str], Any] = {}


def _parse(settings: Settings) -> Any:
    """dbt's parsed project: once per process and state of the code, so that each part does not read it again.

    Raises:
        WarehouseError: the project does not parse.
    """
    key = (settings.home.resolve(), code_fingerprint())
    if key not in _parsed:
        result = invoke(settings, ["parse"])
        if not result.success:
            raise WarehouseError(f"the dbt project does not parse: {result.exception}")
        _parsed.clear()
        _parsed[key] = result.result
    return _parsed[key]


def row_counts(settings: Settings) -> dict[str, int]:
    """Rows of every table of the warehouse, by `schema.table`."""
    with connect(settings) as connection:
        found = connection.execute("select schema_name || '.' || table_name, estimated_size from duckdb_tables()")
        return dict(found.fetchall())


def connect(settings: Settings, *, read_only: bool = True) -> Any:
    """A DuckDB connection to the warehouse with the run's memory limit. Only the pipeline itself opens this file.

    Raises:
        WarehouseError: the file is missing or another process holds it.
    """
    import duckdb

    path: Path = settings.warehouse_path
    if not path.exists():
        raise WarehouseError(f"{path} does not exist: run `yilian nightly` first")
    try:
        return duckdb.connect(
            str(path), read_only=read_only, config={"memory_limit": settings.memory, "threads": settings.threads}
        )
    except duckdb.IOException as error:
        raise WarehouseError(f"{path} is held by another process; only the pipeline may open it: {error}") from None
