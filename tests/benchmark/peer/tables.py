"""Deliveries and reference data as frames, and the ledger.

Here: reading and mapping. Not here: costs (costs.py) and findings (lines.py).
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

SEEDS = Path(__file__).resolve().parents[3] / "seeds"
KEY = ["period", "member_id"]
NEEDED: dict[str, list[str] | None] = {
    "gl_entries": None,
    "departments": ["dept_code", "dept_name", "dept_class", "headcount", "floor_area_m2"],
    "encounters": [
        "encounter_id", "patient_id", "encounter_type", "dept_code", "started_at", "ended_at", "primary_diagnosis",
        "disposition", "is_planned_readmission",
    ],
    "charge_lines": [
        "charge_id", "encounter_id", "charged_at", "item_code", "charge_class", "quantity", "unit_price", "amount",
        "ordering_dept", "executing_dept",
    ],
    "settlements": ["settlement_id", "encounter_id", "drg_code", "total_charge", "fund_paid"],
    "workload": ["sender_dept", "receiver_dept", "receiver_member_id", "workload_kind", "quantity"],
    "bed_days": ["encounter_id", "census_date", "dept_code"],
}  # fmt: skip
MOMENTS = {"started_at", "ended_at", "charged_at", "posting_date", "census_date"}


def read(landing: Path, extract: str) -> pd.DataFrame:
    """All delivered rows of an extract, the columns that are needed, with member, period and delivery date."""
    frames = []
    for manifest in sorted(landing.glob("*/*/manifest.json")):
        said = json.loads(manifest.read_bytes())
        for file in said["files"]:
            if file["extract"] == extract:
                frame = _frame(manifest.parent / file["file"], NEEDED[extract])
                frame["member_id"], frame["period"], frame["delivery_date"] = (
                    said["member_id"],
                    file["period"],
                    said["delivery_date"],
                )
                frames.append(frame)
    whole = pd.concat(frames, ignore_index=True)
    for column in ("member_id", "period", "item_code", "charge_class", "ordering_dept", "executing_dept", "dept_code"):
        if column in whole:
            whole[column] = whole[column].astype("category")
    return whole


def _frame(path: Path, columns: list[str] | None) -> pd.DataFrame:
    if path.suffix == ".parquet":
        frame = pd.read_parquet(path, columns=columns)
        for column in frame.select_dtypes(object).columns:
            first = next((value for value in frame[column] if value is not None), None)
            if isinstance(first, Decimal):
                frame[column] = frame[column].astype("float64")
            elif isinstance(first, date):
                frame[column] = pd.to_datetime(frame[column])
        return frame
    codes = ("dept_code", "ordering_dept", "executing_dept", "account_code", "voucher_no", "project_code")
    text = dict.fromkeys(codes, "string")
    head = columns or pd.read_csv(path, nrows=0).columns
    return pd.read_csv(path, usecols=columns, dtype=text, parse_dates=[c for c in head if c in MOMENTS])


def month(moment: pd.Series) -> pd.Series:
    """YYYY-MM, as a category: made of few distinct months."""
    months = moment.dt.to_period("M")
    return months.astype("category").cat.rename_categories(str)


def seed(landing: Path, name: str) -> pd.DataFrame:
    """Reference data; the landing's own over the project's."""
    own = landing / "_seeds" / f"{name}.csv"
    frame = pd.read_csv(
        own if own.exists() else SEEDS / f"{name}.csv", dtype={"account_code": str, "local_account_pattern": str}
    )
    for column in ("valid_from", "valid_to"):
        if column in frame:
            frame[column] = pd.to_datetime(frame[column])
    return frame


def in_force(frame: pd.DataFrame, day: str) -> pd.DataFrame:
    """Rows of reference data in force on a day."""
    at = pd.Timestamp(day)
    return frame[(frame.valid_from <= at) & ~(frame.valid_to < at)]


def ledger(landing: Path) -> pd.DataFrame:
    """ledger.entry."""
    lines = read(landing, "gl_entries")
    members = seed(landing, "members")[["member_id", "name_zh", "vendor"]]
    rules = seed(landing, "account_map").sort_values(
        "local_account_pattern", key=lambda c: c.str.len(), ascending=False
    )
    distinct = lines[["member_id", "account_code"]].drop_duplicates().merge(members, on="member_id")
    by_scope = {
        scope: list(zip(of.local_account_pattern, of.account_code, strict=True))
        for scope, of in rules.groupby("vendor_or_member")
    }

    def mapped(row: Any) -> str | None:
        candidates = [rule for scope in (row.member_id, row.vendor, "*") for rule in by_scope.get(scope, ())]
        hits = [rule for rule in candidates if row.account_code.startswith(rule[0].rstrip("*%"))]
        return max(hits, key=lambda rule: len(rule[0]))[1] if hits else None

    distinct["unified"] = [mapped(row) for row in distinct.itertuples()]
    accounts = seed(landing, "unified_accounts").rename(columns={"account_code": "unified"})
    lines = lines.merge(distinct, on=["member_id", "account_code"]).merge(
        accounts[["unified", "account_name_zh", "account_type", "cost_category", "cost_element"]], on="unified"
    )
    closes = lines.unified.str[:4].isin(["3301", "3302"])
    lines["is_closing"] = closes.groupby([lines.period, lines.member_id, lines.voucher_no], observed=True).transform(
        "any"
    )
    lines["amount"] = lines.debit - lines.credit
    names = read(landing, "departments")[[*KEY, "dept_code", "dept_name"]]
    return lines.merge(names.astype({"dept_code": str}), on=[*KEY, "dept_code"], how="left")
