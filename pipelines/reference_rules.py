"""What rows and files of the reference data must agree on.

Belongs here: rules over several cells: ranges, parts that must make their whole, references between files, one active
scheme per event. Does not belong here: the type of a cell and the key of a file (`seeds/_seeds.yml`, judged by
`pipelines/reference.py`). Every rule is a function of the tables that hands back problems; a table with unsound cells
isn't in the set, and rules that need it are left to the next attempt.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise

from pipelines.reference import Problem, Row, Tables

TEXT_UNITS = ("text", "level")
EVERYBODY = ("", "*", "all")
LEVELS = ("tertiary", "secondary", "primary", "village")
ROLES = ("lead", "general", "specialist", "primary")
WINDOW = re.compile(r"hour|6h|day|visit|days:[1-9]\d*")
DRIVER = re.compile(
    r"headcount|fte|floor_area|ordered_revenue|executed_revenue|visits|discharges|bed_days|workload:[a-z0-9_]+"
)
PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
STEP_OF_CLASS = {"common": "0", "admin": "1", "auxiliary": "2", "medtech": "3"}

# Parameters that are the parts of a whole on every day and at every scope where one of them is in force (AMB-04,
# AMB-11). The whole is 1 or another parameter.
PARTS_OF: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("1", ("pillar_weight_structure", "pillar_weight_process", "pillar_weight_result"), "S2-RISK-01"),
    ("1", ("weight_public", "weight_efficiency", "weight_collaboration"), "S1-PERF-19"),
    ("1", ("pool_use_referral_subsidy", "pool_use_device", "pool_use_award"), "S1-POOL-04"),
    ("1", ("saving_reward_staff_share", "saving_reward_fund_share"), "S1-POOL-05"),
    ("1", ("pay_mix_base", "pay_mix_workload", "pay_mix_signing", "pay_mix_chronic"), "S4-PERF-02"),
    ("1", ("expert_cost_primary", "expert_cost_consortium"), "S5-SHARE-01"),
    ("surplus_award_extract", ("surplus_award_dept", "surplus_award_building"), "S2-POOL-01"),
    ("ct_share_price_total", ("ct_share_owner", "ct_share_pool"), "S1-SHARE-06"),
    ("signing_fee", ("signing_fee_insurer", "signing_fee_resident", "signing_fee_fiscal"), "S4-PRIM-08"),
)
# Parts that are set for different scopes and make 1 over all of them.
PARTS_ACROSS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("surplus_split_primary", "surplus_split_secondary", "surplus_split_tertiary", "surplus_split_management"),
        "S3-POOL-02",
    ),
)


def judge(tables: Tables) -> Iterator[Problem]:
    """Every problem that the rules find in these tables."""
    for needed, rule in RULES:
        if all(name in tables for name in needed):
            yield from rule(tables)


def _policy_values(tables: Tables) -> Iterator[Problem]:
    members = {row["member_id"] for row in tables["members"]}
    known = {"level": set(LEVELS), "role": set(ROLES), "member": members}
    for name in ("policy", "policy_pipeline"):
        for row in tables[name]:
            kind, scope = row["scope_kind"], row["scope"]
            if (kind == "all") != (scope in EVERYBODY):
                wanted = "stays empty for scope_kind all" if kind == "all" else f"a {kind} is needed"
                yield Problem(name, row.number, "scope", wanted)
            elif kind in known and scope not in known[kind]:
                yield Problem(
                    name, row.number, "scope", f"{scope!r} is no {kind}; known: {', '.join(sorted(known[kind]))}"
                )
            yield from _policy_value(name, row)


def _policy_value(name: str, row: Row) -> Iterator[Problem]:
    parameter, cell = row["parameter"], row["value"]
    if not cell or row["unit"] in TEXT_UNITS:
        if row["unit"] == "level" and cell not in LEVELS:
            yield Problem(name, row.number, "value", f"{parameter}: {cell!r} is none of {', '.join(LEVELS)}")
        return
    if not re.fullmatch(r"-?\d+(\.\d{1,6})?", cell):
        yield Problem(name, row.number, "value", f"{parameter}: {cell!r} is not a number with at most 6 decimals")
        return
    for bound, wrong, word in (("range_low", 1, "below"), ("range_high", -1, "above")):
        if row[bound] and (Decimal(row[bound]) - Decimal(cell)) * wrong > 0:
            allowed = f"{row['range_low']} to {row['range_high']}"
            yield Problem(
                name, row.number, "value", f"{parameter}: {cell} is {word} the range {allowed} ({row['source_rule']})"
            )


def _policy_parts(tables: Tables) -> Iterator[Problem]:
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in tables["policy"]:
        if row["value"] and row["unit"] not in TEXT_UNITS and re.fullmatch(r"-?\d+(\.\d+)?", row["value"]):
            rows[row["parameter"]].append(row)
    for whole, parts, rule in PARTS_OF:
        for scope in sorted({_scope(row) for part in parts for row in rows[part]}):
            mine = {part: [row for row in rows[part] if _scope(row) == scope] for part in parts}
            for day in _change_days([row for part in parts for row in mine[part]]):
                held = {part: _held(mine[part], day) for part in parts}
                named = [row for row in held.values() if row is not None]
                if not named:
                    continue
                wanted = Decimal(1) if whole == "1" else _whole(rows[whole], scope, day)
                yield from _sum_problem("policy", held, wanted, f"{' '.join(scope).strip()} from {day}", rule)
    for parts, rule in PARTS_ACROSS:
        for day in _change_days([row for part in parts for row in rows[part]]):
            held = {f"{part} {_scope(row)[1]}".strip(): row for part in parts for row in rows[part] if _holds(row, day)}
            if held:
                yield from _sum_problem("policy", dict(held), Decimal(1), f"from {day}", rule)


def _sum_problem(
    name: str, held: dict[str, Row | None], wanted: Decimal | None, where: str, rule: str
) -> Iterator[Problem]:
    absent = [part for part, row in held.items() if row is None]
    there = {part: row for part, row in held.items() if row is not None}
    last = max(there.values(), key=lambda row: row.number)
    if absent:
        yield Problem(
            name, last.number, "parameter", f"{where}: {', '.join(absent)} missing beside {', '.join(there)} ({rule})"
        )
        return
    if wanted is None:
        return
    total = sum((Decimal(row["value"]) for row in there.values()), Decimal(0))
    if total != wanted:
        parts = " + ".join(f"{part} {row['value']}" for part, row in there.items())
        yield Problem(name, last.number, "value", f"{where}: {parts} = {total}, must be {wanted} ({rule})")


def _weights(tables: Tables) -> Iterator[Problem]:
    known = {row["kpi_code"] for row in tables["kpi"]} | {row["dimension"] for row in tables["kpi"]} | DIMENSIONS
    schemes: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in tables["kpi_weights"]:
        if row["kpi_or_dimension"] not in known:
            yield Problem(
                "kpi_weights", row.number, "kpi_or_dimension", f"{row['kpi_or_dimension']!r} is in no row of kpi.csv"
            )
        if Decimal(row["weight"]) < 0:
            yield Problem("kpi_weights", row.number, "weight", "a weight is not negative")
        schemes[row["scheme"], row["scope_kind"], row["scope"]].append(row)
    for key, rows in schemes.items():
        for day in _change_days(rows):
            held = [row for row in rows if _holds(row, day)]
            total = sum((Decimal(row["weight"]) for row in held), Decimal(0))
            if held and total != 1:
                named = " ".join(filter(None, key))
                yield Problem(
                    "kpi_weights", held[-1].number, "weight", f"{named} from {day}: weights sum to {total}, must be 1"
                )
    for row in tables["kpi_targets"]:
        if row["kpi_code"] not in known:
            yield Problem("kpi_targets", row.number, "kpi_code", f"{row['kpi_code']!r} is in no row of kpi.csv")


DIMENSIONS = {"public_benefit", "efficiency", "collaboration", "structure", "process", "outcome"}


def _members(tables: Tables) -> Iterator[Problem]:
    leads = [row for row in tables["members"] if row["role"] == "lead"]
    if len(leads) != 1:
        second = leads[1].number if leads else None
        yield Problem("members", second, "role", f"{len(leads)} members have the role lead; the pools need exactly one")
    for row in tables["members"]:
        start = row["fiscal_year_start"]
        if start and not re.fullmatch(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", start):
            yield Problem("members", row.number, "fiscal_year_start", f"{start!r} is not MM-DD")


def _accounts(tables: Tables) -> Iterator[Problem]:
    known = {row["account_code"] for row in tables["unified_accounts"]}
    for row in tables["unified_accounts"]:
        if row["parent_code"] and row["parent_code"] not in known:
            yield Problem(
                "unified_accounts", row.number, "parent_code", f"{row['parent_code']!r} is no account of this file"
            )
    for row in tables.get("account_map", ()):
        if row["account_code"] not in known:
            yield Problem(
                "account_map", row.number, "account_code", f"{row['account_code']!r} is not in unified_accounts.csv"
            )


def _statements(tables: Tables) -> Iterator[Problem]:
    """The form of every day on which it changes: totals are there, nothing adds into itself, no prefix stands twice."""
    rows = tables["statement_lines"]
    found = {p: None for day in _change_days(rows) for p in _form([row for row in rows if _holds(row, day)])}
    yield from found


def _form(rows: Sequence[Row]) -> Iterator[Problem]:
    lines = {(row["statement"], row["line_code"]): row for row in rows}
    claimed: dict[tuple[str, str], Row] = {}
    for (statement, line_code), row in lines.items():
        seen, total = {line_code}, row["adds_into"]
        while total:
            if (statement, total) not in lines:
                yield Problem("statement_lines", row.number, "adds_into", f"{total!r} is no line of {statement}")
                break
            if total in seen:
                yield Problem(
                    "statement_lines", row.number, "adds_into", f"{line_code} adds into itself through {total}"
                )
                break
            seen.add(total)
            total = lines[statement, total]["adds_into"]
        for prefix in filter(None, row["account_prefixes"].split("|")):
            if (statement, prefix) in claimed:
                first = claimed[statement, prefix].number
                yield Problem(
                    "statement_lines", row.number, "account_prefixes", f"{prefix} stands in row {first} already"
                )
            claimed[statement, prefix] = row


def _elimination(tables: Tables) -> Iterator[Problem]:
    for row in tables["elimination_rules"]:
        if bool(row["also_debit"]) != bool(row["also_credit"]):
            column = "also_credit" if row["also_debit"] else "also_debit"
            yield Problem("elimination_rules", row.number, column, "the second entry needs both of its sides")


def _merges(tables: Tables) -> Iterator[Problem]:
    parts: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in tables["department_merges"]:
        parts[row["member_id"], row["dept_code"]].append(row)
        if not PERIOD.fullmatch(row["from_period"]):
            yield Problem("department_merges", row.number, "from_period", f"{row['from_period']!r} is not YYYY-MM")
        if (row["member_id"], row["dept_code"]) == (row["into_member_id"], row["into_dept_code"]):
            yield Problem("department_merges", row.number, "into_dept_code", "a department can't be merged into itself")
    for (member, dept), rows in parts.items():
        total = sum((Decimal(row["share"]) for row in rows), Decimal(0))
        if total != 1:
            yield Problem(
                "department_merges", rows[-1].number, "share", f"shares of {member} {dept} sum to {total}, must be 1"
            )


def _schemes(tables: Tables) -> Iterator[Problem]:
    levels = {row["member_id"]: row["level"] for row in tables["members"]}
    kinds = {row["rule_id"]: row["event_kind"] for row in tables["sharing_rules"]}
    active: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in tables["sharing_schemes"]:
        if row["rule_id"] not in kinds:
            yield Problem("sharing_schemes", row.number, "rule_id", f"{row['rule_id']!r} is not in sharing_rules.csv")
            continue
        for column in ("from_scope", "to_scope"):
            if row[column] != "*" and row[column] not in LEVELS and row[column] not in levels:
                yield Problem(
                    "sharing_schemes", row.number, column, f"{row[column]!r} is no member, no level and not *"
                )
        if row["is_active"] == "true":
            for sender in _covered(row["from_scope"], levels):
                for receiver in _covered(row["to_scope"], levels):
                    if sender != receiver:
                        active[kinds[row["rule_id"]], sender, receiver].append(row)
    reported: set[tuple[int, int]] = set()
    for (kind, sender, receiver), rows in active.items():
        in_order = sorted(rows, key=lambda row: row.dates())
        for earlier, later in pairwise(in_order):
            pair = (earlier.number, later.number)
            if later.dates()[0] <= earlier.dates()[1] and pair not in reported:
                reported.add(pair)
                yield Problem(
                    "sharing_schemes", later.number, "is_active",
                    f"{later['rule_id']} and {earlier['rule_id']} (row {earlier.number}) both price {kind} between "
                    f"{sender} and {receiver}; one scheme per event and pair (AMB-07, AMB-08): set one to false",
                )  # fmt: skip


def _drivers(tables: Tables) -> Iterator[Problem]:
    members = {row["member_id"] for row in tables["members"]}
    for row in tables["allocation_drivers"]:
        if row["member_id"] != "*" and row["member_id"] not in members:
            yield Problem("allocation_drivers", row.number, "member_id", f"{row['member_id']!r} is no member and not *")
        wanted = STEP_OF_CLASS[row["from_dept_class"]]
        # An admin department may close first where allow_adm_public_first is on (domain 1.6).
        if row["step"] not in ({wanted, "0"} if wanted == "1" else {wanted}):
            yield Problem(
                "allocation_drivers", row.number, "step", f"{row['from_dept_class']} departments send in step {wanted}"
            )
        for column in ("driver", "fallback_driver"):
            if row[column] and not DRIVER.fullmatch(row[column]):
                yield Problem(
                    "allocation_drivers",
                    row.number,
                    column,
                    f"{row[column]!r} is no driver (docs/policy.md lists them)",
                )


def _items(tables: Tables) -> Iterator[Problem]:
    known = {row["item_code"] for row in tables["items"]}
    for row in tables["items"]:
        if row["limit_window"] and not WINDOW.fullmatch(row["limit_window"]):
            yield Problem(
                "items",
                row.number,
                "limit_window",
                f"{row['limit_window']!r} is none of hour, 6h, day, visit, days:<n>",
            )
        for other in filter(None, row["included_in_item"].split("|")):
            if other not in known:
                yield Problem("items", row.number, "included_in_item", f"{other!r} is not in items.csv")
    for row in tables.get("item_pairs", ()):
        for column in ("item_code", "with_item_code"):
            if row[column] not in known:
                yield Problem("item_pairs", row.number, column, f"{row[column]!r} is not in items.csv")
        if not WINDOW.fullmatch(row["window"]):
            yield Problem(
                "item_pairs", row.number, "window", f"{row['window']!r} is none of hour, 6h, day, visit, days:<n>"
            )


def _drg(tables: Tables) -> Iterator[Problem]:
    for row in tables["drg_rates"]:
        if not 0 < Decimal(row["low_multiple"]) < 1 < Decimal(row["high_multiple"]):
            yield Problem(
                "drg_rates", row.number, "low_multiple", "the low multiple lies below 1 and the high one above"
            )
        if not 0 <= Decimal(row["high_cap_share"]) <= 1:
            yield Problem("drg_rates", row.number, "high_cap_share", "a share lies between 0 and 1")


def _limits(tables: Tables) -> Iterator[Problem]:
    for row in tables["risk_limits"]:
        if not (row["green_limit"] and row["red_limit"]):
            continue
        green, red = Decimal(row["green_limit"]), Decimal(row["red_limit"])
        if (red < green) if row["direction"] in ("down", "band") else (red > green):
            yield Problem("risk_limits", row.number, "red_limit", f"red {red} lies on the green side of {green}")


def _risk_weights(tables: Tables) -> Iterator[Problem]:
    """The weights of a block's indicators sum to 100 on every day on which one of them is in force."""
    blocks: dict[str, list[Row]] = defaultdict(list)
    for row in tables["risk_weights"]:
        blocks[row["block"]].append(row)
        if Decimal(row["weight"]) < 0:
            yield Problem("risk_weights", row.number, "weight", "a weight is not negative")
    for block, rows in blocks.items():
        for day in _change_days(rows):
            held = [row for row in rows if _holds(row, day)]
            total = sum((Decimal(row["weight"]) for row in held), Decimal(0))
            if held and total != 100:
                parts = " + ".join(f"{row['indicator_code']} {row['weight']}" for row in held)
                yield Problem(
                    "risk_weights", held[-1].number, "weight",
                    f"{block} from {day}: {parts} = {total}, must be 100 (S2-RISK-01)",
                )  # fmt: skip


def _matrix(tables: Tables) -> Iterator[Problem]:
    there = {(row["likelihood"], row["impact"]) for row in tables["risk_matrix"]}
    for likelihood in "HML":
        for impact in "HML":
            if (likelihood, impact) not in there:
                yield Problem(
                    "risk_matrix", None, None, f"no level for likelihood {likelihood}, impact {impact} (AMB-28)"
                )


def _periods(tables: Tables) -> Iterator[Problem]:
    for row in tables["periods"]:
        if not PERIOD.fullmatch(row["period"]):
            yield Problem("periods", row.number, "period", f"{row['period']!r} is not YYYY-MM")


def _scope(row: Row) -> tuple[str, str]:
    return row["scope_kind"], "" if row["scope_kind"] == "all" else row["scope"]


def _covered(scope: str, levels: dict[str, str]) -> Sequence[str]:
    return [member for member, level in levels.items() if scope in ("*", level, member)]


def _holds(row: Row, day: date) -> bool:
    first, last = row.dates()
    return first <= day <= last


def _held(rows: Sequence[Row], day: date) -> Row | None:
    return next((row for row in rows if _holds(row, day)), None)


def _whole(rows: Sequence[Row], scope: tuple[str, str], day: date) -> Decimal | None:
    own = [row for row in rows if _scope(row) == scope] or [row for row in rows if row["scope_kind"] == "all"]
    held = _held(own, day)
    return Decimal(held["value"]) if held is not None else None


def _change_days(rows: Sequence[Row]) -> Sequence[date]:
    """Every day on which what is in force can change: first days, and the days after last ones."""
    days = {row.dates()[0] for row in rows}
    days |= {date.fromordinal(last.toordinal() + 1) for _, last in map(Row.dates, rows) if last < date.max}
    return sorted(days)


RULES: tuple[tuple[tuple[str, ...], Callable[[Tables], Iterator[Problem]]], ...] = (
    (("members",), _members),
    (("policy", "policy_pipeline", "members"), _policy_values),
    (("policy",), _policy_parts),
    (("kpi", "kpi_weights", "kpi_targets"), _weights),
    (("unified_accounts",), _accounts),
    (("statement_lines",), _statements),
    (("elimination_rules",), _elimination),
    (("department_merges",), _merges),
    (("sharing_schemes", "sharing_rules", "members"), _schemes),
    (("allocation_drivers", "members"), _drivers),
    (("items",), _items),
    (("drg_rates",), _drg),
    (("risk_limits",), _limits),
    (("risk_weights",), _risk_weights),
    (("risk_matrix",), _matrix),
    (("periods",), _periods),
)
