"""The data dictionary: every mart, extract and column in Chinese and English, as JSON and CSV.

Belongs here: collecting what the warehouse's comments, dbt's keys and the contract say. Does not belong here: saying
any of it; a description is written where its column is made.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines import contract
from pipelines.publish.lineage import Lineage
from pipelines.publish.marts import Mart

COLUMNS = ("layer", "schema", "table", "position", "column", "type", "is_key", "zh", "en", "from", "origins")

_DOT = re.compile(r"\s*·\s+")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
# An English sentence, then a Chinese title without a full stop: "One row per DRG. DRG 成本".
_TITLE_LAST = re.compile(r"(?P<en>.*[.;:!?])\s+(?P<zh>[^.]*[\u3400-\u9fff][^.]*)", re.DOTALL)
_CHINESE_FIRST = re.compile(r"(?P<zh>[^A-Za-z]*[。；！？])\s*(?P<en>[A-Za-z].*)", re.DOTALL)


def bilingual(comment: str) -> tuple[str, str]:
    """Splits a comment that holds both languages into (Chinese, English); a part that is missing is empty.

    Comments of columns read `中文 · English`, those of marts `English sentence. 中文名`.
    """
    left, *rest = _DOT.split(comment.strip(), maxsplit=1)
    if rest:
        return (left, rest[0]) if _CHINESE.search(left) else (rest[0], left)
    for shape in (_TITLE_LAST, _CHINESE_FIRST):
        found = shape.fullmatch(comment.strip())
        if found:
            return found["zh"].strip(), found["en"].strip()
    latin = sum(character.isascii() and character.isalpha() for character in comment)
    chinese = len(_CHINESE.findall(comment))
    return (comment.strip(), "") if chinese and 3 * chinese > latin else ("", comment.strip())


def keys_of(manifest: Path) -> dict[str, tuple[str, ...]]:
    """Key columns per mart, as dbt tests them (`unique_combination`, or `unique` on one column).

    Args:
        manifest: dbt's manifest of the project; a mart without such a test has no key here.
    """
    if not manifest.is_file():
        return {}
    nodes = json.loads(manifest.read_bytes())["nodes"]
    found: dict[str, tuple[str, ...]] = {}
    for node in nodes.values():
        test = node.get("test_metadata") or {}
        model = nodes.get(node.get("attached_node") or "")
        if model is None or test.get("name") not in ("unique_combination", "unique"):
            continue
        said = {**test["kwargs"], **test["kwargs"].get("arguments", {})}
        columns = tuple(said["columns"]) if test["name"] == "unique_combination" else (said["column_name"],)
        name = f"{model['schema']}.{model['alias']}"
        if name not in found or test["name"] == "unique_combination":
            found[name] = columns
    return found


def dictionary(marts: Sequence[Mart], keys: Mapping[str, Sequence[str]], lineage: Lineage) -> dict[str, Any]:
    """Marts and extracts with their columns; the same content as `as_csv`, nested.

    Of a column of a mart, `from` are the columns that it is read from, `origins` those of extracts and reference files
    at the end of the way.
    """
    return {
        "marts": [_mart(mart, keys.get(mart.full_name, ()), lineage) for mart in marts],
        "extracts": [_extract(extract) for extract in contract.load().extracts.values()],
    }


def as_csv(entries: Mapping[str, Any]) -> str:
    """The dictionary with one row per column. UTF-8 with a byte order mark: spreadsheets show Chinese only with it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for layer in ("marts", "extracts"):
        for table in entries[layer]:
            for position, column in enumerate(table["columns"], start=1):
                writer.writerow([
                    layer.removesuffix("s"), table["schema"], table["table"], position, column["column"],
                    column["type"], column["is_key"], column["zh"], column["en"],
                    *(" ".join(column.get(lineage, ())) for lineage in ("from", "origins")),
                ])  # fmt: skip
    return "\ufeff" + text.getvalue()


def write_dictionary(entries: Mapping[str, Any], target: Path) -> None:
    """Writes `dictionary.json` and `dictionary.csv` into a publication."""
    (target / "dictionary.json").write_text(json.dumps(entries, ensure_ascii=False, indent=1), encoding="utf-8")
    (target / "dictionary.csv").write_text(as_csv(entries), encoding="utf-8")


def _mart(mart: Mart, key: Sequence[str], lineage: Lineage) -> dict[str, Any]:
    chinese, english = bilingual(mart.comment)
    columns = []
    for column in mart.columns:
        zh, en = bilingual(column.comment)
        columns.append({
            "column": column.name, "type": column.type, "is_key": column.name in key, "zh": zh, "en": en,
            "from": lineage.of(mart.full_name, column.name), "origins": lineage.origins(mart.full_name, column.name),
        })  # fmt: skip
    return {"schema": mart.schema, "table": mart.name, "zh": chinese, "en": english, "columns": columns}


def _extract(extract: contract.Extract) -> dict[str, Any]:
    columns = [
        {"column": c.name, "type": str(c.type), "is_key": c.name in extract.key, "zh": c.zh, "en": c.en}
        for c in extract.columns.values()
    ]
    room = str(extract.room)
    return {
        "schema": room,
        "table": extract.name,
        "zh": extract.name_zh,
        "en": extract.grain,
        "columns": columns,
    }
