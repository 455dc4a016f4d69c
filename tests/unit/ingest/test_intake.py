"""Whatever the order of arrival, however often it is run, wherever it is killed: the lake is the same."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest import Outcome, Reason, Verdict, periods, versions, waiting
from pipelines.ingest.rules import load_rules
from pipelines.settings import SettingsError
from tests.unit.ingest.kit import DAY, Consortium, as_csv, charge_rows, entry, gl_rows, new_consortium

Told = tuple[str, Verdict, Reason]


def told(outcomes: list[Outcome]) -> list[Told]:
    return [(o.file, o.outcome, o.reason_code) for o in outcomes]


def lake_hash(consortium: Consortium) -> dict[str, str]:
    """Every version in force, by its bytes."""
    return {
        f"{v.member_id} {v.extract} {v.period}": hashlib.sha256(v.path.read_bytes()).hexdigest()
        for v in versions(consortium.settings, consortium.state)
    }


@contextmanager
def own_consortium() -> Iterator[Consortium]:
    """For property tests, where each example needs its own."""
    with tempfile.TemporaryDirectory() as folder:
        yield new_consortium(Path(folder))


def test_taking_in_twice_changes_nothing(hospital: Consortium) -> None:
    hospital.deliver("gl_entries", gl_rows())
    assert told(hospital.night()) == [("gl_entries.csv", Verdict.ACCEPTED, Reason.ACCEPTED)]
    before = lake_hash(hospital)
    assert hospital.night() == []
    assert lake_hash(hospital) == before


def test_what_waits_is_what_nobody_took_in_yet(hospital: Consortium) -> None:
    assert waiting(hospital.settings, hospital.state, ["H01"]) == {}
    hospital.deliver("gl_entries", gl_rows())
    (before,) = waiting(hospital.settings, hospital.state, ["H01"]).values()
    assert (before.member_id, before.delivery_date.isoformat()) == ("H01", DAY)
    hospital.night()
    assert waiting(hospital.settings, hospital.state, ["H01"]) == {}
    hospital.deliver("gl_entries", gl_rows()[:-1])
    assert list(waiting(hospital.settings, hospital.state, ["H01"])) == ["H01"]
    assert waiting(hospital.settings, hospital.state, []) == {}


def test_an_unchanged_delivery_costs_a_stat(hospital: Consortium, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.ingest import intake

    hospital.deliver("gl_entries", gl_rows())
    hospital.night()
    monkeypatch.setattr(intake, "read_manifest", lambda *_: pytest.fail("the manifest was read again"))
    assert hospital.night() == []


def test_the_same_files_under_a_new_manifest_are_unchanged(hospital: Consortium) -> None:
    hospital.deliver("gl_entries", gl_rows())
    hospital.night()
    hospital.deliver("charge_lines", charge_rows())  # written into the same manifest
    assert told(hospital.night()) == [
        ("charge_lines.csv", Verdict.ACCEPTED, Reason.ACCEPTED),
        ("gl_entries.csv", Verdict.UNCHANGED, Reason.SAME_AS_BEFORE),
    ]
    stored = {r["file"]: r["outcome"] for r in hospital.state.rows("select * from outcome")}
    assert stored == {"gl_entries.csv": "accepted", "charge_lines.csv": "accepted"}


def test_the_same_deliveries_make_the_same_bytes(tmp_path: Path) -> None:
    one, other = new_consortium(tmp_path / "one"), new_consortium(tmp_path / "other")
    for consortium in (one, other):
        consortium.deliver("charge_lines", charge_rows(1000))
        consortium.night()
    assert lake_hash(one) == lake_hash(other) != {}


def test_a_row_can_be_traced_to_its_file(hospital: Consortium) -> None:
    hospital.deliver("gl_entries", gl_rows(3), file="gl-2026-10.csv")
    hospital.night()
    last = hospital.rows("gl_entries").row(-1, named=True)
    assert (last["member_id"], last["period"], last["delivery_date"]) == ("H01", "2026-10", date(2026, 10, 31))
    assert (last["source_file"], last["source_row"]) == ("gl-2026-10.csv", 6)


def test_a_snapshot_replaces_and_an_append_upserts_by_key(hospital: Consortium) -> None:
    rows = charge_rows(4)
    hospital.deliver("charge_lines", charge_rows(9), day="2026-10-28")
    hospital.deliver("charge_lines", rows, day="2026-10-29")
    corrected = {**rows[1], "quantity": "4", "amount": "50.00"}
    new = {**rows[1], "charge_id": "C99999"}
    hospital.deliver("charge_lines", [corrected, new], day="2026-10-30", mode="append")
    hospital.night()
    found = {r["charge_id"]: r["amount"] for r in hospital.rows("charge_lines").to_dicts()}
    assert found == {"C00000": 25, "C00001": 50, "C00002": 25, "C00003": 25, "C99999": 25}


def test_an_append_before_the_snapshot_is_replaced_by_it(hospital: Consortium) -> None:
    hospital.deliver("charge_lines", charge_rows(9), day="2026-10-28", mode="append")
    hospital.deliver("charge_lines", charge_rows(2), day="2026-10-29")
    hospital.night()
    assert hospital.rows("charge_lines").height == 2


def test_an_optional_key_column_that_is_empty_is_a_value(hospital: Consortium) -> None:
    row = {"account_code": "1218", "counterparty_member_id": "", "opening_balance": "0", "debit": "5",
           "credit": "0", "closing_balance": "5"}  # fmt: skip
    hospital.deliver("trial_balance", [row, {**row, "counterparty_member_id": "T02"}], day="2026-10-29")
    hospital.deliver("trial_balance", [{**row, "debit": "7", "closing_balance": "7"}], mode="append")
    hospital.night()
    found = hospital.rows("trial_balance").sort("counterparty_member_id")
    assert found["debit"].to_list() == [7, 5]


DAYS = ("2026-10-27", "2026-10-28", "2026-10-29", "2026-10-30")
deliveries = st.lists(
    st.tuples(
        st.sampled_from(["snapshot", "append"]), st.dictionaries(st.integers(0, 5), st.integers(1, 9), min_size=1)
    ),
    min_size=2,
    max_size=4,
)


def _line(n: int, quantity: int) -> dict[str, str]:
    return {**charge_rows(n + 1)[n], "quantity": str(quantity), "amount": f"{quantity * 12.5:.2f}"}


@settings(max_examples=8, deadline=None)
@given(deliveries, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(sent: list[tuple[str, dict[int, int]]], chance: Any) -> None:
    """An independent computation: later delivery dates win, a snapshot clears what was before it."""
    expected: dict[str, int] = {}
    for mode, lines in sent:
        expected = {} if mode == "snapshot" else expected
        expected |= {f"C{n:05d}": quantity for n, quantity in lines.items()}
    in_order, at_random = [], list(zip(DAYS, sent, strict=False))
    chance.shuffle(at_random)
    in_order = sorted(at_random)
    found = []
    for arriving, nightly in ((in_order, False), (at_random, True)):
        with own_consortium() as hospital:
            for day, (mode, lines) in arriving:
                hospital.deliver("charge_lines", [_line(n, q) for n, q in sorted(lines.items())], day=day, mode=mode)
                if nightly:
                    hospital.night()
            hospital.night()
            rows = hospital.rows("charge_lines")
            assert dict(zip(rows["charge_id"], rows["quantity"], strict=True)) == expected
            found.append(lake_hash(hospital))
    assert found[0] == found[1]


@settings(max_examples=8, deadline=None)
@given(st.lists(st.sampled_from(["good", "price", "empty", "date", "twice", "contrary"]), min_size=1, max_size=60))
def test_accepted_and_quarantined_are_what_was_delivered(kinds: list[str]) -> None:
    rows = []
    for n, (kind, row) in enumerate(zip(kinds, charge_rows(len(kinds)), strict=True)):
        match kind:
            case "price":
                row["amount"] = "24.00"
            case "empty":
                row["encounter_id"] = ""
            case "date":
                row["charged_at"] = "1970-01-01 00:00:00"
            case "twice" if n:
                row = dict(rows[-1])
            case "contrary" if n:
                row["charge_id"] = rows[-1]["charge_id"]
        rows.append(row)
    with own_consortium() as hospital:
        hospital.deliver("charge_lines", rows)
        (outcome,) = hospital.night()
        assert outcome.rows_delivered == len(rows)
        assert (outcome.rows_accepted or 0) + (outcome.rows_quarantined or 0) == len(rows)
        found = hospital.rows("charge_lines")
        assert found.height == outcome.rows_accepted
        assert found["charge_id"].n_unique() == found.height
        bad_rows = {r["row_number"] for r in hospital.quarantine()}
        assert bad_rows.isdisjoint(found["source_row"].to_list())
        if outcome.outcome is Verdict.ACCEPTED:
            assert len(bad_rows) == outcome.rows_quarantined
        assert all(0 <= float(share) <= 1 for share in outcome.measures.values())


def test_a_delivery_without_manifest_is_reported_once_it_is_late(hospital: Consortium) -> None:
    hospital.lay({"gl_entries.csv": b"half"}, None)
    hospital.now = datetime(2026, 11, 1, 0, 59)
    assert hospital.night() == []
    hospital.now = datetime(2026, 11, 1, 1, 0)
    assert told(hospital.night()) == [("manifest.json", Verdict.IN_TRANSIT, Reason.NO_MANIFEST)]
    hospital.deliver("gl_entries", gl_rows())
    hospital.night()
    assert [r["outcome"] for r in hospital.state.rows("select outcome from outcome")] == ["accepted"]


def test_a_file_that_arrives_after_its_manifest_is_taken_in_the_next_night(hospital: Consortium) -> None:
    content = as_csv(gl_rows())
    hospital.lay({}, [entry("gl_entries", "gl_entries.csv", content, 200)])
    assert told(hospital.night()) == [("gl_entries.csv", Verdict.REJECTED, Reason.FILE_MISSING)]
    assert hospital.night() == []
    (hospital.folder() / "gl_entries.csv").write_bytes(content)
    assert told(hospital.night()) == [("gl_entries.csv", Verdict.ACCEPTED, Reason.ACCEPTED)]


def test_a_closed_period_accepts_history_and_refuses_change(hospital: Consortium) -> None:
    hospital.close_period("2026-10")
    hospital.deliver("gl_entries", gl_rows(), day="2026-10-30")
    hospital.deliver("gl_entries", gl_rows(50), day="2026-10-31")
    first, second = hospital.night()
    assert first.outcome is Verdict.ACCEPTED
    assert (second.outcome, second.reason_code) == (Verdict.REFUSED, Reason.PERIOD_IS_CLOSED)
    assert hospital.rows("gl_entries").height == 200
    assert hospital.night() == []

    hospital.close_period("2026-10", "open")
    (again,) = hospital.night()
    assert again.outcome is Verdict.ACCEPTED
    assert hospital.rows("gl_entries").height == 100


def test_a_closed_period_accepts_all_files_of_its_first_delivery(hospital: Consortium) -> None:
    hospital.close_period("2026-10")
    hospital.deliver("charge_lines", charge_rows(3), file="a.csv")
    hospital.deliver("charge_lines", charge_rows(6)[3:], file="b.csv", mode="append")
    assert [o.outcome for o in hospital.night()] == [Verdict.ACCEPTED] * 2
    hospital.deliver("charge_lines", charge_rows(9)[6:], file="c.csv", mode="append")
    assert [o.outcome for o in hospital.night()] == [Verdict.UNCHANGED] * 2 + [Verdict.REFUSED]


def test_a_correction_of_the_same_day_under_another_name_replaces(hospital: Consortium) -> None:
    hospital.deliver("gl_entries", gl_rows())
    hospital.night()
    content = as_csv(gl_rows(10))
    hospital.lay({"gl_corrected.csv": content}, [entry("gl_entries", "gl_corrected.csv", content, 20)])
    hospital.night()
    assert hospital.rows("gl_entries").height == 20
    assert [r["file"] for r in hospital.state.rows("select file from outcome")] == ["gl_corrected.csv"]


def test_one_file_may_bring_several_extracts(hospital: Consortium) -> None:
    both = [{**a, **b} for a, b in zip(charge_rows(4), [{"seq": "1", "icd10": "J18.9"}] * 4, strict=True)]
    rows = [{**r, "encounter_id": f"E{n}", "present_on_admission": ""} for n, r in enumerate(both)]
    content = as_csv(rows)
    hospital.lay({"all.csv": content}, [entry(e, "all.csv", content, 4) for e in ("charge_lines", "diagnoses")])
    assert [o.outcome for o in hospital.night()] == [Verdict.ACCEPTED] * 2
    assert hospital.rows("diagnoses").height == hospital.rows("charge_lines").height == 4


def test_only_the_members_that_are_asked_for_are_touched(hospital: Consortium) -> None:
    hospital.deliver("gl_entries", gl_rows())
    hospital.deliver("gl_entries", gl_rows(), member="H02")
    assert {o.member_id for o in hospital.night(["H02"])} == {"H02"}
    assert {o.member_id for o in hospital.night()} == {"H01"}
    with pytest.raises(ValueError, match="X99"):
        hospital.night(["X99"])


def test_without_a_key_nothing_is_taken_in(hospital: Consortium) -> None:
    hospital.settings = hospital.settings.model_copy(update={"key": None})
    with pytest.raises(SettingsError, match="CONSORTIUM_KEY"):
        hospital.night()


def test_a_full_disk_is_said_and_the_next_night_heals(hospital: Consortium, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.ingest import file

    hospital.deliver("gl_entries", gl_rows(), member="H02")
    hospital.night()
    hospital.deliver("gl_entries", gl_rows())

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(file, "settle", full)
        with pytest.raises(OSError, match="No space left"):
            hospital.night()
    assert hospital.rows("gl_entries", "H02").height == 200
    assert [o.outcome for o in hospital.night()] == [Verdict.ACCEPTED]
    assert not list((hospital.settings.home / "incoming").glob("*/*"))


KILLED = """
import os, sys
from pathlib import Path
from pipelines.ingest import file, lake
from tests.unit.ingest.kit import new_consortium
place, step = Path(sys.argv[1]), sys.argv[2]

def die(*_, **__):
    os.kill(os.getpid(), 9)

if step == "before the piece is settled":
    file.settle = die
elif step == "after the piece is settled":
    right = file.settle
    def settle(aside, target):
        right(aside, target)
        if "lake" in target.parts:
            die()
    file.settle = settle
elif step == "while it is written":
    file.PieceWriter.write = die
elif step == "before it is remembered":
    from pipelines.ingest import intake
    intake._Run._remember = die
new_consortium(place).night()
"""


@pytest.mark.parametrize(
    "step",
    ["while it is written", "before the piece is settled", "after the piece is settled", "before it is remembered"],
)
def test_killed_anywhere_the_next_night_loses_and_doubles_nothing(tmp_path: Path, step: str) -> None:
    hospital, undisturbed = new_consortium(tmp_path / "one"), new_consortium(tmp_path / "two")
    rows = charge_rows(300)
    rows[0]["amount"] = "26.00"
    for consortium in (hospital, undisturbed):
        consortium.deliver("gl_entries", gl_rows())
        consortium.deliver("charge_lines", rows)
    root = Path(__file__).resolve().parents[3]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "one"), step], cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)}, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert killed.returncode == -9, killed.stderr
    hospital.night()
    undisturbed.night()
    assert lake_hash(hospital) == lake_hash(undisturbed)
    assert hospital.quarantine() == undisturbed.quarantine() != []
    for root in (hospital.settings.lake, hospital.settings.quarantine):
        files = {p.relative_to(hospital.settings.home) for p in root.rglob("*.parquet")}
        spoken = hospital.state.rows("select path from piece union all select path from quarantine_file")
        assert files <= {Path(r["path"]) for r in spoken}
    assert not list((hospital.settings.home / "incoming").glob("H*"))


def test_notes_are_scrubbed_of_the_members_own_persons(hospital: Consortium) -> None:
    persons = "person_id,name\nP7,诸葛小花\n".encode()
    note = {"note_id": "N1", "encounter_id": "E1", "note_type": "progress", "written_at": f"{DAY} 08:00:00",
            "text": "今日查房诸葛小花精神好"}  # fmt: skip
    content = as_csv([note])
    hospital.lay(
        {"persons.csv": persons, "notes.csv": content},
        [entry("clinical_notes", "notes.csv", content, 1), entry("persons", "persons.csv", persons, 1)],
    )
    assert [o.outcome for o in hospital.night()] == [Verdict.ACCEPTED] * 2
    assert hospital.rows("clinical_notes")["text"].to_list() == ["今日查房〔姓名〕精神好"]
    assert not list(hospital.settings.lake.glob("persons"))


def test_many_rows_cross_row_groups_in_order(hospital: Consortium) -> None:
    rows = charge_rows(1)[0]
    frame = pl.DataFrame({name: [value] * 120_000 for name, value in rows.items()}).with_columns(
        charge_id=pl.format("C{}", pl.int_range(120_000) + 100_000)
    )
    content = frame.write_csv().encode()
    hospital.lay({"charge_lines.csv": content}, [entry("charge_lines", "charge_lines.csv", content, 120_000)])
    hospital.night()
    assert hospital.rows("charge_lines")["source_row"].to_list() == list(range(1, 120_001))


def test_a_file_declared_for_another_period_leaves_the_old_one(hospital: Consortium) -> None:
    hospital.deliver("gl_entries", gl_rows(), period="2026-09")
    hospital.night()
    hospital.deliver("gl_entries", gl_rows(), period="2026-10")
    hospital.night()
    assert hospital.rows("gl_entries", period="2026-10").height == 200
    assert hospital.rows("gl_entries", period="2026-09").height == 0


def test_a_budget_is_delivered_ahead_and_a_ledger_is_not(hospital: Consortium) -> None:
    line = {"budget_line_id": "B1", "fiscal_year": "2027", "month": "1", "dept_code": "", "budget_category": "drug",
            "is_key_discipline": "false", "amount": "1", "version": "1", "approved_on": "2026-10-20"}  # fmt: skip
    hospital.deliver("budgets", [line], period="2027-01")
    hospital.deliver("gl_entries", gl_rows(), period="2026-11")
    budget, ledger = hospital.night()
    assert budget.outcome is Verdict.ACCEPTED
    assert ledger.reason_code is Reason.PERIOD_IN_THE_FUTURE


def test_closing_and_reopening_are_kept_with_who_and_why(hospital: Consortium) -> None:
    at = datetime(2026, 11, 5, 9, 0)
    periods.close(hospital.state, "2026-10", by="王会计", reason="month end", at=at)
    assert "2026-10" in load_rules(hospital.settings, hospital.state).closed
    periods.reopen(hospital.state, "2026-10", by="王会计", reason="late invoice", at=at)
    assert "2026-10" not in load_rules(hospital.settings, hospital.state).closed
    for wrong in ({"period": "October"}, {"by": " "}, {"reason": ""}):
        said = {"period": "2026-10", "by": "w", "reason": "r"} | wrong
        with pytest.raises(periods.PeriodError):
            periods.close(hospital.state, said["period"], by=said["by"], reason=said["reason"], at=at)
