"""The report set of a hospital's cost office (domain 1.11): which tables there are, and which mart each is a view of.

Here: titles, queries and columns of the sheets, and the checks between them. Not here: how a sheet is written
(`workbook`), and any arithmetic beyond sums: every figure stands in a mart.
"""

from __future__ import annotations

from pipelines.costing.sheets import ELEMENTS, Check, Column, Sheet, money, named, pivot, text

ELEMENT_ORDER = "list_position([" + ", ".join(f"'{code}'" for code, _ in ELEMENTS) + "], cost_element)"
MINE = "period = $period and member_id = $member"
CLASSES = {
    "clinical": "临床服务类",
    "medtech": "医疗技术类",
    "auxiliary": "医疗辅助类",
    "admin": "行政后勤类",
    "common": "公用成本",
    "unallocated": "未分摊",
    "external": "外部机构",
    "unknown": "未分类",
}
"""Department classes in the order of the reports."""
DRG_STATUS = {"normal": "正常", "watch": "关注", "over_standard": "超标准"}
STRUCTURE_STATUS = {"below": "偏低", "within": "正常", "above": "偏高"}
CLASS_NAME = named("dept_class", CLASSES)
CLASS_ORDER = "list_position([" + ", ".join(f"'{code}'" for code in CLASSES) + "], dept_class)"
ELEMENT_COLUMNS = tuple(money(code, name) for code, name in ELEMENTS)
ELEMENT_KEYS = tuple(code for code, _ in ELEMENTS)
DEPARTMENT = (text("dept_code", "科室代码", 12), text("dept_name", "科室名称", 18))
SCOPE_NAMES = ("medical", "medical_full", "hospital_full")
MEDICAL = "cost_scope = 'medical'"
SCOPES = (("", "医疗成本"), ("medical_full_", "医疗全成本"), ("hospital_full_", "医院全成本"))


def unit_sheet(unit: str, name: str, volume: str) -> Sheet:
    columns = [*DEPARTMENT, Column("volume", volume, "count", is_totalled=True)]
    for prefix, scope in SCOPES:
        columns += [
            money(f"{prefix}total_cost", scope),
            Column(f"{prefix}unit_cost", f"单位{scope}", "money"),
            Column(f"{prefix}unit_cost_without_materials", f"单位{scope}（不含药品、单独收费卫材）", "money"),
        ]
    return Sheet(
        name,
        name,
        f"select * from cost.unit_cost where {MINE} and unit = '{unit}' order by dept_code",
        tuple(columns),
        note="床日为每晚在院人数之和。" if unit == "bed_day" else "诊次为门急诊人次，不含体检。",
    )


def unit_element_sheet(unit: str, name: str) -> Sheet:
    return Sheet(
        name,
        name,
        f"select dept_code, any_value(units.dept_name) as dept_name, {pivot('elements.unit_cost')}, "
        "any_value(units.unit_cost) as unit_cost from cost.unit_cost_element as elements "
        "inner join cost.unit_cost as units using (period, member_id, dept_code, unit) "
        f"where {MINE} and unit = '{unit}' group by dept_code order by dept_code",
        (
            *DEPARTMENT,
            *(Column(code, title) for code, title in ELEMENTS),
            Column("unit_cost", "合计", adds=ELEMENT_KEYS),
        ),
        note="每一单位的成本项目构成，医疗成本口径；各项分别四舍五入到分，与合计可差一两分。",
    )


SHEETS: tuple[Sheet, ...] = (
    Sheet(
        "科室直接成本表",
        "科室直接成本表",
        f"select {CLASS_NAME} as class_name, dept_code, dept_name, {pivot('amount', MEDICAL)}, "
        f"{', '.join(f'sum(amount) filter (cost_scope = {scope!r}) as {scope}' for scope in SCOPE_NAMES)} "
        "from cost.scope_cost left join (select dept_code, any_value(dept_class) as dept_class "
        f"from cost.department_cost where {MINE} group by dept_code) as classes using (dept_code) where {MINE} "
        f"group by dept_class, dept_code, dept_name having sum(abs(amount)) > 0 order by {CLASS_ORDER}, dept_code",
        (
            text("class_name", "科室类别", 12),
            *DEPARTMENT,
            *ELEMENT_COLUMNS,
            money("medical", "医疗成本", adds=ELEMENT_KEYS),
            money("medical_full", "医疗全成本"),
            money("hospital_full", "医院全成本"),
        ),
        note="成本项目为医疗成本口径。COMMON 为未归属科室的公用成本。",
    ),
    Sheet(
        "科室成本分摊汇总表",
        "科室成本分摊汇总表",
        f"select {CLASS_NAME} as class_name, * from (select dept_class, dept_code, dept_name, "
        "sum(direct_amount) as direct, sum(from_common) as from_common, sum(from_admin) as from_admin, "
        "sum(from_auxiliary) as from_auxiliary, sum(from_medtech) as from_medtech, sum(full_amount) as full_amount, "
        "sum(passed_on_amount) as passed_on, sum(full_amount - passed_on_amount) as kept from cost.department_cost "
        f"where {MINE} group by all union all select 'external', to_dept, any_value(to_dept_name), 0, "
        f"{', '.join(f'coalesce(sum(amount) filter (step = {step}), 0)' for step in range(4))}, "
        f"sum(amount), 0, sum(amount) from cost.allocation_trace where {MINE} and to_dept like 'EXT:%' "
        "group by to_dept) "
        f"as departments order by {CLASS_ORDER}, dept_code",
        (
            text("class_name", "科室类别", 12),
            *DEPARTMENT,
            money("direct", "直接成本"),
            money("from_common", "分摊公用成本"),
            money("from_admin", "分摊行政后勤"),
            money("from_auxiliary", "分摊医疗辅助"),
            money("from_medtech", "分摊医疗技术"),
            money(
                "full_amount",
                "分摊后成本",
                adds=("direct", "from_common", "from_admin", "from_auxiliary", "from_medtech"),
            ),
            money("passed_on", "转出成本"),
            money("kept", "留存成本"),
        ),
        note="三级分项逐级分步结转法。留存成本 = 分摊后成本 − 转出成本；留存成本合计等于直接成本合计。",
    ),
    Sheet(
        "临床科室全成本表",
        "临床服务类科室全成本表",
        "select dept_code, dept_name, direct, from_common, from_admin, from_auxiliary, from_medtech, full_amount, "
        "medical_full, hospital_full from (select dept_code, dept_name, sum(direct_amount) as direct, "
        "sum(from_common) as from_common, sum(from_admin) as from_admin, sum(from_auxiliary) as from_auxiliary, "
        "sum(from_medtech) as from_medtech, sum(full_amount) as full_amount from cost.department_cost "
        f"where {MINE} and dept_class = 'clinical' group by all) as departments "
        "left join (select dept_code, sum(full_amount) filter (cost_scope = 'medical_full') as medical_full, "
        "sum(full_amount) filter (cost_scope = 'hospital_full') as hospital_full from cost.scope_cost "
        f"where {MINE} group by dept_code) as scopes using (dept_code) order by dept_code",
        (
            *DEPARTMENT,
            money("direct", "直接成本"),
            money("from_common", "分摊公用成本"),
            money("from_admin", "分摊行政后勤"),
            money("from_auxiliary", "分摊医疗辅助"),
            money("from_medtech", "分摊医疗技术"),
            money(
                "full_amount",
                "医疗成本",
                adds=("direct", "from_common", "from_admin", "from_auxiliary", "from_medtech"),
            ),
            money("medical_full", "医疗全成本"),
            money("hospital_full", "医院全成本"),
        ),
    ),
    Sheet(
        "临床科室全成本构成",
        "临床服务类科室全成本构成分析表",
        f"select dept_code, dept_name, {pivot('full_amount')}, sum(full_amount) as total from cost.department_cost "
        f"where {MINE} and dept_class = 'clinical' group by dept_code, dept_name "
        "order by dept_code",
        (
            *DEPARTMENT,
            *(
                column
                for code, name in ELEMENTS
                for column in (money(code, name), Column(f"{code}_share", "占比", "share", share_of=(code, "total")))
            ),
            money("total", "合计", adds=ELEMENT_KEYS),
        ),
        note="医疗成本口径，分摊后。",
    ),
    unit_sheet("visit", "诊次成本表", "诊次"),
    unit_element_sheet("visit", "诊次成本构成表"),
    unit_sheet("bed_day", "床日成本表", "床日"),
    unit_element_sheet("bed_day", "床日成本构成表"),
    Sheet(
        "项目成本汇总表",
        "医疗服务项目成本汇总表",
        "select item_code, any_value(item_name) as item_name, sum(volume) as volume, sum(revenue) as revenue, "
        "sum(total_cost) as total_cost, any_value(member_unit_cost) as member_unit_cost, sum(margin) as margin "
        f"from cost.item_cost where {MINE} group by item_code order by item_code",
        (
            text("item_code", "项目代码", 12),
            text("item_name", "项目名称", 26),
            Column("volume", "工作量", "quantity"),
            money("revenue", "收入"),
            money("total_cost", "成本"),
            Column("member_unit_cost", "单位成本", "price"),
            money("margin", "结余"),
        ),
    ),
    Sheet(
        "项目成本明细表",
        "医疗服务项目成本明细表",
        f"select * from cost.item_cost where {MINE} order by executing_dept, item_code",
        (
            text("executing_dept", "执行科室", 12),
            text("executing_dept_name", "科室名称", 16),
            text("item_code", "项目代码", 12),
            text("item_name", "项目名称", 26),
            text("method_name", "核算方法", 16),
            Column("volume", "工作量", "quantity"),
            Column("unit_price", "平均单价", "price"),
            Column("unit_cost", "单位成本", "price"),
            Column("unit_cost_low", "各法最低", "price"),
            Column("unit_cost_high", "各法最高", "price"),
            money("revenue", "收入"),
            money("total_cost", "成本"),
            money("margin", "结余"),
        ),
    ),
    Sheet(
        "病种成本明细表",
        "病种成本明细及构成表",
        f"select * from cost.disease_cost where {MINE} order by total_cost desc, disease_code",
        (
            text("disease_code", "病种", 8),
            text("disease_name", "病种名称", 24),
            Column("cases", "例数", "count", is_totalled=True),
            Column("mean_los", "平均住院日", "money"),
            Column("mean_drug", "药品"),
            Column("mean_consumable", "卫生材料"),
            Column("mean_labour", "人力"),
            Column("mean_depreciation", "折旧摊销"),
            Column("mean_other", "其他"),
            Column("mean_indirect", "间接成本"),
            Column("mean_cost", "例均成本"),
            Column("median_cost", "成本中位数"),
            Column("mean_charge", "例均费用"),
            money("total_cost", "总成本"),
        ),
        note="按出院主要诊断三位类目；例均各项分别四舍五入。",
    ),
    Sheet(
        "DRG成本明细表",
        "DRG 成本明细表",
        f"select *, {named('status', DRG_STATUS)} as status_name from cost.drg_cost where {MINE} order by drg_code",
        (
            text("drg_code", "DRG", 8),
            text("drg_name", "DRG 名称", 26),
            Column("cases", "例数", "count", is_totalled=True),
            Column("mean_los", "平均住院日"),
            Column("payment_standard", "支付标准"),
            Column("mean_cost", "例均成本"),
            Column("p25_cost", "下四分位"),
            Column("median_cost", "中位数"),
            Column("p75_cost", "上四分位"),
            Column("cost_variation", "变异系数", "share"),
            Column("region_mean_cost", "区域例均"),
            Column("peer_best_cost", "同级最优"),
            Column("margin_per_case", "例均结余"),
            Column("contribution_per_case", "例均贡献毛益"),
            text("status_name", "状态", 8),
        ),
    ),
    Sheet(
        "DRG成本构成表",
        "DRG 成本构成表（服务单元叠加法）",
        f"select * from cost.drg_service_unit where {MINE} order by drg_code, total_cost desc, service_unit",
        (
            text("drg_code", "DRG", 8),
            text("drg_name", "DRG 名称", 26),
            Column("cases", "例数", "count"),
            text("service_unit_name", "服务单元", 18),
            money("total_cost", "成本"),
            Column("cost_per_case", "例均成本"),
            Column("share", "占比", "share"),
        ),
    ),
    Sheet(
        "病例成本对账表",
        "病例成本对账表（各方法）",
        "select *, case when is_published then '是' end as published "
        f"from cost.case_method where {MINE} order by is_published desc, method",
        (
            text("method_name", "核算方法", 16),
            text("published", "是否采用", 8),
            Column("outpatient_cases", "门急诊病例"),
            Column("inpatient_cases", "住院病例"),
            Column("unmatched", "未匹配"),
            Column("rounding", "尾差"),
            Column(
                "department_cost", "科室全成本", adds=("outpatient_cases", "inpatient_cases", "unmatched", "rounding")
            ),
            Column("unmatched_share", "未匹配比例", "share"),
            Column("discharges", "出院人次", "count"),
            Column("cost_per_discharge", "出院人次成本"),
            Column("deviation_from_published", "与采用方法之差", "share"),
        ),
        note="住院病例含在院病人本月成本。",
    ),
    Sheet(
        "成本构成表",
        "成本项目构成表",
        f"select *, {named('status', STRUCTURE_STATUS)} as status_name "
        f"from cost.structure where {MINE} order by {ELEMENT_ORDER}",
        (
            text("cost_element_name", "成本项目", 18),
            money("amount", "金额"),
            Column("share", "占比", "share"),
            Column("peer_share", "同级占比", "share"),
            Column("benchmark_low", "参考下限", "share"),
            Column("benchmark_high", "参考上限", "share"),
            text("status_name", "状态", 8),
        ),
    ),
    Sheet(
        "医院成本报表",
        "医院成本报表（年初至本期）",
        "select cost_element_name, sum(amount) filter (cost_scope = 'medical_business') as medical_business, "
        "sum(amount) filter (cost_scope = 'medical') as medical, "
        "sum(amount) filter (cost_scope = 'medical_full') as medical_full, "
        "sum(amount) filter (cost_scope = 'hospital_full') as hospital_full, count(distinct period) as months "
        "from cost.scope_cost where member_id = $member and period <= $period "
        "and substr(period, 1, 4) = substr($period, 1, 4) "
        f"group by cost_element, cost_element_name order by {ELEMENT_ORDER}",
        (
            text("cost_element_name", "成本项目", 18),
            Column("months", "月数", "count"),
            money("medical_business", "医疗业务成本"),
            money("medical", "医疗成本"),
            money("medical_full", "医疗全成本"),
            money("hospital_full", "医院全成本"),
        ),
        note="自本年一月起已报送的月份累计；直接成本口径，含分摊前各类科室。",
    ),
)

CHECKS: tuple[Check, ...] = (
    Check(
        "直接成本合计与分摊汇总表一致",
        (("科室直接成本表", "medical"),),
        (("科室成本分摊汇总表", "direct"),),
    ),
    Check(
        "分摊前后成本一致",
        (("科室成本分摊汇总表", "direct"),),
        (("科室成本分摊汇总表", "kept"),),
    ),
    Check(
        "临床科室全成本与构成分析表一致",
        (("临床科室全成本表", "full_amount"),),
        (("临床科室全成本构成", "total"),),
    ),
    Check(
        "项目成本明细与汇总一致",
        (("项目成本明细表", "total_cost"),),
        (("项目成本汇总表", "total_cost"),),
    ),
    Check(
        "成本构成与直接成本一致",
        (("成本构成表", "amount"),),
        (("科室直接成本表", "medical"),),
    ),
)
