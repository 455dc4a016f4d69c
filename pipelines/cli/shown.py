"""How results are shown: a drawn table on a terminal, plain tab-separated text elsewhere; exit codes.

Does not belong here: commands.
"""

from __future__ import annotations

import sys
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.settings import Settings
from pipelines.state import State

CLOSED, BROKEN = 2, 1


def out() -> Console:
    """Where results go; wide and without colour when it is not a terminal."""
    return Console(width=None if sys.stdout.isatty() else 200, soft_wrap=not sys.stdout.isatty())


def table(title: str, columns: list[str], rows: list[list[Any]]) -> None:
    """Shows rows: a drawn table on a terminal, tab-separated lines elsewhere."""
    if not sys.stdout.isatty():
        sys.stdout.write("\t".join(columns) + "\n")
        for row in rows:
            sys.stdout.write("\t".join("" if cell is None else " ".join(str(cell).split()) for cell in row) + "\n")
        return
    drawn = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    out().print(drawn)


def state_of(settings: Settings) -> State:
    """The state of this home; a home where nothing ran yet is an error that says so."""
    if not settings.state_path.exists():
        raise typer.BadParameter(f"nothing ran in {settings.home} yet: start with `yilian nightly`")
    return State(settings.state_path)
