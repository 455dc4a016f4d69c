"""Who may lean on whom: the walls of the house, held by a test instead of a paragraph."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from pipelines import warehouse

ROOT = Path(__file__).resolve().parents[2]
PIPELINES = ROOT / "pipelines"
MODELS = ROOT / "dbt_project" / "models"

# The thin Dagster layer; everything else is domain code and can be tested without it.
DAGSTER = {
    "assets", "build.py", "dagster_home.py", "definitions.py", "jobs.py", "night.py", "partitions.py", "resources.py",
    "schedules.py", "sensors.py",
}  # fmt: skip
TOP = DAGSTER | {"cli", "__main__.py"}


def room(path: Path) -> str:
    """The room a module stands in: a folder of `pipelines/`, or the module itself."""
    return path.relative_to(PIPELINES).parts[0]


def imports(path: Path, *, at_top: bool = False) -> set[str]:
    """Modules that a file imports, as dotted names; `at_top` leaves out those inside functions and TYPE_CHECKING."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in tree.body if at_top else list(ast.walk(tree)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


MODULES = sorted(PIPELINES.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PIPELINES)))
def test_a_module_keeps_to_its_floor(path: Path) -> None:
    mine = imports(path)
    packages = {name.split(".")[0] for name in mine}
    if room(path) not in TOP:
        assert not packages & {"dagster"}, "domain code runs without Dagster"
        above = {f"pipelines.{name.removesuffix('.py')}" for name in TOP}
        assert not {name for name in mine if ".".join(name.split(".")[:2]) in above}, "domain code asks nobody above"
    if path.name != "verdict.py":
        assert "great_expectations" not in packages, "Great Expectations judges in one place"
    if path.name != "dbt_run.py":
        assert not packages & {"dbt"}, "dbt is called in one place"
    heavy = {name.split(".")[0] for name in imports(path, at_top=True)} & {"great_expectations", "dbt", "pandas"}
    assert not heavy, f"{heavy} take seconds to import: import them where they are used"


@pytest.mark.parametrize("area", ["costing", "demo"])
def test_pure_rooms_lean_on_few(area: str) -> None:
    allowed = {"costing": {"costing"}, "demo": {"demo", "contract", "ingest", "settings"}}[area]
    for path in (PIPELINES / area).rglob("*.py"):
        asked = {name.split(".")[1] for name in imports(path) if name.startswith("pipelines.")}
        assert asked <= allowed, path


def refs(path: Path) -> set[str]:
    return set(re.findall(r"ref\(['\"]([a-z0-9_]+)['\"]\)", path.read_text(encoding="utf-8")))


SQL = sorted([*MODELS.rglob("*.sql"), *MODELS.rglob("*.py")])


@pytest.mark.parametrize("path", SQL, ids=lambda path: path.stem)
def test_a_model_refers_to_layers_below_it(path: Path) -> None:
    layer, *rest = path.relative_to(MODELS).parts
    area = rest[0]
    asked = refs(path)
    if layer == "staging":
        assert not asked, "staging reads the lake and nothing else"
    products = {"performance", "risk", "payment"}
    marts = {name.split("__")[0] for name in asked if "__" in name and not name.startswith(("int_", "stg_"))}
    if (layer == "intermediate" and area not in products) or area in ("core", "ledger", "cost"):
        assert not marts & products, "the foundation asks no product"


def test_every_folder_of_models_belongs_to_a_part() -> None:
    folders = {path.relative_to(MODELS).parts[:2] for path in SQL}
    built = {folder for part in warehouse.PARTS.values() for folder in part}
    for layer, area in folders:
        wanted = "staging" if layer == "staging" else f"{layer}.{area}"
        assert wanted in built, f"models/{layer}/{area} is built by no part of the night"


def test_no_module_grows_past_what_one_can_hold() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert {path: lines for path, lines in lengths.items() if lines > 420} == {}
