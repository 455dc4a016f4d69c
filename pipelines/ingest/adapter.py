"""The declarative translation between a vendor's files and the extracts of the contract.

Here: how an adapter's defaults are laid over each other, and which mapping serves which delivered file. Not here:
the words of the YAML (`adapter_model.py`), reading a file (`readers/`), what happens to a cell (`readers/cells.py`),
whether a value is acceptable (`validate.py`, by the contract). No vendor is named in this code (S1-PLAT-05).
"""

import os
import re
from collections.abc import Iterable
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
import yaml
from pydantic import ValidationError

from pipelines import contract as contracts
from pipelines.ingest.adapter_model import DATES, WHOLE_ROW, AdapterFile, Column, Format, Source
from pipelines.ingest.readers import cells
from pipelines.ingest.readers.errors import Unreadable

ADAPTERS = Path(__file__).parent / "adapters"
FOLDER_VARIABLE = "CONSORTIUM_ADAPTERS"

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
    stamp = file.stat()
    return _loaded(_Key(file, stamp.st_mtime_ns, stamp.st_size, contract or contracts.load()))


@dataclass(frozen=True)
class _Key:
    """What an adapter depends on: read and checked once for a thousand files, and again when one of these changes."""

    file: Path
    changed: int
    size: int
    contract: contracts.Contract = field(compare=False)
    contract_id: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "contract_id", id(self.contract))


@lru_cache(maxsize=64)
def _loaded(key: _Key) -> Adapter:
    return _resolve(_parse(key.file, key.file.stem), key.file, key.contract)


class _TextLoader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]
    """YAML in which every scalar is text ("01" and "true" stay what they are) and no key stands twice."""

    yaml_implicit_resolvers = {"<": [("tag:yaml.org,2002:merge", re.compile("^<<$"))]}  # noqa: RUF012

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping, refused where a key is given twice."""
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"key {key} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _parse(file: Path, vendor: str) -> AdapterFile:
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=_TextLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise AdapterError(file, "", f"is no YAML in UTF-8: {error}") from error
    try:
        parsed = AdapterFile.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise AdapterError(file, ".".join(str(each) for each in first["loc"]), first["msg"]) from error
    if parsed.vendor != vendor:
        raise AdapterError(file, "vendor", f"says {parsed.vendor}, but the file is called {vendor}.yml")
    return parsed


def _resolve(parsed: AdapterFile, file: Path, contract: contracts.Contract) -> Adapter:
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
        _check_layout(file, name, source)
        sources[name] = source
        columns[name] = {
            column: rule
            for column, field_ in shape.columns.items()
            if (rule := _rule(parsed, said, source, column, field_.type)).has_source
        }
        for column, rule in columns[name].items():
            _check_rule(f"extracts.{name}.columns.{column}", file, source, rule, shape.columns[column].type)
        for column, field_ in shape.columns.items():
            if column not in columns[name] and not field_.optional and column not in source.absent:
                raise AdapterError(
                    file,
                    f"extracts.{name}.columns.{column}",
                    "is required by the contract: say where it comes from, or list it under absent",
                )
    return Adapter(parsed.vendor, parsed.name_zh, file, sources, columns, contract)


def _check_layout(file: Path, extract: str, source: Source) -> None:
    """Each format needs its own word; without one, the first delivery would be the one to find out."""
    patterns = [_FORMAT_OF_SUFFIX.get(Path(each).suffix.lower()) for each in source.file]
    formats: set[Format | None] = {source.format} if source.format else set(patterns)
    for format_, word in (("xml", "record"), ("sql", "sql"), ("fhir", "resource")):
        if format_ in formats and getattr(source, word) is None:
            raise AdapterError(file, f"extracts.{extract}.{word}", f"is needed for {format_}")
    if None in formats:
        raise AdapterError(file, f"extracts.{extract}.format", f"can't be told from the names {', '.join(source.file)}")
    if not formats:
        raise AdapterError(file, f"extracts.{extract}.file", "say what the files are called, or their format")


def _check_rule(key: str, file: Path, source: Source, rule: Column, type_: str) -> None:
    """What a column can only say for some types and formats."""
    if (rule.date or rule.minus_days is not None) and type_ not in DATES:
        raise AdapterError(file, key, f"date formats and days make no sense for {type_}")
    if WHOLE_ROW in rule.fingerprint:
        if rule.fingerprint != [WHOLE_ROW]:
            raise AdapterError(file, key, f"fingerprint names columns or {WHOLE_ROW}, not both")
        by_suffix = {_FORMAT_OF_SUFFIX.get(Path(each).suffix.lower()) for each in source.file}
        formats = {source.format} if source.format else by_suffix
        if unannounced := sorted(str(each) for each in formats & {"xml", "jsonl", "fhir"}):
            problem = f"{' and '.join(unannounced)} files don't announce their columns: name those of the fingerprint"
            raise AdapterError(file, key, problem)


def _check_names(file: Path, extract: str, said: Source, columns: AnyMapping[str, object]) -> None:
    for place, names in (("columns", said.columns), ("absent", said.absent)):
        for name in names:
            if name not in columns:
                raise AdapterError(file, f"extracts.{extract}.{place}.{name}", "the extract has no such column")


def _rule(parsed: AdapterFile, said: Source, source: Source, column: str, type_: str) -> Column:
    rule = source.types.get(type_, Column())
    if column in source.absent:
        return Column()
    if parsed.headers_are_names:
        rule = Column(header=[column]).over(rule)
    for layer in (parsed.dictionary, parsed.defaults.columns, said.columns):
        if column in layer:
            rule = layer[column].over(rule)
    return rule
