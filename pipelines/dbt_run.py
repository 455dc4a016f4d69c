"""dbt in this process: parsing the project once, building a selection of it against a home, what became of each node.

Belongs here: every call of dbt. Does not belong here: which parts there are and when they are built (`warehouse.py`),
what of them (`rebuild.py`).
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import json
import os
import shutil
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
# Of so many states of the project what dbt parsed is kept.
_STATES_KEPT = 4


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
        (
            DBT_PROJECT,
            (
                "dbt_project.yml",
                "profiles.yml",
                "models/**/*.sql",
                "models/**/*.py",
                "models/**/*.yml",
                "macros/**/*.sql",
            ),
        ),
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
    """`dbt build` of a selection, in this process, without unit tests, and without the tests of the seeds.

    The seeds were judged by the same page before the night began (`pipelines/reference.py`).

    Args:
        since: models that are built by period keep what they hold of months before it.
    """
    arguments = ["build", "--select", *select.split(), "--exclude", "resource_type:unit_test", "file:_seeds.yml"]
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
    """dbt's manifest of the project as JSON, in this home; current for the code and the files of reference data.

    Raises:
        WarehouseError: the project does not parse; holds dbt's words.
    """
    path, mark = settings.home / "dbt" / "target" / "manifest.json", settings.home / "dbt" / "target" / "parsed"
    project = _project_fingerprint(settings)
    if not (path.exists() and mark.exists() and mark.read_text(encoding="utf-8") == project):
        kept = _kept(settings, project)
        old, new = (kept / "home").read_text(encoding="utf-8"), str(settings.home.resolve())
        text = (kept / "manifest.json").read_text(encoding="utf-8")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(json.dumps(old)[1:-1], json.dumps(new)[1:-1]), encoding="utf-8")
        mark.write_text(project, encoding="utf-8")
    return path


_parsed: dict[tuple[Path, str], Any] = {}


def parsed(settings: Settings) -> Any:
    """dbt's parsed project, its sources placed in this home: once per process and state of the project.

    Raises:
        WarehouseError: the project does not parse.
    """
    project = _project_fingerprint(settings)
    key = (settings.home.resolve(), project)
    if key not in _parsed:
        from dbt.contracts.graph.manifest import Manifest

        parsed_manifest(settings)
        kept = _kept(settings, project)
        manifest = Manifest.from_msgpack((kept / "manifest.msgpack").read_bytes())
        _place(manifest, (kept / "home").read_text(encoding="utf-8"), str(key[0]))
        manifest.build_flat_graph()
        _parsed.clear()
        _parsed[key] = manifest
    return _parsed[key]


def _place(manifest: Any, old: str, new: str) -> None:
    """Puts what a manifest says of one home into another: where the lake's extracts and the seeds lie."""
    for source in manifest.sources.values():
        source.relation_name = source.relation_name.replace(old, new)
        for meta in (source.meta, source.source_meta, source.config.meta):
            meta["external_location"] = meta["external_location"].replace(old, new)
    for node in manifest.nodes.values():
        if node.resource_type == "seed":
            node.root_path = node.root_path.replace(old, new)


def _project_fingerprint(settings: Settings) -> str:
    """Hash over everything that dbt's parsing reads: its project, the names of the seeds, its own macros."""
    versions = [importlib.metadata.version(name) for name in ("dbt-core", "dbt-adapters", "dbt-duckdb")]
    digest = hashlib.sha256(" ".join(versions).encode())
    files = [DBT_PROJECT / "dbt_project.yml", DBT_PROJECT / "profiles.yml"]
    for folder in ("models", "macros", "tests"):
        files += sorted(each for each in (DBT_PROJECT / folder).rglob("*") if each.suffix in (".sql", ".yml", ".py"))
    for path in files:
        digest.update(str(path.relative_to(DBT_PROJECT)).encode())
        digest.update(path.read_bytes())
    for path in sorted((settings.home / "reference").glob("*")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes() if path.suffix == ".yml" else b"")
    return digest.hexdigest()


def _kept(settings: Settings, project: str) -> Path:
    """What parsing made of the project: `manifest.json`, `manifest.msgpack`, and the home it was parsed for.

    Parsing takes dbt many seconds and gives the same for every home, so it is done once per state of the project and
    kept beside the project, or in the home where that can't be written to.

    Raises:
        WarehouseError: the project does not parse.
    """
    shared = DBT_PROJECT / "target"
    is_writable = os.access(shared if shared.exists() else DBT_PROJECT, os.W_OK)
    root = (shared if is_writable else settings.home / "dbt") / "parsed"
    kept = root / project[:16]
    root.mkdir(parents=True, exist_ok=True)
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            result = invoke(settings, ["--no-partial-parse", "parse"])
            if not result.success:
                raise WarehouseError(f"the dbt project does not parse: {result.exception}")
            aside = root / "aside"
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir()
            shutil.copy(settings.home / "dbt" / "target" / "manifest.json", aside)
            result.result.files = {}  # for dbt's partial parsing only
            (aside / "manifest.msgpack").write_bytes(result.result.to_msgpack())
            (aside / "home").write_text(str(settings.home.resolve()), encoding="utf-8")
            aside.rename(kept)
            for old in sorted(root.glob("*/home"), key=lambda each: each.stat().st_mtime)[:-_STATES_KEPT]:
                shutil.rmtree(old.parent)
    return kept
