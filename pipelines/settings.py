"""Settings of a run, read from the environment once and typed.

Belongs here: which variables exist, their defaults, and the folders derived from them. Does not belong here:
policy (rows in `seeds/`), anything a member delivers, and the use that is made of a setting.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

PROJECT = Path(__file__).resolve().parent.parent
LOCAL_TIME = ZoneInfo("Asia/Shanghai")
# The demo's own key and clock, written with its deliveries. They count only where the demo's deliveries are read:
# in the default landing area, and nowhere else.
DEMO = PROJECT / ".yilian" / "demo.json"

# What DuckDB 2.0.0 gets wrong, so that no connection which adds up money may use it: this one sums a decimal below a
# join and can forget its scale (1,997.52 came out as 199,752.00). dbt's connection says so in profiles.yml.
MISTAKEN_OPTIMIZERS = "partial_aggregate_pushdown"


class SettingsError(RuntimeError):
    """The environment does not describe a run; the text names the variable and what it should hold."""


class Environment(StrEnum):
    LOCAL = "local"
    TEST = "test"
    PRODUCTION = "production"


class Settings(BaseModel):
    """Everything a night needs to know before it starts.

    Raises:
        SettingsError: (from `load`) a variable is unknown, malformed, or missing where it is needed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seeds: Path | None = Field(None, description="reference data laid over the project's seeds/, file by file")
    landing: Path = Field(PROJECT / ".yilian/landing", description="where members deliver")
    home: Path = Field(PROJECT / ".yilian/home", description="lake, warehouse, state")
    published: Path = Field(PROJECT / ".yilian/published", description="publications; `current` is the newest")
    key: SecretStr | None = Field(None, description="key of the pseudonyms")
    now: datetime | None = Field(None, description="ISO timestamp that stands for the clock, local time")
    drg_tables: Path | None = Field(None, description="folder of the national DRG grouping tables")
    rule_lists: Path | None = Field(None, description="folder of the insurer's published rule lists")
    adapters: Path | None = Field(None, description="folder of further vendor adapters")
    reference: Path | None = Field(None, description="the overlaid seeds; set by the night for dbt")
    memory: str = Field("2GB", description="DuckDB memory limit")
    threads: int = Field(2, ge=1, le=256, description="threads of DuckDB and of the ingest")
    keep_publications: int = Field(14, ge=1, description="publications kept besides yearly closes")
    environment: Environment = Field(Environment.LOCAL, alias="YILIAN_ENV")
    postgres_url: SecretStr | None = Field(None, alias="YILIAN_POSTGRES_URL")

    @field_validator("now")
    @classmethod
    def _local(cls, value: datetime | None) -> datetime | None:
        return value.astimezone(LOCAL_TIME).replace(tzinfo=None) if value and value.tzinfo else value

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Settings of the process's environment; an unknown CONSORTIUM_* or YILIAN_* name is an error."""
        environ = os.environ if environ is None else environ
        known = {
            (field.alias or f"CONSORTIUM_{name.upper()}"): (field.alias or name)
            for name, field in cls.model_fields.items()
        }
        given = {name: value for name, value in environ.items() if name.startswith(("CONSORTIUM_", "YILIAN_"))}
        unknown = sorted(name for name in set(given) - set(known) - _NOT_OURS if not name.startswith(CHANNEL_PREFIX))
        if unknown:
            raise SettingsError(f"unknown setting {', '.join(unknown)}; known are {', '.join(sorted(known))}")
        if environ is os.environ and "CONSORTIUM_LANDING" not in given and DEMO.exists():
            given = {**json.loads(DEMO.read_text(encoding="utf-8")), **given}
        values = {known[name]: value for name, value in given.items() if name in known and value != ""}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            raise SettingsError(f"{name if name.isupper() else 'CONSORTIUM_' + name.upper()}: {first['msg']}") from None

    def clock(self) -> datetime:
        """The time of the run: `CONSORTIUM_NOW`, else the wall clock in Asia/Shanghai (naive local time)."""
        return self.now or datetime.now(LOCAL_TIME).replace(tzinfo=None)

    def secret_key(self) -> bytes:
        """The pseudonym key. A night without it refuses to start."""
        if self.key is None or not self.key.get_secret_value().strip():
            raise SettingsError(
                "CONSORTIUM_KEY is not set: pseudonyms need a secret key that stays "
                "the same for the life of the consortium. Take one from your secret store; `make nightly` sets one "
                "for the demo only."
            )
        return self.key.get_secret_value().encode()

    @cached_property
    def state_path(self) -> Path:
        return self.home / "state.sqlite"

    @cached_property
    def warehouse_path(self) -> Path:
        return self.home / "warehouse.duckdb"

    @cached_property
    def lake(self) -> Path:
        return self.home / "lake"

    @cached_property
    def quarantine(self) -> Path:
        return self.home / "quarantine"

    @cached_property
    def manifests(self) -> Path:
        return self.home / "manifests"

    @cached_property
    def in_force(self) -> Path:
        return self.home / "in_force"


# Variables with this prefix hold channels of alerts (Apprise URLs); `seeds/recipients.csv` names them.
CHANNEL_PREFIX = "YILIAN_CHANNEL_"

# Variables that tests and the demo read themselves.
_NOT_OURS = frozenset({"YILIAN_SHARED_DATA", "YILIAN_RUN_ID", "YILIAN_REBUILD_SINCE"})
