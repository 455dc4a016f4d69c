"""XML and JSON Lines: records that name their own fields."""

import json

import pytest

from pipelines.ingest.readers import Unreadable

ROW = "<ROW><JZLSH>E1</JZLSH><SXH>1</SXH><JBBM>I10</JBBM><RYYZ>T</RYYZ></ROW>"


def xml(rows: str, before: str = "") -> bytes:
    return f'<?xml version="1.0"?>{before}<DATA>{rows}</DATA>'.encode()


def test_xml_rows_with_what_is_empty_left_out(read):
    rows = (
        ROW
        + "<ROW><JZLSH> E2 </JZLSH><SXH>2</SXH><JBBM>J18 &amp; J20</JBBM><RYYZ/></ROW><OTHER><JZLSH>E3</JZLSH></OTHER>"
    )
    frame = read("guojian", "diagnoses", xml(rows), batch_rows=1)
    assert frame.rows() == [("E1", "1", "I10", "true", 1), ("E2", "2", "J18 & J20", None, 2)]


def test_xml_declares_its_own_encoding(read, files):
    content = files.xml(["JZLSH", "SXH", "JBBM"], [["E1", 1, "肺炎<2>"]], "gb18030")
    assert read("guojian", "diagnoses", content)["icd10"].to_list() == ["肺炎<2>"]


def test_xml_paths_attributes_and_namespaces(read, vendor):
    vendor(
        "tree",
        "vendor: tree\nname_zh: 树\nextracts:\n  diagnoses:\n    file: d*.xml\n    record: set/body/case\n"
        "    columns: {encounter_id: '@id', seq: diag/@n, icd10: diag/code}\n",
    )
    content = b'<s:set xmlns:s="u:x"><case id="no"/><s:body><!-- c --><case id="E1">'
    content += b'<diag n="1"><code>I10</code></diag></case></s:body></s:set>'
    assert read("tree", "diagnoses", content).rows() == [("E1", "1", "I10", None, 1)]


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE DATA [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>',
        '<!DOCTYPE DATA [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE DATA SYSTEM "http://localhost:9/evil.dtd">',
        '<!DOCTYPE DATA [<!ENTITY % p SYSTEM "http://localhost:9/evil.dtd"> %p;]>',
    ],
)
def test_entity_bombs_and_outside_entities_are_refused_before_any_content(read, doctype):
    with pytest.raises(Unreadable) as caught:
        read("guojian", "diagnoses", xml(ROW.replace("I10", "&c;") if "ENTITY c" in doctype else ROW, doctype))
    assert caught.value.reason_code == "xml_doctype"


def test_xml_cut_off_or_broken_names_the_line_and_the_last_row(read):
    with pytest.raises(Unreadable, match=r"broken_xml at diagnoses2026-10.xml, line 1, after row 1"):
        read("guojian", "diagnoses", xml(ROW + ROW)[:-60])
    with pytest.raises(Unreadable, match="broken_xml"):
        read("guojian", "diagnoses", b"encounter_id,seq\n")
    with pytest.raises(Unreadable, match="broken_xml"):
        read(
            "guojian", "diagnoses", b'<?xml version="1.0" encoding="utf-8"?><DATA>' + "肺炎".encode("gbk") + b"</DATA>"
        )


def test_xml_without_a_needed_field_in_any_record_says_so(read):
    with pytest.raises(Unreadable, match=r"missing_header .*JBBM \(icd10\)"):
        read("guojian", "diagnoses", xml(ROW.replace("JBBM", "ABC")))
    assert read("guojian", "diagnoses", xml("")).height == 0


def test_a_wrong_record_path_is_said_before_the_whole_file_is_in_memory(read, monkeypatch):
    monkeypatch.setattr("pipelines.ingest.readers.xml.LONGEST_WITHOUT_ROW", 2**16)
    with pytest.raises(Unreadable, match=r"no_record .*no element DATA/ROW"):
        read("guojian", "diagnoses", xml(ROW.replace("ROW", "RECORD") * 2000))
    assert read("guojian", "diagnoses", xml(ROW * 5000)).height == 5000


def lines(*records: object) -> bytes:
    return "\n".join(json.dumps(each, ensure_ascii=False) for each in records).encode()


def test_json_lines_with_nested_keys_numbers_and_words(read):
    record = {"rxNo": "R1", "lineNo": 1, "visitNo": "E1", "prescribedOn": "2026-10-31", "drugCode": "01",
              "quantity": 2.5, "days": 3, "doctor": {"no": "D7", "name": "not read"},
              "review": "PHARMACIST"}  # fmt: skip
    frame = read(
        "yunhu", "prescriptions", lines(record, record | {"quantity": 1e-7, "review": None, "days": 1e3, "x": [1]})
    )
    assert frame.row(0, named=True) == {
        "prescription_id": "R1", "line_no": "1", "encounter_id": "E1", "prescribed_on": "2026-10-31", "drug_code": "01",
        "quantity": "2.5", "days": "3", "doctor_id": "D7", "review": "pharmacist", "review_result": None,
        "source_row": 1,
    }  # fmt: skip
    assert frame.select("quantity", "days", "review").row(1) == ("0.0000001", "1000", None)


def test_an_optional_key_may_appear_late(read):
    rows = [{"visitNo": "E1", "seq": n, "icd9": "38.93", "performedOn": "2026-10-01"} for n in range(1100)]
    frame = read("yunhu", "procedures", lines(*rows, rows[0] | {"surgeryLevel": 4, "isMinimallyInvasive": True}))
    assert frame.select("surgery_level", "is_minimally_invasive").row(-1) == ("4", "true")
    assert frame["surgery_level"].null_count() == 1100


def test_amounts_in_json_keep_every_digit_as_written(read):
    row = {"recognitionNo": "R", "recognisedOn": "2026-10-01", "visitNo": "E", "itemCode": "1", "sourceOrg": "H01"}
    start = json.dumps(row | {"outcome": "RECOGNISED"})[:-1]
    amounts = ["0.1", "1234567890123.45", "100.10", '"7.00"', "[1]", "null"]
    content = "\n".join(f'{start}, "avoidedAmount": {each}}}' for each in amounts).encode()
    assert read("yunhu", "exam_recognitions", content)["avoided_amount"].to_list() == [
        "0.1", "1234567890123.45", "100.1", "7.00", "(a list where one value belongs)", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "code", "where"),
    [
        (b'{"visitNo":"E1"}\n\n{"visitNo":', "broken_json", "line 3"),
        (b'[{"visitNo":"E1"}]', "broken_json", "line 1"),
        (b'{"visitNo":"\xb7\xce"}', "broken_json", "line 1"),
        (b'{"visitNo":NaN}', "broken_json", "line 1"),
        (b'{"a":' * 5000, "broken_json", "line 1"),
    ],
)
def test_broken_json_names_the_line(read, content, code, where):
    with pytest.raises(Unreadable) as caught:
        read("yunhu", "procedures", content)
    assert caught.value.reason_code == code
    assert where in caught.value.where


def test_a_byte_order_mark_before_json_is_no_trouble(read):
    row = {"visitNo": "E1", "seq": 1, "icd9": "38.93", "performedOn": "2026-10-01"}
    assert read("yunhu", "procedures", b"\xef\xbb\xbf" + lines(row)).height == 1
