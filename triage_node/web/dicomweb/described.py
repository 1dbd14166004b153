"""How DICOMweb stands in the OpenAPI description: data sets, search parameters, bodies."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, Field, RootModel

from triage_node.search import LONGEST_VALUE, Attribute, Level
from triage_node.web.dicomweb.search_query import MOST_OFFSET, keys_of
from triage_node.web.http.data_sets import XML_PARTS
from triage_node.web.http.media_types import DICOM, DICOM_JSON, JSON, MediaType

Responses = dict[int | str, dict[str, Any]]


class PersonName(BaseModel):
    """A value of the VR PN (PS3.18 F.2.2)."""

    Alphabetic: str | None = None
    Ideographic: str | None = None
    Phonetic: str | None = None


class DataElement(BaseModel):
    """An attribute in the DICOM JSON Model (PS3.18 F.2.2); one without a value has its VR only."""

    vr: str = Field(pattern="^[A-Z]{2}$")
    Value: list["str | int | float | PersonName | DataSet | None"] | None = None
    BulkDataURI: str | None = None
    InlineBinary: str | None = None


class DataSet(RootModel[dict[str, DataElement]]):
    """A data set in the DICOM JSON Model (PS3.18 F.2), by tag in eight hexadecimal digits."""


ONE = {"schema": {"$ref": "#/components/schemas/DataSet"}}
MANY = {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/DataSet"}}}
WARNING = {"Warning": {"schema": {"type": "string"}, "description": "what was not done of what was asked"}}


def data_sets(description: str) -> dict[str, Any]:
    """Return an answer of a list of data sets in each form they are had in."""
    content = {DICOM_JSON: MANY, str(XML_PARTS): {}}
    return {"model": list[DataSet], "description": description, "headers": WARNING, "content": content}


def data_set_answer(description: str) -> dict[str, Any]:
    """Return an answer of one data set in each form it is had in."""
    return {"model": DataSet, "description": description, "content": {DICOM_JSON: ONE, str(XML_PARTS): {}}}


def failed(description: str) -> dict[str, Any]:
    """Return a refusal that may say of each instance why: in JSON a data set, or the one sentence of all refusals."""
    either = {"schema": {"anyOf": [ONE["schema"], {"$ref": "#/components/schemas/Refusal"}]}}
    return {"description": description, "content": {DICOM_JSON: ONE, JSON: either, str(XML_PARTS): {}}}


def found(description: str) -> Responses:
    """Return the answers of a search."""
    return {200: data_sets(description), 204: {"description": "nothing matches", "headers": WARNING}}


def media(description: str, *media_types: MediaType | str) -> dict[str, Any]:
    """Return an answer that is no JSON."""
    return {"description": description, "content": {str(one): {} for one in media_types}}


def search_parameters(level: Level, path: str = "") -> dict[str, Any]:
    """Return what the description of a search has beside, for ``openapi_extra``: the names of an address's query."""
    return parameters_of(keys_of(level).values(), path)


def parameters_of(keys: Iterable[Attribute], path: str = "") -> dict[str, Any]:
    """Return the same for these keys; those that the path holds are required."""
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", path)
    ]
    text = {"type": "string", "maxLength": LONGEST_VALUE}
    by_key = [_query(one.keyword, text, "matched as PS3.4 C.2.2.2 says, also by its tag") for one in keys]
    return {"parameters": [*in_path, *OPTIONS, *by_key]}


def body(is_required: bool = True, *, is_instances: bool = False) -> dict[str, Any]:
    """Return how a request's body is described, for ``openapi_extra``: a data set, or instances in parts."""
    binary: Mapping[str, Any] = {"schema": {"type": "string", "format": "binary"}}
    content = {str(MediaType.multipart(DICOM)): binary} if is_instances else {DICOM_JSON: ONE, JSON: ONE}
    return {"requestBody": {"required": is_required, "content": content}}


def named_in_query(name: str, description: str) -> dict[str, Any]:
    """Return how a UID in the query is described, for ``openapi_extra``."""
    return {"parameters": [_query(name, {"type": "string", "maxLength": 64}, description)]}


def _query(name: str, schema: Mapping[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


_NUMBER = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
_TRUTH = {"type": "boolean"}
_TEXT = {"type": "string"}
OPTIONS = (
    _query("limit", _NUMBER, "how many results at most"),
    _query("offset", _NUMBER | {"maximum": MOST_OFFSET}, "how many results are left out before"),
    _query("includefield", _TEXT, "keywords or tags, parted by commas, or `all`"),
    _query("fuzzymatching", _TRUTH, "not done, which a Warning says"),
    _query("emptyvaluematching", _TRUTH, 'whether `""` matches what has no value'),
    _query("multiplevaluematching", _TRUTH, "whether a backslash stands between values of which one must match"),
    _query("accept", _TEXT, "media types, in place of the Accept header"),
)
