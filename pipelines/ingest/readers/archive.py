"""Guard before a zipped workbook is unpacked by anybody.

Here: inflating every member once, counting, and keeping nothing. The sizes that an archive claims are not believed.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

from pipelines.ingest.readers.errors import Unreadable

LARGEST_TOTAL = 2**30
LARGEST_RATIO = 200  # a worksheet of repeated text comes to 20 to 60
RATIO_COUNTS_FROM = 16 * 2**20
MOST_MEMBERS = 10_000
_STEP = 2**20


def check_archive(path: Path) -> None:
    """Refuses an archive that would unpack to more than a workbook is.

    Raises:
        Unreadable: `archive_bomb`, `wrong_format` (damaged, encrypted, unknown compression).
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > MOST_MEMBERS:
                raise Unreadable(
                    "archive_bomb", path.name, f"holds {len(members)} members, at most {MOST_MEMBERS} are read"
                )
            left = LARGEST_TOTAL
            for member in members:
                if member.flag_bits & 1:
                    raise Unreadable("wrong_format", path.name, "is encrypted; save it without a password")
                left -= _inflated(path, member, left)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise Unreadable(
            "wrong_format", path.name, f"is no whole XLSX file ({error}); save and deliver it again"
        ) from error


def _inflated(path: Path, member: zipfile.ZipInfo, left: int) -> int:
    """Bytes that a member really unpacks to."""
    where = f"{path.name}, member {member.filename[:80]}"
    if member.compress_type == zipfile.ZIP_STORED:
        size = member.compress_size
    elif member.compress_type == zipfile.ZIP_DEFLATED:
        size = 0
        with path.open("rb") as raw:
            raw.seek(member.header_offset + 26)
            lengths = raw.read(4)
            raw.seek(int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little"), 1)
            stream, remaining = zlib.decompressobj(-15), member.compress_size
            while remaining > 0 and not stream.eof:
                piece = raw.read(min(_STEP, remaining))
                if not piece:
                    raise EOFError("the file ends inside a member")
                remaining -= len(piece)
                while piece and not stream.eof:
                    size += len(stream.decompress(piece, _STEP))
                    piece = stream.unconsumed_tail
                    ratio = size / max(member.compress_size, 1)
                    if size > left or (size > RATIO_COUNTS_FROM and ratio > LARGEST_RATIO):
                        raise Unreadable(
                            "archive_bomb", where,
                            f"unpacks to more than {size // 2**20} MiB from {member.compress_size} bytes",
                        )  # fmt: skip
    else:
        raise Unreadable("wrong_format", where, f"unknown compression {member.compress_type}")
    if size > left:
        raise Unreadable("archive_bomb", where, f"the workbook unpacks to more than {LARGEST_TOTAL // 2**20} MiB")
    return size
