"""`yilian`: the command line of the pipeline.

Belongs here: one module per topic, each with commands on an app of its own, which this file puts together. Does not
belong here: what the commands do. Heavy imports stay inside the commands, so that `yilian --help` is quick.
"""

from __future__ import annotations

import sys
from types import TracebackType

import typer

from pipelines.cli import costing, ledger, looking, publishing, risk, rules, running, upkeep

app = typer.Typer(
    name="yilian",
    help="Yilian (医联): the nightly finance, cost and insurance-risk pipeline of a hospital consortium.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for topic in (running.app, looking.app, costing.app, ledger.app, publishing.app, risk.app, rules.app):
    app.add_typer(topic)
app.add_typer(upkeep.adapter_app, name="adapter")
app.add_typer(ledger.accounts_app, name="accounts")
app.add_typer(ledger.period_app, name="period")
app.add_typer(upkeep.contract_app, name="contract")


@app.callback()
def errors() -> None:
    """Yilian (医联): the nightly finance, cost and insurance-risk pipeline of a hospital consortium."""
    sys.excepthook = _say  # set here, since typer sets its own before it calls a command


def _say(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Errors of our own are one line that says what to do; others keep their traceback."""
    if kind.__module__.startswith("pipelines."):
        sys.stderr.write(f"yilian: {error}\n")
    else:
        sys.__excepthook__(kind, error, trace)


def main() -> None:
    """Runs the command line."""
    app()
