"""Connections to the publishing server, and errors in words. Nothing else belongs here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2.extensions import connection as Connection

from pipelines.publish.errors import PublicationError
from pipelines.settings import Settings


@contextmanager
def connect(settings: Settings) -> Iterator[Connection]:
    """A connection as the publisher; every `with connection:` block on it is one transaction.

    Raises:
        PublicationError: the server cannot be reached, or breaks the connection; never shows the password.
    """
    if settings.postgres_url is None:
        raise PublicationError("YILIAN_POSTGRES_URL is not set")
    url = settings.postgres_url.get_secret_value().replace("postgresql+psycopg2://", "postgresql://", 1)
    try:
        connection = psycopg2.connect(url, application_name="yilian", connect_timeout=10)
    except psycopg2.OperationalError as error:
        raise PublicationError(
            f"Postgres cannot be reached: {str(error).strip()}. The publication before stays; see that the server of "
            "YILIAN_POSTGRES_URL runs and run again, or unset the variable to publish files only."
        ) from None
    try:
        if connection.server_version < 150000:
            raise PublicationError("Postgres 15 or newer is needed: older views cannot keep row-level security")
        with connection, connection.cursor() as cursor:
            # Whatever somebody put into `public`, the publisher means the server's own catalogue and functions.
            cursor.execute("set search_path = pg_catalog, pg_temp")
        yield connection
    except psycopg2.Error as error:
        raise PublicationError(
            f"Postgres: {str(error).strip() or type(error).__name__}. The publication before stays; run again when it "
            "is mended."
        ) from error
    finally:
        connection.close()
