"""11,999 real discharges of 93 New York hospitals through an adapter alone.

Every figure is counted a second time with the csv module. What the file writes as "##########" (a spreadsheet's
overflow, of the dearest cases) or "120 +" must be refused cell by cell: neither lost nor read as a number.
"""

import csv
import os
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from pipelines import contract
from pipelines.ingest import adapter, readers
from pipelines.ingest.adapter_check import Report, check
from pipelines.ingest.typed import convert

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("YILIAN_SHARED_DATA", ROOT.parent / "shared" / "data")) / "sparcs_ny_2022"
FILE = DATA / "sparcs_2022_raw_11999.csv"
ADAPTERS = [Path(__file__).parent / "adapters"]
DELIVERED = date(2026, 11, 1)

pytestmark = pytest.mark.skipif(
    not FILE.is_file(), reason=f"needs the SPARCS sample at {FILE}, which is no part of the project"
)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read(extract: str) -> pl.DataFrame:
    mapping = adapter.load_adapter("sparcs", ADAPTERS).mapping_for(extract, FILE.name)
    return pl.concat(readers.batches(FILE, mapping, contract.load().extracts[extract], batch_rows=5000))


def amounts(cells: list[str]) -> Decimal:
    return sum((Decimal(cell) for cell in cells if "#" not in cell), Decimal(0))


def total(extract: str, column: str) -> tuple[object, int]:
    """Sum of what the contract accepts, and how many cells it refuses."""
    typed, bad = convert(read(extract)[column], contract.load().extracts[extract].columns[column], DELIVERED)
    assert bad is not None
    return typed.filter(~bad).sum(), int(bad.sum())


def test_every_discharge_is_read_once_with_an_address(rows):
    frame = read("encounters")
    assert frame.height == len(rows) == 11_999
    assert frame["source_row"].to_list() == list(range(1, 12_000))
    assert frame["encounter_id"].n_unique() == 11_999
    assert frame["encounter_type"].unique().to_list() == ["inpatient"]


def test_words_are_translated_row_by_row(rows):
    frame = read("encounters")
    assert frame["sex"].to_list() == [row["Gender"] for row in rows]
    assert frame["dept_code"].to_list() == [f"MDC{int(row['APR MDC Code']):02}" for row in rows]
    told = Counter(frame["disposition"].to_list())
    delivered = Counter(row["Patient Disposition"] for row in rows)
    assert told["died"] == delivered["Expired"] == 455
    assert told["left"] == delivered["Left Against Medical Advice"] == 434
    assert told["home"] == sum(count for word, count in delivered.items() if "Home" in word and "Nursing" not in word)
    assert sum(told.values()) == 11_999
    payers = Counter(row["Payment Typology 1"] for row in rows)
    assert Counter(frame["payer"].to_list()) == {
        "resident": payers["Medicaid"] + payers["Medicare"],
        "employee": payers["Private Health Insurance"] + payers["Blue Cross/Blue Shield"],
        "self": payers["Self-Pay"],
        "other": 24 + 13 + 10 + 8,
    }
    assert frame["admission_kind"].null_count() == sum(row["Type of Admission"] == "Not Available" for row in rows) == 3


def test_costs_and_charges_agree_to_the_cent_and_overflows_are_refused(rows):
    costs = [row["Total Costs"] for row in rows]
    charges = [row["Total Charges"] for row in rows]
    assert total("encounters", "reported_cost") == (amounts(costs), costs.count("##########"))
    assert total("settlements", "total_charge") == (amounts(charges), charges.count("##########"))
    assert (amounts(costs), costs.count("##########")) == (Decimal("333361410.01"), 8)
    assert (amounts(charges), charges.count("##########")) == (Decimal("948687605.63"), 63)


def test_a_stay_of_more_than_120_days_is_no_number(rows):
    stays = [row["Length of Stay"] for row in rows]
    assert total("workload", "quantity") == (sum(int(stay) for stay in stays if "+" not in stay), stays.count("120 +"))
    assert stays.count("120 +") == 15


def test_drg_and_severity_make_one_code(rows):
    told = read("settlements")["drg_code"].to_list()
    assert told == [f"{row['APR DRG Code']}-{row['APR Severity of Illness Code']}" for row in rows]


def test_the_check_names_what_is_refused_and_what_is_not_delivered(rows):
    report: Report = check(FILE, "sparcs", "encounters", rows=12_000, delivered_on=DELIVERED, folders=ADAPTERS)
    by_name = {column.name: column for column in report.columns}
    first = next(number for number, row in enumerate(rows, start=1) if "#" in row["Total Costs"])
    [refused] = by_name["reported_cost"].rejected
    assert (refused.reason, refused.cells, refused.first_row) == ("not_a_number", 8, first)
    assert by_name["patient_id"].source == "not delivered"
    assert by_name["patient_id"].nulls == 11_999
    assert not by_name["disposition"].rejected
    assert "Facility Name" in report.unread_headers
    assert "always inpatient" in report.to_table()
