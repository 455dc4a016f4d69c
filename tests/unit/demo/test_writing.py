"""Writing again gives the same bytes, in whole and in part; sizes are what they say; dialects read back."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import polars as pl
import pytest

from pipelines import contract, demo
from pipelines.demo import accounts, intercompany
from pipelines.demo.catalogue import SEEDS, read_seed
from pipelines.demo.people import MAX_SERIAL
from pipelines.demo.sizes import PERIODS, SIZES, encounter_counts, members_of
from pipelines.demo.world import World
from pipelines.ingest import adapter, readers
from pipelines.ingest.pseudonyms import are_identity_numbers
from tests.unit.demo.conftest import Ask


def hashes(landing: Path) -> dict[str, str]:
    """Every file of every manifest with its hash."""
    out = {}
    for manifest in sorted(landing.glob("*/*/manifest.json")):
        for entry in json.loads(manifest.read_text(encoding="utf-8"))["files"]:
            out[str((manifest.parent / entry["file"]).relative_to(landing))] = entry["sha256"]
    return out


def test_any_part_can_be_written_again_alone(county: demo.DemoSummary, tmp_path: Path) -> None:
    """The same seed gives the same bytes, also for one township and one month without the others."""
    whole = hashes(county.landing)
    alone = demo.write(tmp_path, size=county.size, as_canonical="parquet", members=["T02", "H03"], periods=["2026-10"])
    part = hashes(alone.landing)
    assert part
    assert {name: whole[name] for name in part} == part


def test_another_seed_is_another_county(county: demo.DemoSummary, tmp_path: Path) -> None:
    other = demo.write(tmp_path, size="S", seed=1, as_canonical="parquet", members=["T04"], periods=["2026-10"])
    name = "T04/2026-10-31/charge_lines_2026-10.parquet"
    assert hashes(other.landing)[name] != hashes(county.landing)[name]


@pytest.mark.parametrize("size", SIZES)
def test_sizes_hold_what_they_say(size: str) -> None:
    """Spec 7: 8, 20 and 60 members; 8 thousand, 500 thousand and 5 million encounters."""
    world = World(size, 1)
    assert len(world.members) == {"S": 8, "M": 20, "L": 60}[size]
    assert sum(encounter_counts(size).values()) == SIZES[size].encounters
    assert world.persons["*", "*", "planted"] + 500 * len(world.members) < MAX_SERIAL


def test_charge_lines_are_near_the_target(county: demo.DemoSummary) -> None:
    assert county.rows["charge_lines"] == pytest.approx(SIZES[county.size].charge_lines, rel=0.12)
    assert county.rows["encounters"] == pytest.approx(SIZES[county.size].encounters, rel=0.03)


def test_members_of_size_s_are_those_of_the_seeds() -> None:
    wanted = {(r["member_id"], r["name_zh"], r["level"], r["role"], r["vendor"]) for r in read_seed("members")}
    assert {(m.member_id, m.name_zh, m.level, m.role, m.vendor) for m in members_of("S")} == wanted


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="choose one of S, M, L"):
        demo.write(tmp_path, size="XL")
    with pytest.raises(ValueError, match="2024-01"):
        demo.write(tmp_path, periods=["2024-01"])
    with pytest.raises(ValueError, match="has the members H01"):
        demo.write(tmp_path, members=["H77"])


def test_every_local_account_finds_its_way_back() -> None:
    """seeds/account_map.csv is what the generator writes; the longest prefix leads every local code home."""
    with (SEEDS / "account_map.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert rows == accounts.account_map(), "write the map again: python -m pipelines.demo.accounts"
    for vendor in {row["vendor_or_member"] for row in rows}:
        patterns = {r["local_account_pattern"]: r["account_code"] for r in rows if r["vendor_or_member"] == vendor}
        assert len(patterns) == len([r for r in rows if r["vendor_or_member"] == vendor])
        for account in patterns.values():
            details = ("", "01", "02") if account == "1002" else ("",)
            for detail in details:
                local = accounts.local_code(vendor, account, detail)
                best = max((p for p in patterns if local.startswith(p)), key=len)
                assert patterns[best] == account, (vendor, local)


def test_every_extract_of_the_contract_is_delivered(county: demo.DemoSummary) -> None:
    assert set(county.rows) == set(contract.load().extracts)


def test_a_village_delivers_totals(ask: Ask) -> None:
    assert ask("select count(*) from gl_entries where member like 'V%' and dept_code is not null") == [(0,)]
    assert ask("select count(*) from departments where member like 'V%'") == [(0,)]


def test_identity_numbers_are_valid_and_nobodys(ask: Ask) -> None:
    """Valid by check digit (so that one person is one pseudonym everywhere), in a province that doesn't exist."""
    numbers = [row[0] for row in ask("select distinct patient_id from encounters")]
    assert all(are_identity_numbers(sorted(numbers)))
    assert all(n.startswith("99") for n in numbers)
    wrong = ask(
        "select encounter_id from encounters where (sex <> 'U' and (sex = 'M') <> (patient_id[17]::int % 2 = 1) and "
        "patient_id not in (select patient_id from encounters group by all having count(distinct sex) > 1)) "  # R62
        "or abs(date_diff('day', strptime(patient_id[7:14], '%Y%m%d'), started_at) / 365.25 - age_years - 0.5) > 1.0"
    )
    assert wrong == []


def test_planted_deals_are_booked_as_labelled(county: demo.DemoSummary, ask: Ask) -> None:
    """Intercompany labels: both amounts stand in the ledgers of both sides, in the month that the label names."""
    with (county.labels / "intercompany.csv").open(encoding="utf-8") as handle:
        labels = list(csv.DictReader(handle))
    assert {row["expected_status"] for row in labels} == {
        "one_sided", "difference", "wrong_counterparty", "timing", "matched",
    }  # fmt: skip
    booked = {
        (ref, member, period): (amount, partner)
        for ref, member, period, amount, partner in ask(
            "select ic_reference, member, period, sum(abs(debit - credit)), "
            "any_value(counterparty_member_id) from ledger "
            "where ic_type in ('service', 'staff', 'rent') group by all"
        )
    }
    for row in labels:
        mine = booked[row["reference"], row["member_id"], row["period"]]
        assert mine == (pytest.approx(float(row["amount"])), row["counterparty_member_id"])
        other = booked.get((row["reference"], row["counterparty_member_id"], row["period"]))
        if row["expected_status"] in ("one_sided", "timing"):
            assert other is None
        else:
            assert other is not None
            assert float(other[0]) == pytest.approx(float(row["counterparty_amount"]))
            assert (other[1] == row["member_id"]) == (row["expected_status"] != "wrong_counterparty")


def test_all_other_deals_are_booked_on_both_sides(county: demo.DemoSummary, ask: Ask) -> None:
    planted = {label.reference for label in intercompany.labels(World(county.size, county.seed))}
    sides = ask(
        "select ic_reference, ic_type, count(distinct member), sum(case when unified[1] in ('4', "
        "'5') then debit - credit end) "
        "from ledger where ic_type in ('service', 'staff', 'rent', 'subsidy_down') group by all"
    )
    assert len(sides) > 40
    for reference, _, members, gap in sides:
        if reference not in planted:
            assert (members, gap) == (2, 0), reference


@pytest.mark.parametrize(
    ("member", "extract"),
    [("H02", "charge_lines"), ("H02", "gl_entries"), ("H03", "payroll"), ("T04", "gl_entries"),
     ("T01", "trial_balance"), ("T01", "encounters"), ("T03", "gl_entries"), ("T03", "settlements"),
     ("T03", "surveys")],
)  # fmt: skip
def test_a_dialect_reads_back(member: str, extract: str, dialect: Path, county: demo.DemoSummary) -> None:
    """A vendor's file says what the canonical file says: GB18030 CSV, XLSX, XLS, DBF, XML, SQLite, FHIR, JSONL."""
    (manifest,) = (dialect / member).glob("*/manifest.json")
    body = json.loads(manifest.read_text(encoding="utf-8"))
    entry = next(e for e in body["files"] if e["extract"] == extract and e["mode"] == "snapshot")
    shape = contract.load().extracts[extract]
    mapping = adapter.load_adapter(body["vendor"]).mapping_for(extract, entry["file"])
    read = pl.concat(list(readers.batches(manifest.parent / entry["file"], mapping, shape)))
    plain = pl.read_parquet(f"{county.landing}/{member}/2026-10-31/{extract}_2026-10.parquet")
    assert read.height == plain.height == entry["rows"]
    key = shape.key[0]
    assert read[key].cast(pl.String).sort().to_list() == plain[key].cast(pl.String).sort().to_list()
    for total in shape.control_totals:
        assert read[total].cast(pl.Decimal(38, 4)).sum() == plain[total].cast(pl.Decimal(38, 4)).sum()


@pytest.fixture(scope="session")
def dialect(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """October of one member of each vendor, in its dialect, without what comes the day after."""
    landing = tmp_path_factory.mktemp("dialect")
    demo.write(landing, members=["H02", "H03", "T01", "T03", "T04"], periods=["2026-10"])
    for member in ("H02", "H03", "T04"):
        for late in (landing / member).glob("2026-11-01"):
            for file in late.iterdir():
                file.unlink()
            late.rmdir()
    return landing


def test_faults_are_labelled(dialect: Path) -> None:
    with (dialect / "_labels" / "faults.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert {row["expected_reason"] for row in rows} >= {
        "accepted_with_quarantine", "control_total_differs", "sha256_differs", "wrong_format",
        "entry_invalid", "unknown_member",
    }  # fmt: skip
    assert {row["member_id"] for row in rows if row["expected_outcome"] == "rejected"} == {"T04"}


def test_history_of_a_year_before_comes_once(county: demo.DemoSummary) -> None:
    folders = {p.parent.name for p in county.landing.glob("H01/*/manifest.json")}
    assert folders == {"2026-08-31", "2026-09-30", "2026-10-31"}
    assert set(county.periods) == set(PERIODS)
