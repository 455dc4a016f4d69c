"""The ledger of one member and month: which business leads to which voucher.

Belongs here: revenue by day, settlement with insurance, pay, stores, depreciation, running costs, subsidies.
Everything is taken from the other extracts, so that they agree to the fen. Not here: double entry itself (journal),
business between members (internal).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import polars as pl

from pipelines.demo import places
from pipelines.demo.care_extracts import Month
from pipelines.demo.catalogue import Item
from pipelines.demo.journal import Balances, Entry, Journal
from pipelines.demo.sizes import PERSONAS, Member, largest_remainder
from pipelines.demo.stores import Issues
from pipelines.demo.world import World, first_day, last_day

OUTPATIENT = {"exam": "03", "lab": "04", "treatment": "05", "nursing": "05", "surgery": "06", "anaesthesia": "06",
              "consumable": "0701", "high_value_consumable": "0702", "bed": "09", "other": "09"}  # fmt: skip
INPATIENT = {"bed": "01", "registration": "02", "exam": "03", "lab": "04", "treatment": "05", "surgery": "06",
             "anaesthesia": "06", "nursing": "07", "consumable": "0801", "high_value_consumable": "0802",
             "other": "10"}  # fmt: skip
OPERATIONS = (("01", 0.24, True), ("02", 0.16, True), ("04", 0.14, False), ("05", 0.05, False), ("06", 0.06, False),
              ("07", 0.15, False), ("99", 0.20, False))  # fmt: skip
"""Detail of other running costs, share, and whether it is common to all departments (no department on the line)."""
RISK_FUND_RATE = 2  # per thousand of medical income (domain 1.2: 1-3)


@dataclass
class Ledger:
    """What a member carries from month to month within a year."""

    balances: Balances = field(default_factory=dict)
    norm: int = 0  # charges of a usual month, fen
    receivable_plan: list[tuple[int, int]] = field(default_factory=list)


def revenue_account(item: Item, is_stay: bool) -> str:
    """Unified revenue account of an item in a setting (domain 2.2)."""
    if item.charge_class == "drug":
        kind = {"z": "02", "t": "03"}.get(drug_kind(item), "01")
        return ("4101010209" if is_stay else "4101010108") + kind
    if is_stay:
        return "41010102" + INPATIENT[item.charge_class]
    if item.charge_class == "registration":
        return "41010101" + ("01" if item.code == "REG001" else "02")
    return "41010101" + OUTPATIENT[item.charge_class]


def drug_kind(item: Item) -> str:
    """x western, z Chinese patent, t herbal pieces."""
    if "饮片" in item.name:
        return "t"
    patent = ("丹参", "血塞通", "连花", "桂枝", "腰痹")
    return "z" if any(item.name.startswith(p) for p in patent) else "x"


def cost_account(item: Item) -> str:
    """Detail of the cost account (below 500104) of a drug or consumable."""
    if item.charge_class == "drug":
        return "03" + {"x": "01", "z": "02", "t": "03"}[drug_kind(item)]
    return "0201" if item.is_chargeable else "0202"


class Books:
    """Posts one month of one member."""

    def __init__(self, world: World, member: Member, period: str, ledger: Ledger) -> None:
        names = {row["account_code"]: row["account_name_zh"] for row in world.accounts}
        self.world, self.member, self.period, self.ledger = world, member, period, ledger
        self.journal = Journal(member, period, names)
        self.rows = places.places(member)
        self.first, self.last = first_day(period), last_day(period)
        self.persona = PERSONAS[member.persona]

    def cash(self, amount: int, detail: str = "01", partner: str | None = None) -> Entry:
        return Entry("1002", amount, detail=detail, partner=partner)

    def _budget(self, account: str, amount: int, partner: str | None = None) -> list[Entry]:
        """Budgetary side of money in (positive) or out (negative) of the treasury of the member."""
        return [Entry("800102", amount), Entry(account, -amount, partner=partner)]

    def expense(self, dept: int | None, detail: str, amount: int, fund: str = "own") -> Entry:
        """A cost line: which of 5001, 5101 and the public-health accounts depends on department and fund."""
        place = None if dept is None else self.rows[dept]
        head = "5101" if place is not None and place.dept_class == "admin" else "5001"
        if place is not None and place.code.startswith("1P"):
            head, middle, fund = "5001", "05", "fiscal_project"
        else:
            middle = {
                "own": "04",
                "fiscal_basic": "01",
                "fiscal_project": "02",
                "other_project": "02",
                "research": "03",
            }[fund]
        return Entry(f"{head}{middle}{detail}", amount, None if place is None else place.code, fund)

    # --- care ---------------------------------------------------------------------------------------------

    def revenue(self, cut: Month, settled: pl.DataFrame) -> None:
        """Charges of each day as revenue; visits are paid on the spot, stays become work in progress (121201)."""
        listed = self.world.catalogue.listed
        stay = cut.cases.select(
            pl.col("row").alias("case"), pl.col("encounter_type").is_in(["inpatient", "day_surgery"]).alias("is_stay")
        )
        sums = (
            cut.lines.join(stay, on="case", how="left")
            .with_columns((pl.col("minute") // 1440).alias("day"))
            .group_by("day", "is_stay", "item", "executing")
            .agg(pl.col("amount").sum())
        )
        by_day: dict[tuple[int, bool], dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
        for on, is_stay, item, executing, amount in sums.iter_rows():
            key = (revenue_account(listed[item], is_stay), self.rows[executing].code)
            by_day[on, is_stay][key] += amount
        claims = settled.with_columns(pl.col("drg_code").is_not_null().alias("is_stay"))
        fund = {
            (int(d), s): int(v)
            for d, s, v in claims.group_by(pl.col("claimed_on").cast(pl.Int32).alias("d"), "is_stay")
            .agg(pl.col("fund_paid").sum())
            .iter_rows()
        }
        for on in range(self.first, self.last + 1):
            for is_stay in (False, True):
                credits = by_day.get((on, is_stay))
                if not credits:
                    continue
                total = sum(credits.values())
                entries = [Entry(a, -v, d) for (a, d), v in sorted(credits.items())]
                if is_stay:
                    self.journal.post(on, "确认住院收入", [Entry("121201", total), *entries])
                    continue
                insured = min(fund.get((on, False), 0), total)
                own = total - insured
                entries = [Entry("12120201", insured), self.cash(own), *entries, *self._budget("610101", own)]
                self.journal.post(on, "确认门急诊收入", entries, "business_income")
        self._discharges(cut, settled)

    def _discharges(self, cut: Month, settled: pl.DataFrame) -> None:
        """Discharged stays leave work in progress: insurance owes its part, the patient has paid his."""
        closed = cut.cases.filter("is_closed").filter(pl.col("encounter_type").is_in(["inpatient", "day_surgery"]))
        frame = closed.join(
            settled.select("encounter_id", "fund_paid", "denied_amount", "patient_paid"), on="encounter_id", how="left"
        )
        frame = frame.join(self.case_totals, left_on="row", right_on="case", how="left").with_columns(
            pl.col("amount").fill_null(0),
            (pl.col("end") // 1440).alias("day"),
            pl.col("fund_paid", "denied_amount").fill_null(0),
        )
        sums = (
            frame.group_by("day", maintain_order=False)
            .agg(pl.col("amount").sum(), pl.col("fund_paid").sum(), pl.col("denied_amount").sum())
            .sort("day")
        )
        for on, total, fund, denied in sums.iter_rows():
            own = total - fund - denied
            entries = [Entry("12120201", fund), Entry("41010103", denied), self.cash(own), Entry("121201", -total)]
            self.journal.post(int(on), "出院病人结算", entries + self._budget("610101", own), "business_income")

    case_totals: pl.DataFrame

    def insurance(self, receipts: list[tuple[int, int]], difference: int) -> None:
        """Money from the fund for earlier claims, and the month's DRG settlement difference (41010103)."""
        for on, amount in receipts:
            entries = [self.cash(amount), Entry("12120201", -amount), *self._budget("610101", amount)]
            self.journal.post(on, "收到医保结算款", entries, "insurance_settlement")
        self.journal.post(
            self.last, "确认医保结算差额", [Entry("12120201", difference), Entry("41010103", -difference)]
        )

    # --- resources ----------------------------------------------------------------------------------------

    def pay(self, by_dept: list[tuple[int, int]], basic: int) -> None:
        """Pay of the month, accrued and paid; the fiscal basic appropriation carries base pay as far as it goes."""
        total = sum(base + rest for base, rest in by_dept)
        entries: list[Entry] = []
        left = basic
        for dept, (base, rest) in enumerate(by_dept):
            fiscal = min(base, left)
            left -= fiscal
            entries.append(self.expense(dept, "0101", fiscal, "fiscal_basic"))
            entries.append(self.expense(dept, "0101", base - fiscal))
            entries.append(self.expense(dept, "0103", rest))
        self.journal.post(self.last - 1, "计提职工薪酬", [*entries, Entry("220101", -total)])
        used = basic - left
        budget = [Entry("720101", used), Entry("720104", total - used), Entry("800102", -total)]
        self.journal.post(
            self.last - 1, "发放职工薪酬", [Entry("220101", total), self.cash(-total), *budget], "payroll"
        )

    def stores(self, cut: Month, issues: Issues) -> None:
        """Goods received, issued and paid."""
        for group, (stock_account, payable) in {
            "drug": ("13020101", "230201"),
            "consumable": ("13020299", "230202"),
        }.items():
            value = issues.received[group]
            self.journal.post(self.first + 19, "采购入库", [Entry(stock_account, value), Entry(payable, -value)])
        listed = self.world.catalogue.listed
        wanted = [i.index for i in listed if i.charge_class in ("drug", "consumable", "high_value_consumable")]
        issued = cut.lines.filter(pl.col("item").is_in(wanted) & ~pl.col("off_stock"))
        prices = self.world.catalogue.prices(self.member)
        costs: dict[tuple[int, str], int] = defaultdict(int)
        for item, dept, quantity in issued.group_by("item", "ordering").agg(pl.col("quantity").sum()).iter_rows():
            costs[dept, cost_account(listed[item])] += quantity * int(prices[item])
        # Material that is not billed goes where the work is: by headcount of the clinical and technical departments.
        users = [
            i
            for i, p in enumerate(self.rows)
            if p.dept_class in ("clinical", "medtech") and not p.code.startswith("1P")
        ]
        for dept, amount in zip(
            users, largest_remainder(issues.unbilled, [self.rows[i].heads for i in users]), strict=True
        ):
            costs[dept, "0203" if self.rows[dept].code.startswith("2S3") else "0202"] += amount
        for start, stock_account, summary in (("03", "13020101", "药品出库"), ("02", "13020299", "卫生材料出库")):
            entries = [self.expense(d, a, v) for (d, a), v in sorted(costs.items()) if a.startswith(start)]
            self.journal.post(self.last, summary, [*entries, Entry(stock_account, -sum(e.amount for e in entries))])
        for on, amount, group in issues.paid:
            entries = [Entry("230201" if group == "drug" else "230202", amount), self.cash(-amount)]
            budget = [Entry("720104", amount), Entry("800102", -amount)]
            self.journal.post(max(on, self.first), "支付货款", entries + budget, "procurement")

    def assets(self, register: pl.DataFrame, amortisation: int) -> None:
        """Depreciation and maintenance by the department that uses the asset, amortisation of software."""
        kinds = {"building": ("01", "160201"), "vehicle": ("04", "160204"), "it": ("03", "160203")}
        index = {p.code: i for i, p in enumerate(self.rows)}
        entries: list[Entry] = []
        against: dict[str, int] = defaultdict(int)
        upkeep: list[Entry] = []
        for dept, cls, depreciation, maintenance in register.select(
            "dept_code", "asset_class", "monthly_depreciation", "monthly_maintenance"
        ).iter_rows():
            detail, account = kinds.get(cls, ("02", "160202"))
            entries.append(self.expense(index[dept], "04" + detail, depreciation))
            against[account] += depreciation
            upkeep.append(self.expense(index[dept], "0703", maintenance))
        self.journal.post(
            self.last, "计提固定资产折旧", [*entries, *(Entry(a, -v) for a, v in sorted(against.items()))]
        )
        total = sum(e.amount for e in upkeep)
        budget = [Entry("720104", total), Entry("800102", -total)]
        self.journal.post(self.last - 3, "支付设备维保费", [*upkeep, self.cash(-total), *budget])
        office = next((i for i, p in enumerate(self.rows) if p.dept_class == "admin"), 0)
        self.journal.post(
            self.last, "计提无形资产摊销", [self.expense(office, "0501", amortisation), Entry("1702", -amortisation)]
        )

    def running(self, total: int, basic: int, health: int, capital: int) -> None:
        """Other running costs, subsidies, risk fund, public health, research and equipment bought."""
        for detail, share, is_common in OPERATIONS:
            amount = round(total * share)
            if is_common:
                entries = [self.expense(None, "07" + detail, amount)]
            else:
                parts = largest_remainder(amount, [p.heads for p in self.rows])
                entries = [self.expense(d, "07" + detail, v) for d, v in enumerate(parts)]
            budget = [Entry("720104", amount), Entry("800102", -amount)]
            self.journal.post(self.last - 4, "支付日常运行费用", [*entries, self.cash(-amount), *budget])
        for account, budget_account, amount, what, project in (
            ("400101", "600101", basic, "收到财政基本补助", None),
            ("40010201", "600102", health, "收到基本公共卫生补助", "PH"),
        ):
            fund = "fiscal_basic" if project is None else "fiscal_project"
            entries = [self.cash(amount), Entry(account, -amount, fund=fund, project=project)]
            self.journal.post(self.first + 7, what, entries + self._budget(budget_account, amount), "fiscal_subsidy")
        if capital:
            budget = [Entry("720104", capital), Entry("800102", -capital)]
            self.journal.post(
                self.first + 21, "购置专用设备", [Entry("160102", capital), self.cash(-capital), *budget], "capital"
            )
        if self.member.role == "lead":
            grant = total // 25
            entries = [self.cash(grant), Entry("41010201", -grant, fund="research", project="KY2026-01")]
            self.journal.post(self.first + 9, "收到科研课题经费", entries + self._budget("610102", grant))
            office = next(i for i, p in enumerate(self.rows) if p.dept_class == "admin")
            spent = grant * 8 // 10
            entry = Entry("5001030706", spent, self.rows[office].code, "research", project="KY2026-01")
            budget = [Entry("720103", spent), Entry("800102", -spent)]
            self.journal.post(self.first + 23, "科研课题支出", [entry, self.cash(-spent), *budget])
        income = ("41010101", "41010102")
        medical = sum(c - d for (a, _, _), (d, c) in self.journal.moves.items() if a.startswith(income))
        provision = medical * RISK_FUND_RATE // 1000
        clinic = next(i for i, p in enumerate(self.rows) if p.dept_class == "clinical")
        self.journal.post(
            self.last, "提取医疗风险基金", [self.expense(clinic, "06", provision), Entry("310102", -provision)]
        )


def opening(
    world: World,
    member: Member,
    ledger: Ledger,
    issues: Issues,
    register: pl.DataFrame,
    receivable: int,
    payable: dict[str, int],
) -> Balances:
    """Balances on the first day of the demo's history in a year: assets known, net assets the rest.

    The budgetary side stands for January to August: income and outlays of eight usual months.
    """
    norm = ledger.norm
    out: Balances = defaultdict(int)

    def put(account: str, amount: int, detail: str = "") -> None:
        out[account, detail, ""] += amount

    put("1002", norm * 3, "01")
    if member.role == "lead":
        put("1002", norm // 2, "02")
    put("12120201", receivable)
    put("13020101", issues.opening["drug"])
    put("13020299", issues.opening["consumable"])
    gross: dict[str, int] = defaultdict(int)
    for cls, cost in register.select("asset_class", "original_cost").iter_rows():
        gross[{"building": "160101", "vehicle": "160104", "it": "160103"}.get(cls, "160102")] += cost
    for account, cost in gross.items():
        put(account, cost)
        put("1602" + account[4:], -cost * 42 // 100)
    put("170101", norm // 4)
    put("1702", -norm // 10)
    put("230201", -payable["drug"])
    put("230202", -payable["consumable"])
    debt = 0.18 if member.level == "tertiary" else 0.55 if member.level in ("primary", "village") else 0.3
    assets = sum(v for (a, _, _), v in out.items() if a[0] == "1")
    put("2501", -max(round(assets * debt) - sum(payable.values()), 0))
    put("310102", -norm // 30)
    put("330102", -norm // 8)
    put("300102", -sum(out.values()))
    put("800102", norm * 2)
    put("610101", -norm * 8)
    put("720104", norm * 15 // 2)
    put("8202", -sum(v for (a, _, _), v in out.items() if a[0] in "678"))
    return {k: v for k, v in out.items() if v}
