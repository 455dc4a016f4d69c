"""The contract of every extract: the one source of its columns, rules and checks (S3-PLAT-01).

Here belongs: reading `expectations/extracts/*.yml` strictly (an unknown word is an error), and what follows
from a contract alone: the Polars schema, the fingerprint, the dbt source. Not here: applying the rules to
delivered rows (`pipelines/ingest/validate.py`) or judging the checks (`pipelines/gates`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl
import yaml

FOLDER = Path(__file__).resolve().parent.parent / "expectations" / "extracts"


class ContractError(ValueError):
    """A contract file says something that the contract language does not know."""


class Type(StrEnum):
    """The closed list of column types (docs/design.md, Types)."""

    TEXT = "text"
    DATE = "date"
    TIMESTAMP = "timestamp"
    MONEY = "money"
    PRICE = "price"
    QUANTITY = "quantity"
    SHARE = "share"
    INTEGER = "integer"
    BOOLEAN = "boolean"


class Room(StrEnum):
    """The four groups of extracts."""

    FINANCE = "finance"
    CARE = "care"
    TOGETHER = "together"
    GOVERNANCE = "governance"


class Severity(StrEnum):
    """What a failed check does: an error holds the member back, a warning is listed."""

    ERROR = "error"
    WARNING = "warning"


POLARS_TYPES: Mapping[Type, pl.DataType] = MappingProxyType(
    {
        Type.TEXT: pl.String(),
        Type.DATE: pl.Date(),
        Type.TIMESTAMP: pl.Datetime("us"),
        Type.MONEY: pl.Decimal(18, 2),
        Type.PRICE: pl.Decimal(18, 4),
        Type.QUANTITY: pl.Decimal(18, 4),
        Type.SHARE: pl.Decimal(18, 6),
        Type.INTEGER: pl.Int64(),
        Type.BOOLEAN: pl.Boolean(),
    }
)

DUCKDB_TYPES: Mapping[Type, str] = MappingProxyType(
    {
        Type.TEXT: "varchar",
        Type.DATE: "date",
        Type.TIMESTAMP: "timestamp",
        Type.MONEY: "decimal(18,2)",
        Type.PRICE: "decimal(18,4)",
        Type.QUANTITY: "decimal(18,4)",
        Type.SHARE: "decimal(18,6)",
        Type.INTEGER: "bigint",
        Type.BOOLEAN: "boolean",
    }
)

# What no honest value of a type exceeds; a column may narrow or widen it. A hospital of this kind turns over
# less than 10^10 yuan a year, so 10^11 leaves room for balances and stops a slipped decimal point or a code
# that landed in an amount. Dates: page 2, "before 1990, more than a year ahead" (of the delivery, see validate).
TYPE_BOUNDS: Mapping[Type, tuple[Decimal | date, Decimal | date | None]] = MappingProxyType(
    {
        Type.MONEY: (Decimal(-(10**11)), Decimal(10**11)),
        Type.PRICE: (Decimal(0), Decimal(10**8)),
        Type.QUANTITY: (Decimal(-(10**9)), Decimal(10**9)),
        Type.SHARE: (Decimal(0), Decimal(1)),
        Type.INTEGER: (Decimal(-(10**9)), Decimal(10**9)),
        Type.DATE: (date(1990, 1, 1), None),
        Type.TIMESTAMP: (date(1990, 1, 1), None),
    }
)

# What ingest adds to every row of the lake: the address that a figure is traced back to.
ADDRESS: Mapping[str, tuple[Type, str, str]] = MappingProxyType(
    {
        "member_id": (Type.TEXT, "成员机构", "Member that delivered the row"),
        "period": (Type.TEXT, "会计期间", "Accounting period, YYYY-MM"),
        "delivery_date": (Type.DATE, "交付日期", "Date of the delivery the row came in"),
        "source_file": (Type.TEXT, "来源文件", "File the row came from"),
        "source_row": (Type.INTEGER, "来源行号", "Row in that file, 1 = first data row"),
    }
)

_NAME = re.compile(r"^[a-z][a-z0-9_]*$")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its type, names in two languages and what a value may be."""

    name: str
    type: Type
    zh: str
    en: str
    optional: bool = False
    enum: tuple[str, ...] = ()
    minimum: Decimal | date | None = None
    maximum: Decimal | date | None = None
    pattern: str | None = None
    person: bool = False
    scrub: bool = False

    @property
    def is_numeric(self) -> bool:
        """Whether values are numbers (and can be totalled)."""
        return self.type in (Type.MONEY, Type.PRICE, Type.QUANTITY, Type.SHARE, Type.INTEGER)


@dataclass(frozen=True, slots=True)
class RowRule:
    """A rule across the columns of one row: `when` is TRUE for a bad row."""

    name: str
    when: str
    note: str


@dataclass(frozen=True, slots=True)
class Check:
    """A rule of one member's accepted whole: an SQL aggregate `value` between `minimum` and `maximum`."""

    name: str
    value: str
    minimum: Decimal | None
    maximum: Decimal | None
    severity: Severity
    owner: str
    note: str


@dataclass(frozen=True, slots=True)
class Extract:
    """Everything known about one extract.

    Attributes:
        ahead_months: how far after the delivery's month its period may lie; plans are delivered ahead, facts not.
    """

    name: str
    room: Room
    grain: str
    name_zh: str
    key: tuple[str, ...]
    columns: Mapping[str, Column]
    control_totals: tuple[str, ...]
    rows: tuple[RowRule, ...]
    checks: tuple[Check, ...]
    needed_by: tuple[str, ...]
    ahead_months: int
    text: str

    def polars_schema(self) -> pl.Schema:
        """Schema of the extract's rows in the lake: contract columns, then the row's address."""
        schema = {c.name: POLARS_TYPES[c.type] for c in self.columns.values()}
        return pl.Schema(schema | {name: POLARS_TYPES[type_] for name, (type_, _, _) in ADDRESS.items()})

    def fingerprint(self) -> str:
        """Digest of the contract's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Contract:
    """All extracts by name, in the order of their file names."""

    extracts: Mapping[str, Extract]

    def fingerprint(self) -> str:
        """Digest of all contracts: what was built under another one is rebuilt."""
        return hashlib.sha256("".join(e.fingerprint() for e in self.extracts.values()).encode()).hexdigest()[:16]


@cache
def load(folder: Path = FOLDER) -> Contract:
    """Reads every contract of a folder.

    Raises:
        ContractError: names the file and the word that is unknown, missing or of the wrong kind.
    """
    files = sorted(folder.glob("*.yml"))
    if not files:
        raise ContractError(f"{folder} holds no contract; expected one <extract>.yml per extract")
    return Contract(MappingProxyType({f.stem: parse(f.read_text(encoding="utf-8"), f.stem) for f in files}))


def parse(text: str, stem: str) -> Extract:
    """Reads one contract; `stem` is the file name without its ending, and must be the extract's name."""
    raw = _load_yaml(text, stem)
    _words(stem, "the contract", raw, {"extract", "room", "grain", "name_zh", "key", "columns"},
           {"control_totals", "rows", "checks", "needed_by", "ahead_months"})  # fmt: skip
    if raw["extract"] != stem:
        raise ContractError(f"{stem}.yml: extract is {raw['extract']!r}; it must be the file's name")
    columns = {name: _column(stem, name, body) for name, body in raw["columns"].items()}
    for role, names in (("key", raw["key"]), ("control_totals", raw.get("control_totals", []))):
        if unknown := [n for n in names if n not in columns]:
            raise ContractError(f"{stem}.yml: {role} names {unknown}, which are no columns")
    totals = tuple(raw.get("control_totals", []))
    if text_totals := [n for n in totals if not columns[n].is_numeric]:
        raise ContractError(f"{stem}.yml: control_totals {text_totals} are no numbers")
    if not raw["key"]:
        raise ContractError(f"{stem}.yml: key is empty; a row must have an identity")
    return Extract(
        name=stem,
        room=_one_of(stem, "room", Room, raw["room"]),
        grain=raw["grain"],
        name_zh=raw["name_zh"],
        key=tuple(raw["key"]),
        columns=MappingProxyType(columns),
        control_totals=totals,
        rows=tuple(_row_rule(stem, name, body, columns) for name, body in raw.get("rows", {}).items()),
        checks=tuple(_check(stem, name, body) for name, body in raw.get("checks", {}).items()),
        needed_by=tuple(raw.get("needed_by", [])),
        ahead_months=_whole_months(stem, raw.get("ahead_months", 0)),
        text=text,
    )


_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same language, ten times as fast


class _Strict(_SafeLoader):
    """Refuses a key that stands twice; plain YAML lets the last one win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(k, deep=True) for k, _ in node.value]
        if twice := sorted({str(k) for k in keys if keys.count(k) > 1}):
            raise ContractError(f"line {node.start_mark.line + 1}: {', '.join(twice)} stands twice")
        return super().construct_mapping(node, deep)


def _load_yaml(text: str, stem: str) -> dict[str, Any]:
    try:
        raw = yaml.load(text, Loader=_Strict)
    except (yaml.YAMLError, ContractError) as error:
        raise ContractError(f"{stem}.yml: {error}") from error
    if not isinstance(raw, dict):
        raise ContractError(f"{stem}.yml: expected a mapping at the top")
    return raw


def _words(stem: str, where: str, body: Any, needed: set[str], allowed: set[str]) -> None:
    if not isinstance(body, dict):
        raise ContractError(f"{stem}.yml: {where} must be a mapping, is {body!r}")
    if unknown := sorted(str(k) for k in set(body) - needed - allowed):
        raise ContractError(f"{stem}.yml: {where} has unknown keys {unknown}; known: {sorted(needed | allowed)}")
    if missing := sorted(needed - set(body)):
        raise ContractError(f"{stem}.yml: {where} lacks {missing}")


def _one_of(stem: str, where: str, kinds: type[Any], value: Any) -> Any:
    if value not in [k.value for k in kinds]:
        raise ContractError(f"{stem}.yml: {where} is {value!r}; known: {[k.value for k in kinds]}")
    return kinds(value)


def _whole_months(stem: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 60:
        raise ContractError(f"{stem}.yml: ahead_months is {value!r}; a whole number from 0 to 60 is needed")
    return value


def _column(stem: str, name: str, body: Any) -> Column:
    where = f"column {name}"
    _words(stem, where, body, {"type", "zh", "en"}, {"optional", "enum", "min", "max", "pattern", "person", "scrub"})
    type_ = _one_of(stem, f"{where} type", Type, body["type"])
    if not _NAME.match(name) or name in ADDRESS:
        raise ContractError(f"{stem}.yml: {where}: the name must be lower_snake_case and none of {list(ADDRESS)}")
    if type_ is not Type.TEXT and (wrong := sorted({"enum", "pattern", "person", "scrub"} & set(body))):
        raise ContractError(f"{stem}.yml: {where}: {wrong} are for text only")
    if not all(isinstance(value, str) for value in body.get("enum", [])):
        raise ContractError(f"{stem}.yml: {where}: enum values must be texts; put {body['enum']} in quotes")
    bounds = TYPE_BOUNDS.get(type_, (None, None))
    limits = {k: _limit(stem, where, type_, body[k]) if k in body else b
              for k, b in zip(("min", "max"), bounds, strict=True)}  # fmt: skip
    return Column(
        name=name, type=type_, zh=body["zh"], en=body["en"],
        optional=bool(body.get("optional", False)), enum=tuple(body.get("enum", ())),
        minimum=limits["min"], maximum=limits["max"], pattern=body.get("pattern"),
        person=bool(body.get("person", False)), scrub=bool(body.get("scrub", False)),
    )  # fmt: skip


def _limit(stem: str, where: str, type_: Type, value: Any) -> Decimal | date:
    if type_ in (Type.DATE, Type.TIMESTAMP):
        if isinstance(value, date):
            return value
    elif type_ in (Type.TEXT, Type.BOOLEAN):
        raise ContractError(f"{stem}.yml: {where}: min and max are for numbers and dates")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(str(value))
    raise ContractError(f"{stem}.yml: {where}: {value!r} is no limit for a {type_}")


def _row_rule(stem: str, name: str, body: Any, columns: Mapping[str, Column]) -> RowRule:
    _words(stem, f"row rule {name}", body, {"when", "note"}, set())
    try:
        used = pl.sql_expr(body["when"]).meta.root_names()
    except pl.exceptions.PolarsError as error:
        raise ContractError(f"{stem}.yml: row rule {name}: {error}") from error
    if unknown := sorted(set(used) - set(columns)):
        raise ContractError(f"{stem}.yml: row rule {name} uses {unknown}, which are no columns")
    return RowRule(name=name, when=body["when"], note=body["note"])


def _check(stem: str, name: str, body: Any) -> Check:
    where = f"check {name}"
    _words(stem, where, body, {"value", "severity", "owner", "note"}, {"min", "max"})
    limits = {k: Decimal(str(body[k])) if k in body else None for k in ("min", "max")}
    if limits["min"] is None and limits["max"] is None:
        raise ContractError(f"{stem}.yml: {where} has neither min nor max: it could not fail")
    return Check(
        name=name, value=body["value"], minimum=limits["min"], maximum=limits["max"],
        severity=_one_of(stem, f"{where} severity", Severity, body["severity"]),
        owner=body["owner"], note=body["note"],
    )  # fmt: skip


def render_dbt_sources(contract: Contract) -> str:
    """The dbt source `lake` (dbt_project/models/staging/_lake.yml), one table per extract.

    Columns are described as `zh · en` and typed as the lake types them, so that dbt's documentation and the
    database's comments say what the contract says.
    """
    location = "{{ env_var('CONSORTIUM_HOME', '../.yilian/home') }}/in_force/{name}/*.parquet"
    tables = []
    for extract in contract.extracts.values():
        described = [(c.name, DUCKDB_TYPES[c.type], c.zh, c.en) for c in extract.columns.values()]
        described += [(name, DUCKDB_TYPES[type_], zh, en) for name, (type_, zh, en) in ADDRESS.items()]
        tables.append(
            {
                "name": extract.name,
                "description": f"{extract.grain} {extract.name_zh}",
                "columns": [
                    {"name": name, "data_type": type_, "description": f"{zh} · {en}"}
                    for name, type_, zh, en in described
                ],
            }
        )
    source = {
        "name": "lake",
        "description": "What stands in force tonight: every member's newest accepted rows. 湖中现行数据",
        "config": {"meta": {"external_location": f"read_parquet('{location}', union_by_name = true)"}},
        "tables": tables,
    }
    head = "# Rendered from expectations/extracts by `yilian contract render`; a test holds it to them.\n"
    body = {"version": 2, "sources": [source]}
    return head + yaml.safe_dump(body, allow_unicode=True, sort_keys=False, width=200)
