"""What a client accepts and what it gets: RFC 9110 weights, and the parameters of PS3.18."""

import pytest
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request

from triage_node.web.http.media_types import DICOM, DICOM_JSON, JSON, OCTET_STREAM, Acceptable, MediaType

PARTS = MediaType.multipart(DICOM)
FRAMES = MediaType.multipart(OCTET_STREAM, transfer_syntax="1.2.840.10008.1.2.1")
JPEG_LS = MediaType.multipart("image/jls", transfer_syntax="1.2.840.10008.1.2.4.80")
METADATA = (MediaType(DICOM_JSON), MediaType(JSON))
LITTLE, STORED = "1.2.840.10008.1.2.1", "*"


def acceptable(header: str | None = None, query: str = "") -> Acceptable:
    headers = [] if header is None else [(b"accept", header.encode())]
    return Acceptable.of(Request({"type": "http", "headers": headers, "query_string": query.encode()}))


def test_without_a_word_the_first_offer_is_taken():
    assert acceptable().choose(*METADATA).media_type.name == DICOM_JSON
    assert acceptable("").choose(PARTS).transfer_syntaxes == ("",)


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("application/json", JSON),
        ("application/json;q=0.9, application/dicom+json", DICOM_JSON),
        ("application/json, application/dicom+json;q=0.9", JSON),
        ("application/*;q=0.5, application/json;q=0.4", DICOM_JSON),
        ("*/*, application/dicom+json;q=0", JSON),
        ("APPLICATION/JSON; Charset=utf-8", JSON),
        ("text/html,application/xhtml+xml,*/*;q=0.8", DICOM_JSON),
        (" , application/json; ,", JSON),
    ],
)
def test_weights(header, chosen):
    assert acceptable(header).choose(*METADATA).media_type.name == chosen


@pytest.mark.parametrize(
    "header",
    [
        "text/html",
        "*/*;q=0",
        "image/*",
        'multipart/related; type="application/dicom+xml"',
        "multipart/related; type=image/jpeg",
        f'multipart/related; type="{DICOM_JSON}"',
    ],
)
def test_what_fits_nothing_is_406_and_says_what_there_is(header):
    with pytest.raises(HTTPException) as refusal:
        acceptable(header).choose(*METADATA)
    assert refusal.value.status_code == 406
    assert DICOM_JSON in refusal.value.detail


@pytest.mark.parametrize(
    "header",
    [
        'multipart/related; type="application/dicom"',
        "multipart/related;type=application/dicom",
        'multipart/related; type="APPLICATION/DICOM"; transfer-syntax=*',
        'multipart/related; type="application/*"',
        'multipart/related; type="*/*"',
        "multipart/related",
        "multipart/*",
        "*/*",
        'multipart/related; type="application/dicom"; boundary="a,b;c=\\"d\\""',
    ],
)
def test_multipart_ranges(header):
    assert acceptable(header).choose(PARTS).media_type.root == DICOM


def test_transfer_syntaxes_come_dearest_first():
    header = ", ".join(
        f'multipart/related; type="application/dicom"; transfer-syntax={syntax};q={weight}'
        for syntax, weight in [("*", 0.2), (LITTLE, 0.8), ("1.2.840.10008.1.2.4.70", 0.9), ("1.2.3", 0)]
    )
    assert acceptable(header).choose(PARTS).transfer_syntaxes == ("1.2.840.10008.1.2.4.70", LITTLE, STORED)
    assert acceptable(f"{header}, */*").choose(PARTS).transfer_syntaxes[-1] == STORED, "*/* says less"


def test_the_transfer_syntax_tells_offers_apart():
    assert acceptable('multipart/related; type="image/*"').choose(FRAMES, JPEG_LS).media_type == JPEG_LS
    asked = f"multipart/related; type={OCTET_STREAM}; transfer-syntax=1.2.840.10008.1.2.4.80"
    with pytest.raises(HTTPException):
        acceptable(asked).choose(FRAMES)
    with pytest.raises(HTTPException):
        acceptable("multipart/related; type=image/jls; transfer-syntax=1.2.840.10008.1.2.4.81").choose(JPEG_LS)


def test_the_query_goes_before_the_header():
    both = acceptable("application/dicom+json", "accept=application/json")
    assert both.choose(*METADATA).media_type.name == JSON
    unknown = acceptable("application/json", "accept=text/csv")
    assert unknown.choose(*METADATA).media_type.name == JSON
    for query in ("accept=application/dicom%2Bjson", "accept=application/dicom+json"):
        assert acceptable("text/html", query).choose(*METADATA).media_type.name == DICOM_JSON
    asked = str(QueryParams({"accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}))
    assert acceptable("text/html", asked).choose(PARTS).transfer_syntaxes == (STORED,)


@pytest.mark.parametrize(
    "header",
    ["dicom", "a/b c/d;", "a/b;q=2", "a/b;q=-1", "a/b;q=nan", 'a/b;c="d', "a/b;c d", "a/b," * 100, "a/" + "b" * 9000],
)
def test_what_is_no_list_of_media_types_is_400(header):
    with pytest.raises(HTTPException) as refusal:
        acceptable(header)
    assert refusal.value.status_code == 400


def test_media_types_are_written_as_they_are_read():
    text = 'multipart/related; type="application/dicom"; boundary="a b"; transfer-syntax=1.2.840.10008.1.2.1'
    assert str(MediaType.parse(text)) == text
    assert MediaType.parse(text).root == DICOM
    for text in ("", "a/b, c/d", "a"):
        with pytest.raises(HTTPException):
            MediaType.parse(text)
