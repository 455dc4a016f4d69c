"""Persons: the same one everywhere under the key, nobody without it, and nobody in free text."""

from __future__ import annotations

import hashlib
import hmac
import string
from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.persons import NoPersonsList, read_persons
from pipelines.ingest.pseudonyms import Pseudonyms, are_identity_numbers, normal
from pipelines.ingest.scrubbing import NAME, NUMBER, PHONE, Scrubber, masked

KEY = b"key"


def is_identity_number(plain: str) -> bool:
    return are_identity_numbers([plain])[0]


def check_digit(first: str) -> str:
    """ISO 7064 MOD 11-2 as GB 11643 says it, computed digit by digit (independent of the table in the code)."""
    remainder = 0
    for digit in first:
        remainder = (remainder + int(digit)) * 2 % 11
    value = (12 - remainder) % 11
    return "X" if value == 10 else str(value)


birthdays = st.dates(min_value=date(1900, 1, 1)).filter(lambda d: d.year < 2027)
numbers = st.builds(
    lambda region, born, serial: f"{region}{born:%Y%m%d}{serial:03d}",
    st.integers(110000, 659999), birthdays, st.integers(0, 999),
).map(lambda first: first + check_digit(first))  # fmt: skip


@given(numbers)
def test_a_valid_identity_number_is_the_same_person_in_every_member(number: str) -> None:
    assert is_identity_number(number)
    full_width = number.translate({ord(c): ord(c) + 0xFEE0 for c in string.digits})
    told = {Pseudonyms(KEY, m).of(n) for m in ("H01", "T02") for n in (number, f" {number.lower()} ", full_width)}
    assert len(told) == 1


@given(numbers, st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_makes_it_a_local_id(number: str, place: int, shift: int) -> None:
    digits = "0123456789X" if place == 17 else "0123456789"
    wrong = digits[(digits.index(number[place]) + shift) % len(digits)]
    other = number[:place] + wrong + number[place + 1 :]
    if wrong != number[place]:
        assert not is_identity_number(other)
        assert Pseudonyms(KEY, "H01").of(other) != Pseudonyms(KEY, "T02").of(other)


@pytest.mark.parametrize(
    "text", ["110105194912310029", "11010519491231002", "", "11010519490231002X", "A" * 18, "０" * 18]
)
def test_what_is_no_identity_number(text: str) -> None:
    assert not is_identity_number(normal(text))


@given(st.lists(st.one_of(numbers, st.from_regex(r"[0-9X]{18}", fullmatch=True), st.text(max_size=19)), max_size=8))
def test_many_at_once_are_each_judged_by_date_and_check_digit(texts: list[str]) -> None:
    def alone(text: str) -> bool:
        if len(text) != 18 or not (text[:17].isascii() and text[:17].isdigit()) or text[0] == "0":
            return False
        try:
            born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
        except ValueError:
            return False
        return born.year >= 1850 and check_digit(text[:17]) == text[17]

    assert are_identity_numbers(texts) == [alone(text) for text in texts]


@pytest.mark.parametrize(("born", "is_day"), [
    ("20000229", True), ("19000229", False), ("20240229", True), ("20230229", False), ("20230431", False),
    ("20231301", False), ("20230001", False), ("20230100", False), ("18491231", False), ("18500101", True),
])  # fmt: skip
def test_a_birth_date_is_a_day_of_the_calendar(born: str, is_day: bool) -> None:
    first = f"110105{born}002"
    assert is_identity_number(first + check_digit(first)) is is_day


def test_the_known_number_of_the_standard() -> None:
    assert is_identity_number("11010519491231002X")


def test_a_pseudonym_is_the_keyed_hash_and_depends_on_the_key() -> None:
    expected = hmac.new(KEY, b"local\x1fH01\x1fP7", hashlib.sha256).hexdigest()[:32]
    assert Pseudonyms(KEY, "H01").of(" p7 ") == expected
    assert Pseudonyms(b"other", "H01").of("P7") != expected


@given(st.lists(st.one_of(st.none(), st.text(max_size=6))))
def test_a_column_is_replaced_cell_by_cell(cells: list[str | None]) -> None:
    pseudonyms = Pseudonyms(KEY, "H01")
    replaced = pseudonyms.replace(pl.Series(cells, dtype=pl.String)).to_list()
    assert replaced == [None if c is None else pseudonyms.of(c) for c in cells]


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("患者张三丰,男,56岁,因胸痛入院", f"患者{NAME},男,56岁,因胸痛入院"),
        ("身份证330523196801011234", f"身份证{NUMBER}"),
        ("电话13800001111或138-0000-1111", f"电话{PHONE}或{PHONE}"),
        ("家属李四在场,0571-88886666", f"家属{NAME}在场,{PHONE}"),
        ("姓名:王五 住院号ZY20231234", f"姓名:{NAME} 住院号{NUMBER}"),
        ("姓名：帕提古丽", f"姓名：{NAME}"),
        ("请王主任会诊", f"请{NAME}主任会诊"),
        ("赵铁柱今日复查,血压120/80mmHg", f"{NAME}今日复查,血压120/80mmHg"),
        ("患者因发热3天入院,阿莫西林0.25g", "患者因发热3天入院,阿莫西林0.25g"),
        ("病人高血压病史10年", "病人高血压病史10年"),
        ("2026-10-01 08:30 体温38.5℃ J18.900", "2026-10-01 08:30 体温38.5℃ J18.900"),
    ],
)  # fmt: skip
def test_free_text_is_scrubbed(text: str, scrubbed: str) -> None:
    assert Scrubber(["赵铁柱"]).replace(pl.Series("text", [text, None])).to_list() == [scrubbed, None]


@given(numbers, st.text("随访复查正常 ,.", max_size=6), st.text("随访复查正常 ,.", max_size=6))
def test_no_identity_number_survives_in_a_note(number: str, before: str, after: str) -> None:
    scrubbed = Scrubber().replace(pl.Series([before + number + after]))[0]
    assert number not in scrubbed
    assert number[:17] not in scrubbed


@pytest.mark.parametrize(
    ("value", "is_person", "shown"),
    [
        ("12O.50", False, "12O.50"),
        ("1000000000000", False, "1000000000000"),
        ("1970-01-01", False, "1970-01-01"),
        ("住院", False, "住院"),
        ("张三丰", False, "中中中"),
        ("13812345678", False, "99999999999"),
        ("330523196801011234", False, "9" * 18),
        ("D12", True, "a99"),
        ("患者说" + "很" * 40, False, "中" * 24 + "… (43 characters)"),
        (None, False, ""),
    ],
)
def test_a_value_is_shown_only_where_it_names_nobody(value: str | None, is_person: bool, shown: str) -> None:
    assert masked(value, is_person=is_person) == shown


def test_a_persons_list_in_either_encoding() -> None:
    text = "姓名,编号\n诸葛小花,P7\n,X\n"
    assert read_persons(text.encode()) == read_persons(text.encode("gb18030")) == ["P7", "诸葛小花"]
    with pytest.raises(NoPersonsList, match="neither UTF-8 nor GB18030"):
        read_persons(b"a\n\xff\xff\xff")
