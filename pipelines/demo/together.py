"""Extracts about working together, and beds and workload.

Belongs here: referrals, shared equipment, recognitions, remote services, support, contracts, chronic care, public
health, census, workload. Not here: the money between members (intercompany), who is referred (referring).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from pipelines.demo import clinical, intercompany, places, referring
from pipelines.demo.care import doctor_ids, doctors
from pipelines.demo.care_extracts import Month
from pipelines.demo.people import Ints, as_dates, identity_numbers, mix, uniform
from pipelines.demo.sizes import PERIODS, Member
from pipelines.demo.visits import REFERRAL_EXAMS, Bools, _pick, persons_of, visits
from pipelines.demo.world import World, first_day, last_day, length, short

CONTROLLED = {"T01": 0.83, "T02": 0.72, "T03": 0.55, "T04": 0.66}
FOLLOWED = {"T01": 0.93, "T02": 0.88, "T03": 0.84, "T04": 0.70}


def stay_id(world: World, member_id: str, period: str, slots: Ints) -> list[str]:
    """Encounter ids of stay slots: stays follow the visits of the month."""
    first = world.volume(world.by_id[member_id], period).visits + 1
    return [f"{member_id}{short(period)}I{first + int(s):06d}" for s in slots]


def _day(values: list[int] | Ints, name: str) -> pl.Series:
    return as_dates(np.asarray(values, dtype=np.int64), name)


def _text(values: Sequence[str | None], name: str) -> pl.Series:
    return pl.Series(name, values, dtype=pl.String)


def referrals(world: World, member: Member, period: str, cut: Month) -> pl.DataFrame:
    """The `referrals` extract of the sending member; the lead repeats one that it received, differently."""
    begun = cut.cases.filter(pl.col("encounter_id").str.contains(f"^{member.member_id}{short(period)}"))
    parts = []
    for move in [*referring.up(world, period)[1], *referring.down(world, period)[1]]:
        if move.from_id != member.member_id or not len(move.source_rows):
            continue
        shift = world.volume(member, period).visits if move.direction == "down" else 0
        source = begun[(move.source_rows + shift).tolist()]
        person = source["person"].to_numpy()
        out = (source["end" if move.direction == "down" else "start"].to_numpy() // 1440).astype(np.int64)
        late = (uniform(person, 101) < 0.1).astype(np.int64)
        grave = source["drg_code"].fill_null("").is_in(["FR25", "FR19", "BR13", "BR15", "ER35", "SR15"]).to_numpy()
        chronic = source["primary_diagnosis"].str.slice(0, 3).is_in(["I10", "E11", "J44", "I25", "E78"]).to_numpy()
        kind = np.where(grave, "critical", np.where(chronic, "chronic", np.where(person % 3 == 0, "stable", "other")))
        if move.direction == "up":
            kind = np.where(uniform(person, 102) < 0.25, "critical", kind)
        serial = [f"RF{short(period)}{move.from_id}{move.to_id}{n + 1:04d}" for n in range(len(person))]
        parts.append(
            pl.DataFrame(
                [
                    _text(serial, "referral_id"),
                    source["patient_id"],
                    _text([move.from_id] * len(person), "from_member_id"),
                    _text([move.to_id] * len(person), "to_member_id"),
                    _text([move.direction] * len(person), "direction"),
                    _day(out, "referred_on"),
                    _day(out + (1 if move.direction == "up" else late * 0), "accepted_on"),
                    _text([str(k) for k in kind], "condition_type"),
                    source["primary_diagnosis"].alias("diagnosis"),
                    pl.Series("is_appropriate", uniform(person, 103) < 0.93),
                    source["encounter_id"].alias("from_encounter_id"),
                    _text(stay_id(world, move.to_id, period, move.slots), "to_encounter_id"),
                ]
            )
        )
        parts.append(_not_accepted(begun, move, period, len(person)))
    if not parts:
        return pl.DataFrame()
    return pl.concat(parts)


def _not_accepted(begun: pl.DataFrame, move: referring.Move, period: str, n: int) -> pl.DataFrame:
    """About one in six referrals is offered and not taken up: no date of acceptance, no encounter there."""
    rest = begun.filter(pl.col("encounter_type") == ("outpatient" if move.direction == "up" else "inpatient"))
    rest = rest.filter((pl.col("age_years") > 40) & pl.col("is_closed")).head(400)
    rows = rest[rest.height // 2 : rest.height // 2 + max(n // 6, 1)]
    k = rows.height
    return pl.DataFrame(
        [
            _text([f"RF{short(period)}{move.from_id}{move.to_id}N{i + 1:03d}" for i in range(k)], "referral_id"),
            rows["patient_id"],
            _text([move.from_id] * k, "from_member_id"),
            _text([move.to_id] * k, "to_member_id"),
            _text([move.direction] * k, "direction"),
            _day((rows["end"] // 1440).to_numpy(), "referred_on"),
            pl.Series("accepted_on", [None] * k, dtype=pl.Date),
            _text(["other"] * k, "condition_type"),
            rows["primary_diagnosis"].alias("diagnosis"),
            pl.Series("is_appropriate", [i % 3 != 0 for i in range(k)], dtype=pl.Boolean),
            rows["encounter_id"].alias("from_encounter_id"),
            _text([None] * k, "to_encounter_id"),
        ]
    )


def exam_recognitions(world: World, member: Member, period: str, cut: Month) -> pl.DataFrame:
    """The `exam_recognitions` extract: what stays taken over from a member did not have to do again."""
    prices = world.catalogue.prices(member)
    rows: list[tuple[str, int, str, str, str, str | None, int]] = []
    repeated = set(cut.cases.filter(pl.col("planted_secondary") == "repeat")["encounter_id"])
    moves = [
        m for m in (*referring.up(world, period)[1], *referring.down(world, period)[1]) if m.to_id == member.member_id
    ]
    starts = dict(cut.cases.select("encounter_id", pl.col("start") // 1440).iter_rows())
    for move in moves:
        codes = REFERRAL_EXAMS if move.direction == "up" else REFERRAL_EXAMS[:1]
        for encounter in stay_id(world, move.to_id, period, move.slots):
            for code in codes:
                again = encounter in repeated and code == "LAB001"
                price = int(prices[world.catalogue.item(code).index])
                reason = None
                rows.append(
                    (
                        encounter,
                        starts[encounter],
                        code,
                        move.from_id,
                        "repeated" if again else "recognised",
                        reason,
                        0 if again else price,
                    )
                )
    if not rows:
        return pl.DataFrame()
    columns = [
        "encounter_id",
        "recognised_on",
        "item_code",
        "source_member_id",
        "outcome",
        "repeat_reason",
        "avoided_amount",
    ]
    frame = pl.DataFrame(rows, schema=columns, orient="row", schema_overrides={"repeat_reason": pl.String})
    return frame.with_row_index("n", 1).select(
        (pl.lit(f"RC{short(period)}{member.member_id}") + pl.col("n").cast(pl.String).str.zfill(5)).alias(
            "recognition_id"
        ),
        _day(frame["recognised_on"].to_numpy(), "recognised_on"),
        "encounter_id",
        "item_code",
        "source_member_id",
        pl.lit(None, dtype=pl.String).alias("source_charge_id"),
        "outcome",
        "repeat_reason",
        "avoided_amount",
    )


def remote_services(world: World, member: Member, period: str) -> pl.DataFrame:
    """The `remote_services` extract: the lead reads for the townships."""
    if member.role != "lead":
        return pl.DataFrame()
    kinds = (("remote_imaging", 6_000, 3_500), ("remote_ecg", 1_800, 1_500), ("tele_consultation", 0, 50_000),
             ("remote_lab", 3_000, 1_200))  # fmt: skip
    rows = []
    for asker in world.of("township"):
        n = 3 + world.counts[asker.member_id, period] // 60
        for k in range(n):
            draw = int(mix(np.array([asker.serial * 100_003 + k * 31 + PERIODS.index(period)]), 104)[0])
            kind, exam, reading = kinds[(0, 0, 1, 1, 2, 3)[draw % 6]]
            income = exam + reading
            rows.append(
                (f"RS{short(period)}{asker.member_id}{k + 1:05d}", kind, first_day(period) + draw // 7 % length(period),
                 member.member_id, asker.member_id, None, exam, reading, income * 12 // 100, income * 45 // 100,
                 income * 5 // 100)
            )  # fmt: skip
    columns = ["service_id", "service_kind", "performed_on", "performing_member_id", "requesting_member_id",
               "encounter_id", "exam_income", "diagnosis_income", "depreciation_cost", "labour_cost",
               "network_cost"]  # fmt: skip
    frame = pl.DataFrame(rows, schema=columns, orient="row", schema_overrides={"encounter_id": pl.String})
    return frame.with_columns(_day(frame["performed_on"].to_numpy(), "performed_on"))


def staff_support(world: World, member: Member, period: str) -> pl.DataFrame:
    """The `staff_support` extract: sessions agree with what is booked between members."""
    if member.persona not in ("tertiary", "general"):
        return pl.DataFrame()
    seers = [i for ids in doctor_ids(world, member) for i in ids]
    rows = []
    deals = [d for d in intercompany.deals(world, period) if d.kind == "staff" and d.seller == member.member_id]
    for n, deal in enumerate(deals):
        sessions = deal.amount // intercompany.EXPERT_SESSION
        rows.append((f"SS{short(period)}{deal.reference[-3:]}A", seers[n % len(seers)], deal.buyer, "clinic_session",
                     first_day(period) + 2 + n, sessions, sessions, 0, 0, sessions * 42_000,
                     sessions * 6_000))  # fmt: skip
        rows.append((f"SS{short(period)}{deal.reference[-3:]}B", seers[(n + 3) % len(seers)], deal.buyer,
                     "new_technique" if n % 2 == 0 else "teaching_round", first_day(period) + 9 + n, 1, 0, 3 + n,
                     1 + n % 2 if n % 2 == 0 else 0, 36_000, 5_000))  # fmt: skip
    for n, target in enumerate(world.of("township")[:2]):
        if member.persona == "general":
            rows.append((f"SS{short(period)}{member.member_id}P{n}", seers[n % len(seers)], target.member_id, "posted",
                         first_day(period), length(period), 0, 0, 0, 620_000, 30_000))  # fmt: skip
    columns = ["support_id", "person_id", "to_member_id", "support_kind", "started_on", "days", "sessions", "trainees",
               "new_techniques", "labour_cost", "travel_cost"]  # fmt: skip
    frame = pl.DataFrame(rows, schema=columns, orient="row")
    return frame.with_columns(
        _day(frame["started_on"].to_numpy(), "started_on"), pl.lit(member.member_id).alias("from_member_id")
    )


def _roster(world: World, member: Member) -> tuple[Ints, Ints, pl.Series]:
    """Persons with a chronic disease at a member, the kind of their visits, and their identity numbers."""
    person = world.persons[member.member_id, "*", "chronic"] + np.arange(world.chronic_block(member), dtype=np.int64)
    kind = _pick(world.kinds(member, chronic=True), uniform(person, 21))
    male, birth, _ = persons_of(kind, person, first_day("2026-10"))
    return person, kind, identity_numbers(person, birth, male)


def _gp(world: World, member: Member, person: Ints) -> pl.Series:
    ids = [i for group in doctor_ids(world, member) for i in group]
    return pl.Series("gp_id", [ids[int(p) % len(ids)] for p in person % 9_973], dtype=pl.String)


def _signed(person: Ints, period: str) -> Bools:
    """Whether persons of a roster have signed with a family doctor."""
    return uniform(person, 111) < (0.82 if period.startswith("2026") else 0.70)


def signed_and_away(world: World, member: Member, period: str) -> list[tuple[int, bool, int, str]]:
    """Who on a family doctor's list does not visit in a month, the longest such list: person, male, birth, identity."""
    person, kind, identity = _roster(world, member)
    male, birth, _ = persons_of(kind, person, first_day(period))
    away = _signed(person, period) & ~np.isin(person, visits(world, member, period).person)
    rows = pl.DataFrame([pl.Series("person", person), pl.Series("male", male), pl.Series("birth", birth), identity])
    lists = rows.with_columns(_gp(world, member, person)).filter(away).partition_by("gp_id", maintain_order=True)
    longest = max(lists, key=len, default=rows.head(0))
    return [(p, m, b, i) for p, m, b, i in longest.select(rows.columns).iter_rows()]


def family_contracts(world: World, member: Member, period: str) -> pl.DataFrame:
    """The `family_contracts` extract: 120 yuan a year, 40 from each side (S4-PRIM-08)."""
    person, _, identity = _roster(world, member)
    signed = _signed(person, period)
    person, identity = person[signed], identity.filter(pl.Series(signed))
    due = 4 * int(period[5:]) // 12
    done = np.minimum((uniform(person, 112) * (due + 1.9)).astype(np.int64) + 1, due)
    day = first_day(f"{period[:4]}-09") - 240 + (uniform(person, 113) * 150).astype(np.int64)
    return pl.DataFrame(
        [
            _text([f"FC{period[2:4]}{member.member_id}{int(p):07d}" for p in person], "contract_id"),
            identity.alias("patient_id"),
            _gp(world, member, person),
            _day(day, "signed_on"),
            pl.Series("package", np.where(uniform(person, 114) < 0.35, "personal", "basic")),
            *[pl.Series(c, np.full(len(person), 4_000)) for c in ("fee_fund", "fee_fiscal", "fee_person")],
            pl.Series("services_due", np.full(len(person), due)),
            pl.Series("services_done", done),
        ]
    )


def chronic_care(world: World, member: Member, period: str) -> pl.DataFrame:
    """The `chronic_care` extract: managed persons, four follow-ups a year (S4-PRIM-09)."""
    person, kind, identity = _roster(world, member)
    due = 4 * int(period[5:]) // 12
    followed = FOLLOWED.get(member.member_id, 0.85)
    done = np.where(uniform(person, 121) < followed, due, np.maximum(due - 1 - person % 2, 0))
    programme = np.array([v.programme or "other" for v in clinical.VISITS])[kind]
    return pl.DataFrame(
        [
            identity.alias("patient_id"),
            pl.Series("programme", programme),
            _gp(world, member, person),
            pl.Series("followups_due", np.full(len(person), due)),
            pl.Series("followups_done", done),
            pl.Series("is_standardised", done >= due),
            pl.Series("is_controlled", uniform(person, 122) < CONTROLLED.get(member.member_id, 0.7)),
            pl.Series("management_cost", 2_500 + (uniform(person, 123) * 2_000).astype(np.int64)),
        ]
    )


def public_health(world: World, member: Member, period: str) -> pl.DataFrame:
    """The `public_health` extract."""
    people = world.chronic_block(member) * 6
    projects = (("PH01", "居民健康档案", 0.20, 0.97), ("PH02", "健康教育", 0.08, 1.05),
                ("PH03", "预防接种", 0.06, 0.99),
                ("PH04", "0-6岁儿童健康管理", 0.05, 0.93), ("PH05", "孕产妇健康管理", 0.02, 0.95),
                ("PH06", "老年人健康管理", 0.12, 0.88), ("PH07", "高血压患者健康管理", 0.10, 0.90),
                ("PH08", "2型糖尿病患者健康管理", 0.04, 0.86))  # fmt: skip
    rows = []
    for n, (code, name, share, reached) in enumerate(projects):
        target = max(int(people * share / 12), 1)
        done = max(round(target * (reached - 0.01 * (member.serial % 5))), 0)
        rows.append((code, name, target, done, done * (900 + 150 * n)))
    _ = period
    return pl.DataFrame(rows, schema=["project_code", "project_name", "target_qty", "done_qty", "cost"], orient="row")


def census(member: Member, period: str, nights: pl.DataFrame, open_beds: dict[tuple[str, str], int]) -> pl.DataFrame:
    """The `bed_census` extract: the nightly sum of `bed_days`, every open ward on every day."""
    wards = sorted(open_beds) or sorted(set(nights.select("dept_code", "bed_tier").iter_rows()))
    calendar = pl.DataFrame({"census_date": as_dates(np.arange(first_day(period), last_day(period) + 1), "d")})
    grid = calendar.join(
        pl.DataFrame(wards, schema={"dept_code": pl.String, "bed_tier": pl.String}, orient="row"), how="cross"
    )
    counted = nights.group_by("census_date", "dept_code", "bed_tier").agg(
        pl.len().cast(pl.Int64).alias("beds_occupied")
    )
    extra = counted.join(grid, on=["census_date", "dept_code", "bed_tier"], how="anti").drop("beds_occupied")
    beds = pl.DataFrame(
        [(d, t, n) for (d, t), n in open_beds.items()],
        schema={"dept_code": pl.String, "bed_tier": pl.String, "beds_open": pl.Int64}, orient="row",
    )  # fmt: skip
    return (
        pl.concat([grid, extra.select(grid.columns)])
        .join(counted, on=["census_date", "dept_code", "bed_tier"], how="left")
        .join(beds, on=["dept_code", "bed_tier"], how="left")
        .with_columns(pl.col("beds_occupied").fill_null(0), pl.col("beds_open").fill_null(0))
        .with_columns((pl.col("beds_occupied") - pl.col("beds_open")).clip(0).alias("waiting"))
        .sort("census_date", "dept_code", "bed_tier")
    )


def shared_use(world: World, member: Member, period: str, assets: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """Own use, and at the lead hospital the scans of the townships (20 minutes each)."""
    scanner = assets.filter((pl.col("modality") == "ct") & pl.col("is_shared"))
    if member.role != "lead" or not scanner.height:
        return own
    rows = []
    for user in world.of("township"):
        for k in range(intercompany.ct_uses(world, user, period)):
            on = first_day(period) + 1 + (k * 7 + user.serial) % (length(period) - 6)
            rows.append(
                (
                    f"{member.member_id}{short(period)}S{user.member_id}{k + 1:04d}",
                    scanner["asset_id"][0],
                    on,
                    user.member_id,
                    None,
                    1,
                    20,
                )
            )
    schema = {"encounter_id": pl.String, "uses": pl.Int64, "minutes": pl.Int64}
    more = pl.DataFrame(rows, schema=own.columns, orient="row", schema_overrides=schema)
    more = more.with_columns(_day(more["used_on"].to_numpy(), "used_on"))
    return pl.concat([own.cast({"uses": pl.Int64, "minutes": pl.Int64}), more])


def shared_hours(world: World, member: Member, period: str) -> float:
    """Hours that other members book of the lead hospital's scanner in a month."""
    if member.role != "lead":
        return 0.0
    return sum(intercompany.ct_uses(world, user, period) for user in world.of("township")) * 20 / 60


def workload(world: World, member: Member, cut: Month, nights: pl.DataFrame) -> pl.DataFrame:
    """The `workload` extract: packs, laundry, registrations and records of the auxiliary departments."""
    rows = places.places(member)
    codes = {p.code for p in rows}
    visits = dict(cut.cases.filter(pl.col("los") == 0).group_by("dept").agg(pl.len()).iter_rows())
    beds = dict(nights.group_by("dept_code").agg(pl.len()).iter_rows())
    out: list[tuple[str, str, str | None, str, int]] = []
    for index, place in enumerate(rows):
        if place.dept_class not in ("clinical", "medtech"):
            continue
        seen, slept = int(visits.get(index, 0)), int(beds.get(place.code, 0))
        if "3S000001" in codes:
            out.append(
                (
                    "3S000001",
                    place.code,
                    None,
                    "sterile_packs",
                    4 + seen // 4 + slept * 2 + 20 * (place.code == "2S260001"),
                )
            )
        if "3S000003" in codes:
            out.append(("3S000003", place.code, None, "laundry_kg", 2 + slept * 3 + seen // 10))
        if "3S000002" in codes and seen:
            out.append(("3S000002", place.code, None, "registrations", seen))
        if "3S000004" in codes and slept:
            out.append(("3S000004", place.code, None, "records", 1 + slept // 7))
    if member.role == "lead":
        out += [("3S000001", "1O020001", m.member_id, "sterile_packs", 6 + m.serial) for m in world.of("township")]
    columns = ["sender_dept", "receiver_dept", "receiver_member_id", "workload_kind", "quantity"]
    return pl.DataFrame(out, schema=columns, orient="row", schema_overrides={"receiver_member_id": pl.String})


def frames(world: World, member: Member, period: str, cut: Month) -> dict[str, pl.DataFrame]:
    """The extracts of this module that a member delivers; what it has nothing of is left out."""
    primary = member.level in ("primary", "village")
    out = {
        "referrals": referrals(world, member, period, cut),
        "exam_recognitions": exam_recognitions(world, member, period, cut),
        "remote_services": remote_services(world, member, period),
        "staff_support": staff_support(world, member, period),
    }
    if primary and any(doctors(world, member)):
        out["family_contracts"] = family_contracts(world, member, period)
        out["chronic_care"] = chronic_care(world, member, period)
        out["public_health"] = public_health(world, member, period)
    return {name: frame for name, frame in out.items() if frame.height}
