"""Local charts of accounts: what each vendor's ledger calls the consortium's accounts.

Belongs here: local codes and the map back; `python -m pipelines.demo.accounts` writes seeds/account_map.csv.
Not here: the unified chart itself (seeds/unified_accounts.csv).

Every vendor has its own habit; members add detail below (a bank, a supplier group), which the longest prefix covers.
"""

from __future__ import annotations

import csv
from pathlib import Path

from pipelines.demo.catalogue import SEEDS, read_seed

FIELDS = ("vendor_or_member", "local_account_pattern", "account_code", "valid_from", "valid_to")
VALID_FROM = "2024-01-01"


def local_code(vendor: str, account: str, detail: str = "") -> str:
    """The local code of a unified account in a vendor's books.

    Args:
        vendor: canonical (levels with dots), ruikang (dense digits with a trailing level), minhe (own prefix by
            side), guojian (letters for the account type), yunhu (fixed width, zeros on the right).
        account: unified code.
        detail: the member's own detail below it, digits.

    Raises:
        ValueError: the vendor has no chart.

    Example:
        >>> local_code("canonical", "5001040101")
        '5001.04.01.01'
        >>> local_code("minhe", "12120201", "03")
        'F-1212-0201-03'
    """
    head, tail = account[:4], account[4:]
    pairs = [tail[i : i + 2] for i in range(0, len(tail), 2)]
    if vendor == "canonical":
        return ".".join([head, *pairs, *([detail] if detail else [])])
    if vendor == "ruikang":
        return account + "9" + (detail or "")
    if vendor == "minhe":
        side = "B" if account[0] in "678" else "F"
        return "-".join([side, head, *([tail] if tail else []), *([detail] if detail else [])])
    if vendor == "guojian":
        return "0ALNREBCD"[int(account[0])] + account[1:] + "." + (detail or "0")
    if vendor == "yunhu":
        return account.ljust(12, "0") + (detail or "00")
    raise ValueError(f"vendor {vendor} has no chart of accounts in the demo")


def pattern(vendor: str, account: str) -> str:
    """The prefix by which the map recognises a unified account: its local code without detail."""
    if vendor == "guojian":
        return local_code(vendor, account)[:-1]
    if vendor == "yunhu":
        return account.ljust(12, "0")
    return local_code(vendor, account)


def account_map(folder: Path = SEEDS) -> list[dict[str, str]]:
    """Rows of seeds/account_map.csv for every vendor and unified account."""
    accounts = [row["account_code"] for row in read_seed("unified_accounts", folder)]
    rows = []
    for vendor in ("canonical", "guojian", "minhe", "ruikang", "yunhu"):
        for account in accounts:
            values = (vendor, pattern(vendor, account), account, VALID_FROM, "")
            rows.append(dict(zip(FIELDS, values, strict=True)))
    return rows


def write_map(path: Path = SEEDS / "account_map.csv") -> int:
    """Write the seed; returns the number of rows."""
    rows = account_map()
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


if __name__ == "__main__":
    print(f"{write_map()} rows written to seeds/account_map.csv")
