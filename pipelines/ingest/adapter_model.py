"""The words of an adapter file: what `adapters/<vendor>.yml` may say, and nothing else (S5-PLAT-07).

Here: the strict model of one column and of one extract's layout. Not here: defaults laid over each other and which
mapping serves which file (`adapter.py`), what a word does to a cell (`readers/cells.py`).
"""

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pipelines import contract as contracts

WHOLE_ROW = "*"
DATES = ("date", "timestamp")

Format = Literal["csv", "excel", "dbf", "xml", "jsonl", "parquet", "sql", "fhir"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(_Strict):
    """One piece of a cell: split by `by`, take the piece `index` (1 = first)."""

    by: str = Field(min_length=1)
    index: int = Field(ge=1)


class Pad(_Strict):
    """Fill a text up to `width` on the left, for codes whose leading zeros a spreadsheet ate."""

    width: int = Field(ge=1, le=64)
    fill: str = Field(default="0", min_length=1, max_length=1)


class When(_Strict):
    """The cell counts only in rows whose column `header` holds one of `values`; elsewhere `otherwise` stands."""

    header: str
    values: list[str] = Field(min_length=1)
    otherwise: str | None = None


class Column(_Strict):
    """Where the values of one canonical column come from and what is done to them, in the order of the fields."""

    header: list[str] = []  # the first of these that the file has
    join: list[str] = []  # several columns put together with `joiner`
    joiner: str = " "
    constant: str | None = None
    row_number: bool = False
    fingerprint: list[str] = []  # a key made of what the row holds in these columns; "*" = in all of the file
    needs: list[str] = []  # without a value in each of these columns there is none here
    part: Part | None = None
    strip: str | None = None  # "" = white space, else these characters and white space
    empty: list[str] = []  # words that mean "nothing"
    remove: str = ""  # characters taken out wherever they stand
    match: str | None = None  # regular expression; its first group is kept
    map: dict[str, str] = {}  # vendor value -> canonical value; "*" = any other value
    unit: Literal["yuan", "fen", "wan"] = "yuan"
    sign: Literal["normal", "inverted"] = "normal"
    date: list[str] = []  # strptime formats, tried in order; ISO always passes
    minus_days: str | None = None  # header of the days that the date is put back by
    pad: Pad | None = None
    prefix: str = ""
    default: str | None = None
    when: When | None = None

    @field_validator("header", "date", "join", "empty", "fingerprint", "needs", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("pad", mode="before")
    @classmethod
    def _width_is_a_pad(cls, value: Any) -> Any:
        return {"width": value} if isinstance(value, str | int) else value

    @field_validator("match")
    @classmethod
    def _is_an_expression_with_a_group(cls, value: str | None) -> str | None:
        if value is not None and re.compile(value).groups < 1:
            raise ValueError("needs a group in brackets that says what is kept")
        return value

    @model_validator(mode="after")
    def _one_source(self) -> "Column":
        sources = [bool(self.header), bool(self.join), self.constant is not None, self.row_number]
        if sum([*sources, bool(self.fingerprint)]) > 1:
            raise ValueError("header, join, constant, row_number and fingerprint exclude each other")
        return self

    @property
    def headers(self) -> list[str]:
        """Every header that this column may read."""
        return self.header or self.join or [each for each in self.fingerprint if each != WHOLE_ROW]

    @property
    def beside(self) -> list[str]:
        """Headers that decide about the value without being its source, each once."""
        days = [self.minus_days] if self.minus_days is not None else []
        condition = [self.when.header] if self.when is not None else []
        return list(dict.fromkeys([*self.needs, *days, *condition]))

    @property
    def has_source(self) -> bool:
        """Whether the adapter says where the values come from."""
        return bool(self.header or self.join or self.row_number or self.fingerprint) or self.constant is not None

    def over(self, base: "Column") -> "Column":
        """This column with everything it leaves unsaid taken from `base`."""
        said = {name: getattr(self, name) for name in self.model_fields_set}
        if self.has_source:
            none: dict[str, Any] = {"header": [], "join": [], "constant": None, "row_number": False, "fingerprint": []}
            base = base.model_copy(update=none)
        return base.model_copy(update=said)


class Sql(_Strict):
    """A database: `url_variable` names the environment variable with its SQLAlchemy URL; without it the
    delivered file itself is a SQLite database. `query` may use :period and :member_id."""

    url_variable: str | None = None
    table: str | None = None
    query: str | None = None

    @model_validator(mode="after")
    def _table_or_query(self) -> "Sql":
        if (self.table is None) == (self.query is None):
            raise ValueError("say either table or query")
        return self


class Source(_Strict):
    """How the file of one extract is laid out. Everything unsaid comes from the vendor's `defaults`."""

    file: list[str] = []
    format: Format | None = None  # by the file's suffix where it is unsaid
    encoding: str = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str = Field(default='"', max_length=1)
    sheet: str | None = None
    header_row: int = Field(default=1, ge=1)
    record: str | None = None  # XML: path of the element that is a row, e.g. data/row
    sql: Sql | None = None
    resource: str | None = None  # FHIR: the resource type that is a row
    types: dict[str, Column] = {}  # what holds for every column of a contract type
    columns: dict[str, Column] = {}
    absent: list[str] = []  # required columns that this vendor can't deliver, said on purpose

    @field_validator("file", "absent", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("columns", mode="before")
    @classmethod
    def _a_name_is_a_header(cls, value: Any) -> Any:
        return _columns(value)

    @field_validator("encoding")
    @classmethod
    def _keeps_ascii(cls, value: str) -> str:
        try:
            keeps = ',"\n'.encode(value) == b',"\n'
        except LookupError as error:
            raise ValueError(f"no such encoding: {value}") from error
        if not keeps:
            raise ValueError(f"{value} is not read; have the files exported as UTF-8 or GB18030")
        return value

    @field_validator("types")
    @classmethod
    def _are_contract_types(cls, value: dict[str, Column]) -> dict[str, Column]:
        for type_, rule in value.items():
            contracts.Type(type_)
            if (rule.date or rule.minus_days) and type_ not in DATES:
                raise ValueError(f"date formats and days make no sense for {type_}")
        return value


class AdapterFile(_Strict):
    """The whole YAML file."""

    vendor: str
    name_zh: str
    note: str = ""
    headers_are_names: bool = False  # every column is called as in the contract
    anchors: Any = None  # a place for YAML anchors; not read
    defaults: Source = Source()
    dictionary: dict[str, Column] = {}  # columns that are called the same in every extract
    extracts: dict[str, Source]

    @field_validator("dictionary", mode="before")
    @classmethod
    def _a_name_is_a_header(cls, value: Any) -> Any:
        return _columns(value)

    @field_validator("extracts", mode="before")
    @classmethod
    def _nothing_said_is_all_defaults(cls, value: Any) -> Any:
        return {key: each or {} for key, each in value.items()} if isinstance(value, dict) else value


def _columns(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: {"header": each} if isinstance(each, str | list) else each for key, each in value.items()}
