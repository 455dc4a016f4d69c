"""Persons taken out of free text and of values that are shown.

Belongs here: the patterns of identity numbers, phones and names, scrubbing a column of notes, and masking one
offending value. Not here: identifiers in columns of their own (`pseudonyms.py`).

A name is found when the member's own list of persons holds it, when it stands after a word that announces a
person (患者, 姓名, 家属 …), or before a title (医生, 主任, 先生 …). Text is not understood: what neither list nor
pattern reveals stays, which is why notes are never published.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import polars as pl

NUMBER, PHONE, NAME = "〔号码〕", "〔电话〕", "〔姓名〕"

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪"
    "廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文施洪季"
)
_DOUBLE = "欧阳|司马|上官|诸葛|皇甫|尉迟|公孙|慕容|令狐|夏侯|东方|司徒"
_NAME = rf"(?:(?:{_DOUBLE})[\u4e00-\u9fff]{{1,2}}|[{_SURNAMES}][\u4e00-\u9fff]{{1,2}})"
_TITLE = "医生|医师|大夫|护士长|护士|主任|教授|院长|药师|技师|先生|女士|同志|阿姨|大爷|奶奶|爷爷"
_ANNOUNCE = "患者姓名|姓名|患者|病人|家属|联系人|陪护|监护人|其子|其女|其妻|其夫|签名|签字|主诉人|儿子|女儿|妻子|丈夫"

_AFTER = r"$|[^\u4e00-\u9fff]|[在于因自诉系男女]"

# In this order: what is most specific first.
_PATTERNS: tuple[tuple[str, str], ...] = (
    (r"[1-9][0-9]{5}(?:18|19|20)[0-9]{9}[0-9Xx]", NUMBER),
    (r"(?:\+?86[- ]?)?1[3-9][0-9](?:[- ]?[0-9]{4}){2}", PHONE),
    (r"\(?0[0-9]{2,3}\)?[- ]?[0-9]{7,8}", PHONE),
    (r"[A-Za-z0-9]*[0-9]{6,}[A-Za-z0-9]*", NUMBER),
    (rf"({_ANNOUNCE})([:\uff1a是为]?\s*){_NAME}({_AFTER})", "${1}${2}" + NAME + "${3}"),
    (r"(姓名|联系人|签名|签字)([:\uff1a]\s*)[\u4e00-\u9fff]{2,4}", "${1}${2}" + NAME),
    (rf"(?:{_NAME}|[{_SURNAMES}])({_TITLE})", NAME + "${1}"),
)  # fmt: skip
_NAME_ALONE = re.compile(rf"^{_NAME}$")
_PLAIN_VALUE = re.compile(r"^[0-9A-Za-z\u4e00-\u9fff .,:/+\-_%*#()\uff08\uff09]{0,40}$")
_IDENTIFIES = re.compile(r"[0-9]{6,}|1[3-9][0-9]([- ]?[0-9]{4}){2}")
_AMOUNT = re.compile(r"^[+-]?[0-9]{1,15}(\.[0-9]{1,6})?$")
_MOMENT = re.compile(r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([ T][0-9:.+]{1,20})?$")


class Scrubber:
    """Scrubs columns of free text.

    Args:
        persons: names and numbers of the member's own persons list; shorter than two characters are ignored.
    """

    def __init__(self, persons: Iterable[str] = ()) -> None:
        listed = {p.strip() for p in persons}
        self._listed = sorted((p for p in listed if len(p) >= 2), key=lambda p: (-len(p), p))

    def replace(self, text: pl.Series) -> pl.Series:
        """The text without numbers, phones and names; nulls stay."""
        if self._listed:
            found = pl.col("text").str.replace_many(self._listed, [NAME] * len(self._listed), leftmost=True)
            text = pl.DataFrame({"text": text}).select(found).to_series().alias(text.name)
        for pattern, marker in _PATTERNS:
            text = text.str.replace_all(pattern, marker)
        return text


def masked(value: object, *, is_person: bool) -> str:
    """An offending value as it may be shown: whole where it names nobody, else its shape.

    A person's column and long or odd texts show only their shape (9 for a digit, a for a letter, 中 for a
    character); an amount, a date, a code or a short word is shown as it came.
    """
    if value is None:
        return ""
    text = str(value)
    if is_person:
        return shape(text)
    if _AMOUNT.match(text) and len(text.partition(".")[0]) not in (11, 15, 18):
        return text
    if _MOMENT.match(text):
        return text
    if not _PLAIN_VALUE.match(text) or _IDENTIFIES.search(text) or _NAME_ALONE.match(text):
        return shape(text)
    return text


def shape(text: str, limit: int = 24) -> str:
    """What a text looks like without saying it: 9 for a digit, a for a letter, 中 for any other letter."""
    drawn = "".join(_shape(c) for c in text[:limit])
    return drawn if len(text) <= limit else f"{drawn}… ({len(text)} characters)"


def _shape(c: str) -> str:
    if c.isdigit():
        return "9"
    if c.isalpha():
        return "a" if c.isascii() else "中"
    return c if c.isprintable() else "�"
