"""Which rows of a mart are a member's own: one rule for Postgres and for everything else that is handed to a member.

Belongs here: the rule (S5-SEC-01, S5-FIN-04, TC-80: a member sees only its own data, the operations centre sees all).
Does not belong here: how it is enforced.

A mart that names no member in any of its columns is of the consortium, and only the operations centre sees it, unless
it stands in `SHARED`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.publish.marts import Mart

SHARED = frozenset({
    "core.member", "core.account", "core.unified_cost_code", "core.drg", "core.item", "core.policy",
    "sharing.pool_balance", "performance.fund", "governance.publication",
})  # fmt: skip
"""What every member sees whole: lists without a figure of anyone, and what the rules want published to members
(S1-SEC-01: pool accounts and the fund)."""

OFFICES: Mapping[str, frozenset[str]] = {
    "yilian_finance": frozenset({"core", "ledger", "cost", "sharing", "budget", "treasury", "operations"}),
    "yilian_insurance": frozenset({"core", "payment", "risk", "primary_care"}),
}
"""Offices of the consortium and the areas whose rows they see whole, of all members; performance and the record of the
run stay with the operations centre."""

OWNERS = (
    "member_id", "payer_member_id", "payee_member_id", "from_member_id", "to_member_id", "lender", "borrower",
)  # fmt: skip
"""Columns that say whose a row is."""


@dataclass(frozen=True)
class Rule:
    """Who sees a mart's rows. `owners` are columns that hold a member's id; `entity` means that the pair
    `entity_level`, `entity_id` says whose a row is."""

    shared: bool
    owners: tuple[str, ...]
    entity: bool

    @property
    def consortium_only(self) -> bool:
        return not (self.shared or self.owners or self.entity)


def rule_of(mart: Mart) -> Rule:
    """The rule of a mart, from its columns."""
    names = {column.name for column in mart.columns}
    owners = tuple(name for name in OWNERS if name in names)
    entity = not owners and {"entity_level", "entity_id"} <= names
    return Rule(mart.full_name in SHARED, owners, entity)


def offices_of(mart: Mart) -> tuple[str, ...]:
    """The offices that see a mart whole."""
    if mart.full_name in SHARED:
        return tuple(OFFICES)
    return tuple(role for role, areas in OFFICES.items() if mart.schema in areas)
