"""FHIR R4 bundles as a cloud system sends them: references, extensions, and what is missing in them."""

import json

import pytest

from pipelines.ingest.readers import Unreadable
from pipelines.ingest.readers.fhir_paths import Known, PathError, getter, parse, put

ENCOUNTER = {
    "resourceType": "Encounter", "id": "E1", "class": {"code": "IMP"},
    "subject": {"reference": "urn:uuid:0001"},
    "participant": [{"individual": {"reference": "Practitioner/D7"}}],
    "period": {"start": "2026-10-30T16:05:09Z", "end": "2026-11-02T09:00:00+08:00"},
    "serviceProvider": {"reference": "https://his.example/fhir/Organization/0101/_history/3"},
    "reasonCode": [{"coding": [{"system": "urn:local", "code": "xx"},
                               {"system": "http://hl7.org/fhir/sid/icd-10", "code": "I21.0"}]}],
    "hospitalization": {"dischargeDisposition": {"coding": [{"code": "exp"}]}},
    "extension": [{"url": "urn:yunhu:payer", "valueCode": "UEBMI"}, {"url": "urn:yunhu:age-years", "valueInteger": 67},
                  {"url": "urn:yunhu:local-resident", "valueBoolean": False},
                  {"url": "urn:yunhu:reported-cost", "valueMoney": {"value": 12345.6, "currency": "CNY"}}],
}  # fmt: skip
PATIENT = {"resourceType": "Patient", "id": "110101195901011234", "gender": "male", "name": [{"text": "张三"}]}


def bundle(*resources: dict[str, object]) -> dict[str, object]:
    return {
        "resourceType": "Bundle", "type": "collection",
        "entry": [{"fullUrl": f"urn:uuid:{number:04}", "resource": each} for number, each in enumerate(resources)],
    }  # fmt: skip


def as_lines(*documents: object) -> bytes:
    return "\n".join(json.dumps(each) for each in documents).encode()


EXPECTED = {
    "encounter_id": "E1", "patient_id": "110101195901011234", "encounter_type": "inpatient", "sex": "M",
    "age_years": "67",
    "age_days": None, "birth_weight": None,
    "payer": "employee", "is_local_resident": "false", "dept_code": "0101", "doctor_id": "D7",
    "started_at": "2026-10-31 00:05:09", "ended_at": "2026-11-02 09:00:00", "primary_diagnosis": "I21.0",
    "primary_procedure": None, "disposition": "died", "admission_kind": None, "care_path": None,
    "has_complication": None, "hospital_infection": None, "is_planned_readmission": None,
    "physician_hours": None, "reported_cost": "12345.6",
    "source_row": 1,
}  # fmt: skip


@pytest.mark.parametrize("suffix", [".ndjson", ".json"])
def test_an_encounter_with_its_patient_behind_a_reference(read, suffix):
    frame = read("yunhu", "encounters", as_lines(bundle(ENCOUNTER, PATIENT)), suffix)
    assert frame.row(0, named=True) == EXPECTED


def test_bundles_in_an_array_and_several_rows_in_a_bundle(read):
    second = ENCOUNTER | {"id": "E2", "subject": {"reference": "Patient/110101195901011234"}}
    content = json.dumps([bundle(ENCOUNTER, PATIENT, second), bundle(ENCOUNTER | {"id": "E3"}, PATIENT)]).encode()
    frame = read("yunhu", "encounters", content, ".json", batch_rows=2)
    assert frame.select("encounter_id", "sex", "source_row").rows() == [("E1", "M", 1), ("E2", "M", 2), ("E3", "M", 3)]


def test_bare_resources_resolve_to_those_before_them(read):
    row = ENCOUNTER | {"subject": {"reference": "Patient/110101195901011234"}}
    frame = read(
        "yunhu", "encounters", as_lines(PATIENT, row, row | {"subject": {"reference": "Patient/x"}}), ".ndjson"
    )
    assert frame.select("patient_id", "sex").rows() == [("110101195901011234", "M"), ("x", None)]


def test_conditions_and_logical_references(read):
    condition = {
        "resourceType": "Condition", "id": "c", "encounter": {"identifier": {"value": "E1"}},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "I10"}]},
        "extension": [{"url": "urn:yunhu:rank", "valueInteger": 1},
                      {"url": "urn:yunhu:present-on-admission", "valueBoolean": True}],
    }  # fmt: skip
    frame = read(
        "yunhu",
        "diagnoses",
        as_lines(bundle(condition), condition | {"encounter": {"reference": "Encounter/E2"}}),
        ".ndjson",
    )
    assert frame.rows() == [("E1", "1", "I10", "true", 1), ("E2", "1", "I10", "true", 2)]


def test_a_claim_response_reaches_into_its_claim(read):
    claim = {
        "resourceType": "Claim", "id": "K1", "created": "2026-11-01", "enterer": {"reference": "Practitioner/C3"},
        "diagnosis": [{"packageCode": {"coding": [{"code": "FR23"}]}}], "total": {"value": 9000, "currency": "CNY"},
        "item": [{"encounter": [{"reference": "Encounter/E1"}]}],
    }  # fmt: skip
    response = {
        "resourceType": "ClaimResponse", "id": "S1", "request": {"reference": "Claim/K1"}, "created": "2026-11-09",
        "payment": {"date": "2026-11-20", "amount": {"value": 6000.5}},
        "total": [{"category": {"text": "denied"}, "amount": {"value": 99.5}},
                  {"category": {"text": "patient"}, "amount": {"value": 2900}}],
        "processNote": [{"text": "超限价"}],
    }  # fmt: skip
    frame = read("yunhu", "settlements", as_lines(bundle(claim, response)), ".ndjson")
    assert frame.row(0, named=True) == {
        "settlement_id": "S1", "encounter_id": "E1", "drg_code": "FR23", "claimed_on": "2026-11-01",
        "settled_on": "2026-11-09", "paid_on": "2026-11-20", "total_charge": "9000", "fund_paid": "6000.5",
        "patient_paid": "2900", "denied_amount": "99.5", "denial_reason": "超限价", "coder_id": "C3", "source_row": 1,
    }  # fmt: skip


def test_a_needed_path_that_no_resource_has_is_named(read):
    bare = {key: value for key, value in ENCOUNTER.items() if key != "serviceProvider"}
    with pytest.raises(Unreadable, match=r"missing_header .*serviceProvider@Organization \(dept_code\)"):
        read("yunhu", "encounters", as_lines(bundle(bare, PATIENT)), ".ndjson")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"resourceType": "Bundle", "entry": [', "broken_json"),
        (b"[1]", "no_fhir"),
        (b'{"visitNo": "E1"}', "no_fhir"),
        (b'{"resourceType": "Bundle", "entry": {}}', "no_fhir"),
    ],
)
def test_what_is_no_fhir_says_so(read, content, code):
    with pytest.raises(Unreadable) as caught:
        read("yunhu", "encounters", content, ".json")
    assert caught.value.reason_code == code


@pytest.mark.parametrize(
    "odd", [{"subject": []}, {"subject": {"reference": 5}}, {"extension": {}}, {"period": "x"}, {"participant": []}]
)
def test_resources_of_an_odd_shape_have_empty_cells(read, odd):
    frame = read(
        "yunhu", "encounters", as_lines(bundle(ENCOUNTER, PATIENT), bundle(ENCOUNTER | odd, PATIENT)), ".ndjson"
    )
    assert frame.height == 2


@pytest.mark.parametrize("path", ["", ".a", "a..b", "a[x]", "a@B.c", "a b", "a[0"])
def test_a_path_that_is_no_path_is_refused(path):
    with pytest.raises(PathError):
        parse(path)


@pytest.mark.parametrize("path", ["id", "a.b", "a[1].b", "a[k.l=v w].b.c", "a@B", "a>B.c[0].d", "x[0].a>B.c@D"])
def test_what_is_put_is_got(path):
    resource: dict[str, object] = {"resourceType": "R", "id": "7"}
    known = Known()
    put(resource, path, "text", known)
    assert getter(path)(resource, known) == "text"
