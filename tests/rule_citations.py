"""Which rule ids code, tests and seeds cite, and which code reads a number of policy.

Belongs here: what an id looks like, which files are a rule's home, and the two searches. Does not belong here: what
follows from a citation (`coverage_table.py`).
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

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
NO_PLACE = (
    r"^pipelines/(demo/|publish/site/pages/|risk/coverage\.yml)"
    r"|^tests/(unit/test_coverage_table|coverage_table|rule_citations)\.py$"
)
FOLDERS = ("dbt_project/models", "dbt_project/macros", "pipelines", "expectations", "seeds", "tests")


@dataclass
class Places:
    """Where one id is cited: files of code (most telling first), tests, seeds with numbers; paths from the root."""

    code: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)


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
            for one in ids(part):
                found[one].tests.append(test)
        rank = next((number for number, pattern in enumerate(CODE) if re.search(pattern, name)), None)
        for one in dict.fromkeys(ids(text)):
            if rank is not None:
                ranked[one].append((rank, name))
            elif re.search(NUMBERS, name):
                found[one].numbers.append(name)
    for one, at in ranked.items():
        found[one].code = [name for _, name in sorted(at)]
    return found


def readers(names: Iterable[str]) -> dict[str, list[str]]:
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


def ids(text: str) -> Iterator[str]:
    """The ids that a text names, in its order."""
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
