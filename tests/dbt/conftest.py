"""A tiny consortium for tests of dbt models: write accepted rows, build a selection, read the result.

Here belongs: the lake and reference data of a test, and running dbt in this process. Not here: what a mart must
hold (the tests say that), and the demo consortium (`pipelines/demo`).

dbt parses and seeds the project once per session; every test starts from an empty lake and a copy of that warehouse,
and a test that replaces reference data seeds those files anew.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from pipelines import contract, dbt_run
from pipelines.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DBT_PROJECT = ROOT / "dbt_project"
SEEDS = ROOT / "seeds"

# What a required column holds where a test has nothing to say about it.
PLAIN: Mapping[contract.Type, Any] = {
    contract.Type.TEXT: "-",
    contract.Type.MONEY: Decimal(0),
    contract.Type.PRICE: Decimal(0),
    contract.Type.QUANTITY: Decimal(0),
    contract.Type.SHARE: Decimal(0),
    contract.Type.INTEGER: 0,
    contract.Type.BOOLEAN: False,
}


class BuildFailed(AssertionError):
    """dbt did not finish; the text names the nodes and what they said."""


@dataclass
class Warehouse:
    """One consortium under test.

    `deliver` writes accepted rows, `refer` replaces a file of reference data, `build` runs dbt on a selection,
    `rows` and `one` read the warehouse. Amounts come back as Decimal, dates as date.
    """

    home: Path
    target: Path
    manifest: Manifest | None = None
    _seeded: Path | None = None
    _replaced: set[str] = field(default_factory=set)

    @property
    def reference(self) -> Path:
        """Where a home's reference data lies, for dbt's parsing too."""
        return self.home / "reference"

    @property
    def database(self) -> Path:
        """The DuckDB file dbt writes."""
        return self.home / "warehouse.duckdb"

    def reset(self) -> None:
        """An empty lake, the project's seeds, a warehouse that holds only them."""
        shutil.rmtree(self.home, ignore_errors=True)
        self.reference.mkdir(parents=True)
        for path in (*SEEDS.glob("*.csv"), *SEEDS.glob("_*.yml")):
            shutil.copy(path, self.reference)
        (self.home / "in_force").mkdir(parents=True)
        for extract in contract.load().extracts.values():
            folder = self.home / "in_force" / extract.name
            folder.mkdir()
            pl.DataFrame(schema=extract.polars_schema()).write_parquet(folder / "_empty.parquet")
        self._replaced = set()
        if self._seeded is None:
            self._raise(self.dbt("seed"))
            self._seeded = self.target / "seeded.duckdb"
            shutil.copy(self.database, self._seeded)
        shutil.copy(self._seeded, self.database)

    def deliver(
        self, extract: str, member_id: str, period: str, rows: Sequence[Mapping[str, Any]], on: date | None = None
    ) -> None:
        """Lays a member's accepted rows of a period into the lake, in the place of what stood there.

        Values may be text; they are typed by the contract. A required column that a row leaves out gets a plain
        value (0, '-', false, the period's first day), an optional one stays empty. An unknown column is an error.
        """
        declared = contract.load().extracts[extract]
        first = date.fromisoformat(f"{period}-01")
        schema = declared.polars_schema()
        frame = []
        for number, row in enumerate(rows, start=1):
            if unknown := set(row) - set(declared.columns):
                raise KeyError(f"{extract} has no column {sorted(unknown)}")
            cells = {name: _cell(row.get(name), column, first) for name, column in declared.columns.items()}
            address = {"member_id": member_id, "period": period, "delivery_date": on or first}
            frame.append(cells | address | {"source_file": f"{extract}.csv", "source_row": number})
        path = self.home / "in_force" / extract / f"{member_id}-{period}.parquet"
        pl.DataFrame(frame, schema=schema, orient="row").write_parquet(path)

    def refer(self, seed: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Replaces a file of reference data by these rows; columns left out stay empty."""
        path = self.reference / f"{seed}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            header = next(csv.reader(file))
        if unknown := {name for row in rows for name in row} - set(header):
            raise KeyError(f"seed {seed} has no column {sorted(unknown)}; it has {header}")
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, header, restval="")
            writer.writeheader()
            writer.writerows({name: _csv(value) for name, value in row.items()} for row in rows)
        self._replaced.add(seed)

    def build(self, *select: str, tests: bool = True) -> None:
        """Runs `dbt build` on a selection (`+ledger__entry`: the mart and all it stands on), data tests included.

        Raises:
            BuildFailed: a model or a test failed.
        """
        self._raise(self.try_build(*select, tests=tests))

    def try_build(self, *select: str, tests: bool = True) -> dict[str, str]:
        """Like `build`, but hands back what failed: node name -> message. Replaced reference data is seeded anew."""
        if self._replaced:
            self._raise(self.dbt("seed", "--select", *sorted(self._replaced)))
            self._replaced = set()
        left_out = ["--exclude", "resource_type:seed", "resource_type:unit_test"]
        if not tests:
            left_out.append("resource_type:test")
        return self.dbt("build", "--indirect-selection", "buildable", "--select", *select, *left_out)

    @staticmethod
    def _raise(problems: Mapping[str, str]) -> None:
        if problems:
            raise BuildFailed("\n".join(f"{name}: {message}" for name, message in sorted(problems.items())))

    def compiled(self, inline: str) -> str:
        """The SQL that dbt makes of an inline query. One that does not compile is forgotten, as one that does."""
        try:
            result = self._invoke("compile", "--inline", inline)
            return str(result.results[0].node.compiled_code)
        finally:
            left = [name for name in self.manifest.nodes if name.startswith("sql_operation.")] if self.manifest else []
            for name in left:
                del self.manifest.nodes[name]

    def dbt(self, command: str, *arguments: str) -> dict[str, str]:
        """Runs a dbt command in this process and hands back what failed: node name -> message."""
        results = getattr(self._invoke(command, *arguments), "results", [])
        return {r.node.name: str(r.message) for r in results if str(r.status) in ("error", "fail", "runtime error")}

    def _invoke(self, command: str, *arguments: str) -> Any:
        if self.manifest is None:
            self.manifest = dbt_run.parsed(Settings.load({"CONSORTIUM_HOME": str(self.home)}))
        where = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
        places = ["--target-path", str(self.target), "--log-path", str(self.target), "--no-use-colors", "--quiet"]
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("CONSORTIUM_HOME", str(self.home))
            environment.setenv("CONSORTIUM_REFERENCE", str(self.reference))
            outcome = dbtRunner(manifest=self.manifest).invoke([command, *arguments, *where, *places])
        DuckDBConnectionManager.close_all_connections()
        if outcome.exception is not None:
            raise BuildFailed(str(outcome.exception)) from outcome.exception
        return outcome.result

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of a query on the warehouse."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            cursor = connection.execute(query)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def one(self, query: str) -> Any:
        """The single value of a query on the warehouse."""
        (row,) = self.rows(query)
        (value,) = row.values()
        return value


def _cell(value: Any, column: contract.Column, first: date) -> Any:
    kind = column.type
    if value is None:
        if column.optional:
            return None
        if kind is contract.Type.DATE:
            return first
        if kind is contract.Type.TIMESTAMP:
            return datetime(first.year, first.month, first.day)
        return column.enum[0] if column.enum else PLAIN[kind]
    if kind is contract.Type.DATE:
        return value if isinstance(value, date) else date.fromisoformat(value)
    if kind is contract.Type.TIMESTAMP:
        return value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if kind in (contract.Type.MONEY, contract.Type.PRICE, contract.Type.QUANTITY, contract.Type.SHARE):
        return Decimal(str(value))
    return value


def _csv(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.fixture(scope="session")
def dbt_session(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The session's warehouse folder and parsed project. Tests take `warehouse`."""
    room = tmp_path_factory.mktemp("warehouse")
    house = Warehouse(home=room / "home", target=room / "target")
    return house


@pytest.fixture
def warehouse(dbt_session: Warehouse) -> Warehouse:
    """A consortium with an empty lake and the project's seeds; parsed once, built by each test."""
    dbt_session.reset()
    return dbt_session
