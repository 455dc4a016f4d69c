"""Where Dagster keeps its runs: SQLite beside the project by default, Postgres when its URL is set.

Belongs here: DAGSTER_HOME and its `dagster.yaml`, and the concise run log. Does not belong here: definitions.
"""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

import dagster as dg

from pipelines.settings import PROJECT, Settings


def prepare(settings: Settings) -> Path:
    """Makes DAGSTER_HOME ready and names it in the environment; one that is set already is left as it is."""
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    # Events of a step are written together: hundreds of assets are one transaction instead of hundreds.
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "200")
    if settings.postgres_url is not None:
        os.environ["DAGSTER_STORAGE_URL"] = storage_url(settings.postgres_url.get_secret_value())
    given = os.environ.get("DAGSTER_HOME")
    home = Path(given) if given else settings.home / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    target = home / "dagster.yaml"
    if not given or not target.exists():
        source = "dagster.yaml" if settings.postgres_url is None else "dagster.postgres.yaml"
        shutil.copyfile(PROJECT / "deploy" / source, target)
    os.environ["DAGSTER_HOME"] = str(home.resolve())
    return home


def storage_url(url: str) -> str:
    """The URL with the driver that dagster-postgres brings: SQLAlchemy would choose another one by itself."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg2{separator}{rest}" if scheme in ("postgres", "postgresql") else url


@dg.logger(
    config_schema={"level": dg.Field(str, default_value="INFO", is_required=False)},
    description="One short line per message: time, step, what happened.",
)
def night_log(context: dg.InitLoggerContext) -> logging.Logger:
    """The log of a night as the engineer on call reads it."""
    logger = logging.getLogger("yilian.night")
    logger.setLevel(context.logger_config["level"])
    logger.propagate = False
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(_Line())
        logger.addHandler(handler)
    return logger


class _Line(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        meta = getattr(record, "dagster_meta", {}) or {}
        step = meta.get("step_key") or ""
        message = meta.get("orig_message") or record.getMessage()
        if message.startswith("Dependencies for step"):
            message = "not run, since a step before it failed"
        level = "" if record.levelno <= logging.INFO else f"{record.levelname} "
        return f"{self.formatTime(record, '%H:%M:%S')} {step:<16} {level}{message}"
