"""Does the record say what was billed? Terms in Chinese clinical notes, with negation (S2-RISK-50).

Belongs here: pure functions over a note's text: whether a term stands in it as present, denied, doubtful, somebody
else's or past, and what a record says of a claim. Does not belong here: which claims are checked
(`int_risk__text_claim`), the coded data.

A note is read clause by clause. A negating word denies what follows it in its clause, over the members of a list
(否认高血压、糖尿病、冠心病史), until a word that turns the sentence (但, 伴有, 有). Words that only look like a
negation (无明显诱因, 无痛性, 不能排除) are known. What any note affirms is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

PRESENT, DENIED, DOUBTFUL, OTHERS, PAST, ABSENT = "supported", "negated", "uncertain", "family", "history", "absent"
ORDER = (PRESENT, DOUBTFUL, PAST, OTHERS, DENIED, ABSENT)
"""What counts most first: a record that affirms a term once supports it, whatever else it says."""
SENTENCE = re.compile(r"[。；;！!\n]")
COMMA = re.compile(r"[，,]")
# 否认高血压,糖尿病,冠心病史: commas that part a list of what is denied.
DENIED_LIST = re.compile(r"否认.*史等?$")
# Look like a negation and are none; their own characters are taken out before negations are looked for.
PSEUDO = re.compile(
    r"无明显诱因|无(?:明显)?诱因|无痛性?|无症状性?|无创|无菌|无力|无疑|无法排除|不能(?:完全)?排除|不(?:能)?除外|未排除|不除外"
)
NEGATION = re.compile(
    r"否认|未见|未及|未闻及|未触及|未扪及|未查见|未发现|未提示|未行|未做|未予|没有|排除|除外|无(?!论)|不伴|不支持|不考虑|未(?=[^婚])"
)
DOUBT = re.compile(r"可疑|疑似|疑|待排|待查|可能|考虑|不能(?:完全)?排除|不(?:能)?除外|无法排除|未排除|？|\?")
TURN = re.compile(r"但|然而|(?<!不)伴有|(?<!不)伴(?!随)|并有|可见|提示|示|确诊|诊断为|(?<![没无未具])有(?!无)")
FAMILY = re.compile(r"父亲?|母亲?|兄|弟|姐|妹|祖父|祖母|家族|子女|配偶|亲属")
HISTORY = re.compile(r"既往|曾(?:有|患|行)?|病史|史[（(]?|年前|术后")
AFTER = re.compile(r"^[^，,。；;、]{0,4}(?:阴性|\(-\)|（-）|未见异常|已排除|不支持|不成立)")
LIST = re.compile(r"[、及和或/，,]|以及")
# A record shortens what a list writes out.
SHORT = (("恶性肿瘤", "癌"), ("原发性高血压", "高血压"), ("不稳定型", "不稳定性"), ("急性上呼吸道感染", "上感"))
UNNAMED = re.compile(r"[（(\[].*?[）)\]]|,?(?:未特指|其他|NOS)|的$")


@dataclass(frozen=True)
class Mention:
    """A term in a note and how it stands there."""

    term: str
    status: str


def mentions(text: str, terms: Iterable[str]) -> list[Mention]:
    """Every mention of the terms in a note, in the order of the text.

    Args:
        text: a note, scrubbed or not.
        terms: names to look for; empty ones are left out.
    """
    wanted = sorted({term for term in terms if term}, key=len, reverse=True)
    out: list[Mention] = []
    for sentence in SENTENCE.split(text):
        whole = DENIED_LIST.search(sentence.strip())
        for clause in [sentence] if whole else COMMA.split(sentence):
            found = [
                (hit.start(), Mention(term, _status(clause, hit.start(), term)))
                for term in wanted
                for hit in re.finditer(re.escape(term), clause)
            ]
            out += [mention for _, mention in sorted(found, key=lambda pair: pair[0])]
    return out


def verdict(texts: Iterable[str], terms: Sequence[str]) -> Mention:
    """What the notes of a case say of a claim: the strongest mention, or that there is none."""
    best = Mention("", ABSENT)
    for text in texts:
        for mention in mentions(text, terms):
            if ORDER.index(mention.status) < ORDER.index(best.status):
                best = mention
    return best


def names(diagnosis: str) -> tuple[str, ...]:
    """A diagnosis as a record may write it: the list's name, without its brackets, and shortened."""
    plain = UNNAMED.sub("", diagnosis).strip()
    out = dict.fromkeys(name for name in (diagnosis.strip(), plain) if len(name) > 1)
    for long, short in SHORT:
        for name in list(out):
            if long in name:
                out[name.replace(long, short)] = None
    return tuple(out)


def check(claims: pl.DataFrame, notes: pl.DataFrame, diagnoses: pl.DataFrame) -> pl.DataFrame:
    """What the notes say of each claim.

    Args:
        claims: member_id, encounter_id, claim, subject, icd_prefixes (`|` between; a note supports the claim where it
            affirms a diagnosis of one of them).
        notes: member_id, encounter_id, text.
        diagnoses: code, name: the list that gives prefixes their names.

    Returns:
        the claims of cases that have notes, with `support` (supported, uncertain, history, family, negated, absent),
        `term` (the name that stands in the record) and `notes` (how many were read).
    """
    listed = [(code, name) for code, name in diagnoses.select("code", "name").unique().sort("code").iter_rows() if name]

    @lru_cache(maxsize=4096)
    def terms_of(prefixes: str) -> tuple[str, ...]:
        wanted = tuple(part.strip() for part in prefixes.split("|") if part.strip())
        return tuple(dict.fromkeys(form for code, name in listed if code.startswith(wanted) for form in names(name)))

    texts: Mapping[tuple[str, str], list[str]] = {
        (member, encounter): told
        for member, encounter, told in notes.sort("text").group_by("member_id", "encounter_id").agg("text").iter_rows()
    }
    rows = []
    for member, encounter, claim, subject, prefixes in claims.select(
        "member_id", "encounter_id", "claim", "subject", "icd_prefixes"
    ).iter_rows():
        told = texts.get((member, encounter))
        terms = terms_of(prefixes)
        if told is None or not terms:
            continue
        found = verdict(told, terms)
        rows.append((member, encounter, claim, subject, found.status, found.term or None, len(told)))
    text = pl.String()
    schema: dict[str, pl.DataType] = dict.fromkeys(
        ("member_id", "encounter_id", "claim", "subject", "support", "term"), text
    )
    return pl.DataFrame(rows, schema=schema | {"notes": pl.Int64()}, orient="row")


def _status(clause: str, at: int, term: str) -> str:
    before, after = clause[:at], clause[at + len(term) :]
    if AFTER.match(after):
        return DENIED
    plain = PSEUDO.sub(lambda found: "＿" * len(found.group()), before)
    turned = max((found.end() for found in TURN.finditer(plain)), default=0)
    reach = plain[turned:]
    denied = list(NEGATION.finditer(reach))
    if denied and _reaches(reach[denied[-1].end() :]):
        return DENIED
    if DOUBT.search(_near(before)) or re.match(r"\s*(?:待排|待查|可能|\?|？|不除外|不能排除)", after):
        return DOUBTFUL
    if FAMILY.search(before):
        return OTHERS
    if HISTORY.search(before) or re.match(r"[^，,。；;、]{0,3}(?:病史|史|术后)", after):
        return PAST
    return PRESENT


def _reaches(between: str) -> bool:
    """Whether a negation still holds after these words: over a list, or a few characters that say no other thing."""
    return len(LIST.split(between)[-1]) <= 10


def _near(before: str) -> str:
    """The words that stand close enough before a term to cast doubt on it."""
    return before[-8:]
