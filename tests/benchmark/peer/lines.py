"""Findings on charge lines and stays.

Here: the four rules that the floor has too. Not here: costs (costs.py).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tests.benchmark.peer.tables import seed


def findings(landing: Path, lines: pd.DataFrame, visits: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Findings of R01 readmission, R31 duplicates of a day and R32 price; R30 pairs in the day."""
    items = seed(landing, "items").drop_duplicates("item_code").set_index("item_code")
    who = visits[["member_id", "encounter_id", "patient_id"]]
    here = lines.merge(who, on=["member_id", "encounter_id"])
    code = here.item_code.astype(str)
    here["day"] = here.charged_at.dt.normalize()
    daily = items[["max_per_day"]].assign(window=items.limit_quantity.where(items.limit_window == "day")).min(axis=1)
    daily = daily[~items.is_hourly.fillna(False).astype(bool)]
    here["limit"] = code.map(daily)
    counted = here[here.limit.notna()].groupby(["member_id", "patient_id", "item_code", "day"], observed=True)
    sums = counted.agg(
        quantity=("quantity", "sum"), limit=("limit", "first"), price=("unit_price", "max")
    ).reset_index()
    crowded = sums[sums.quantity > sums.limit].assign(
        rule_code="R31", amount=lambda f: (f.quantity - f.limit) * f.price
    )
    members = seed(landing, "members").set_index("member_id").level
    level = here.member_id.astype(str).map(members)
    limit = np.select(
        [level == "tertiary", level == "secondary"],
        [code.map(items.max_price_tertiary), code.map(items.max_price_secondary)],
        code.map(items.max_price_primary),
    )
    dear = here[(here.unit_price > limit) & (here.quantity > 0)]
    dear = dear.assign(rule_code="R32", amount=(dear.unit_price - limit[dear.index]) * dear.quantity)
    pairs = seed(landing, "item_pairs").query("relation in ('duplicate', 'exclusive')")
    paired = here[code.isin(set(pairs.item_code) | set(pairs.with_item_code))]
    subs = paired.merge(
        pairs[["item_code", "with_item_code"]].rename(columns={"item_code": "main", "with_item_code": "item_code"}),
        on="item_code",
    )
    subs = subs.drop_duplicates(["charge_id", "main"])
    mains = (
        paired[["member_id", "patient_id", "day", "item_code"]].rename(columns={"item_code": "main"}).drop_duplicates()
    )
    both = subs.merge(mains, on=["member_id", "patient_id", "day", "main"])
    stays = visits[visits.encounter_type == "inpatient"].merge(
        groups[["member_id", "encounter_id", "adrg", "fund_paid"]], how="left", on=["member_id", "encounter_id"]
    )
    stays = stays.assign(dx3=stays.primary_diagnosis.str[:3]).sort_values("started_at")
    twice = stays.merge(stays, on=["member_id", "patient_id"], suffixes=("", "_before"))
    gap = (twice.started_at.dt.normalize() - twice.ended_at_before.dt.normalize()).dt.days
    again = twice[
        (gap >= 0) & (gap <= 15) & (twice.started_at_before < twice.started_at)
        & ((twice.dx3 == twice.dx3_before) | (twice.adrg == twice.adrg_before))
        & ~twice.is_planned_readmission.fillna(False).astype(bool)
        & ~twice.disposition_before.isin(["transfer", "died", "left"])
    ].drop_duplicates(["member_id", "encounter_id"], keep="last")  # fmt: skip
    return pd.concat(
        [crowded, dear, both.assign(rule_code="R30"), again.assign(rule_code="R01", amount=again.fund_paid)]
    )[["rule_code", "member_id", "patient_id", "encounter_id", "amount"]]
