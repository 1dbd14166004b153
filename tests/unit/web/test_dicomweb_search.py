"""QIDO-RS: addresses, answers and refusals; what matches what is tested with the worklist."""

from xml.etree import ElementTree as ET

import pytest
from pydicom.dataset import Dataset
from site_instances import parts_of

from triage_node.identity import Role
from triage_node.web.dicomweb.capabilities import NAMESPACE
from triage_node.web.registry import routers
from triage_node.worklist import ReceivedInstance

STUDY_KEYWORDS = {
    "StudyDate", "StudyTime", "AccessionNumber", "InstanceAvailability", "ModalitiesInStudy", "ReferringPhysicianName",
    "TimezoneOffsetFromUTC", "RetrieveURL", "PatientName", "PatientID", "PatientBirthDate", "PatientSex",
    "StudyInstanceUID", "StudyID", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances",
}  # fmt: skip
SERIES_KEYWORDS = {
    "Modality", "SeriesDescription", "RetrieveURL", "SeriesInstanceUID", "SeriesNumber",
    "NumberOfSeriesRelatedInstances", "PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime",
    "RequestAttributesSequence",
}  # fmt: skip
INSTANCE_KEYWORDS = {
    "SOPClassUID", "SOPInstanceUID", "InstanceAvailability", "RetrieveURL", "InstanceNumber", "Rows", "Columns",
    "BitsAllocated", "NumberOfFrames",
}  # fmt: skip
PARENTS = {"StudyInstanceUID", "SeriesInstanceUID"}


@pytest.fixture
def program(site, clock):
    site.worklist.registration.register(
        [
            ReceivedInstance(
                f"1.{study}", f"1.{study}.1", f"1.{study}.1.{image}", "1.2.840.10008.5.1.4.1.1.2",
                "1.2.840.10008.1.2.1", 1, clock(), True, patient_name="Doe^Jané=ドウ", patient_id=f"P{study}",
                study_date=f"2024010{study}", modality="CT", study_description="CT HEAD", series_number=2,
                scheduled_procedure_step_id="S1", requested_procedure_id="R1", rows=512, instance_number=image,
            )
            for study in (1, 2)
            for image in (1, 2, 3)
        ]
    )  # fmt: skip
    return site.program()


def keywords(answer):
    return {element.keyword for element in Dataset.from_json(answer.json()[0])}


def test_each_level_returns_what_the_standard_requires(program):
    expected = {
        "studies": STUDY_KEYWORDS,
        "series": SERIES_KEYWORDS | STUDY_KEYWORDS - {"InstanceAvailability"},
        "instances": INSTANCE_KEYWORDS | SERIES_KEYWORDS | STUDY_KEYWORDS,
        "studies/1.1/series": SERIES_KEYWORDS | {"StudyInstanceUID"},
        "studies/1.1/instances": INSTANCE_KEYWORDS | SERIES_KEYWORDS | PARENTS,
        "studies/1.1/series/1.1.1/instances": INSTANCE_KEYWORDS | PARENTS,
    }
    assert {path: keywords(program.get(f"/dicomweb/{path}")) for path in expected} == expected
    counts = {path: len(program.get(f"/dicomweb/{path}").json()) for path in expected}
    assert list(counts.values()) == [2, 2, 6, 1, 3, 3]


def test_values_are_in_the_json_model(program):
    answer = program.get("/dicomweb/studies", params={"PatientID": "P1"})
    assert answer.headers["content-type"] == "application/dicom+json"
    [study] = answer.json()
    assert study["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jané", "Ideographic": "ドウ"}]}
    assert study["00080061"] == {"vr": "CS", "Value": ["CT"]}
    assert study["00201208"] == {"vr": "IS", "Value": [3]}
    assert study["00080090"] == {"vr": "PN"}
    assert study["00081190"]["Value"] == ["http://127.0.0.1/dicomweb/studies/1.1"]
    assert list(study) == sorted(study)
    [series] = program.get("/dicomweb/studies/1.1/series").json()
    assert series["00400275"]["Value"] == [
        {"00401001": {"vr": "SH", "Value": ["R1"]}, "00400009": {"vr": "SH", "Value": ["S1"]}}
    ]


def test_keys_are_named_by_keyword_or_tag(program):
    for query in (
        "PatientID=P2",
        "00100020=P2",
        "00400275.00401001=R1&PatientID=P2",
        "PatientName=doe^jan*&00100020=P2",
    ):
        answer = program.get(f"/dicomweb/series?{query}")
        assert [one["00100020"]["Value"] for one in answer.json()] == [["P2"]]


def test_more_attributes_are_returned_to_whom_asks(program):
    assert "00081030" not in program.get("/dicomweb/studies").json()[0]
    for query in (
        "includefield=StudyDescription",
        "includefield=00080060,00081030",
        "includefield=all",
        "StudyDescription=*HEAD",
    ):
        assert program.get(f"/dicomweb/studies?{query}").json()[0]["00081030"]["Value"] == ["CT HEAD"]
    [series] = program.get("/dicomweb/studies/1.1/series?includefield=PatientName").json()
    assert "00100010" in series


def test_pages(program):
    first, second, third = (program.get(f"/dicomweb/studies?limit=1&offset={offset}") for offset in range(3))
    assert [one.json()[0]["0020000D"]["Value"] for one in (first, second)] == [["1.2"], ["1.1"]]
    assert (third.status_code, third.content) == (204, b"")
    assert "There are 1 additional results that can be requested." in first.headers["warning"]
    assert "warning" not in second.headers


def test_a_client_is_warned_of_what_is_not_done(program, monkeypatch):
    monkeypatch.setattr("triage_node.web.dicomweb.search.MOST_RESULTS", {0: 1, 1: 1, 2: 1})
    for query in ("", "?limit=2"):
        assert "There are 1 additional results" in program.get(f"/dicomweb/studies{query}").headers["warning"]
    answer = program.get("/dicomweb/studies?fuzzymatching=true&PatientID=P1")
    assert answer.headers["warning"].startswith('299 http://127.0.0.1/dicomweb: "The fuzzymatching parameter')
    assert "warning" not in program.get("/dicomweb/studies?fuzzymatching=false&PatientID=P1").headers


@pytest.mark.parametrize(
    "name",
    [
        "Nonsense", "patientid", "99999999", "0010002", "Modality", "SOPInstanceUID", "Rows", "PatientComments",
        "a.b.c", "NumberOfStudyRelatedSeries",
    ],
)  # fmt: skip
def test_a_key_that_is_not_supported_is_ignored_and_named(program, name):
    answer = program.get(f"/dicomweb/studies?{name}=1&PatientID=P1")
    assert len(answer.json()) == 1
    assert f"not supported were ignored: {name}." in answer.headers["warning"]
    assert len(program.get("/dicomweb/studies?includefield=Nonsense").json()) == 2


def test_what_is_ignored_writes_no_header_of_its_own(program):
    answer = program.get("/dicomweb/studies", params={'x"\r\nSet-Cookie: a=b': "1", "é" * 500: "2"})
    assert "set-cookie" not in answer.headers
    assert answer.headers["warning"].endswith('were ignored: xSet-Cookieab ."')


def test_many_values_and_no_value_are_matched_where_asked(program, site, clock):
    site.worklist.registration.register(
        [ReceivedInstance("1.9", "1.9.1", "1.9.1.1", "1.2", "1.2.840.10008.1.2.1", 1, clock(), True, modality="MR")]
    )

    def found(**query):
        answer = program.get("/dicomweb/studies", params=query)
        assert "warning" not in answer.headers
        studies = answer.json() if answer.content else []
        return sorted(study["0020000D"]["Value"][0] for study in studies)

    many, empty = {"multiplevaluematching": "true"}, {"emptyvaluematching": "true"}
    assert found(PatientID="P1\\P2", **many) == ["1.1", "1.2"]
    assert found(PatientID="P1\\X*", **many) == ["1.1"]
    assert found(PatientName="smith*\\doe*", **many) == ["1.1", "1.2"]
    assert found(StudyDate="20240101\\20240102-", **many) == ["1.1", "1.2"]
    assert found(PatientID="P1\\P2") == []
    assert found(PatientID='""', **empty) == ["1.9"]
    assert found(PatientName='""', **empty) == ["1.9"]
    assert found(StudyDate='""', **empty) == ["1.9"]
    assert found(PatientID='P1\\""', **many, **empty) == ["1.1", "1.9"]
    assert found(PatientID='""') == []
    assert found(ModalitiesInStudy="CT\\MR", **many) == ["1.1", "1.2", "1.9"]


@pytest.mark.parametrize("level", ["series", "instances"])
def test_the_study_of_the_address_holds_whatever_else_is_asked(program, level):
    assert program.get(f"/dicomweb/studies/1.1/{level}?StudyInstanceUID=1.2").status_code == 204
    assert program.get(f"/dicomweb/studies/1.1/{level}?StudyInstanceUID=1.1").json()
    assert program.get(f"/dicomweb/studies/1.1/{level}?ModalitiesInStudy=CT").json()
    assert program.get(f"/dicomweb/studies/1.1/{level}?ModalitiesInStudy=MR").status_code == 204
    assert program.get(f"/dicomweb/{level}?ModalitiesInStudy=CT").json()


def test_requests_that_say_nonsense_are_refused(program):
    for query in (
        "limit=-1", "limit=x", "offset=1.5", "fuzzymatching=maybe", "emptyvaluematching=1", "StudyDate=2024",
        "PatientID=a&PatientID=b",
        "&".join(["PatientID=1"] * 200),
    ):  # fmt: skip
        answer = program.get(f"/dicomweb/studies?{query}")
        assert (query, answer.status_code) == (query, 400)
        assert answer.json()["detail"]
    assert program.get("/dicomweb/studies", headers={"Accept": "application/dicom+xml"}).status_code == 406
    answer = program.get("/dicomweb/studies", headers={"Accept": "application/json"})
    assert answer.headers["content-type"] == "application/json"


def test_who_may_search_and_what_is_kept_of_it(site, program):
    assert site.browser().get("/dicomweb/studies").status_code == 401
    assert site.signed_in("ray").get("/dicomweb/studies").status_code == 200
    assert site.program(Role.READER).get("/dicomweb/studies/1.1/series").status_code == 200
    [access] = site.worklist.audit_trail.latest(study_instance_uid="1.1")
    assert access.action == "series_list_read"
    program.get("/dicomweb/studies?PatientName=Doe*&StudyDate=20240101-")
    [access, *_] = site.worklist.audit_trail.latest()
    assert (access.action, access.query) == ("studies_searched", "PatientName=…&StudyDate=20240101-")


@pytest.mark.parametrize("path", ["studies", "series", "instances", "studies/1.1/series", "studies/1.1/instances"])
def test_a_search_is_kept_before_its_answer_and_without_the_audit_there_is_none(site, program, path):
    assert program.get(f"/dicomweb/{path}").status_code == 200
    [row] = site.worklist.audit_trail.latest()
    assert row.user_name.startswith("token ")
    with site.worklist.database.write() as session:
        session.connection().exec_driver_sql("DROP TABLE audit")
    answer = program.get(f"/dicomweb/{path}")
    assert answer.status_code == 503
    assert "1.1" not in answer.text


def test_the_capabilities_name_every_resource_with_its_methods(program):
    for path in ("/dicomweb", "/dicomweb/"):
        answer = program.request("OPTIONS", path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/vnd.sun.wadl+xml")
    wadl = {"w": NAMESPACE}
    [resources] = ET.fromstring(answer.content).findall("w:resources", wadl)
    assert resources.get("base") == "http://127.0.0.1/dicomweb"

    def methods_of(resource, path=""):
        for below in resource.findall("w:resource", wadl):
            here = f"{path}/{below.get('path')}"
            yield from ((here, method.get("name")) for method in below.findall("w:method", wadl))
            yield from methods_of(below, here)

    served = {
        (route.path.removeprefix("/dicomweb"), method)
        for router in routers()
        for route in router.routes
        for method in route.methods
        if route.path.startswith("/dicomweb/")
    }
    assert set(methods_of(resources)) == served
    [studies] = [one for one in resources if one.get("path") == "studies"]
    names = {one.get("name") for one in studies.find("w:method[@name='GET']/w:request", wadl)}
    assert {"limit", "multiplevaluematching", "PatientID", "StudyDate"} <= names
    types = [one.get("mediaType") for one in studies.find("w:method[@name='GET']/w:response", wadl)]
    assert types[0] == "application/dicom+json"


def test_a_search_is_answered_in_xml_to_whom_asks_for_it(program):
    answer = program.get("/dicomweb/studies", headers={"Accept": 'multipart/related; type="application/dicom+xml"'})
    parts = parts_of(answer)
    assert [headers["content-type"] for headers, _ in parts] == ["application/dicom+xml"] * 2
    assert "<FamilyName>Doe</FamilyName>" in parts[0][1].decode()
    assert program.get("/dicomweb/studies", headers={"Accept": "text/csv"}).status_code == 406


def test_a_head_request_has_the_headers_and_no_body_and_a_slash_changes_nothing(program):
    whole, head = program.get("/dicomweb/studies"), program.head("/dicomweb/studies")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == whole.headers["content-length"]
    assert program.head("/dicomweb/studies/1.77").status_code == 404
    assert program.head("/dicomweb/workitems/1.77").status_code == 404
    assert program.get("/dicomweb/studies/").json() == whole.json()
    assert program.get("/dicomweb/studies/1.1/series/").json() == program.get("/dicomweb/studies/1.1/series").json()


def test_nobody_is_let_in_by_another_method(site):
    stranger = site.browser()
    for method, path in (("HEAD", "/dicomweb/studies"), ("OPTIONS", "/dicomweb"), ("GET", "/dicomweb/studies/")):
        assert stranger.request(method, path, headers={"Accept": "application/json"}).status_code == 401
