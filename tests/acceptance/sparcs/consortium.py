"""The New York hospitals as a consortium: one public file becomes 93 deliveries and a folder of reference data.

Belongs here: cutting the file by facility (lines untouched), manifests, and the seeds that follow from the file or
from the project's own. Does not belong here: any patient row (they stay outside the repository), and any figure that
the test asserts (`test_sparcs_night.py` counts those by itself).
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from pipelines.reference import SEEDS
from tests.integration.consortium import Consortium

HERE = Path(__file__).parent
PERIOD = "2022-12"
DELIVERED = "2023-01-31"
EXTRACTS = ("encounters", "settlements", "diagnoses")
TOLERANCE = "0.05"
FACILITY, COST, CHARGE = "Permanent Facility Id", "Total Costs", "Total Charges"
OVERFLOW = "##########"
# Dated files of the project whose numbers hold for this consortium too, from before its year on.
DATED = ("policy", "policy_pipeline", "kpi", "kpi_targets", "kpi_weights", "risk_limits")
# Indicators that would rest on what the adapter had to invent, so that this consortium does not keep them: upcoding (no
# ICD codes, no procedures), split admissions and readmissions (each discharge is a person of its own), compliance
# (nothing is denied).
CODES = ("kpi_code", "indicator_code", "kpi_or_dimension")
NOT_KEPT = frozenset({"S2-RISK-16", "S2-RISK-17", "S2-RISK-20", "S2-PERF-08"})


@dataclass
class Sparcs(Consortium):
    """The consortium's folders, with its own reference data and adapter."""

    now: str = "2023-02-01T01:30:00"

    @property
    def environ(self) -> dict[str, str]:
        own = {"CONSORTIUM_SEEDS": str(self.root / "seeds"), "CONSORTIUM_ADAPTERS": str(HERE / "adapters")}
        return super().environ | own


def member_of(row: dict[str, str]) -> str:
    """NY and four digits of the facility's id; NY0000 where the hospital is withheld."""
    return f"NY{int(row[FACILITY] or 0):04}"


def drg_of(row: dict[str, str]) -> str:
    """APR-DRG and severity of illness."""
    return f"{row['APR DRG Code']}-{row['APR Severity of Illness Code']}"


def deliver(landing: Path, file: Path) -> dict[str, list[dict[str, str]]]:
    """Lays the file down in 93 deliveries, by facility, its lines as they are.

    Returns:
        the rows of each member, in the order of its delivery.
    """
    header, *lines = file.read_bytes().splitlines(keepends=True)
    with file.open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    assert len(rows) == len(lines), "a line of this file is a row"
    raw: dict[str, list[bytes]] = defaultdict(list)
    delivered: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row, line in zip(rows, lines, strict=True):
        raw[member_of(row)].append(line)
        delivered[member_of(row)].append(row)
    for member, own in raw.items():
        folder = landing / member / DELIVERED
        folder.mkdir(parents=True)
        content = header + b"".join(own)
        (folder / "sparcs_2022.csv").write_bytes(content)
        entry = {"file": "sparcs_2022.csv", "period": PERIOD, "mode": "snapshot", "rows": len(own),
                 "sha256": hashlib.sha256(content).hexdigest(), "control_totals": {}}  # fmt: skip
        manifest = {"member_id": member, "delivery_date": DELIVERED, "vendor": "sparcs",
                    "files": [{"extract": extract, **entry} for extract in EXTRACTS]}  # fmt: skip
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return dict(delivered)


def seed(folder: Path, rows: list[dict[str, str]]) -> None:
    """Writes the reference data: what is kept beside this file, the groups and weights that follow from the discharges,
    and the project's own numbers, in force from 2021 and with this consortium's tolerance."""
    shutil.copytree(HERE / "seeds", folder)
    _write_groups(folder / "drg.csv", rows)
    for name in DATED:
        with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as source:
            lines = [line for line in csv.DictReader(source) if not NOT_KEPT & {line.get(code) for code in CODES}]
        first = min(line["valid_from"] for line in lines)
        for line in lines:
            if line["valid_from"] == first:
                line["valid_from"] = "2021-01-01"
            if line.get("parameter") == "row_rejection_tolerance":
                line["value"] = TOLERANCE
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as target:
            writer = csv.DictWriter(target, list(lines[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(lines)


def weights(rows: list[dict[str, str]]) -> dict[str, Decimal]:
    """Relative weight of each group: its mean cost over the mean cost of all, four decimals, half-up."""
    readable = [row for row in rows if row[COST] != OVERFLOW]
    costs: dict[str, list[Decimal]] = defaultdict(list)
    for row in readable:
        costs[drg_of(row)].append(Decimal(row[COST]))
    mean = sum((Decimal(row[COST]) for row in readable), Decimal(0)) / len(readable)
    return {
        group: (sum(own, Decimal(0)) / len(own) / mean).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        for group, own in costs.items()
    }


def _write_groups(path: Path, rows: list[dict[str, str]]) -> None:
    known = weights(rows)
    groups = {drg_of(row): row for row in rows}
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(["drg_code", "drg_name", "mdc", "adrg", "partition", "weight", "risk_grade", "reference_los",
                         "valid_from", "valid_to"])  # fmt: skip
        for code, row in sorted(groups.items()):
            name = f"{row['APR DRG Description']}, {row['APR Severity of Illness Description'] or 'ungraded'}"
            partition = "surgical" if row["APR Medical Surgical Description"] == "Surgical" else "medical"
            writer.writerow([
                code, " ".join(name.split()), row["APR MDC Code"], row["APR DRG Code"], partition, known[code],
                row["APR Severity of Illness Code"], "", "2022-01-01", "",
            ])  # fmt: skip
