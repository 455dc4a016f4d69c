"""The warehouse: which parts dbt builds, in what order, what a state of it is called, and whether it still stands.

Belongs here: parts and their selectors, build ids and revisions, building a part. Does not belong here: the dbt call
(`dbt_run.py`), what of a part a change reaches (`rebuild.py`), models (`dbt_project/`), gates, Dagster.

A part is built again only when what goes into it has changed: the deliveries in force, the reference data, or the
models themselves. Every time a part starts it gets a new revision, so that a gate judged before is closed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines import rebuild
from pipelines.dbt_run import Node, WarehouseError, code_fingerprint, dbt_build, parsed
from pipelines.settings import MISTAKEN_OPTIMIZERS, Settings
from pipelines.state import State, put

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


@dataclass(frozen=True)
class Built:
    """One part of the warehouse after `build_part`."""

    part: str
    build_id: str
    revision: int
    reused: bool
    nodes: tuple[Node, ...] = field(default=())
    planned: rebuild.Plan = field(default=rebuild.Plan())  # what was to be built

    def problems(self) -> list[str]:
        """Failed nodes in words, one each."""
        return [f"{node.unique_id}: {node.message}" for node in self.nodes if node.failed]


def selector(part: str) -> str:
    """What of the dbt project a part is, in dbt's words."""
    return " ".join("resource_type:seed" if each == "seeds" else f"fqn:yilian.{each}" for each in PARTS[part])


def part_of(resource_type: str, fqn: Sequence[str]) -> str:
    """The part that builds a model or seed of dbt's manifest.

    Raises:
        WarehouseError: its folder belongs to no part.
    """
    folder = "seeds" if resource_type == "seed" else ".".join(fqn[1:3])
    folder = "staging" if folder.startswith("staging") else folder
    for part, folders in PARTS.items():
        if folder in folders:
            return part
    raise WarehouseError(f"{'.'.join(fqn)} stands in {folder}, which no part of the warehouse builds: see PARTS")


def build_id(settings: Settings, manifest_id: str, reference: str) -> str:
    """Names a state of the warehouse: same deliveries in force, reference data and code, same id."""
    return _digest([manifest_id, reference, _code(settings)])


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
    tonight = rebuild.Inputs.tonight(settings, manifest_id, _code(settings))
    planned = _plan(settings, state, part, tonight, say or (lambda _: None))
    started = datetime.now().isoformat(timespec="seconds")
    with state.transaction() as connection:
        cursor = connection.execute(
            "insert into build (build_id, manifest_id, run_id, part, started_at) values (?, ?, ?, ?, ?)",
            (wanted, manifest_id, run_id, part, started),
        )
        revision = int(cursor.lastrowid or 0)
        connection.execute("delete from note where key = ?", (f"inputs:{part}",))
    nodes: list[Node] = []
    if planned.nodes is None or planned.nodes:
        selected = selector(part) if planned.nodes is None else " ".join(_names(settings, planned.nodes))
        nodes = dbt_build(settings, selected, run_id=run_id, since=planned.since, say=say)
    built = Built(part, wanted, revision, reused=False, nodes=tuple(nodes), planned=planned)
    if not built.problems():
        with state.transaction() as connection:
            connection.execute(
                "update build set finished_at = ? where revision = ?",
                (datetime.now().isoformat(timespec="seconds"), revision),
            )
            clock = settings.clock().isoformat(timespec="seconds")
            notes = {f"clock:{part}": clock, f"inputs:{part}": tonight.to_json()}
            put(connection, "note", [{"key": key, "value": value} for key, value in notes.items()])
    return built


def _plan(
    settings: Settings, state: State, part: str, tonight: rebuild.Inputs, say: Callable[[str], None]
) -> rebuild.Plan:
    """What of a part has to be built; everything, unless the last time went well and is comparable."""
    noted = state.note(f"inputs:{part}") if settings.warehouse_path.exists() else None
    nodes = parsed(settings).nodes
    models = {name: node for name, node in nodes.items() if node.resource_type in ("model", "seed")}
    found = rebuild.plan(settings, models, rebuild.Inputs.from_json(noted) if noted else None, tonight)
    mine = {name for name, node in models.items() if part_of(node.resource_type, node.fqn) == part}
    if found.nodes is not None:
        found = rebuild.Plan(found.nodes & mine, found.since)
    say(f"{part}: {found.sentence(len(mine))}")
    return found


def _names(settings: Settings, nodes: Iterable[str]) -> list[str]:
    """Nodes in the words of dbt's selection."""
    known = parsed(settings).nodes
    return sorted(f"fqn:{'.'.join(known[name].fqn)}" for name in nodes)


def _code(settings: Settings) -> str:
    """Hash over everything but deliveries and reference data."""
    return _digest([code_fingerprint(), _content(settings.drg_tables), _content(settings.rule_lists)])


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


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
            str(path),
            read_only=read_only,
            config={
                "memory_limit": settings.memory,
                "threads": settings.threads,
                "disabled_optimizers": MISTAKEN_OPTIMIZERS,
            },
        )
    except duckdb.IOException as error:
        raise WarehouseError(f"{path} is held by another process; only the pipeline may open it: {error}") from None
