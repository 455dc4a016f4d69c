"""A rule is one folder's matter: model, facts and parameters stand together, and nothing else names it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.risk import catalogue
from pipelines.settings import PROJECT

RULES = catalogue.load()
HIT = (catalogue.FOLDER / "int_risk__hit.sql").read_text(encoding="utf-8")


def test_every_model_of_the_folder_is_a_rule_with_its_facts_beside_it_and_in_the_list() -> None:
    common = {"int_risk__hit", "int_risk__rule", "int_risk__rule_parameter"}
    models = {path.stem for path in catalogue.FOLDER.glob("*.sql")} - common
    assert {entry.model for entry in RULES.values()} == models
    assert set(re.findall(r"'(int_risk__\w+)'", HIT.split("%}")[0])) == models
    for entry in RULES.values():
        sql = (catalogue.FOLDER / f"{entry.model}.sql").read_text(encoding="utf-8")
        assert f"'{entry.code}'" in sql or "pair_hits(" in sql, entry.model


def test_outside_its_folder_nothing_of_the_engine_names_a_rules_model() -> None:
    """Adding a rule touches one folder: no list, macro, seed or module elsewhere has to know of it."""
    names = {entry.model for entry in RULES.values()}
    named = set()
    for place in ("dbt_project/models", "dbt_project/macros", "dbt_project/dbt_project.yml", "pipelines", "seeds"):
        root = PROJECT / place
        for path in [root] if root.is_file() else root.rglob("*"):
            if path.suffix in (".sql", ".yml", ".py", ".csv") and catalogue.FOLDER not in path.parents:
                words = set(re.findall(r"int_risk__\w+", path.read_text(encoding="utf-8")))
                named |= {f"{path.relative_to(PROJECT)}: {name}" for name in words & names}
    assert named == set()


def test_every_parameter_that_a_model_asks_for_is_stated_beside_it_or_is_shared() -> None:
    asked = re.compile(r"rule_parameters\('([^']+)', \[([^\]]*)\]")
    for entry in RULES.values():
        sql = (catalogue.FOLDER / f"{entry.model}.sql").read_text(encoding="utf-8")
        for code, names in asked.findall(sql):
            stated = {each.parameter for each in RULES[code].parameters}
            assert set(re.findall(r"'(\w+)'", names)) <= stated, entry.model


@pytest.fixture
def made_up(tmp_path: Path) -> Any:
    """Writes the description of a made-up rule, with some facts changed, and reads it."""
    source = catalogue.FOLDER / "int_risk__r01_split_admission.yml"

    def read(rule: dict[str, Any] | None = None, later: str | None = None) -> catalogue.Entry:
        page = yaml.safe_load(source.read_text(encoding="utf-8"))
        page["models"][0]["name"] = "int_risk__x01_made_up"
        (stated,) = page["models"][0]["config"]["meta"]["rule"]
        stated |= {"rule_code": "X01"} | (rule or {})
        if later:
            page["models"][0]["config"]["meta"]["rule"].append(stated | {"valid_from": later, "version": 2})
        (tmp_path / "int_risk__x01_made_up.yml").write_text(yaml.safe_dump(page, allow_unicode=True), encoding="utf-8")
        return catalogue.load(tmp_path)["X01"]

    return read


def test_a_made_up_rule_is_known_by_its_file_alone(made_up: Any) -> None:
    assert made_up().model == "int_risk__x01_made_up"
    assert [each.version for each in made_up({"valid_to": "2024-12-31"}, later="2025-01-01").rule] == [1, 2]


@pytest.mark.parametrize(
    ("rule", "later", "words"),
    [
        ({"severity": "sure"}, None, "severity: 'sure' is none of certain, suspect"),
        ({"respond_within": "soon"}, None, "respond_within: 'soon' is not int"),
        ({"valid_from": "1 May"}, None, "valid_from: '1 May' is not date"),
        ({"legal": "-"}, None, "legal: no such fact"),
        ({}, "2025-01-01", "the validity from 2021-05-01 must end before 2025-01-01"),
    ],
)
def test_what_a_description_gets_wrong_is_said_with_file_and_fact(
    made_up: Any, rule: dict[str, Any], later: str | None, words: str
) -> None:
    with pytest.raises(catalogue.CatalogueError, match=re.escape(words)) as raised:
        made_up(rule, later)
    assert "int_risk__x01_made_up.yml" in str(raised.value)
