"""What a Chinese record says of a term: affirmed, denied, doubtful, somebody else's, past (S2-RISK-50)."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.risk.text_evidence import check, mentions, names, verdict


@pytest.mark.parametrize(
    ("text", "term", "status"),
    [
        ("患者因肺癌收住院。", "肺癌", "supported"),
        ("CT未见肺癌征象。", "肺癌", "negated"),
        ("否认高血压、糖尿病、冠心病史。", "冠心病", "negated"),
        ("否认高血压,糖尿病,冠心病病史。", "糖尿病", "negated"),
        ("否认高血压及糖尿病史", "糖尿病", "negated"),
        ("无发热、咳嗽,有胸痛。", "咳嗽", "negated"),
        ("无发热、咳嗽,有胸痛。", "胸痛", "supported"),
        ("无发热,胸痛3天。", "胸痛", "supported"),
        ("无明显诱因出现胸痛。", "胸痛", "supported"),
        ("无痛性血尿1月。", "血尿", "supported"),
        ("排除脑梗死。", "脑梗死", "negated"),
        ("不能排除脑梗死。", "脑梗死", "uncertain"),
        ("脑梗死待排。", "脑梗死", "uncertain"),
        ("考虑肺炎可能。", "肺炎", "uncertain"),
        ("肺炎?", "肺炎", "uncertain"),
        ("幽门螺杆菌阴性。", "幽门螺杆菌", "negated"),
        ("幽门螺杆菌阳性。", "幽门螺杆菌", "supported"),
        ("父亲患胃癌。", "胃癌", "family"),
        ("既往有高血压病史5年。", "高血压", "history"),
        ("高血压病史10年。", "高血压", "history"),
        ("未见骨折,但有软组织挫伤。", "软组织挫伤", "supported"),
        ("无头痛但伴有眩晕", "眩晕", "supported"),
        ("双肺未闻及干湿啰音。诊断为肺炎。", "肺炎", "supported"),
        ("诊断:急性胃炎。", "肺癌", "absent"),
        ("没有糖尿病。", "糖尿病", "negated"),
        ("不伴恶心呕吐。", "呕吐", "negated"),
        ("患者未婚,慢性胃炎。", "慢性胃炎", "supported"),
    ],
)
def test_a_term_stands_as_the_sentence_says(text: str, term: str, status: str) -> None:
    assert verdict([text], [term]).status == status


def test_one_affirmation_outweighs_denials_elsewhere() -> None:
    notes = ["入院时否认糖尿病史。", "糖化血红蛋白9.1%,诊断糖尿病。"]
    assert verdict(notes, ["糖尿病"]).status == "supported"
    assert [mention.status for note in notes for mention in mentions(note, ["糖尿病"])] == ["negated", "supported"]


def test_a_diagnosis_is_looked_for_as_records_write_it() -> None:
    assert names("乙状结肠恶性肿瘤(未特指)") == (
        "乙状结肠恶性肿瘤(未特指)",
        "乙状结肠恶性肿瘤",
        "乙状结肠癌(未特指)",
        "乙状结肠癌",
    )
    assert verdict(["乙状结肠癌术前检查"], names("乙状结肠恶性肿瘤")).status == "supported"


def test_claims_are_judged_over_all_notes_of_their_case_and_cases_without_notes_have_no_row() -> None:
    """TC-78's case in words: a whole-body PET-CT, and a record that denies every tumour."""
    claims = pl.DataFrame({
        "member_id": ["H01"] * 3, "encounter_id": ["E1", "E2", "E3"], "claim": ["exam"] * 3, "subject": ["PET"] * 3,
        "icd_prefixes": ["C|D37"] * 3,
    })  # fmt: skip
    notes = pl.DataFrame({
        "member_id": ["H01"] * 3, "encounter_id": ["E1", "E1", "E2"],
        "text": ["上腹痛2天,诊断急性胃炎。", "否认胃恶性肿瘤病史。", "胃恶性肿瘤复查。"],
    })  # fmt: skip
    diagnoses = pl.DataFrame({"code": ["C16.900", "K29.100"], "name": ["胃恶性肿瘤", "急性胃炎"]})
    found = check(claims, notes, diagnoses)
    assert found.select("encounter_id", "support", "term", "notes").rows() == [
        ("E1", "negated", "胃恶性肿瘤", 2), ("E2", "supported", "胃恶性肿瘤", 1),
    ]  # fmt: skip
    assert check(claims.head(0), notes, diagnoses).height == 0
