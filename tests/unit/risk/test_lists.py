"""The published rule lists as they are laid out, and what is said of a folder that is laid out otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.risk import lists


def write(folder: Path, name: str, *lines: str) -> None:
    (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One list of drugs in two files, one of services with a footnote, one of pairs."""
    write(
        tmp_path,
        "第六批_药品规则库_限定支付疗程_Sheet1",
        "药品通用名,药品说明,限定类型,限定值域",
        "甲注射液,,限定支付疗程,14天",
    )
    write(
        tmp_path,
        "第六批_药品规则库_限定支付疗程_Sheet2",
        "药品通用名,序号,国标代码",
        "甲注射液,1,XA1",
        "甲注射液,2,XA2",
    )
    write(
        tmp_path,
        "第八批-1_项目规则库_限定频次",
        "序号,项目名称,限制数量,数量单位,项目编码",
        "1,监测,24,小时,0031",
        "合计,,,,",
    )
    write(
        tmp_path,
        "第七批__项目规则库_重复收费",
        "序号,频度,主项名称,主项编码,从项名称,从项编码,备注",
        "1,单日,甲,0011,乙,0012,",
    )
    return tmp_path


def test_an_entry_says_only_what_its_list_says(folder: Path) -> None:
    told = [{name: cell for name, cell in row.items() if cell is not None} for row in lists.load(folder).to_dicts()]
    for row in told:
        assert row.pop("source") == lists.SOURCE
    assert sorted(told, key=lambda row: row["national_code"]) == [
        {
            "list_kind": "pair",
            "national_code": "0011",
            "name_zh": "甲",
            "with_national_code": "0012",
            "pair_window": "day",
        },
        {"list_kind": "frequency", "national_code": "0031", "name_zh": "监测", "day_limit": 24, "is_hourly": True},
        {"list_kind": "drug_course", "national_code": "XA1", "name_zh": "甲注射液", "max_days": 14},
        {"list_kind": "drug_course", "national_code": "XA2", "name_zh": "甲注射液", "max_days": 14},
    ]


COURSE, PAIRS, FREQUENCY = (
    "第六批_药品规则库_限定支付疗程",
    "第七批__项目规则库_重复收费",
    "第八批-1_项目规则库_限定频次",
)


@pytest.mark.parametrize(
    ("name", "lines", "says"),
    [
        (f"{COURSE}_Sheet2", "药品通用名,序号,国标代码 乙注射液,1,XA1", r"Sheet1\.csv, row 2: no national code"),
        (f"{COURSE}_Sheet1", "药品通用名,限定值域 甲注射液,两周", "column 限定值域: '两周' holds no number"),
        (PAIRS, "序号,频度,主项名称,主项编码,从项编码 1,每周,甲,0011,0012", "column 频度: '每周' is none of 单日"),
        (FREQUENCY, "序号,项目名称,数量单位,项目编码 1,监测,小时,0031", "column 限制数量 is missing"),
        ("第九批_项目规则库_限定心情", "序号", "no kind of list has this name"),
    ],
)
def test_what_no_list_says_is_an_error_that_names_its_cell(folder: Path, name: str, lines: str, says: str) -> None:
    write(folder, name, *lines.split())
    with pytest.raises(lists.ListsError, match=says):
        lists.load(folder)


def test_half_a_list_of_drugs_and_an_empty_folder_are_errors(folder: Path, tmp_path: Path) -> None:
    (folder / "第六批_药品规则库_限定支付疗程_Sheet2.csv").unlink()
    with pytest.raises(lists.ListsError, match=r"Sheet2\.csv\) is missing"):
        lists.load(folder)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(lists.ListsError, match="CONSORTIUM_RULE_LISTS names the folder"):
        lists.load(empty)
