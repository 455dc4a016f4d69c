"""What lies in the landing area: delivery folders, their manifests, and the bytes that were hashed.

Belongs here: finding deliveries, reading a manifest as strictly as something a stranger wrote, and taking a
private copy of a file under its hash. Not here: what the file says (`readers/`), or what becomes of it
(`take_in.py`).
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path, PurePosixPath
from typing import Any

from pipelines.contract import Contract
from pipelines.ingest.outcomes import Reason

MANIFEST = "manifest.json"
MANIFEST_LIMIT = 8 * 1024 * 1024
PERSONS = "persons"  # a list of names and numbers that notes are scrubbed of; read, never stored

_BLOCK = 4 * 1024 * 1024
_MEMBER = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")
_PERIOD = re.compile(r"^(19|20)\d{2}-(0[1-9]|1[0-2])$")
_SHA256 = re.compile(r"^[0-9a-fA-F]{64}$")
_TOTAL = re.compile(r"^[+-]?\d{1,20}(\.\d{1,6})?$")
_SEGMENT = re.compile(r"^[^\x00-\x1f\x7f/\\:*?\"<>|]{1,200}$")
_TOP = {"member_id", "delivery_date", "vendor", "files"}
_ENTRY = {"extract", "file", "period", "mode", "rows", "sha256"}


class Refusal(Exception):
    """Something about a delivery or a file that keeps it from being read on.

    Args:
        reason: from the closed list.
        detail: what happened and where.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a manifest, checked."""

    extract: str
    file: str
    period: str
    mode: str
    rows: int
    sha256: str
    control_totals: dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class BadEntry:
    """One file of a manifest that is refused before it is opened."""

    extract: str
    file: str
    period: str
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest: its vendor, what can be read on, and what can't."""

    vendor: str
    entries: tuple[Entry, ...]
    bad: tuple[BadEntry, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One folder `<landing>/<member_id>/<delivery_date>`."""

    member_id: str
    delivery_date: date
    folder: Path

    @property
    def is_complete(self) -> bool:
        """Whether the manifest is there: it is written last."""
        return (self.folder / MANIFEST).exists()

    def deadline(self, hour: int) -> datetime:
        """When the delivery must be complete: `hour` o'clock of the day after its date, local time."""
        return datetime.combine(self.delivery_date + timedelta(days=1), time()) + timedelta(hours=hour)

    def stamp(self, file: str) -> str:
        """What a stat says about a file of the delivery; a change of it means: look again."""
        try:
            seen = (self.folder / file).lstat()
        except OSError as error:
            return f"no: {errno.errorcode.get(error.errno or 0, '?')}"
        return f"{seen.st_mtime_ns}:{seen.st_size}:{seen.st_ino}"


@dataclass(frozen=True, slots=True)
class Stray:
    """A folder in the landing area that is no delivery."""

    member_id: str
    name: str
    refusal: Refusal


def scan(landing: Path, known: frozenset[str], today: date) -> Iterator[Delivery | Stray]:
    """Every delivery folder of the landing area, by member and date; strays say why they are none.

    Folders whose name begins with a dot or an underscore are somebody else's business.

    Args:
        landing: a folder; one that does not exist holds nothing.
        known: members of the consortium.
        today: deliveries dated after tomorrow are from the future.
    """
    if not landing.exists():
        return
    for member in sorted(os.scandir(landing), key=lambda e: e.name):
        if member.name.startswith((".", "_")) or not member.is_dir(follow_symlinks=False):
            continue
        if member.name not in known or not _MEMBER.match(member.name):
            yield Stray(
                printable(member.name),
                "",
                Refusal(Reason.UNKNOWN_MEMBER, f"folder {printable(member.name)} is no member of this consortium"),
            )
            continue
        for folder in sorted(os.scandir(member.path), key=lambda e: e.name):
            if folder.name.startswith((".", "_")) or not folder.is_dir(follow_symlinks=False):
                continue
            try:
                day = _day(folder.name)
            except ValueError:
                shown = printable(folder.name)
                yield Stray(member.name, shown, Refusal(Reason.FOLDER_IS_NO_DATE, f"folder {shown} is no date"))
                continue
            if day > today + timedelta(days=1):
                detail = f"folder {folder.name} is dated after {today.isoformat()}"
                yield Stray(member.name, folder.name, Refusal(Reason.DELIVERY_FROM_THE_FUTURE, detail))
                continue
            yield Delivery(member.name, day, Path(folder.path))


def read_manifest(delivery: Delivery, contract: Contract) -> Manifest:
    """Reads a manifest; an entry that can't be followed is set apart, the others stand.

    Raises:
        Refusal: the manifest as a whole can't be used: unreadable, of the wrong shape, of another delivery.
    """
    raw = _manifest_bytes(delivery.folder / MANIFEST)
    try:
        said = json.loads(raw.decode("utf-8-sig"), parse_float=Decimal, object_pairs_hook=_no_twins)
    except (UnicodeDecodeError, json.JSONDecodeError, ValueError, RecursionError) as error:
        raise Refusal(Reason.MANIFEST_UNREADABLE, f"{MANIFEST}: {_short(error)}") from error
    if not isinstance(said, dict):
        raise Refusal(Reason.MANIFEST_INVALID, f"{MANIFEST} holds no JSON object")
    _keys(said, _TOP, set(), MANIFEST, Reason.MANIFEST_INVALID)
    if not isinstance(said["files"], list) or not said["files"]:
        raise Refusal(Reason.MANIFEST_INVALID, f"{MANIFEST}: files must be a list of at least one file")
    if not isinstance(said["vendor"], str) or not said["vendor"]:
        raise Refusal(Reason.MANIFEST_INVALID, f"{MANIFEST}: vendor must be a name")
    own = (delivery.member_id, delivery.delivery_date.isoformat())
    if (said["member_id"], said["delivery_date"]) != own:
        stated = f"{printable(said['member_id'])} {printable(said['delivery_date'])}"
        raise Refusal(Reason.MANIFEST_OF_ANOTHER, f"{MANIFEST} says {stated}, the folder {' '.join(own)}")
    good: list[Entry] = []
    bad: list[BadEntry] = []
    for number, body in enumerate(said["files"], start=1):
        try:
            entry = _entry(body, number, delivery, contract)
            _no_second(entry, good)
        except Refusal as refusal:
            named = body if isinstance(body, dict) else {}
            file = printable(named.get("file", f"entry {number}")) or f"entry {number}"
            if refusal.reason is Reason.DUPLICATE_ENTRY:
                file = f"{file} (entry {number})"
            bad.append(BadEntry(printable(named.get("extract", "")), file, printable(named.get("period", "")), refusal))
        else:
            good.append(entry)
    return Manifest(said["vendor"], tuple(good), tuple(bad), hashlib.sha256(raw).hexdigest())


def take_copy(delivery: Delivery, file: str, aside: Path) -> tuple[Path, str]:
    """Copies a delivered file aside and hashes the copy: what is read on are the very bytes that were hashed.

    The sender may rewrite its file at any moment; the copy is ours, and a copy of a half-written file has
    another hash than the manifest says.

    Args:
        delivery: where the file lies.
        file: its path in the delivery, as a checked `Entry` has it.
        aside: an empty folder of our own; the copy keeps the file's name.

    Returns:
        the copy and its sha256.

    Raises:
        Refusal: missing, a link or no plain file, or not readable for us.
        OSError: our own disk fails (full, gone).
    """
    target = aside / PurePosixPath(file).name
    with _open_plain(delivery.folder, file) as source, target.open("wb") as copy:
        digest = hashlib.sha256()
        while block := source.read(_BLOCK):
            digest.update(block)
            copy.write(block)
    return target, digest.hexdigest()


def printable(value: Any, limit: int = 120) -> str:
    """A stranger's text, safe for a log or a table: control characters replaced, shortened."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return "".join(c if c.isprintable() else "�" for c in text[:limit])


def _open_plain(folder: Path, file: str) -> Any:
    """Opens a file below a folder without following a link on the way."""
    parts = PurePosixPath(file).parts
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = below
        handle = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=here)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EMLINK):
            raise Refusal(Reason.PATH_NOT_ALLOWED, f"{file} is, or leads through, a link") from error
        if error.errno == errno.ENOENT:
            raise Refusal(Reason.FILE_MISSING, f"{file} is named in the manifest and not there") from error
        raise Refusal(Reason.FILE_UNREADABLE, f"{file}: {os.strerror(error.errno or 0)}") from error
    finally:
        os.close(here)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise Refusal(Reason.FILE_UNREADABLE, f"{file} is no plain file")
    return os.fdopen(handle, "rb")


def _manifest_bytes(path: Path) -> bytes:
    try:
        with _open_plain(path.parent, path.name) as handle:
            raw: bytes = handle.read(MANIFEST_LIMIT + 1)
    except Refusal as refusal:
        raise Refusal(Reason.MANIFEST_UNREADABLE, refusal.detail) from refusal
    if len(raw) > MANIFEST_LIMIT:
        raise Refusal(Reason.MANIFEST_UNREADABLE, f"{MANIFEST} is larger than {MANIFEST_LIMIT} bytes")
    return raw


def _entry(body: Any, number: int, delivery: Delivery, contract: Contract) -> Entry:
    where = f"files[{number}]"
    if not isinstance(body, dict):
        raise Refusal(Reason.ENTRY_INVALID, f"{where} is no object")
    _keys(body, _ENTRY, {"control_totals"}, where, Reason.ENTRY_INVALID)
    for key in ("extract", "file", "period", "mode", "sha256"):
        if not isinstance(body[key], str):
            raise Refusal(Reason.ENTRY_INVALID, f"{where}: {key} must be a text")
    _check_path(body["file"], where)
    if body["extract"] not in contract.extracts and body["extract"] != PERSONS:
        raise Refusal(Reason.UNKNOWN_EXTRACT, f"{where}: no extract {printable(body['extract'])}")
    if not _PERIOD.match(body["period"]):
        raise Refusal(Reason.ENTRY_INVALID, f"{where}: period {printable(body['period'])} is not YYYY-MM")
    spec = contract.extracts.get(body["extract"])
    if _months(body["period"]) > _months(delivery.delivery_date.isoformat()) + (spec.ahead_months if spec else 0):
        detail = f"{where}: period {body['period']} lies after the delivery of {delivery.delivery_date}"
        raise Refusal(Reason.PERIOD_IN_THE_FUTURE, detail)
    if body["mode"] not in ("snapshot", "append"):
        raise Refusal(Reason.ENTRY_INVALID, f"{where}: mode {printable(body['mode'])} is neither snapshot nor append")
    if isinstance(body["rows"], bool) or not isinstance(body["rows"], int) or body["rows"] < 0:
        raise Refusal(Reason.ENTRY_INVALID, f"{where}: rows must be a whole number from 0")
    if not _SHA256.match(body["sha256"]):
        raise Refusal(Reason.ENTRY_INVALID, f"{where}: sha256 is not 64 hexadecimal digits")
    totals = _totals(body.get("control_totals", {}), where, body["extract"], contract)
    return Entry(
        body["extract"], body["file"], body["period"], body["mode"], body["rows"], body["sha256"].lower(), totals
    )


def _months(day: str) -> int:
    return int(day[:4]) * 12 + int(day[5:7])


def _check_path(file: str, where: str) -> None:
    """Refuses whatever does not plainly name a file below the delivery folder."""
    parts = file.split("/")
    if any(part in ("", ".", "..") or part.startswith(("~", ".")) or not _SEGMENT.match(part) for part in parts):
        raise Refusal(Reason.PATH_NOT_ALLOWED, f"{where}: {printable(file)!r} is no plain path in the delivery folder")
    if parts == [MANIFEST] or len(parts) > 4:
        raise Refusal(Reason.PATH_NOT_ALLOWED, f"{where}: {printable(file)!r} can't be a delivered file")


def _totals(said: Any, where: str, extract: str, contract: Contract) -> dict[str, Decimal]:
    if not isinstance(said, dict):
        raise Refusal(Reason.ENTRY_INVALID, f"{where}: control_totals must be an object")
    totals: dict[str, Decimal] = {}
    columns = contract.extracts[extract].columns if extract in contract.extracts else {}
    for name, value in said.items():
        if name not in columns or not columns[name].is_numeric:
            detail = f"{where}: {printable(name)} is no numeric column of {extract}"
            raise Refusal(Reason.CONTROL_TOTAL_UNKNOWN, detail)
        text = str(value) if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else ""
        if not _TOTAL.match(text.strip()):
            raise Refusal(Reason.ENTRY_INVALID, f"{where}: control total of {name} is no plain decimal number")
        try:
            totals[name] = Decimal(text.strip())
        except InvalidOperation as error:
            raise Refusal(Reason.ENTRY_INVALID, f"{where}: control total of {name} is no number") from error
    return totals


def _no_second(entry: Entry, before: list[Entry]) -> None:
    for other in before:
        if (entry.extract, entry.file) == (other.extract, other.file):
            raise Refusal(Reason.DUPLICATE_ENTRY, f"{entry.file} is named twice for {entry.extract}")
        same = (entry.extract, entry.period, entry.mode) == (other.extract, other.period, other.mode)
        if same and entry.mode == "snapshot":
            detail = f"second snapshot of {entry.extract} {entry.period}; the first is {other.file}"
            raise Refusal(Reason.DUPLICATE_ENTRY, detail)


def _keys(body: dict[str, Any], needed: set[str], allowed: set[str], where: str, reason: Reason) -> None:
    if missing := sorted(needed - set(body)):
        raise Refusal(reason, f"{where} lacks {', '.join(missing)}")
    if unknown := sorted(set(body) - needed - allowed):
        raise Refusal(reason, f"{where} has unknown keys: {', '.join(printable(k, 40) for k in unknown[:5])}")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body = dict(pairs)
    if len(body) != len(pairs):
        raise ValueError("a key stands twice")
    return body


def _day(name: str) -> date:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", name):
        raise ValueError(name)
    return date.fromisoformat(name)


def _short(error: Exception) -> str:
    """An error's words without the document around it."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return f"no UTF-8 at byte {error.start}"
    return printable(str(error))
