"""What assets are handed: the settings of the run, its state, and the lock of the night.

Belongs here: Dagster resources. Does not belong here: what is done with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import dagster as dg

from pipelines.settings import Settings
from pipelines.state import State, night_lock


class Consortium(dg.ConfigurableResource):
    """Settings and state of the consortium.

    Attributes:
        environ: variables that stand in for the environment (tests); empty = the process's own.
    """

    environ: dict[str, str] = {}  # noqa: RUF012 (a Dagster config field, copied per instance)

    @property
    def settings(self) -> Settings:
        return Settings.load(self.environ or None)

    @property
    def state(self) -> State:
        return State(self.settings.state_path)


class Night(Consortium):
    """The consortium for the length of a night: no second night may run in the same home."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Self]:
        with night_lock(self.settings.home):
            yield self
