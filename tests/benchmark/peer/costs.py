"""Cost of departments, cases and groups.

Here: the step-down, pools, case and DRG cost, payment. Not here: reading (tables.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.benchmark.peer.tables import KEY, in_force, read, seed

PARTS = ["drug", "consumable", "labour", "depreciation", "other", "indirect"]
RISK_COST_RATE = 0.10
"""Policy risk_cost_rate (S3-DRG-07); an analyst writes it down."""


def step_down(landing: Path, entries: pd.DataFrame, lines: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """cost.department_cost (direct, received by step, full) and cost.allocation_trace, in yuan."""
    departments = read(landing, "departments").astype({"dept_code": str})
    costs = entries[
        ~entries.is_closing
        & entries.unified.str[:4].isin(["5001", "5101"])
        & entries.fund_source.isin(["own", "fiscal_basic"])
    ]
    costs = costs.assign(
        dept_code=costs.dept_code.astype(str).where(costs.dept_code.notna() & (costs.dept_code != ""), "COMMON"),
        cost_element=costs.cost_element.fillna("other"),
    )
    direct = costs.groupby([*KEY, "dept_code", "cost_element"], observed=True).amount.sum()
    ordered = lines.groupby(["month", "member_id", "executing_dept", "ordering_dept"], observed=True).amount.sum()
    drivers = in_force(seed(landing, "allocation_drivers"), "2026-10-31").sort_values("from_dept", ascending=False)
    work = read(landing, "workload").astype({"period": str, "member_id": str})
    is_external = work.receiver_member_id.notna() & (work.receiver_member_id != work.member_id)
    work["receiver"] = ("EXT:" + work.receiver_member_id.astype(str)).where(is_external, work.receiver_dept)
    out, trace = [], []
    for key, here in departments.groupby(KEY, observed=True):
        period, member = (str(part) for part in key)
        if (period, member) not in direct.index:
            continue
        matrix = direct.loc[period, member].unstack(fill_value=0.0)
        listed = here.set_index("dept_code")
        step = listed.dept_class.map({"admin": 1, "auxiliary": 2, "medtech": 3}).astype("float").to_dict() | {
            "COMMON": 0.0
        }
        others = set(work[(work.period == period) & (work.member_id == member) & is_external].receiver)
        full = matrix.reindex(sorted(set(matrix.index) | set(listed.index) | others), fill_value=0.0)
        received = {number: pd.DataFrame(0.0, index=full.index, columns=full.columns) for number in range(4)}
        served = (
            ordered.loc[period, member].unstack(fill_value=0.0) if (period, member) in ordered.index else pd.DataFrame()
        )
        asked = drivers[drivers.member_id.isin([member, "*"])]
        done = work[(work.period == period) & (work.member_id == member)]
        for number in range(4):
            senders = [dept for dept in full.index if step.get(dept) == number]
            later = [dept for dept in listed.index if not step.get(dept, 9) <= number]
            for sender in senders:
                weights = _weights(asked, number, sender, listed, later, served, done)
                shares = weights / weights.sum()
                flows = pd.DataFrame(np.outer(shares, full.loc[sender]), index=shares.index, columns=full.columns)
                received[number].loc[shares.index] += flows
                trace.append(flows.assign(period=period, member_id=member, step=number, from_dept=sender, share=shares))
            full = full + received[number]
        for number, name in enumerate(("common", "admin", "auxiliary", "medtech")):
            received[number].columns = pd.MultiIndex.from_product([[name], received[number].columns])
        matrix = matrix.reindex(full.index, fill_value=0.0)
        matrix.columns = pd.MultiIndex.from_product([["direct"], matrix.columns])
        held = (
            pd.concat([matrix, *received.values()], axis=1)
            .stack(future_stack=True)
            .reset_index(names=["dept_code", "cost_element"])
        )
        out.append(held.assign(period=period, member_id=member))
    flows = pd.concat(trace).reset_index(names="to_dept")
    costs = pd.concat(out).merge(departments[[*KEY, "dept_code", "dept_class"]], on=[*KEY, "dept_code"], how="left")
    return costs, flows


def _weights(
    drivers: pd.DataFrame,
    step: int,
    sender: str,
    listed: pd.DataFrame,
    later: list[str],
    served: pd.DataFrame,
    work: pd.DataFrame,
) -> pd.Series:
    """The driver's quantities over departments of later steps, by the first driver that has any.

    A sender's own row of `drivers` comes before the one for its class (they are sorted so).
    """
    rule = drivers[(drivers.step == step) & drivers.from_dept.isin([sender, "*"])].iloc[0]
    for name in (rule.driver, rule.fallback_driver, "headcount"):
        found: Any = pd.Series(dtype=float)
        if name in ("headcount", "floor_area"):
            found = listed["headcount" if name == "headcount" else "floor_area_m2"]
        elif name == "executed_revenue" and not served.empty:
            found = served.sum(axis=1)
        elif name == "ordered_revenue" and sender in served.index:
            found = served.loc[sender]
        elif str(name).startswith("workload:"):
            mine = work[(work.sender_dept == sender) & (work.workload_kind == str(name)[9:])]
            found = mine.groupby("receiver").quantity.sum()
        others = [receiver for receiver in found.index if str(receiver).startswith("EXT:")]
        chosen = found.reindex([*later, *others], fill_value=0.0)
        if chosen.sum() > 0:
            return chosen[chosen > 0].astype(float)
    raise ValueError(f"no driver places the cost of {sender}")


def _by_department(lines: pd.DataFrame, chosen: pd.Series, name: str) -> pd.DataFrame:
    """What departments charged for some lines, by period, member and pool."""
    keys = ["month", "member_id", "executing_dept"]
    sums = lines[chosen].groupby(keys, observed=True).amount.sum().rename(name).reset_index()
    return sums.rename(columns={"month": "period", "executing_dept": "pool"}).astype(dict.fromkeys([*KEY, "pool"], str))


def _volumes(landing: Path, lines: pd.DataFrame) -> pd.DataFrame:
    """Marks lines with pool and equivalents; revenue, equivalents and covered revenue of every pool."""
    items = seed(landing, "items").drop_duplicates("item_code").set_index("item_code").equivalent
    lines["points"] = lines.quantity * lines.item_code.astype(str).map(items).astype(float)
    materials = lines.charge_class.isin(["consumable", "high_value_consumable"])
    services = np.where(materials, "MATERIAL", lines.executing_dept.astype(str))
    lines["pool"] = np.where(lines.charge_class == "drug", "DRUG", services)
    keys = ["month", "member_id", "pool"]
    sums = lines.groupby(keys, observed=True).agg(revenue=("amount", "sum"), points=("points", "sum"))
    covered = lines[lines.points.notna()].groupby(keys, observed=True).amount.sum().rename("covered")
    volumes = sums.join(covered).fillna({"covered": 0.0}).reset_index().rename(columns={"month": "period"})
    return volumes.astype(dict.fromkeys(KEY, str))


def _pools(costs: pd.DataFrame, lines: pd.DataFrame, volumes: pd.DataFrame) -> pd.DataFrame:
    """Cost by component of every pool, and what its weights are: points, charge, day or none (domain 1.10)."""
    serving = costs[costs.dept_class.isin(["clinical", "medtech"])].assign(
        part=lambda c: c.cost_element.replace({"amortisation": "depreciation", "risk_fund": "other"}),
        indirect=lambda c: c.common + c.admin + c.auxiliary,
    )
    keys = [*KEY, "dept_code"]
    held = serving.pivot_table(
        index=keys, columns="part", values="direct", aggfunc="sum", fill_value=0.0, observed=True
    )
    held["indirect"] = serving.groupby(keys, observed=True).indirect.sum()
    held = held.reindex(columns=PARTS, fill_value=0.0).reset_index().rename(columns={"dept_code": "pool"})
    held = held.astype(dict.fromkeys(KEY, str))
    materials = _by_department(lines, lines.charge_class.isin(["consumable", "high_value_consumable"]), "material")
    drugs = _by_department(lines, lines.charge_class == "drug", "drugs")
    held = held.merge(materials, on=[*KEY, "pool"], how="left").merge(drugs, on=[*KEY, "pool"], how="left")
    held = held.fillna({"material": 0.0, "drugs": 0.0})
    home = held[["consumable", "material"]].min(axis=1).clip(lower=0)
    rest = held.consumable.clip(lower=0) - home
    totals = pd.DataFrame({"home": home, "rest": rest}).groupby([held.period, held.member_id]).transform("sum")
    sold = volumes[volumes.pool == "MATERIAL"][[*KEY, "revenue"]]
    sold_here = held[KEY].merge(sold, on=KEY, how="left").revenue.fillna(0.0)
    spread = np.clip(np.minimum(totals.rest, sold_here - totals.home), 0, None)
    charged = home + np.divide(rest * spread, totals.rest, out=np.zeros(len(rest)), where=totals.rest.to_numpy() != 0)
    by_drug = held.assign(pool="DRUG")[[*KEY, "pool", "drug"]]
    by_material = held.assign(pool="MATERIAL", consumable=charged)[[*KEY, "pool", "consumable"]]
    clinical = costs[costs.dept_class == "clinical"][keys].drop_duplicates().rename(columns={"dept_code": "pool"})
    clinical = clinical.astype(dict.fromkeys([*KEY, "pool"], str)).assign(is_clinical=True)
    held = held.merge(clinical, on=[*KEY, "pool"], how="left").merge(volumes, on=[*KEY, "pool"], how="left")
    stays_put = held.is_clinical.notna() | held.revenue.notna() | (held.drugs + held.material <= 0)
    dispenses = np.where(held.drugs >= held.material, "DRUG", "MATERIAL")
    held["pool"] = np.where(stays_put, held.pool, dispenses)
    own = held.assign(drug=0.0, consumable=held.consumable - charged)[[*KEY, "pool", *PARTS]]
    pools = pd.concat([own, by_drug, by_material]).groupby([*KEY, "pool"])[PARTS].sum().reset_index()
    pools = pools.merge(volumes, on=[*KEY, "pool"], how="left").merge(clinical, on=[*KEY, "pool"], how="left")
    pools = pools.fillna({"revenue": 0.0, "points": 0.0, "covered": 0.0})
    services = (
        volumes[~volumes.pool.isin(["DRUG", "MATERIAL"])].groupby(KEY, as_index=False)[["revenue", "covered"]].sum()
    )
    methods = services.assign(is_bottom_up=services.covered >= 0.9 * services.revenue)[[*KEY, "is_bottom_up"]]
    pools = pools.merge(methods, on=KEY, how="left")
    by_points = (
        (pools.is_bottom_up == True)  # noqa: E712 - a left join leaves NaN
        & (pools.points > 0)
        & (pools.covered >= 0.9 * pools.revenue)
        & ~pools.pool.isin(["DRUG", "MATERIAL"])
    )
    pools["kind"] = np.select(
        [by_points, pools.revenue > 0, pools.is_clinical.notna()], ["points", "charge", "day"], "none"
    )
    return pools


def _days(landing: Path, pools: pd.DataFrame, visits: pd.DataFrame) -> pd.DataFrame:
    """Weights of pools that go by days: nights where the member delivers them, else the stay's days, one per visit."""
    by_day = pools[pools.kind == "day"][[*KEY, "pool"]]
    nights = read(landing, "bed_days")
    nights["period"] = nights.census_date.dt.strftime("%Y-%m")
    nights = nights.rename(columns={"dept_code": "pool"}).astype({"pool": str, "member_id": str}).merge(by_day)
    counted = nights.groupby([*KEY, "pool", "encounter_id"]).census_date.nunique().rename("days").reset_index()
    uncounted = by_day.merge(counted[[*KEY, "pool"]].drop_duplicates(), how="left", indicator=True)
    uncounted = uncounted[uncounted._merge == "left_only"]
    present = (
        visits.drop(columns="period")
        .rename(columns={"dept_code": "pool", "case_period": "period"})
        .astype({"pool": str})
    )
    present = uncounted.merge(present[[*KEY, "pool", "encounter_id", "los_days"]], on=[*KEY, "pool"])
    present["days"] = present.los_days.fillna(1.0)
    return pd.concat([counted, present[[*KEY, "pool", "encounter_id", "days"]]])


def cases(
    landing: Path, costs: pd.DataFrame, lines: pd.DataFrame, visits: pd.DataFrame, groups: pd.DataFrame
) -> pd.DataFrame:
    """cost.case_cost: pools shared out by equivalents, charges or days."""
    volumes = _volumes(landing, lines)
    pools = _pools(costs, lines, volumes)
    keys = ["month", "member_id", "encounter_id", "pool"]
    weights = lines.groupby(keys, observed=True, as_index=False)[["amount", "points"]].sum()
    weights = weights.rename(columns={"month": "period"}).astype(dict.fromkeys(KEY, str))
    weights = pd.concat([weights, _days(landing, pools, visits)]).fillna({"amount": 0.0, "points": 0.0})
    weights = weights.merge(pools, on=[*KEY, "pool"], suffixes=("", "_all"))
    whole_days = weights.groupby([*KEY, "pool"]).days.transform("sum")
    share = np.select(
        [weights.kind == "points", weights.kind == "charge", weights.kind == "day"],
        [
            weights.points / weights.points_all.replace(0, np.nan),
            weights.amount / weights.revenue.replace(0, np.nan),
            weights.days / whole_days.replace(0, np.nan),
        ],
        0.0,
    )
    shared = weights[PARTS].mul(np.nan_to_num(share), axis=0)
    shared[["member_id", "encounter_id", "charge"]] = weights[["member_id", "encounter_id", "amount"]]
    whole = shared.groupby(["member_id", "encounter_id"], as_index=False)[[*PARTS, "charge"]].sum()
    whole["total_cost"] = whole[PARTS].sum(axis=1)
    found = whole.merge(visits[visits.case_period.notna()], on=["member_id", "encounter_id"])
    found = found.merge(groups, on=["member_id", "encounter_id"], how="left")
    found["margin"] = found.payment - found.total_cost
    region = found[found.weight > 0].groupby("case_period")[["total_cost", "weight"]].sum()
    unit = region.total_cost / region.weight
    found["risk"] = RISK_COST_RATE * found.weight * found.case_period.map(unit)
    return found


def grouped(landing: Path, visits: pd.DataFrame) -> pd.DataFrame:
    """Stays with their DRG and payment; outliers beyond the cap are left to exact engines."""
    settled = (
        read(landing, "settlements")
        .sort_values(["period", "delivery_date"])
        .drop_duplicates(["member_id", "settlement_id"], keep="last")
    )
    settled = settled.astype({"member_id": str})
    stays = visits[(visits.encounter_type == "inpatient") & visits.case_period.notna()][
        ["member_id", "encounter_id", "case_period"]
    ]
    per_case = settled.groupby(["member_id", "encounter_id"], as_index=False).agg(
        drg_code=("drg_code", "max"), bill=("total_charge", "sum"), fund_paid=("fund_paid", "sum")
    )
    cases = stays.astype({"member_id": str}).merge(
        per_case[per_case.drg_code.notna()], on=["member_id", "encounter_id"]
    )
    cases = cases.merge(
        seed(landing, "drg").drop_duplicates("drg_code")[["drg_code", "drg_name", "adrg", "weight"]],
        on="drg_code",
        how="left",
    )
    members = seed(landing, "members")[["member_id", "level"]]
    cases = cases.merge(members, on="member_id")
    factors = (
        in_force(seed(landing, "policy"), "2026-10-31")
        .query("parameter == 'level_factor'")
        .set_index("scope")
        .value.astype(float)
    )
    rates = seed(landing, "drg_rates").set_index("fiscal_year")
    year = cases.case_period.astype(str).str[:4].astype(int)
    standards = seed(landing, "drg_standards").set_index(["drg_code", "level"])
    set_outright = standards.payment_standard.to_dict()
    own = pd.MultiIndex.from_frame(cases[["drg_code", "level"]]).map(set_outright)
    common = pd.MultiIndex.from_arrays([cases.drg_code, ["all"] * len(cases)]).map(set_outright)
    tariff = cases.weight * year.map(rates.rate) * cases.level.map(factors)
    cases["standard"] = (
        pd.Series(own, dtype=float).fillna(pd.Series(common, dtype=float)).fillna(tariff.reset_index(drop=True))
    )
    cases["payment"] = cases.standard.where(
        cases.bill >= cases.standard * year.map(rates.low_multiple), cases.bill
    ).fillna(cases.bill)
    return cases.drop(columns=["case_period", "level"])


def drg_cost(found: pd.DataFrame) -> pd.DataFrame:
    """cost.drg_cost beside the region and the best peer."""
    here = found[found.drg_code.notna()]
    own = here.groupby(["case_period", "member_id", "drg_code"], observed=True).agg(
        cases=("encounter_id", "size"), standard=("standard", "max"),
        mean_los=("los_days", "mean"), mean_cost=("total_cost", "mean"),
        **{f"mean_{name}": (name, "mean") for name in (*PARTS, "charge", "payment", "risk")},
    )  # fmt: skip
    region = here.groupby(["case_period", "drg_code"], observed=True).agg(
        region_mean_cost=("total_cost", "mean"), region_median_los=("los_days", "median")
    )
    beside = own.reset_index().merge(region.reset_index(), on=["case_period", "drg_code"])
    beside["cost_ratio_to_region"] = beside.mean_cost / beside.region_mean_cost
    return beside
