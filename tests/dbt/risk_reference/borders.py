"""The edges of the rules' windows, told as stories: each is found by exactly the rules it names.

Belongs here: the last day and the first one after it, month and year ends, refunds, one case at two members, stays that
have not ended. Not here: what each rule is for (stories.py, whose `Story` writes these down), what is asserted
(test_risk_rules.py).
"""

from __future__ import annotations

from typing import Any


def borders(story: Any) -> None:
    """The edges of windows, days, months and years; refunds; the same case at two members; lines that undo nothing."""
    # R01: over the year's and the month's end; the same day; a chain of three; one that was never discharged
    for name, first, days, second, found in (
        ("R01-new-year", "2025-12-25", 3, "2026-01-05", "R01"),
        ("R01-new-month", "2026-08-27", 3, "2026-09-03", "R01"),
        ("R01-same-day", "2026-10-01", 3, "2026-10-04T15:00:00", "R01"),
    ):
        story.stay(f"{name}-first", name, first, days)
        story.stay(name, name, second, 2, found)
    for number, (start, found) in enumerate((("2026-10-01", ""), ("2026-10-08", "R01"), ("2026-10-15", "R01"))):
        story.stay(f"R01-chain-{number}", "R01-chain", start, 2, found)
    story.stay("R01-open-first", "R01-open", "2026-10-10", 3)
    story.stay("R01-open", "R01-open", "2026-10-20", 3, "R01")
    story.rows["encounters", "H01"][-1] |= {"ended_at": None, "disposition": None}
    story.rows["settlements", "H01"].pop()

    # R02: the seventh day; a form written before the first admission, or for a third member, is none for this one
    story.stay("R02-seven-first", "P02s", "2026-10-01", 3)
    story.stay("R02-seven", "P02s", "2026-10-11", 3, "R02", member="H02")
    for name, on, to in (("R02-old-form", "2026-09-20", "H02"), ("R02-other-form", "2026-10-04", "T01")):
        story.stay(f"{name}-first", name, "2026-10-01", 3)
        story.stay(name, name, "2026-10-08", 3, "R02", member="H02")
        story.add("referrals", "H01", {
            "referral_id": f"F-{name}", "patient_id": name, "from_member_id": "H01", "to_member_id": to,
            "direction": "down", "referred_on": on, "condition_type": "stable", "diagnosis": "J44.1",
        })  # fmt: skip
    # transferred and admitted elsewhere on the same day: neither split nor overlapping
    story.stay("R02-moved-first", "P02m", "2026-10-01", 3, disposition="transfer")
    story.stay("R02-moved", "P02m", "2026-10-04T14:00:00", 3, member="H02")

    # R06: one and the same stay claimed by two members is one finding, on one of them
    for member, found in (("H01", ""), ("H02", "R06")):
        story.stay(f"R06-twice-{member}", "R06-twice", "2026-10-01", 4, found, member=member)

    # R05: a visit inside two stays at once is found once; at the last minute before the day of discharge
    story.visit("R05-inside-both", "R06-twice", "2026-10-03", "R05")
    # R13: five stays of one year and one of the next
    for number, month in enumerate(("2025-02", "2025-04", "2025-06", "2025-08", "2025-10", "2026-02")):
        start = f"{month}-01"
        story.stay(f"R13-two-years-{number}", "R13-two-years", start, 2)
    # S2-RISK-44 (TC-21): the eighth day is outside, a week over the month's end inside
    for name, starts, found in (
        ("TC21-seven", ("2026-10-01", "2026-10-04", "2026-10-08"), ""),
        ("TC21-month", ("2026-09-28", "2026-09-30", "2026-10-04"), "S2-RISK-44"),
    ):
        for number, start in enumerate(starts):
            told = found if number == 2 else ""
            story.stay(f"{name}-{number}", name, start, 1, told, primary_diagnosis=f"{'KEI'[number]}10.x")

    # R10: the last minute of the day after, the first of the next; a refund alone is no charge
    story.stay("R10-last-minute", "P10f", "2026-10-01", 3)
    story.charge("R10-last-minute", "INFUSION", "2026-10-05", at="23:59:59")
    story.stay("R10-first-minute", "P10g", "2026-10-01", 3, "R10")
    story.charge("R10-first-minute", "INFUSION", "2026-10-06", at="00:00:00")
    story.stay("R10-refund-late", "P10h", "2026-10-01", 3)
    story.charge("R10-refund-late", "INFUSION", "2026-10-20", quantity=-1)
    # R11: on the day of the death
    story.stay("R11-day-of-death", "P11b", "2026-10-01", 2, disposition="died")
    story.visit("R11-that-day", "P11b", "2026-10-03")

    # R31: refunds the day after undo; at another price they only lower the day's sum; of another person nothing
    story.visit("R31-refund-next-day", "P31d", "2026-10-02")
    for day, quantity in (("2026-10-02", 1), ("2026-10-02", 1), ("2026-10-03", -1)):
        story.charge("R31-refund-next-day", "ROUND", day, quantity=quantity, at="10:00:00")
    story.visit("R31-refund-other-price", "P31e", "2026-10-02")
    for quantity, price in ((1, 10), (1, 10), (-1, 9)):
        story.charge("R31-refund-other-price", "ROUND", "2026-10-02", quantity=quantity, price=price)
    story.visit("R31-two-visits-1", "P31f", "2026-10-02")
    story.visit("R31-two-visits-2", "P31f", "2026-10-02", "R31")
    for number, at in ((1, "08:00:00"), (2, "09:00:00")):
        story.charge(f"R31-two-visits-{number}", "ROUND", "2026-10-02", at=at)
    story.visit("R31-two-members-1", "P31g", "2026-10-02")
    story.visit("R31-two-members-2", "P31g", "2026-10-02", member="H02")
    story.charge("R31-two-members-1", "ROUND", "2026-10-02")
    story.charge("R31-two-members-2", "ROUND", "2026-10-02", member="H02")
    # R32, R41: a refund above the limit, of nothing
    story.visit("R32-refund", "P32d", "2026-10-02")
    story.charge("R32-refund", "CT", "2026-10-02", quantity=-1, price=300)
    story.visit("R41-refund", "P41c", "2026-10-10")
    story.charge("R41-refund", "STATIN", "2026-10-10", quantity=-5, price="1.05")
    # R33: the window goes over the month's end
    story.visit("R33-september", "P33c", "2026-09-25")
    story.visit("R33-october", "P33c", "2026-10-05", "R33")
    story.charge("R33-september", "HBA1C", "2026-09-25")
    story.charge("R33-october", "HBA1C", "2026-10-05")
    # R30: one of the pair refunded
    story.visit("R30-refunded", "P30c", "2026-10-02")
    story.charge("R30-refunded", "GAS", "2026-10-02", at="08:00:00")
    story.charge("R30-refunded", "POTASSIUM", "2026-10-02", at="09:00:00")
    story.charge("R30-refunded", "POTASSIUM", "2026-10-02", quantity=-1, at="12:00:00")
    # R30 across midnight
    story.visit("R30-midnight", "P30d", "2026-10-02", "R30")
    story.charge("R30-midnight", "GAS", "2026-10-02", at="23:00:00")
    story.charge("R30-midnight", "POTASSIUM", "2026-10-03", at="01:00:00")
    # R42: the dearer grade refunded
    story.stay("R42-refunded", "P42c", "2026-10-01", 3)
    story.charge("R42-refunded", "CARE1", "2026-10-02", price=30)
    story.charge("R42-refunded", "CARE1", "2026-10-02", quantity=-1, price=30, at="09:00:00")
    story.charge("R42-refunded", "CARE2", "2026-10-02", price=20)
    # R22, R39: an operation charged and refunded is none
    story.stay("R22-refunded", "P22c", "2026-10-01", 3, "R22", drg="GD29")
    story.stay("R39-refunded", "P39g", "2026-10-01", 3, "R39")
    story.charge("R39-refunded", "STENT", "2026-10-02")
    for name, item in (("R22-refunded", "APPENDIX"), ("R39-refunded", "PCI")):
        story.charge(name, item, "2026-10-02", at="09:00:00")
        story.charge(name, item, "2026-10-02", quantity=-1, at="15:00:00")
    # S5-RISK-01: refunded at the first member
    story.visit("CLAIM-refunded-first", "CLAIM-refunded", "2026-10-02", member="H02")
    story.charge("CLAIM-refunded-first", "GAS", "2026-10-02", member="H02", price=8)
    story.charge("CLAIM-refunded-first", "GAS", "2026-10-02", member="H02", price=8, quantity=-1, at="09:00:00")
    story.visit("CLAIM-refunded", "CLAIM-refunded", "2026-10-02")
    story.charge("CLAIM-refunded", "GAS", "2026-10-02", at="15:00:00")
    # R54: eight days left, at another member, over the month's end
    for encounter, start, member, found in (
        ("R54-abroad-first", "2026-09-10", "H01", ""),
        ("R54-abroad", "2026-10-02", "H02", "R54"),
    ):
        story.visit(encounter, "R54-abroad", start, found, member=member)
        story.charge(encounter, "STATIN", start, quantity=30, price=1, member=member)
        story.add("prescriptions", member, {
            "prescription_id": f"RX-{encounter}", "line_no": 1, "encounter_id": encounter, "prescribed_on": start,
            "drug_code": "STATIN", "quantity": 30, "days": 30, "doctor_id": "DR", "review": "system",
        })  # fmt: skip
    # R70: the fifteenth session falls into the next month
    story.visit("R70-two-months", "P70c", "2026-09-01")
    for number in range(14):
        story.charge("R70-two-months", "DIALYSIS", f"2026-09-{2 + 2 * number:02d}")
    story.charge("R70-two-months", "DIALYSIS", "2026-10-01")
    # R60 to R62: a newborn boy; age unknown
    story.stay("R61-newborn", "P61c", "2026-10-01", 2, age_years=0, sex="M", primary_diagnosis="P59.9")
    story.charge("R61-newborn", "NEWBORN", "2026-10-02")
    # a quantity of nothing
    story.visit("NOTHING", "P99", "2026-10-02", sex="F")
    story.charge("NOTHING", "PSA", "2026-10-02", quantity=0)
    # a stay of one day, with the bed of that day
    story.stay("R09-one-day", "P09c", "2026-10-02T01:00:00", 0)
    # R03: another member on the day of discharge for another disease is nobody's splitting
    story.stay("R03-elsewhere-first", "P03c", "2026-10-01", 3)
    story.stay("R03-elsewhere", "P03c", "2026-10-04T15:00:00", 3, member="H02", primary_diagnosis="I10.x")
    # R11, R13: at whichever member
    story.stay("R11-death-here", "P11c", "2026-10-01", 2, disposition="died")
    story.visit("R11-alive-there", "P11c", "2026-10-05", "R11", member="H02")
    for number, member in enumerate(("H01", "H02", "H01", "H02", "H01", "H02")):
        found = "R13" if number == 5 else ""
        story.stay(f"R13-members-{number}", "R13-members", f"2026-0{number + 2}-01", 2, found, member=member)
    # R12: one of five signed the day after
    for number in range(5):
        name = f"R12-signed-late-{number}"
        story.stay(name, name, "2026-10-12", 2, primary_diagnosis="M54.5")
        row = {"contract_id": f"KL{number}", "patient_id": name, "gp_id": "GP2"}
        story.add("family_contracts", "T01", row | {"signed_on": "2026-10-13" if number else "2026-01-01"})
    # what counts several lines counts none that was refunded
    for name, kind, items, back in (
        ("R35-refunded", "visit", ("PANEL", "ALT"), "PANEL"),
        ("R55-refunded", "stay", ("PPI1", "PPI2"), "PPI1"),
        ("R62-refunded", "visit", ("GYN", "PSA"), "PSA"),
        ("R64-refunded", "visit", tuple(f"MARKER{n}" for n in range(5)), "MARKER4"),
        ("R66-refunded", "visit", tuple(f"THERAPY{n}" for n in range(5)), "THERAPY0"),
    ):
        if kind == "visit":
            story.visit(name, name, "2026-10-02", sex="U")
        else:
            story.stay(name, name, "2026-10-01", 3)
        for item in items:
            story.charge(name, item, "2026-10-02")
        story.charge(name, back, "2026-10-02", quantity=-1, at="17:00:00")
    # R40: the monitoring was refunded
    story.stay("R40-refunded", "P40d", "2026-10-01", 3, "R40")
    for item in ("GA", "GAWATCH", "APPENDIX"):
        story.charge("R40-refunded", item, "2026-10-02")
    story.charge("R40-refunded", "GAWATCH", "2026-10-02", quantity=-1, at="17:00:00")
    # R70: the fifteenth session refunded; R43: refunded
    story.visit("R70-refunded", "P70d", "2026-10-01")
    for number in range(15):
        story.charge("R70-refunded", "DIALYSIS", f"2026-10-{1 + 2 * number:02d}")
    story.charge("R70-refunded", "DIALYSIS", "2026-10-30", quantity=-1)
    story.visit("R43-refunded", "P43d", "2026-10-02")
    story.charge("R43-refunded", "BEAUTY", "2026-10-02", in_insurance_catalog=True)
    story.charge("R43-refunded", "BEAUTY", "2026-10-02", quantity=-1, in_insurance_catalog=True, at="17:00:00")
    # R04: a stay that has not ended is judged by its end, not before; a birth is none of R01's
    story.stay("R04-open", "P04d", "2026-10-01", 8, served=False)
    story.rows["encounters", "H01"][-1] |= {"ended_at": None, "disposition": None}
    story.rows["settlements", "H01"].pop()
    story.stay("R01-birth-first", "P01h", "2026-10-01", 3, primary_diagnosis="O80.0")
    story.stay("R01-birth", "P01h", "2026-10-08", 3, primary_diagnosis="O80.0")
    # R05: in bed at one member and not yet discharged, seen at another
    story.stay("R05-open", "P05b", "2026-10-01", 5)
    story.rows["encounters", "H01"][-1] |= {"ended_at": None, "disposition": None}
    story.rows["settlements", "H01"].pop()
    story.visit("R05-while-open", "P05b", "2026-10-04", "R05", member="H02")
