"""The table of what became of every item of the rules: docs/coverage.md, made of ids in code and tests.

Belongs here: finding the ids that code, tests and seeds cite, putting them beside what `docs/coverage.yml` says that
code can't tell, and writing both as one page (`python -m tests.coverage_table`). Does not belong here: reasons and
words (that page), what rules of detection miss (`pipelines/risk/coverage.yml`).
"""

from __future__ import annotations

import ast
import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipelines.risk import coverage as detection

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "coverage.yml"
TABLE = ROOT / "docs" / "coverage.md"

# An id, and the numbers that follow it in the same breath: "S4-COST-01, -03, -05".
CITED = re.compile(r"\b(S[1-5]-[A-Z]+-|TC-|AMB-)(\d+b?)((?:, -\d+b?)*)(?!\d)")
# The same in the name of a test: tc_54_pathway_ceiling.
NAMED = re.compile(r"(?<![a-z])tc_(\d+b?)(?=_)")
# Where an item is at home, the most telling place first; seeds that hold numbers only are `NUMBERS`.
CODE = (
    r"^dbt_project/models/marts/.*\.sql$",
    r"^dbt_project/models/intermediate/.*\.(sql|py)$",
    r"^dbt_project/models/marts/.*\.yml$",
    r"^dbt_project/macros/",
    r"^pipelines/.*\.py$",
    r"^seeds/(kpi|risk_matrix)\.csv$",
    r"^pipelines/.*\.yml$",
    r"^expectations/",
    r"^dbt_project/models/.*\.yml$",
    r"^seeds/_.*\.yml$",
)
TESTS = r"^tests/.*\.py$"
UNIT_TESTS = re.compile(r"(?m)^unit_tests:$")
NUMBERS = r"^seeds/.*\.csv$"
# Sections of marts that nobody makes yet, demo data, and the page that speaks of what is missing: no places of a rule.
NO_PLACE = r"^pipelines/(demo/|publish/site/pages/|risk/coverage\.yml)|^tests/(unit/test_)?coverage_table\.py$"
FOLDERS = ("dbt_project/models", "dbt_project/macros", "pipelines", "expectations", "seeds", "tests")
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


@dataclass
class Places:
    """Where one id is cited: files of code (most telling first), tests, seeds with numbers; paths from the root."""

    code: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)


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
    loaded: dict[str, Any] = yaml.load(PAGE.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return loaded


@cache
def _judged() -> dict[str, detection.Coverage]:
    return detection.load(())


def places(root: Path = ROOT) -> dict[str, Places]:
    """Every cited id with the places that cite it."""
    found: dict[str, Places] = defaultdict(Places)
    ranked: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for path in _files(root):
        name = path.relative_to(root).as_posix()
        if re.search(NO_PLACE, name):
            continue
        text = path.read_text(encoding="utf-8")
        if re.search(TESTS, name):
            text, tests = "", _tests(name, text)
        else:
            text, *unit_tests = UNIT_TESTS.split(text)
            tests = _unit_tests(name, "".join(unit_tests))
        for test, part in tests:
            for one in _ids(part):
                found[one].tests.append(test)
        rank = next((number for number, pattern in enumerate(CODE) if re.search(pattern, name)), None)
        for one in dict.fromkeys(_ids(text)):
            if rank is not None:
                ranked[one].append((rank, name))
            elif re.search(NUMBERS, name):
                found[one].numbers.append(name)
    for one, at in ranked.items():
        found[one].code = [name for _, name in sorted(at)]
    return found


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
    wrong += _unknown(cited, said)
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
    reason = _reason(one, told, said)
    if status == "missing":
        built = [name for name in at.code if name.startswith("dbt_project/models/")]
        if built:
            raise CoverageError(f"{one}: is said to be missing, and {built[0]} cites it; mend docs/coverage.yml")
        status = "number" if at.numbers else "missing"
    return Item(entry["what"], status, reason, *_shown(at))


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
    with (ROOT / "seeds" / "policy.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows[row["parameter"]].append(row)
    named = [one for told in said["numbers"].values() if isinstance(told, list) for one in told]
    same = said["same_names"].split()
    absent = [one for one in (*named, *same) if one not in rows]
    if absent:
        raise CoverageError(f"policy.csv lacks {', '.join(absent)}, which the rules name")
    readers = _readers(rows)
    yield from ("", "## S · Numbers · 政策参数", "")
    yield (
        f"All {len(said['numbers']) + len(same)} numbers of the rules have their rows. {len(readers)} "
        f"of the {len(rows)} parameters are read by a model or module. Targets and limits of indicators are read from "
        "`kpi_targets` and `risk_limits`, which hold the same numbers; the others wait for the marts below."
    )
    yield from ("", "| parameter | value by scope | unit | rule | read by |", "|---|---|---|---|---|")
    for name, held in rows.items():
        values = "; ".join(f"{row['scope'] or row['scope_kind']} {row['value'] or 'open'}" for row in held)
        rules = ", ".join(dict.fromkeys(row["source_rule"].split(" (")[0] for row in held))
        read = ", ".join(_link(path) for path in readers.get(name, [])[:2])
        yield f"| {name} | {values} | {held[0]['unit']} | {rules} | {read} |"
    yield from ("", "Under other names:", "", "| in the rules | here |", "|---|---|")
    for name, told in said["numbers"].items():
        yield f"| {name} | {', '.join(told) if isinstance(told, list) else told} |"


def _readers(names: Iterable[str]) -> dict[str, list[str]]:
    """By parameter, the models and modules that name it as a string of their own."""
    found: dict[str, list[str]] = defaultdict(list)
    wanted = set(names)
    for path in _files(ROOT, ("dbt_project/models", "dbt_project/macros", "pipelines")):
        name = path.relative_to(ROOT).as_posix()
        if re.search(NO_PLACE, name) or name == "pipelines/reference_rules.py" or (
            path.suffix == ".yml" and not name.startswith("pipelines/alerts/")
        ):  # fmt: skip
            continue
        for one in sorted(wanted & set(re.findall(r"""['"]([a-z][a-z_0-9]+)['"]""", path.read_text(encoding="utf-8")))):
            found[one].append(name)
    return found


def _files(root: Path, folders: Iterable[str] = FOLDERS) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".py", ".sql", ".yml", ".csv") and path.is_file():
                yield path


def _ids(text: str) -> Iterator[str]:
    for family, number, more in CITED.findall(text):
        yield family + number
        yield from (family + one for one in re.findall(r"\d+b?", more))
    yield from (f"TC-{number}" for number in NAMED.findall(text))


def _unit_tests(name: str, text: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"(?m)^  - name: ", text)[1:]:
        yield f"{name}::{part.split(maxsplit=1)[0]}", part


def _tests(name: str, text: str) -> Iterator[tuple[str, str]]:
    """Every test of a file under its own name, whatever else stands there under the file's."""
    lines, taken = text.splitlines(), set[int]()
    for node in ast.parse(text).body if CITED.search(text) or NAMED.search(text) else ():
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            first = min((node.lineno, *(mark.lineno for mark in node.decorator_list)))
            span = range(first - 1, node.end_lineno or first)
            taken.update(span)
            yield f"{name}::{node.name}", "\n".join(lines[number] for number in span)
    yield name, "\n".join(line for number, line in enumerate(lines) if number not in taken)


if __name__ == "__main__":
    TABLE.write_text(render(), encoding="utf-8")
