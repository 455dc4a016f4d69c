"""Every mart and every column says in Chinese and in English what it is: BI tools, the site and Postgres show it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipelines.publish.dictionary import bilingual

MARTS = Path(__file__).resolve().parents[3] / "dbt_project" / "models" / "marts"
DESCRIBED = [
    (model["name"], model)
    for path in sorted(MARTS.rglob("*.yml"))
    for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
]


@pytest.mark.parametrize(("name", "model"), DESCRIBED, ids=[name for name, _ in DESCRIBED])
def test_a_mart_is_described_in_both_languages(name: str, model: dict) -> None:
    texts = {"the mart": model["description"]} | {c["name"]: c["description"] for c in model["columns"]}
    assert [key for key, text in texts.items() if not all(bilingual(text))] == []
