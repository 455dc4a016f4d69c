"""Bad deliveries, one after the other: what is sent, and what becomes of it.

Beside each bad file lies a good one; whatever happens to the first, the second is taken in.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines import contract
from pipelines.ingest import Outcome, Reason, Verdict
from tests.unit.ingest.kit import DAY, Consortium, as_csv, charge_rows, entry, gl_rows

COLUMNS = list(contract.load().extracts["gl_entries"].columns)
ROWS = gl_rows()
GOOD = as_csv(ROWS, COLUMNS)
TOTALS = {"debit": "10000.00", "credit": "10000.00"}


@dataclass(frozen=True)
class Bad:
    """A file or an entry that is not as it should be."""

    outcome: Verdict
    reason: Reason
    content: bytes = GOOD
    described_as: bytes | None = None  # what the manifest's hash is of, where it isn't the content's
    rows: int = len(ROWS)
    file: str = "gl_entries.csv"
    said: tuple[tuple[str, Any], ...] = ()
    quarantined: int | None = None


def changed(row: int, **cells: str) -> bytes:
    """The good file with other cells in one row."""
    rows = [dict(r) for r in ROWS]
    rows[row].update(cells)
    return as_csv(rows, COLUMNS)


def changed_everywhere(**cells: str) -> bytes:
    return as_csv([{**r, **cells} for r in ROWS], COLUMNS)


def swapped(one: str, other: str) -> bytes:
    """Two columns of values changed places under an unchanged header."""
    return as_csv([{**r, one: r[other], other: r[one]} for r in ROWS], COLUMNS)


NO_TOTALS = (("control_totals", {}),)

CASES: dict[str, Bad] = {
    # the bytes
    "cut off, hash of the whole": Bad(Verdict.REJECTED, Reason.SHA256_DIFFERS, GOOD[:-500], GOOD),
    "one byte flipped": Bad(Verdict.REJECTED, Reason.SHA256_DIFFERS, GOOD.replace(b"5001", b"5002", 1), GOOD),
    "cut off in the middle of a row, hash of the rest": Bad(Verdict.REJECTED, Reason.RAGGED_ROW, GOOD[:-40]),
    "cut off between rows": Bad(Verdict.REJECTED, Reason.ROW_COUNT_DIFFERS, as_csv(ROWS[:-2], COLUMNS)),
    "empty": Bad(Verdict.REJECTED, Reason.FILE_EMPTY, b"", rows=0),
    "GB18030 where UTF-8 is agreed": Bad(Verdict.REJECTED, Reason.WRONG_ENCODING, GOOD.decode().encode("gb18030")),
    "UTF-16": Bad(Verdict.REJECTED, Reason.WRONG_ENCODING, GOOD.decode().encode("utf-16")),
    "a byte order mark": Bad(Verdict.ACCEPTED, Reason.ACCEPTED, b"\xef\xbb\xbf" + GOOD),
    "Windows line ends": Bad(Verdict.ACCEPTED, Reason.ACCEPTED, GOOD.replace(b"\n", b"\r\n")),
    "zero bytes": Bad(Verdict.REJECTED, Reason.BINARY_CONTENT, GOOD.replace(b"5001", b"50\x001", 1)),
    "a spreadsheet with another name": Bad(Verdict.REJECTED, Reason.WRONG_FORMAT, b"PK\x03\x04" + b"\x00" * 200),
    "Parquet cut off": Bad(Verdict.REJECTED, Reason.WRONG_FORMAT, b"PAR1" + b"\x00" * 64, file="gl_entries.parquet"),
    "a quote that never closes": Bad(
        Verdict.REJECTED, Reason.UNBALANCED_QUOTE, GOOD.replace("购药".encode(), b'"open', 1)
    ),
    "a delimiter too many": Bad(Verdict.REJECTED, Reason.RAGGED_ROW, GOOD.replace("购药".encode(), b"a,b", 1)),
    # the header
    "a column missing": Bad(
        Verdict.REJECTED, Reason.MISSING_HEADER, as_csv(ROWS, [c for c in COLUMNS if c != "debit"]), said=NO_TOTALS
    ),
    "a column twice": Bad(
        Verdict.REJECTED, Reason.AMBIGUOUS_HEADER, GOOD.replace(b"dept_code", b"account_code", 1), said=NO_TOTALS
    ),
    "no header": Bad(Verdict.REJECTED, Reason.MISSING_HEADER, GOOD.split(b"\n", 1)[1], said=NO_TOTALS),
    "columns in another order": Bad(Verdict.ACCEPTED, Reason.ACCEPTED, as_csv(ROWS, COLUMNS[::-1])),
    "a column more": Bad(
        Verdict.ACCEPTED, Reason.ACCEPTED, as_csv([{**r, "extra": "x"} for r in ROWS], [*COLUMNS, "extra"])
    ),
    # the rows
    "debit and account swapped": Bad(
        Verdict.REJECTED, Reason.CONTROL_TOTAL_DIFFERS, swapped("debit", "account_code"), quarantined=200,
        said=(("control_totals", TOTALS),),
    ),
    "dates where amounts belong": Bad(Verdict.REJECTED, Reason.TOO_MANY_BAD_ROWS, swapped("debit", "posting_date")),
    "totals of another file": Bad(
        Verdict.REJECTED, Reason.CONTROL_TOTAL_DIFFERS, said=(("control_totals", TOTALS | {"debit": "10000.01"}),)
    ),
    "fewer rows than stated": Bad(Verdict.REJECTED, Reason.ROW_COUNT_DIFFERS, rows=201),
    "all dates in 1970": Bad(
        Verdict.REJECTED, Reason.TOO_MANY_BAD_ROWS, changed_everywhere(posting_date="1970-01-01"), quarantined=200
    ),
    "one date in 1970": Bad(
        Verdict.ACCEPTED, Reason.ACCEPTED_WITH_QUARANTINE, changed(7, posting_date="1970-01-01"), quarantined=1
    ),
    "a date in two years": Bad(
        Verdict.ACCEPTED, Reason.ACCEPTED_WITH_QUARANTINE, changed(7, posting_date="2028-01-01"), quarantined=1
    ),
    "an amount of 10^12": Bad(
        Verdict.ACCEPTED, Reason.ACCEPTED_WITH_QUARANTINE, changed(0, debit="1000000000000.00"), said=NO_TOTALS,
        quarantined=1,
    ),
    "an amount of 10^30": Bad(
        Verdict.ACCEPTED, Reason.ACCEPTED_WITH_QUARANTINE, changed(0, debit="1" + "0" * 30), quarantined=1
    ),
    "thousandths of a yuan": Bad(
        Verdict.ACCEPTED, Reason.ACCEPTED_WITH_QUARANTINE, changed(0, debit="100.005"), quarantined=1
    ),
    "amounts with thousands separators": Bad(
        Verdict.REJECTED, Reason.TOO_MANY_BAD_ROWS, changed_everywhere(debit="1,234.00"), quarantined=200
    ),
    "negative red-letter amounts are booking, not a fault": Bad(
        Verdict.ACCEPTED, Reason.ACCEPTED, changed_everywhere(debit="-1.00"),
        said=(("control_totals", TOTALS | {"debit": "-200.00"}),),
    ),
    "the same row twice": Bad(
        Verdict.ACCEPTED, Reason.ACCEPTED_WITH_QUARANTINE, as_csv([*ROWS, ROWS[0]], COLUMNS), rows=201,
        said=NO_TOTALS, quarantined=1,
    ),
    "two rows with one key that contradict each other": Bad(
        Verdict.ACCEPTED, Reason.ACCEPTED_WITH_QUARANTINE, as_csv([*ROWS, {**ROWS[0], "debit": "1.00"}], COLUMNS),
        rows=201, said=NO_TOTALS, quarantined=2,
    ),
    "the whole file twice": Bad(
        Verdict.REJECTED, Reason.TOO_MANY_BAD_ROWS, as_csv([*ROWS, *ROWS], COLUMNS), rows=400, said=NO_TOTALS
    ),
    "a required cell is empty": Bad(
        Verdict.ACCEPTED, Reason.ACCEPTED_WITH_QUARANTINE, changed(3, account_code=" "), quarantined=1
    ),
    "a word that is not in the list": Bad(
        Verdict.ACCEPTED, Reason.ACCEPTED_WITH_QUARANTINE, changed(3, fund_source="donations"), quarantined=1
    ),
    "a formula for whoever opens the report": Bad(
        Verdict.ACCEPTED, Reason.ACCEPTED_WITH_QUARANTINE, changed(3, account_name="=cmd|'/C calc'!A0"), quarantined=1
    ),
    "text that is a shell command is only text": Bad(
        Verdict.ACCEPTED, Reason.ACCEPTED, changed(3, account_name="'; drop table gl; --")
    ),
    # the manifest's entry
    "a path that leaves the folder": Bad(Verdict.REJECTED, Reason.PATH_NOT_ALLOWED, file="../../../etc/passwd"),
    "an absolute path": Bad(Verdict.REJECTED, Reason.PATH_NOT_ALLOWED, file="/etc/passwd"),
    "a Windows path": Bad(Verdict.REJECTED, Reason.PATH_NOT_ALLOWED, file="..\\gl.csv"),
    "a drive letter": Bad(Verdict.REJECTED, Reason.PATH_NOT_ALLOWED, file="c:gl.csv"),
    "a name with a zero byte": Bad(Verdict.REJECTED, Reason.PATH_NOT_ALLOWED, file="gl\x00.csv"),
    "a hidden file": Bad(Verdict.REJECTED, Reason.PATH_NOT_ALLOWED, file=".gl.csv"),
    "the manifest itself": Bad(Verdict.REJECTED, Reason.PATH_NOT_ALLOWED, file="manifest.json"),
    "a file that isn't there": Bad(Verdict.REJECTED, Reason.FILE_MISSING, file="elsewhere.csv"),
    "an extract nobody knows": Bad(Verdict.REJECTED, Reason.UNKNOWN_EXTRACT, said=(("extract", "gl_entry"),)),
    "another extract's name": Bad(
        Verdict.REJECTED, Reason.MISSING_HEADER, said=(("extract", "payroll"), ("control_totals", {}))
    ),
    "month 13": Bad(Verdict.REJECTED, Reason.ENTRY_INVALID, said=(("period", "2026-13"),)),
    "a period to come": Bad(Verdict.REJECTED, Reason.PERIOD_IN_THE_FUTURE, said=(("period", "2026-11"),)),
    "a mode nobody knows": Bad(Verdict.REJECTED, Reason.ENTRY_INVALID, said=(("mode", "replace"),)),
    "rows as a text": Bad(Verdict.REJECTED, Reason.ENTRY_INVALID, said=(("rows", "200"),)),
    "rows as true": Bad(Verdict.REJECTED, Reason.ENTRY_INVALID, said=(("rows", True),)),
    "half a hash": Bad(Verdict.REJECTED, Reason.ENTRY_INVALID, said=(("sha256", "abc"),)),
    "a total of a text column": Bad(
        Verdict.REJECTED, Reason.CONTROL_TOTAL_UNKNOWN, said=(("control_totals", {"summary": "1"}),)
    ),
    "a total that is no number": Bad(
        Verdict.REJECTED, Reason.ENTRY_INVALID, said=(("control_totals", {"debit": "much"}),)
    ),
    "a key nobody knows": Bad(Verdict.REJECTED, Reason.ENTRY_INVALID, said=(("controll_totals", {}),)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_bad_file_leaves_its_outcome_and_stops_nobody(hospital: Consortium, name: str) -> None:
    bad = CASES[name]
    described = bad.described_as if bad.described_as is not None else bad.content
    said = {"control_totals": TOTALS} if bad.outcome is Verdict.ACCEPTED else {}
    mine = entry("gl_entries", bad.file, described, bad.rows, **(said | dict(bad.said)))
    good = as_csv(charge_rows(), contract.load().extracts["charge_lines"].columns)
    lying = bad.file if bad.reason not in (Reason.PATH_NOT_ALLOWED, Reason.FILE_MISSING) else "gl_entries.csv"
    hospital.lay(
        {lying: bad.content, "charge_lines.csv": good},
        [mine, entry("charge_lines", "charge_lines.csv", good, 100)],
    )

    outcomes = {o.file: o for o in hospital.night()}

    assert outcomes.pop("charge_lines.csv").outcome is Verdict.ACCEPTED
    (found,) = outcomes.values()
    assert (found.outcome, found.reason_code) == (bad.outcome, bad.reason), found.detail
    if found.rows_delivered is not None:
        assert found.rows_accepted is not None
        assert found.rows_quarantined is not None
        assert found.rows_accepted + found.rows_quarantined == found.rows_delivered
        assert hospital.rows("gl_entries").height == found.rows_accepted
    if bad.quarantined is not None:
        assert found.rows_quarantined == bad.quarantined
    assert found.to_do
    stored = hospital.state.rows("select * from outcome where extract != 'charge_lines'")
    assert [(r["outcome"], r["reason_code"]) for r in stored] == [(bad.outcome, bad.reason)]


MANIFESTS: dict[str, tuple[bytes, Reason]] = {
    "no JSON": (b"{", Reason.MANIFEST_UNREADABLE),
    "no UTF-8": (b'{"member_id": "\xff"}', Reason.MANIFEST_UNREADABLE),
    "a list": (b"[]", Reason.MANIFEST_INVALID),
    "a key twice": (b'{"member_id": "H01", "member_id": "H02"}', Reason.MANIFEST_UNREADABLE),
    "nested a hundred thousand deep": (b"[" * 100_000, Reason.MANIFEST_UNREADABLE),
    "nothing in it": (b"{}", Reason.MANIFEST_INVALID),
    "no files": (
        json.dumps({"member_id": "H01", "delivery_date": DAY, "vendor": "canonical", "files": []}).encode(),
        Reason.MANIFEST_INVALID,
    ),
    "another member's": (
        json.dumps({"member_id": "H02", "delivery_date": DAY, "vendor": "canonical", "files": [{}]}).encode(),
        Reason.MANIFEST_OF_ANOTHER,
    ),
    "another day's": (
        json.dumps({"member_id": "H01", "delivery_date": "2026-10-30", "vendor": "x", "files": [{}]}).encode(),
        Reason.MANIFEST_OF_ANOTHER,
    ),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_bad_manifest_costs_its_delivery_only(hospital: Consortium, name: str) -> None:
    raw, reason = MANIFESTS[name]
    hospital.lay({"gl_entries.csv": GOOD}, raw)
    hospital.deliver("gl_entries", ROWS, member="H02")
    bad, good = hospital.night()
    assert (bad.member_id, bad.file, bad.outcome, bad.reason_code) == ("H01", "manifest.json", Verdict.REJECTED, reason)
    assert good.outcome is Verdict.ACCEPTED


def test_a_manifest_of_twenty_megabytes_is_not_read(hospital: Consortium) -> None:
    hospital.lay({}, b" " * 20_000_000)
    (outcome,) = hospital.night()
    assert outcome.reason_code is Reason.MANIFEST_UNREADABLE


def test_a_link_out_of_the_folder_is_refused(hospital: Consortium, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_bytes(GOOD)
    hospital.lay({}, [entry("gl_entries", "gl_entries.csv", GOOD, 200), entry("gl_entries", "in/gl.csv", GOOD, 200,
                                                                              period="2026-09")])  # fmt: skip
    (hospital.folder() / "gl_entries.csv").symlink_to(secret)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "gl.csv").write_bytes(GOOD)
    (hospital.folder() / "in").symlink_to(elsewhere, target_is_directory=True)
    assert [o.reason_code for o in hospital.night()] == [Reason.PATH_NOT_ALLOWED] * 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_we_may_not_read(hospital: Consortium) -> None:
    hospital.deliver("gl_entries", ROWS)
    (hospital.folder() / "gl_entries.csv").chmod(0)
    (outcome,) = hospital.night()
    assert outcome.reason_code is Reason.FILE_UNREADABLE


def test_a_pipe_instead_of_a_file_does_not_hang_the_night(hospital: Consortium) -> None:
    hospital.lay({}, [entry("gl_entries", "gl_entries.csv", GOOD, 200)])
    os.mkfifo(hospital.folder() / "gl_entries.csv")
    (outcome,) = hospital.night()
    assert outcome.reason_code is Reason.FILE_UNREADABLE


def test_two_snapshots_of_one_period_can_not_both_be_it(hospital: Consortium) -> None:
    hospital.lay(
        {"a.csv": GOOD, "b.csv": GOOD},
        [entry("gl_entries", "a.csv", GOOD, 200), entry("gl_entries", "b.csv", GOOD, 200)],
    )
    first, second = hospital.night()
    assert first.outcome is Verdict.ACCEPTED
    assert second.reason_code is Reason.DUPLICATE_ENTRY
    assert "a.csv" in second.detail


def test_a_vendor_without_adapter(hospital: Consortium) -> None:
    hospital.lay({"gl_entries.csv": GOOD}, [entry("gl_entries", "gl_entries.csv", GOOD, 200)], vendor="nobody")
    (outcome,) = hospital.night()
    assert outcome.reason_code is Reason.UNKNOWN_VENDOR


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        ("H99/2026-10-31", Reason.UNKNOWN_MEMBER),
        ("H01/october", Reason.FOLDER_IS_NO_DATE),
        ("H01/2026-02-30", Reason.FOLDER_IS_NO_DATE),
        ("H01/2027-10-31", Reason.DELIVERY_FROM_THE_FUTURE),
    ],
)
def test_a_folder_that_is_no_delivery_is_named(hospital: Consortium, folder: str, reason: Reason) -> None:
    (hospital.settings.landing / folder).mkdir(parents=True)
    for _ in range(2):
        (outcome,) = hospital.night()
        assert (outcome.outcome, outcome.reason_code) == (Verdict.REFUSED, reason)
    assert len(hospital.state.rows("select * from outcome")) == 1


def test_what_a_reader_did_not_foresee_costs_one_file(hospital: Consortium, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.ingest import file

    right = file.batches

    def surprising(path: Path, mapping: Any, extract: Any, **more: Any) -> Any:
        if extract.name == "gl_entries":
            raise KeyError("330523196801011234")
        return right(path, mapping, extract, **more)

    monkeypatch.setattr(file, "batches", surprising)
    hospital.deliver("gl_entries", ROWS)
    hospital.deliver("charge_lines", charge_rows())
    good, bad = hospital.night()
    assert good.outcome is Verdict.ACCEPTED
    assert bad.reason_code is Reason.READER_FAILED
    assert "330523" not in bad.detail


def test_a_rejected_file_leaves_what_was_accepted_before_in_force(hospital: Consortium) -> None:
    hospital.deliver("gl_entries", ROWS, day="2026-10-30")
    hospital.night()
    hospital.deliver("gl_entries", gl_rows(50), rows=7)
    (outcome,) = hospital.night()
    assert outcome.reason_code is Reason.ROW_COUNT_DIFFERS
    assert hospital.rows("gl_entries").height == 200


def test_tc_68_two_hundred_of_ten_thousand_pass_and_one_more_does_not(hospital: Consortium) -> None:
    """TC-68 (S3-PLAT-04): 10,000 records, 200 failing are 98.00 %; 201 are 97.99 %."""
    for failing, verdict, accuracy in ((200, Verdict.ACCEPTED, "0.980000"), (201, Verdict.REJECTED, "0.979900")):
        rows = charge_rows(10_000)
        for row in rows[:failing]:
            row["amount"] = "26.00"
        hospital.deliver("charge_lines", rows)
        (outcome,) = hospital.night()
        assert outcome.outcome is verdict
        assert outcome.measures["accuracy"] == accuracy


def test_control_totals_count_what_was_delivered_bad_rows_included(hospital: Consortium) -> None:
    rows = charge_rows()
    rows[0]["amount"] = "26.00"
    hospital.deliver("charge_lines", rows)  # the total is stated over all 100 rows
    (outcome,) = hospital.night()
    assert (outcome.outcome, outcome.rows_quarantined) == (Verdict.ACCEPTED, 1)


def test_no_person_stands_in_quarantine_outcomes_or_progress(hospital: Consortium) -> None:
    number, name = "33052319680101123X", "欧阳建国"
    rows = charge_rows()
    rows[0].update(doctor_id="=" + number, quantity=name)
    rows[1].update(item_code="=" + number, charge_class=name)
    hospital.deliver("charge_lines", rows, control_totals={})
    (outcome,) = hospital.night()
    assert outcome.rows_quarantined == 2
    told = json.dumps(hospital.quarantine(), default=str, ensure_ascii=False) + outcome.detail + "".join(hospital.said)
    told += json.dumps(hospital.state.rows("select * from outcome"), ensure_ascii=False)
    assert number not in told
    assert name not in told
    assert "=99999999999999999a" in told


def test_no_raw_person_stands_anywhere_in_home(hospital: Consortium) -> None:
    rows = [
        {"note_id": "N1", "encounter_id": "E1", "note_type": "progress", "written_at": "2026-10-15 08:30:00",
         "text": "患者赵铁柱,身份证330523196801011234,电话13812345678,随访"}
    ]  # fmt: skip
    hospital.deliver("clinical_notes", rows)
    payroll = {
        "person_id": "330523196801011234", "dept_code": "0301", "role": "doctor", "fte": "1", "base_pay": "1",
        "performance_pay": "1", "contract_service_pay": "0", "chronic_care_pay": "0", "other_pay": "0",
    }  # fmt: skip
    hospital.deliver("payroll", [payroll])
    assert {o.outcome for o in hospital.night()} == {Verdict.ACCEPTED}
    for path in hospital.settings.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            if path.suffix == ".parquet":
                content += pl.read_parquet(path).write_csv().encode()
            for trace in ("330523196801011234", "13812345678", "赵铁柱"):
                assert trace.encode() not in content, path


def test_reason_codes_of_all_readers_are_on_the_closed_list() -> None:
    import re

    import pipelines.ingest as ingest

    known = {reason.value for reason in Reason}
    folder = Path(ingest.__file__).parent
    for path in [folder / "adapter.py", *(folder / "readers").rglob("*.py")]:
        for code in re.findall(r"Unreadable\(\s*\"([a-z_0-9]+)\"", path.read_text(encoding="utf-8")):
            assert code in known, f"{path.name} raises {code}: add it to outcomes.Reason with what to do"


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_file_rewritten_while_it_is_read_is_detected(hospital: Consortium, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sender rewrites its file after the hash was taken: what is read on is the copy that was hashed."""
    from pipelines.ingest import file

    right: Callable[..., Any] = file.batches

    def rewriting(path: Path, *rest: Any, **more: Any) -> Any:
        (hospital.folder() / "gl_entries.csv").write_bytes(changed_everywhere(debit="999.00"))
        return right(path, *rest, **more)

    hospital.deliver("gl_entries", ROWS)
    monkeypatch.setattr(file, "batches", rewriting)
    (outcome,) = hospital.night()
    assert outcome.outcome is Verdict.ACCEPTED
    assert outcome.sha256 == _hash(GOOD)
    assert set(hospital.rows("gl_entries")["debit"].unique().to_list()) == {0, 100}


def outcome_of(outcomes: list[Outcome], file: str) -> Outcome:
    return next(o for o in outcomes if o.file == file)
