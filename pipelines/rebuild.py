"""What has to be built again: which nodes of the warehouse a change reaches, and from which month on.

Belongs here: what a part was built from, comparing it with tonight, and the plan that follows. Does not belong here:
running dbt (`warehouse.py`), and which models can be built month by month (`materialized: by_period` in
`dbt_project.yml`).

Two cuts make a night's work proportional to what changed:

- nodes: only what descends from a changed extract or seed is built;
- months: a model that is built `by_period` keeps its rows of months before the first one that a changed row can reach.
  That is the month it was delivered for, the months of its dates, those of other rows of the same key, and the month
  of the encounter it belongs to. It presumes that rows of a month rest on that month and earlier ones; a model that
  looks ahead (a booking found in the next month) is not built by period, and nothing that reads it is.

Whenever that is not certain (other code, changed reference data, a part that did not end well) everything is built.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines import contract
from pipelines.settings import Settings

_MONTH = "strftime({}, '%Y-%m')"


@dataclass(frozen=True)
class Inputs:
    """What a part of the warehouse is built from.

    Attributes:
        versions: of each `extract|member|period` in force, the version.
        reference: of each file of reference data, its hash.
        code: hash over models, macros, engines and national tables.
    """

    manifest_id: str
    versions: Mapping[str, str]
    reference: Mapping[str, str]
    code: str

    @classmethod
    def tonight(cls, settings: Settings, manifest_id: str, code: str) -> Inputs:
        """What is in force now."""
        import polars as pl

        lines = pl.read_parquet(settings.manifests / manifest_id / "_manifest.parquet")
        keys = lines.filter(pl.col("version") != "").select("extract", "member_id", "period", "version")
        reference = settings.home / "reference"
        return cls(
            manifest_id,
            {f"{extract}|{member}|{period}": version for extract, member, period, version in keys.iter_rows()},
            {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(reference.glob("*.csv"))},
            code,
        )

    def to_json(self) -> str:
        """As it is noted in the state."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Inputs:
        """As it was noted."""
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Plan:
    """What of a part is built.

    Attributes:
        nodes: dbt's names; None: all of them.
        since: the first month that models built `by_period` compute anew; None: all months.
    """

    nodes: frozenset[str] | None = None
    since: str | None = None

    def sentence(self, all_nodes: int) -> str:
        """For the log."""
        if self.nodes is None:
            return f"all of its {all_nodes} nodes are built anew"
        months = f"months from {self.since} on" if self.since else "all months"
        return f"{len(self.nodes)} of {all_nodes} nodes are reached by what changed; {months}"


def plan(settings: Settings, nodes: Mapping[str, Any], before: Inputs | None, now: Inputs) -> Plan:
    """What a change reaches.

    Args:
        nodes: models, seeds and tests of dbt's manifest, by unique id.
        before: what the part was last built from to its end.
    """
    if before is None or before.code != now.code or not (settings.manifests / before.manifest_id).is_dir():
        return Plan()
    changed = sorted(
        key for key in before.versions.keys() | now.versions.keys() if before.versions.get(key) != now.versions.get(key)
    )
    seeds = {
        name
        for name in before.reference.keys() | now.reference.keys()
        if before.reference.get(name) != now.reference.get(name)
    }
    sources = {f"source.yilian.lake.{key.split('|')[0]}" for key in changed} | {f"seed.yilian.{name}" for name in seeds}
    clocked = {name for name, node in nodes.items() if reads_clock(node)}
    reached = descendants(nodes, sources | clocked, quiet=_quiet(nodes, seeds, before, now))
    since = None if seeds else _since(settings, before, now, changed)
    return Plan(frozenset(reached), since)


def reads_clock(node: Any) -> bool:
    """Whether a node's figures depend on the hour: such a one is built whenever its part is."""
    return "run_clock(" in node.raw_code


def _quiet(nodes: Mapping[str, Any], seeds: set[str], before: Inputs, now: Inputs) -> set[str]:
    """Models that list the months delivered (meta `lists_periods`) and say the same as before.

    Nearly everything reads them, and they read every extract: without this, any change would reach everything.
    """
    found = set()
    for name, node in nodes.items():
        if node.resource_type == "seed" or not node.config.meta.get("lists_periods"):
            continue
        parents = ancestors(nodes, name)
        extracts = {each.split(".")[-1] for each in parents if each.startswith("source.")}
        months = [
            {key.split("|")[2] for key in inputs.versions if key.split("|")[0] in extracts} for inputs in (before, now)
        ]
        if months[0] == months[1] and not seeds & {each.split(".")[-1] for each in parents if each.startswith("seed.")}:
            found.add(name)
    return found


def ancestors(nodes: Mapping[str, Any], name: str) -> set[str]:
    """Every node, seed and source that a node reads, directly or not."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        node = nodes.get(waiting.pop())
        for parent in () if node is None or node.resource_type == "seed" else node.depends_on.nodes:
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def descendants(nodes: Mapping[str, Any], roots: Iterable[str], quiet: Iterable[str] = ()) -> set[str]:
    """The roots that are nodes, and every node that reads one of them, directly or not, but through `quiet` ones."""
    children: dict[str, list[str]] = {}
    for name, node in nodes.items():
        for parent in () if node.resource_type == "seed" else node.depends_on.nodes:
            children.setdefault(parent, []).append(name)
    found: set[str] = set()
    passed_by = set(quiet)
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found and name not in passed_by:
            found.add(name)
            waiting += children.get(name, [])
    return found & nodes.keys()


def _since(settings: Settings, before: Inputs, now: Inputs, changed: list[str]) -> str | None:
    """The earliest month that a changed row can reach."""
    import duckdb

    touched: dict[tuple[str, str], set[str]] = {}
    for key in changed:
        extract, member, period = key.split("|")
        touched.setdefault((extract, member), set()).add(period)
    if not touched:
        return None
    months = {period for periods in touched.values() for period in periods}
    folders = [settings.manifests / each.manifest_id for each in (before, now)]
    with duckdb.connect(config={"memory_limit": settings.memory, "threads": settings.threads}) as connection:
        for (extract, member), periods in touched.items():
            known = contract.load().extracts.get(extract)
            files = _files(folders, extract, f"{member}-*.parquet")
            rewritten = [file for file in files if Path(file).stem.removeprefix(f"{member}-") in periods]
            if known is None or not rewritten:
                return None
            dates = [name for name, column in known.columns.items() if column.type in ("date", "timestamp")]
            if dates:
                earliest = f"least({', '.join(dates)})" if len(dates) > 1 else dates[0]
                months |= _months(connection, earliest, files, rewritten, known.key)
            if "encounter_id" in known.columns and extract != "encounters":
                stays = _files(folders, "encounters", f"{member}-*.parquet")
                if stays:
                    months |= _months(connection, "coalesce(ended_at, started_at)", stays, rewritten, ["encounter_id"])
    return min(months)


def _files(folders: Iterable[Path], extract: str, pattern: str) -> list[str]:
    return sorted(str(path) for folder in folders for path in (folder / extract).glob(pattern))


def _months(connection: Any, moment: str, files: list[str], rewritten: list[str], key: Iterable[str]) -> set[str]:
    """The earliest month of rows in `files` that share their key with a row in `rewritten`."""
    columns = ", ".join(key)
    found = connection.execute(
        f"select min({_MONTH.format(moment)}) from read_parquet(?, union_by_name = true) "
        f"semi join (select distinct {columns} from read_parquet(?, union_by_name = true)) using ({columns})",
        [files, rewritten],
    ).fetchone()
    return {found[0]} if found and found[0] else set()
