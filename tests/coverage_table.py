"""The table of what became of every item of the rules: docs/coverage.md, made of ids in code and tests.

Belongs here: putting the places that cite an id beside what `docs/coverage.yml` says that code can't tell, holding the
two together, and writing both as one page (`python -m tests.coverage_table`). Does not belong here: finding the
places (`rule_citations.py`), reasons and words (that page), what rules of detection miss
(`pipelines/risk/coverage.yml`).
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipelines.risk import coverage as detection
from tests.rule_citations import ROOT, Places, places, readers

PAGE = ROOT / "docs" / "coverage.yml"
TABLE = ROOT / "docs" / "coverage.md"

# A mart in words, and what a sentence says before it ends "is not built".
MART = re.compile(
    r"\b(core|ledger|cost|payment|performance|risk|sharing|budget|treasury|operations|primary_care)\.([a-z_]+)"
)
NOT_BUILT = re.compile(r"([^;:]*) not built")
STATUS = {
    "whole": "whole",
    "part": "in part",
    "number": "number only",
    "missing": "missing",
    "outside": "outside a nightly batch",
    "figure": "case figure",
    "same": "said elsewhere",
}
STATED = ("part", "missing", "outside", "figure", "same", "by")


@dataclass(frozen=True)
class Item:
    """One line of the page: what an id asks for, and what became of it."""

    what: str
    status: str
    reason: str = ""
    where: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()


class CoverageError(Exception):
    """The page, the code and the tests don't agree; says id by id what to do."""


@cache
def page() -> dict[str, Any]:
    """`docs/coverage.yml` as it stands."""
    loaded: dict[str, Any] = yaml.safe_load(PAGE.read_text(encoding="utf-8"))
    return loaded


@cache
def _judged() -> dict[str, detection.Coverage]:
    return detection.load(())


def items(
    stated: Mapping[str, Any], said: Mapping[str, Any], cited: Mapping[str, Places], wrong: list[str]
) -> dict[str, Item]:
    """What became of `stated` ids; `said` is the whole page, `wrong` takes what doesn't agree, a line per id."""
    made, judged = {}, _judged()
    for one, entry in stated.items():
        at = cited.get(one, Places())
        try:
            made[one] = _detected(one, entry, judged[one], at) if one in judged else _item(one, entry, said, at, cited)
        except CoverageError as problem:
            wrong.append(str(problem))
    return made


def render() -> str:
    """The whole of docs/coverage.md.

    Raises:
        CoverageError: an id that nobody cites or explains, one said to be missing that a model cites, a cited id that
            the page doesn't know, a reason that isn't there or that nothing uses.
    """
    said, cited, wrong = page(), places(), list[str]()
    areas = {code: items(area["items"], said, cited, wrong) for code, area in said["areas"].items()}
    examples = items(said["examples"], said, cited, wrong)
    readings = items(said["readings"], said, cited, wrong)
    wrong += [*_unknown(cited, said), *_misnamed(said)]
    if wrong:
        raise CoverageError("\n".join(wrong))
    text = [HEAD, _counts(said, areas, examples, readings)]
    for code, made in areas.items():
        text += _table(f"{code} · {said['areas'][code]['title']} · {said['areas'][code]['title_zh']}", made)
    text += _numbers(said)
    text += _table("Q · Worked examples · 测试用例", examples)
    text += _table("R · Contradictions and how they are read · 矛盾与读法", readings)
    text += ["", "## Reasons that many items share", ""]
    text += [f"- **{name}**: {told}" for name, told in said["reasons"].items()]
    return "\n".join(text) + "\n"


HEAD = """# Coverage of the rules

Made by `python -m tests.coverage_table` from the rule ids that code and tests cite and from `docs/coverage.yml`
(words and reasons), not written by hand; `tests/unit/test_coverage_table.py` holds it complete and current.
What the rules of the domain catalogue (R01-R71) leave open, `yilian rules --missing` prints.

- **whole**: stands where the table says.
- **in part**: stands, and what is named is missing.
- **number only**: its numbers are rows of policy, and nothing computes with them yet.
- **missing**: neither.
- **outside a nightly batch**: meetings, devices and the like, with what of it can be seen.
- **case figure**: what was observed somewhere, never a target.
- **said elsewhere**: the rules themselves point to another id.
"""


def _item(one: str, entry: Any, said: Mapping[str, Any], at: Places, cited: Mapping[str, Places]) -> Item:
    if isinstance(entry, str):
        return _whole(one, entry, at)
    named = [key for key in STATED if key in entry]
    if len(named) != 1 or set(entry) != {"what", named[0]}:
        raise CoverageError(f"{one}: has `what` and one of {', '.join(STATED)}, not {', '.join(entry)}")
    status, told = named[0], entry[named[0]]
    if status in ("same", "by"):
        if not any(told in area for area in _all_items(said)):
            raise CoverageError(f"{one}: {status} {told}, which is no id of docs/coverage.yml")
        other = cited.get(told, Places())
        if status == "same":
            return Item(entry["what"], "same", f"see {told}")
        if not other.code and not other.tests:
            raise CoverageError(f"{one}: by {told}, which is cited nowhere")
        return Item(entry["what"], "whole", f"as {told}", *_shown(other))
    reason, built = _reason(one, told, said), _marts(told)[0]
    if status == "missing":
        there = [name for name in at.code if name.startswith("dbt_project/models/")]
        if there:
            raise CoverageError(f"{one}: is said to be missing, and {there[0]} cites it; mend docs/coverage.yml")
        status = "number" if at.numbers else "missing"
    where, tests = _shown(at)
    return Item(entry["what"], status, reason, where or (tuple(built[:2]) if status == "part" else ()), tests)


def _whole(one: str, what: str, at: Places) -> Item:
    if one.startswith("TC-") and not at.tests:
        raise CoverageError(f"{one}: no test cites it; write one, or say in docs/coverage.yml what is missing")
    if not at.code and not (at.tests and not one.startswith("S")):
        raise CoverageError(f"{one}: no code cites it; cite it where it stands, or say what is missing")
    return Item(what, "whole", "", *_shown(at))


def _detected(one: str, what: Any, judged: detection.Coverage, at: Places) -> Item:
    if not isinstance(what, str):
        raise CoverageError(f"{one}: pipelines/risk/coverage.yml judges it; docs/coverage.yml has its words alone")
    status = {"part": "part", "missing": "missing"}.get(judged.status, "part" if judged.missing else "whole")
    told = [
        f"found by {judged.by}" if judged.by else "",
        judged.note,
        f"lacks {judged.missing}" if judged.missing else "",
    ]
    told += [f"needs {judged.needs}" if judged.needs else ""]
    return Item(what, status, "; ".join(filter(None, told)), *_shown(at))


def _shown(at: Places) -> tuple[tuple[str, ...], tuple[str, ...]]:
    where = at.code[:2] or at.numbers[:1]
    tests = dict.fromkeys(at.tests)
    return tuple(where), tuple([test for test in tests if "::" in test] or tests)[:2]


def _reason(one: str, told: str, said: Mapping[str, Any]) -> str:
    parts = []
    for part in told.split("; "):
        if part.startswith("=") and part[1:] not in said["reasons"]:
            raise CoverageError(f"{one}: {part} is no reason of docs/coverage.yml")
        parts.append(f"[{part[1:]}](#reasons-that-many-items-share)" if part.startswith("=") else part)
    return "; ".join(parts)


def _unknown(cited: Mapping[str, Places], said: Mapping[str, Any]) -> Iterator[str]:
    known = set().union(*_all_items(said))
    for one, at in cited.items():
        if one not in known and "-CASE-" not in one:
            yield f"{one}: no id of the rules, in {[*at.code, *at.tests, *at.numbers][0]}"
    used = str([said["areas"], said["examples"], said["readings"]])
    for name in said["reasons"]:
        if not re.search(rf"={name}\b", used):
            yield f"reason {name}: nothing uses it"


def _marts(told: str) -> tuple[list[str], list[str]]:
    """Files of the marts that a text names: those it says are there, and those it says are not built."""
    absent = {mart for part in NOT_BUILT.findall(told) for mart in MART.findall(part)}
    named = dict.fromkeys(MART.findall(told))
    files = {mart: f"dbt_project/models/marts/{mart[0]}/{'__'.join(mart)}.sql" for mart in named}
    return [files[mart] for mart in named if mart not in absent], [files[mart] for mart in absent]


def _misnamed(said: Mapping[str, Any]) -> Iterator[str]:
    """Marts that a reason says are there and are not, or the other way round."""
    told = {f"reason {name}": text for name, text in said["reasons"].items()}
    for area in _all_items(said):
        told |= {
            one: entry[key] for one, entry in area.items() if isinstance(entry, dict) for key in entry if key in STATED
        }
    for name, text in told.items():
        there, absent = _marts(text)
        yield from (f"{name}: {path} is not there" for path in there if not (ROOT / path).exists())
        yield from (f"{name}: {path} is built; mend docs/coverage.yml" for path in absent if (ROOT / path).exists())


def _all_items(said: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from (area["items"] for area in said["areas"].values())
    yield from (said["examples"], said["readings"])


def _counts(said: Mapping[str, Any], areas: Mapping[str, Mapping[str, Item]], *more: Mapping[str, Item]) -> str:
    lines = [f"| area | items | {' | '.join(STATUS.values())} |", f"|---|---{'|---' * len(STATUS)}|"]
    titled = {f"{code} {said['areas'][code]['title']}": made for code, made in areas.items()}
    titled["**A-O**"] = {one: item for made in areas.values() for one, item in made.items()}
    titled |= dict(zip(("Q Worked examples", "R Contradictions"), more, strict=True))
    for title, made in titled.items():
        counts = [sum(item.status == status for item in made.values()) for status in STATUS]
        lines.append(f"| {title} | {len(made)} | {' | '.join(str(count or '') for count in counts)} |")
    return "\n".join(lines)


def _table(title: str, made: Mapping[str, Item]) -> Iterator[str]:
    yield from ("", f"## {title}", "", "| id | what | status | where | tests | reason |", "|---|---|---|---|---|---|")
    for one, item in made.items():
        where = "<br>".join(_link(path) for path in item.where)
        tests = "<br>".join(_link(*test.split("::")) for test in item.tests)
        yield f"| {one} | {item.what} | {STATUS[item.status]} | {where} | {tests} | {item.reason} |"


def _link(path: str, name: str = "") -> str:
    return f"[{name or Path(path).name}](../{path})"


def _numbers(said: Mapping[str, Any]) -> Iterator[str]:
    """Every parameter of policy.csv, with its values by scope, and the models and modules that read it."""
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in _seed("policy"):
        rows[row["parameter"]].append(row)
    named = [one for told in said["numbers"].values() if isinstance(told, list) for one in told]
    same = said["same_names"].split()
    absent = [one for one in (*named, *same) if one not in rows]
    if absent:
        raise CoverageError(f"policy.csv lacks {', '.join(absent)}, which the rules name")
    read_by = readers(rows)
    # Targets and limits of indicators are rows of these files; the indicator reads them, not the parameter.
    for seed, column in (("kpi_targets", "target"), ("risk_limits", "green_limit"), ("risk_limits", "red_limit")):
        held_to = {(row["source_rule"], Decimal(row[column])) for row in _seed(seed) if row[column]}
        for name, held in rows.items():
            if name not in read_by and any((row["source_rule"], _number(row["value"])) in held_to for row in held):
                read_by[name] = [f"seeds/{seed}.csv"]
    by_indicators = sum(paths[0].startswith("seeds/") for paths in read_by.values())
    yield from ("", "## S · Numbers · 政策参数", "")
    yield (
        f"All {len(said['numbers']) + len(same)} numbers of the rules have their rows. Of the {len(rows)} parameters "
        f"{len(read_by) - by_indicators} are read by a model or module, {by_indicators} stand with the same number as "
        "the target or limit of an indicator; "
        f"the other {len(rows) - len(read_by)} wait for what reads them."
    )
    yield from ("", "| parameter | value by scope | unit | rule | read by |", "|---|---|---|---|---|")
    for name, held in rows.items():
        values = "; ".join(f"{row['scope'] or row['scope_kind']} {row['value'] or 'open'}" for row in held)
        rules = ", ".join(dict.fromkeys(row["source_rule"].split(" (")[0] for row in held))
        read = ", ".join(_link(path) for path in read_by.get(name, [])[:2])
        yield f"| {name} | {values} | {held[0]['unit']} | {rules} | {read} |"
    yield from ("", "Under other names:", "", "| in the rules | here |", "|---|---|")
    for name, told in said["numbers"].items():
        yield f"| {name} | {', '.join(told) if isinstance(told, list) else told} |"


def _seed(name: str) -> list[dict[str, str]]:
    with (ROOT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _number(text: str) -> Decimal | None:
    return Decimal(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None


if __name__ == "__main__":
    TABLE.write_text(render(), encoding="utf-8")
