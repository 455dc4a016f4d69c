"""What becomes of a delivered file: the closed lists of verdicts and reasons, and one outcome per file.

Belongs here: the words in which the ingest speaks to members, with what to do about each. Not here: deciding
which word applies (`deliveries.py`, `validate.py`, `take_in.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Verdict(StrEnum):
    """`governance.delivery_outcome.outcome`."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    REFUSED = "refused"
    IN_TRANSIT = "in_transit"
    UNCHANGED = "unchanged"


class Reason(StrEnum):
    """Why a file has its verdict. Codes of readers (`Unreadable.reason_code`) are members of this list."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_QUARANTINE = "accepted_with_quarantine"
    SAME_AS_BEFORE = "same_as_before"
    NO_MANIFEST = "no_manifest"
    UNKNOWN_MEMBER = "unknown_member"
    FOLDER_IS_NO_DATE = "folder_is_no_date"
    DELIVERY_FROM_THE_FUTURE = "delivery_from_the_future"
    PERIOD_IS_CLOSED = "period_is_closed"
    # the manifest
    MANIFEST_UNREADABLE = "manifest_unreadable"
    MANIFEST_INVALID = "manifest_invalid"
    MANIFEST_OF_ANOTHER = "manifest_of_another"
    ENTRY_INVALID = "entry_invalid"
    PATH_NOT_ALLOWED = "path_not_allowed"
    UNKNOWN_EXTRACT = "unknown_extract"
    PERIOD_IN_THE_FUTURE = "period_in_the_future"
    DUPLICATE_ENTRY = "duplicate_entry"
    # the file as a whole
    FILE_MISSING = "file_missing"
    FILE_UNREADABLE = "file_unreadable"
    SHA256_DIFFERS = "sha256_differs"
    ROW_COUNT_DIFFERS = "row_count_differs"
    CONTROL_TOTAL_DIFFERS = "control_total_differs"
    CONTROL_TOTAL_UNKNOWN = "control_total_unknown"
    TOO_MANY_BAD_ROWS = "too_many_bad_rows"
    READER_FAILED = "reader_failed"
    # what a reader says
    UNKNOWN_VENDOR = "unknown_vendor"
    EXTRACT_NOT_MAPPED = "extract_not_mapped"
    UNEXPECTED_FILE = "unexpected_file"
    UNKNOWN_FORMAT = "unknown_format"
    WRONG_FORMAT = "wrong_format"
    WRONG_ENCODING = "wrong_encoding"
    ADAPTER_INVALID = "adapter_invalid"
    FILE_EMPTY = "file_empty"
    HEADER_MISSING = "header_missing"
    MISSING_HEADER = "missing_header"
    AMBIGUOUS_HEADER = "ambiguous_header"
    BINARY_CONTENT = "binary_content"
    BINARY_FLOATS = "binary_floats"
    UNBALANCED_QUOTE = "unbalanced_quote"
    RAGGED_ROW = "ragged_row"
    UNREADABLE_TEXT = "unreadable_text"
    TRUNCATED = "truncated"
    DAMAGED_FILE = "damaged_file"
    ARCHIVE_BOMB = "archive_bomb"
    XML_DOCTYPE = "xml_doctype"
    BROKEN_XML = "broken_xml"
    BROKEN_JSON = "broken_json"
    NO_RECORD = "no_record"
    NO_FHIR = "no_fhir"
    DOCUMENT_TOO_LARGE = "document_too_large"
    SHEET_MISSING = "sheet_missing"
    CODES_AS_NUMBERS = "codes_as_numbers"
    MEMO_FIELD = "memo_field"
    FIELD_TYPE = "field_type"
    TABLE_MISSING = "table_missing"
    SOURCE_UNREACHABLE = "source_unreachable"
    SOURCE_FAILED = "source_failed"


class CellFault(StrEnum):
    """Why a row is quarantined: `governance.quarantine.reason_code`, besides the names of row rules."""

    MISSING_VALUE = "missing_value"
    NOT_A_NUMBER = "not_a_number"
    TOO_MANY_DECIMALS = "too_many_decimals"
    NOT_AN_INTEGER = "not_an_integer"
    NOT_A_DATE = "not_a_date"
    NOT_A_TIMESTAMP = "not_a_timestamp"
    NOT_A_BOOLEAN = "not_a_boolean"
    NOT_IN_LIST = "not_in_list"
    BELOW_MINIMUM = "below_minimum"
    ABOVE_MAXIMUM = "above_maximum"
    IMPOSSIBLE_DATE = "impossible_date"
    WRONG_PATTERN = "wrong_pattern"
    TEXT_TOO_LONG = "text_too_long"
    UNPRINTABLE_TEXT = "unprintable_text"
    FORMULA_IN_TEXT = "formula_in_text"
    DUPLICATE_KEY = "duplicate_key"
    DUPLICATE_ROW = "duplicate_row"


TO_DO: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.ACCEPTED: "Nothing.",
        Reason.ACCEPTED_WITH_QUARANTINE: "Correct the quarantined rows and deliver the file again.",
        Reason.SAME_AS_BEFORE: "Nothing: the same content was taken in before.",
        Reason.NO_MANIFEST: "Finish the delivery: write manifest.json last, its presence makes it complete.",
        Reason.UNKNOWN_MEMBER: "Enter the member in seeds/members.csv, or correct the folder's name.",
        Reason.FOLDER_IS_NO_DATE: "Name the delivery folder by its date, YYYY-MM-DD.",
        Reason.DELIVERY_FROM_THE_FUTURE: "Correct the date of the folder, or the clock of the sender.",
        Reason.PERIOD_IS_CLOSED: "Reopen the period on purpose (`yilian period reopen`), or withdraw the change.",
        Reason.MANIFEST_UNREADABLE: "Write manifest.json as one JSON object in UTF-8, at most 8 MB.",
        Reason.MANIFEST_INVALID: "Correct manifest.json: page 2 names every key and its type.",
        Reason.MANIFEST_OF_ANOTHER: "member_id and delivery_date must be those of the folder.",
        Reason.ENTRY_INVALID: "Correct this file's entry in manifest.json.",
        Reason.PATH_NOT_ALLOWED: "Name files relative to the delivery folder, without '..', links or drive letters.",
        Reason.UNKNOWN_EXTRACT: "Name an extract of the contract (expectations/extracts).",
        Reason.PERIOD_IN_THE_FUTURE: "The period must not lie after the delivery date's month.",
        Reason.DUPLICATE_ENTRY: "Name a file once per extract; one snapshot per extract and period, the rest append.",
        Reason.FILE_MISSING: "Deliver the file, then the manifest again.",
        Reason.FILE_UNREADABLE: "Give the pipeline's user the right to read the file.",
        Reason.SHA256_DIFFERS: "The file is not the one that the manifest describes: copy it again completely.",
        Reason.ROW_COUNT_DIFFERS: "Rows are missing or added: export again and count what was written.",
        Reason.CONTROL_TOTAL_DIFFERS: "Compare the totals named here with the source system, then export again.",
        Reason.CONTROL_TOTAL_UNKNOWN: "Total numeric columns of the extract only.",
        Reason.TOO_MANY_BAD_ROWS: "Too many rows break the contract: see governance.quarantine for row and reason.",
        Reason.READER_FAILED: "Nobody foresaw this file: send the detail to the maintainers, deliver another format.",
        Reason.UNKNOWN_VENDOR: "Correct the manifest's vendor, or add an adapter (docs/adapters.md).",
        Reason.EXTRACT_NOT_MAPPED: "Describe the extract in the vendor's adapter.",
        Reason.UNEXPECTED_FILE: "Correct the file's name or its extract in the manifest.",
        Reason.UNKNOWN_FORMAT: "Deliver a format that the adapter knows.",
        Reason.WRONG_FORMAT: "The content is not of the format that its name says: export it again.",
        Reason.WRONG_ENCODING: "Export in the encoding that the adapter names.",
        Reason.ADAPTER_INVALID: "Correct the vendor's adapter at the key named here (docs/adapters.md).",
        Reason.FILE_EMPTY: "Export again; a file without rows still has its header.",
        Reason.HEADER_MISSING: "Export again with a header in the line that the adapter names.",
        Reason.MISSING_HEADER: "Deliver the columns named here, or correct the adapter.",
        Reason.AMBIGUOUS_HEADER: "Name every column once.",
        Reason.BINARY_CONTENT: "Export as text; this file holds bytes that no text has.",
        Reason.BINARY_FLOATS: "Store amounts as decimal or text: the cents of a float are a guess.",
        Reason.UNBALANCED_QUOTE: "The file is cut off, or quotes stand in its texts: export again.",
        Reason.RAGGED_ROW: "The row named here is cut off, or a delimiter stands unquoted in a text.",
        Reason.UNREADABLE_TEXT: "The file breaks its own format at the place named: export it again.",
        Reason.TRUNCATED: "The file ends before its own header says it does: copy it again completely.",
        Reason.DAMAGED_FILE: "The file is damaged at the place named: copy it again completely, or export it again.",
        Reason.ARCHIVE_BOMB: "The file unpacks to far more than it may: find out who made it.",
        Reason.XML_DOCTYPE: "Deliver XML without a document type or entities: they can read files and fill memory.",
        Reason.BROKEN_XML: "The file is no well-formed XML at the place named: export it again.",
        Reason.BROKEN_JSON: "The file is no JSON at the place named: export it again.",
        Reason.NO_RECORD: "The document has none of the records that the adapter names: export it again.",
        Reason.NO_FHIR: "Deliver FHIR R4 bundles.",
        Reason.DOCUMENT_TOO_LARGE: "Split the document into several, or deliver it as NDJSON.",
        Reason.SHEET_MISSING: "Deliver the sheet that the adapter names.",
        Reason.CODES_AS_NUMBERS: "Store codes as text in the spreadsheet: as numbers they lose their leading zeros.",
        Reason.MEMO_FIELD: "Export without memo fields, or with the memo file beside it.",
        Reason.FIELD_TYPE: "Store the field named here in a type that the adapter can read.",
        Reason.TABLE_MISSING: "Correct the table in the vendor's adapter, or deliver the database that holds it.",
        Reason.SOURCE_UNREACHABLE: "The member's database does not answer: check address, network and rights.",
        Reason.SOURCE_FAILED: "The member's database answered with an error: check the adapter's query.",
    }
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file of a delivery; one row of `governance.delivery_outcome`.

    Attributes:
        file: as the manifest names it; `manifest.json` where the delivery as a whole is meant.
        extract, period: empty where the manifest did not say them intelligibly.
        rows_*: accepted + quarantined = delivered; all None where the file was not read to its end.
        detail: what happened, with place and figures, never a value that could name a person.
        measures: the six shares of `governance.quality_score` (see `quality.py`); empty where no row was judged.
    """

    member_id: str
    delivery_date: date
    file: str
    extract: str
    period: str
    outcome: Verdict
    reason_code: Reason
    detail: str
    rows_delivered: int | None = None
    rows_accepted: int | None = None
    rows_quarantined: int | None = None
    sha256: str | None = None
    measures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def to_do(self) -> str:
        """What the member, or the consortium, can do about it."""
        return TO_DO[self.reason_code]

    def as_row(self, recorded_at: str) -> dict[str, Any]:
        """The row of table `outcome` in the state."""
        return {
            "member_id": self.member_id,
            "delivery_date": self.delivery_date.isoformat(),
            "file": self.file,
            "extract": self.extract,
            "period": self.period,
            "outcome": self.outcome.value,
            "reason_code": self.reason_code.value,
            "rows_delivered": self.rows_delivered,
            "rows_accepted": self.rows_accepted,
            "rows_quarantined": self.rows_quarantined,
            "detail": f"{self.detail}. {self.to_do}" if self.detail else self.to_do,
            "sha256": self.sha256,
            "measures": json.dumps(dict(self.measures), sort_keys=True) if self.measures else None,
            "recorded_at": recorded_at,
        }
