"""Whether a gate is open for what now stands in the warehouse.

Belongs here: the one question that KPI, risk and publication ask before they start, whoever starts them. A gate is
open only for the very state it was judged on: rebuild a mart and the gate is closed until it has been judged again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.state import State
from pipelines.warehouse import FOUNDATION, PRODUCTS, revision_of

# Gate 1 holds members back for their own faults; it closes only for the consortium's.
CLOSES_GATE_1 = frozenset({"covers_members"})


class GateClosed(RuntimeError):
    """A gate is closed, or was never judged on what now stands; names the checks and what to do."""


def require_open(state: State, *gates: int) -> None:
    """Refuses to go on unless each of the gates is open for the present state.

    Raises:
        GateClosed: names gate, checks, observed and expected.
    """
    for gate in gates:
        _require(state, gate)


def _require(state: State, gate: int) -> None:
    rows = state.rows(
        "select * from gate where gate = ? and run_id = "
        "(select run_id from gate where gate = ? order by checked_at desc, rowid desc limit 1)",
        (str(gate), str(gate)),
    )
    if not rows:
        raise GateClosed(f"gate {gate} was never judged: run the whole night (`yilian nightly`), not this step alone")
    judged = max(row["revision"] for row in rows)
    now = _present(state, gate)
    if judged != now:
        raise GateClosed(
            f"gate {gate} was judged on revision {judged}, but the warehouse stands at {now}: something was rebuilt "
            "since. Run the whole night (`yilian nightly`), which judges it again."
        )
    closing = [row for row in rows if closes(row)]
    if closing:
        what = "; ".join(
            f"{row['check_name']} {row['status']} (observed {row['observed']}, expected {row['expected']}, "
            f"{row['violated']} of {row['denominator']}{', members ' + row['members'] if row['members'] else ''})"
            for row in closing
        )
        raise GateClosed(f"gate {gate} is closed: {what}. See `yilian gate`; the last publication stays in force.")


def closes(row: Mapping[str, Any]) -> bool:
    """Whether a row of `governance.gate` keeps its gate closed."""
    is_bad = row["severity"] == "error" and row["status"] in ("failed", "error")
    return is_bad and (row["gate"] != "1" or row["check_name"] in CLOSES_GATE_1)


def _present(state: State, gate: int) -> int:
    if gate == 1:
        return int(state.note("manifest_serial") or 0)
    return revision_of(state, FOUNDATION if gate == 2 else FOUNDATION + PRODUCTS)
