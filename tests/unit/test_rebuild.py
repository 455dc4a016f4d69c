"""Which nodes a change reaches, and that no model built by period reads one that must be built whole."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import yaml

from pipelines import rebuild

ROOT = Path(__file__).resolve().parents[2]
MODELS = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "dbt_project" / "models").rglob("*.sql")}
# Neighbouring months in a model: what it says of a month may rest on a later one.
AHEAD = re.compile(r"lead\s*\(|next_period|month_add\([^)]*,\s*[1-9]")
# Those that look ahead by days: a stay's next one, whichever month it begins in.
BY_DAYS = {"int_performance__return"}


def by_period() -> set[str]:
    """The models that dbt_project.yml builds by period."""
    project = yaml.safe_load((ROOT / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8"))
    found: set[str] = set()

    def walk(level: dict[str, object]) -> None:
        for name, below in level.items():
            if isinstance(below, dict):
                if below.get("+materialized") == "by_period":
                    found.add(name)
                walk(below)

    walk(project["models"])
    return found


def refs(text: str) -> set[str]:
    return set(re.findall(r"ref\(['\"]([a-z0-9_]+)['\"]\)", text))


def looks_ahead(name: str) -> bool:
    return name in BY_DAYS or bool(AHEAD.search(MODELS[name])) or "run_clock(" in MODELS[name]


def test_what_looks_ahead_is_recognised() -> None:
    known = {"int_ledger__intercompany_timing", "int_performance__coverage", "int_performance__return", "risk__finding"}
    assert {name for name in known if not looks_ahead(name)} == set()
    assert not looks_ahead("ledger__entry")


def test_models_built_by_period_exist_and_do_not_look_ahead() -> None:
    names = by_period()
    assert names
    assert names <= MODELS.keys()
    for name in names:
        assert not looks_ahead(name), f"{name} looks at later months or at the clock: build it as a table"


def test_nothing_built_by_period_reads_what_looks_ahead() -> None:
    def ancestors(name: str) -> set[str]:
        found: set[str] = set()
        waiting = list(refs(MODELS[name]))
        while waiting:
            each = waiting.pop()
            if each in MODELS and each not in found:
                found.add(each)
                waiting += refs(MODELS[each])
        return found

    for name in by_period():
        ahead = {each for each in ancestors(name) if looks_ahead(each)}
        assert not ahead, f"{name} is built by period and reads {', '.join(sorted(ahead))}"


def test_descendants_are_all_that_read_a_root() -> None:
    def node(*parents: str) -> SimpleNamespace:
        return SimpleNamespace(resource_type="model", depends_on=SimpleNamespace(nodes=list(parents)))

    nodes = {"a": node("source.x"), "b": node("a"), "c": node("source.y"), "d": node("b", "c")}
    assert rebuild.descendants(nodes, {"source.x"}) == {"a", "b", "d"}
    assert rebuild.descendants(nodes, {"source.y"}) == {"c", "d"}
    assert rebuild.descendants(nodes, {"source.z"}) == set()
    assert rebuild.descendants(nodes, {"source.x"}, quiet={"b"}) == {"a"}
    assert rebuild.ancestors(nodes, "d") == {"a", "b", "c", "source.x", "source.y"}
