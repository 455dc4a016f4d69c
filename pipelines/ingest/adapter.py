"""The declarative translation between a vendor's files and the extracts of the contract.

Here: the strict model of `adapters/<vendor>.yml`, how defaults are laid over each other, and which mapping
serves which delivered file. Not here: reading a file (`readers/`), what happens to a cell (`readers/cells.py`),
whether a value is acceptable (`validate.py`, by the contract). No vendor is named in this code.
"""

import os
import re
from collections.abc import Iterable
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipelines import contract as contracts
from pipelines.ingest.readers import cells
from pipelines.ingest.readers.errors import Unreadable

ADAPTERS = Path(__file__).parent / "adapters"
FOLDER_VARIABLE = "CONSORTIUM_ADAPTERS"

Format = Literal["csv", "excel", "dbf", "xml", "jsonl", "parquet", "sql", "fhir"]
_FORMAT_OF_SUFFIX: dict[str, Format] = {
    ".csv": "csv", ".txt": "csv", ".tsv": "csv", ".xlsx": "excel", ".xlsm": "excel", ".xls": "excel",
    ".dbf": "dbf", ".xml": "xml", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet",
    ".sqlite": "sql", ".db": "sql", ".json": "fhir",
}  # fmt: skip


class AdapterError(ValueError):
    """An adapter that says something impossible: names the file, the key and the problem."""

    def __init__(self, file: Path | str, key: str, problem: str) -> None:
        self.file, self.key, self.problem = str(file), key, problem
        super().__init__(f"adapter {file}: {key}: {problem}" if key else f"adapter {file}: {problem}")


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
    part: Part | None = None
    strip: str | None = None  # "" = white space, else these characters and white space
    empty: list[str] = []  # words that mean "nothing"
    remove: str = ""  # characters taken out wherever they stand
    match: str | None = None  # regular expression; its first group is kept
    map: dict[str, str] = {}  # vendor value -> canonical value; "*" = any other value
    unit: Literal["yuan", "fen", "wan"] = "yuan"
    sign: Literal["normal", "inverted"] = "normal"
    date: list[str] = []  # strptime formats, tried in order; ISO always passes
    pad: Pad | None = None
    prefix: str = ""
    default: str | None = None
    when: When | None = None

    @field_validator("header", "date", "join", "empty", mode="before")
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
        if sum(sources) > 1:
            raise ValueError("header, join, constant and row_number exclude each other")
        return self

    @property
    def headers(self) -> list[str]:
        """Every header that this column may read."""
        return self.header or self.join

    @property
    def has_source(self) -> bool:
        """Whether the adapter says where the values come from."""
        return bool(self.header or self.join or self.row_number) or self.constant is not None

    def over(self, base: "Column") -> "Column":
        """This column with everything it leaves unsaid taken from `base`."""
        said = {name: getattr(self, name) for name in self.model_fields_set}
        if self.has_source:
            base = base.model_copy(update={"header": [], "join": [], "constant": None, "row_number": False})
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

    @field_validator("types")
    @classmethod
    def _are_contract_types(cls, value: dict[str, Column]) -> dict[str, Column]:
        for type_, rule in value.items():
            contracts.Type(type_)
            if rule.date and type_ not in ("date", "timestamp"):
                raise ValueError(f"date formats make no sense for {type_}")
        return value


class _File(_Strict):
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


@dataclass(frozen=True)
class Mapping:
    """One extract as one vendor delivers it: the layout of the file and a rule for each canonical column.

    `columns` has the contract's columns that this vendor delivers, in the contract's order; `missing` those it
    doesn't (they become empty). `types` and `required` are the contract's.
    """

    vendor: str
    extract: str
    format: Format
    source: Source
    columns: dict[str, Column]
    missing: list[str]
    types: dict[str, str]
    required: frozenset[str]
    adapter_file: str = ""

    @property
    def vendor_headers(self) -> list[str]:
        """The headers that a file of this vendor carries, each once, in the contract's order."""
        headers: dict[str, None] = {}
        for column in self.columns.values():
            for header in column.join or column.header[:1]:
                headers[header] = None
            if column.when is not None:
                headers[column.when.header] = None
        return list(headers)


@dataclass(frozen=True)
class Adapter:
    """All that is known about how one vendor's systems deliver."""

    vendor: str
    name_zh: str
    file: Path
    sources: dict[str, Source]
    columns: dict[str, dict[str, Column]]
    contract: contracts.Contract = field(repr=False)

    @property
    def extracts(self) -> list[str]:
        """Names of the extracts that this adapter reads."""
        return list(self.sources)

    def mapping(self, extract: str, format: Format) -> Mapping:
        """The mapping of an extract in a given format.

        Raises:
            Unreadable: `extract_not_mapped` where the adapter has nothing on this extract.
        """
        if extract not in self.sources:
            known = ", ".join(self.sources)
            raise Unreadable(
                "extract_not_mapped",
                extract,
                f"the adapter of vendor {self.vendor} ({self.file.name}) has no extract {extract}; it has {known}",
            )
        shape = self.contract.extracts[extract]
        columns = self.columns[extract]
        return Mapping(
            vendor=self.vendor,
            extract=extract,
            format=format,
            source=self.sources[extract],
            columns=columns,
            missing=[name for name in shape.columns if name not in columns],
            types={name: column.type for name, column in shape.columns.items()},
            required=frozenset(name for name, column in shape.columns.items() if not column.optional),
            adapter_file=self.file.name,
        )

    def mapping_for(self, extract: str, file_name: str) -> Mapping:
        """The mapping for a delivered file.

        Args:
            extract: name of the extract, as the manifest says it.
            file_name: name of the delivered file; its folders don't matter.

        Raises:
            Unreadable: `extract_not_mapped`; `unexpected_file` where the name fits none of the adapter's patterns
                (a file taken for another extract); `unknown_format` where neither adapter nor suffix tells.
        """
        mapping = self.mapping(extract, "csv")
        name = Path(file_name).name
        patterns = mapping.source.file
        if patterns and not any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns):
            raise Unreadable(
                "unexpected_file",
                name,
                f"files of {extract} from vendor {self.vendor} are called {' or '.join(patterns)}",
            )
        format_ = mapping.source.format or _FORMAT_OF_SUFFIX.get(Path(name).suffix.lower())
        if format_ is None:
            known = " ".join(_FORMAT_OF_SUFFIX)
            raise Unreadable("unknown_format", name, f"no format for this suffix; known are {known}")
        return self.mapping(extract, format_)

    def file_name(self, extract: str, stamp: str, suffix: str | None = None) -> str:
        """A file name that this vendor would give: its first pattern (of that suffix) with `stamp` for the star."""
        patterns = [each for each in self.sources[extract].file if suffix is None or each.endswith(suffix)]
        if not patterns:
            raise KeyError(f"vendor {self.vendor} has no file pattern for {extract} with suffix {suffix}")
        return patterns[0].replace("*", stamp)


def to_vendor(frame: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    """Canonical rows as the vendor would write them: the mapping applied backwards.

    Args:
        frame: canonical columns, text or native types (dates, decimals, integers, booleans).
        mapping: where the columns go.

    Returns:
        the vendor's columns (`mapping.vendor_headers`), all text, empty cells null. Constant and row-number
        columns are not written. Of several vendor words for one canonical value the first is used.

    Raises:
        ValueError: a value that the vendor's words can't express, or two columns that contradict each other.
    """
    return cells.to_vendor(frame, mapping)


def adapter_folders() -> list[Path]:
    """Where adapters are looked for: a consortium's own folder (CONSORTIUM_ADAPTERS) first, then the project's."""
    own = os.environ.get(FOLDER_VARIABLE)
    return [Path(own), ADAPTERS] if own else [ADAPTERS]


def vendors(folders: Iterable[Path] | None = None) -> list[str]:
    """Names of the vendors that an adapter exists for."""
    return sorted({file.stem for folder in folders or adapter_folders() for file in Path(folder).glob("*.yml")})


def load_adapter(
    vendor: str, folders: Iterable[Path] | None = None, contract: contracts.Contract | None = None
) -> Adapter:
    """Reads and checks `<vendor>.yml`.

    Args:
        vendor: as the manifest names it.
        folders: where to look, first hit wins; `adapter_folders()` where unsaid.
        contract: the extracts; the project's where unsaid.

    Raises:
        AdapterError: names the file and the key that is unknown, missing or impossible.
        Unreadable: `unknown_vendor`, since the manifest named it.
    """
    places = [Path(folder) for folder in folders or adapter_folders()]
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", vendor):
        raise Unreadable("unknown_vendor", vendor[:80], "a vendor is named by letters, digits, _ and - only")
    file = next((each for folder in places if (each := folder / f"{vendor}.yml").is_file()), None)
    if file is None:
        raise Unreadable(
            "unknown_vendor",
            vendor,
            f"no adapter {vendor}.yml; known vendors are {', '.join(vendors(places))}. "
            f"Write one (docs/adapters.md) and put it in the folder named by {FOLDER_VARIABLE}",
        )
    return _resolve(_parse(file, vendor), file, contract or contracts.load())


class _TextLoader(yaml.SafeLoader):
    """YAML in which every scalar is text ("01" and "true" stay what they are) and no key stands twice."""

    yaml_implicit_resolvers = {"<": [("tag:yaml.org,2002:merge", re.compile("^<<$"))]}  # noqa: RUF012

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping, refused where a key is given twice."""
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"key {key} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _parse(file: Path, vendor: str) -> _File:
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=_TextLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise AdapterError(file, "", f"is no YAML in UTF-8: {error}") from error
    try:
        parsed = _File.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise AdapterError(file, ".".join(str(each) for each in first["loc"]), first["msg"]) from error
    if parsed.vendor != vendor:
        raise AdapterError(file, "vendor", f"says {parsed.vendor}, but the file is called {vendor}.yml")
    return parsed


def _resolve(parsed: _File, file: Path, contract: contracts.Contract) -> Adapter:
    known = {name for extract in contract.extracts.values() for name in extract.columns}
    for name in parsed.dictionary:
        if name not in known:
            raise AdapterError(file, f"dictionary.{name}", "no extract of the contract has this column")
    sources: dict[str, Source] = {}
    columns: dict[str, dict[str, Column]] = {}
    for name, said in parsed.extracts.items():
        if name not in contract.extracts:
            raise AdapterError(file, f"extracts.{name}", "no such extract in the contract")
        shape = contract.extracts[name]
        source = parsed.defaults.model_copy(update={each: getattr(said, each) for each in said.model_fields_set})
        source = source.model_copy(
            update={
                "types": parsed.defaults.types | said.types,
                "file": [each.format(extract=name, name_zh=shape.name_zh) for each in source.file],
            }
        )
        _check_names(file, name, said, shape.columns)
        sources[name] = source
        columns[name] = {
            column: rule
            for column, field_ in shape.columns.items()
            if (rule := _rule(parsed, said, source, column, field_.type)).has_source
        }
        for column, field_ in shape.columns.items():
            if column not in columns[name] and not field_.optional and column not in source.absent:
                raise AdapterError(
                    file,
                    f"extracts.{name}.columns.{column}",
                    "is required by the contract: say where it comes from, or list it under absent",
                )
    return Adapter(parsed.vendor, parsed.name_zh, file, sources, columns, contract)


def _check_names(file: Path, extract: str, said: Source, columns: AnyMapping[str, object]) -> None:
    for place, names in (("columns", said.columns), ("absent", said.absent)):
        for name in names:
            if name not in columns:
                raise AdapterError(file, f"extracts.{extract}.{place}.{name}", "the extract has no such column")


def _rule(parsed: _File, said: Source, source: Source, column: str, type_: str) -> Column:
    rule = source.types.get(type_, Column())
    if column in source.absent:
        return Column()
    if parsed.headers_are_names:
        rule = Column(header=[column]).over(rule)
    for layer in (parsed.dictionary, parsed.defaults.columns, said.columns):
        if column in layer:
            rule = layer[column].over(rule)
    return rule
