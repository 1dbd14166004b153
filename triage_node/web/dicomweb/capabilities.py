"""Retrieve Capabilities (PS3.18 8.9): what DICOMweb can do here, as a WADL document (Annex H)."""

from collections.abc import Iterable, Iterator
from typing import Annotated
from xml.etree import ElementTree as ET

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from triage_node.identity import Role
from triage_node.imaging import MEDIA_TYPES
from triage_node.search import Level
from triage_node.web.dependencies import dicomweb_url
from triage_node.web.dicomweb import bulkdata, documents, frames, metadata, rendered, retrieve, search, store, workitems
from triage_node.web.dicomweb import workitem_changes as changes
from triage_node.web.dicomweb.described import media
from triage_node.web.dicomweb.search_query import keys_of
from triage_node.web.http.data_sets import OFFERS
from triage_node.web.http.media_types import DICOM, DICOM_JSON, OCTET_STREAM, Acceptable, MediaType
from triage_node.web.security.authorization import require
from triage_node.web.security.principal import Principal

router = APIRouter(tags=["capabilities"])

WADL = MediaType("application/vnd.sun.wadl+xml")
XML = MediaType("application/xml")
NAMESPACE = "http://wadl.dev.java.net/2009/02"
BASE = "/dicomweb"
ROUTERS = tuple(
    one.router for one in (search, store, retrieve, metadata, frames, rendered, bulkdata, workitems, changes)
)
DATA_SETS = tuple(str(one) for one in OFFERS)
PICTURES = tuple(f for name in MEDIA_TYPES for f in (name, str(MediaType.multipart(name))))
RETURNED = {
    "rendered": (*PICTURES, *documents.WRITERS, str(documents.PDF)),
    "thumbnail": tuple(MEDIA_TYPES),
    "{frames}": (str(MediaType.multipart(OCTET_STREAM)),),
    "{tag}": (str(MediaType.multipart(OCTET_STREAM)), OCTET_STREAM),
}
"""What a resource returns, by the end of its address; the others return data sets, or instances."""
INSTANCES = ("{study_instance_uid}", "{series_instance_uid}", "{sop_instance_uid}")
SEARCHED = {"studies": Level.STUDY, "series": Level.SERIES, "instances": Level.INSTANCE}


@router.options(
    BASE,
    summary="What DICOMweb can do here",
    response_class=Response,
    responses={200: media("a document in WADL (PS3.18 Annex H)", WADL, XML)},
)
def capabilities(
    request: Request,
    _principal: Annotated[Principal, Depends(require(Role.READER, Role.SERVICE, Role.ADMINISTRATOR))],
) -> Response:
    """Describe every resource with its methods, parameters and representations."""
    media_type = Acceptable.of(request).choose(WADL, XML).media_type
    base = dicomweb_url(request)
    root = ET.Element("application", {"xmlns": NAMESPACE})
    _add_resources(ET.SubElement(root, "resources", {"base": base}), _routes())
    content = ET.tostring(root, "utf-8", xml_declaration=True)
    return Response(content, 200, {"Allow": "OPTIONS"}, media_type=str(media_type))


def _routes() -> Iterator[APIRoute]:
    for one in ROUTERS:
        yield from (route for route in one.routes if isinstance(route, APIRoute))


def _add_resources(root: ET.Element, routes: Iterable[APIRoute]) -> None:
    known: dict[tuple[str, ...], ET.Element] = {(): root}
    for route in sorted(routes, key=lambda one: one.path):
        path = tuple(route.path.removeprefix(BASE).strip("/").split("/"))
        for depth in range(1, len(path) + 1):
            if path[:depth] not in known:
                parent = known[path[: depth - 1]]
                known[path[:depth]] = ET.SubElement(parent, "resource", {"path": path[depth - 1]})
        for method in sorted(route.methods or ()):
            _add_method(known[path], method, route)


def _add_method(resource: ET.Element, method: str, route: APIRoute) -> None:
    shown = ET.SubElement(resource, "method", {"name": method, "id": f"{route.name}_{method}".lower()})
    end = route.path.rpartition("/")[2]
    request = ET.SubElement(shown, "request")
    if method == "POST":
        is_store = end in ("studies", "{study_instance_uid}")
        sent = str(MediaType.multipart(DICOM)) if is_store else DICOM_JSON
        ET.SubElement(request, "representation", {"mediaType": sent})
    for name in _parameters(method, end, route):
        ET.SubElement(request, "param", {"name": name, "style": "query"})
    response = ET.SubElement(shown, "response")
    for media_type in _returned(end, method):
        ET.SubElement(response, "representation", {"mediaType": media_type})


def _returned(end: str, method: str) -> tuple[str, ...]:
    if method == "GET" and end in INSTANCES:
        return (str(MediaType.multipart(DICOM)), *([DICOM] if end == INSTANCES[-1] else []))
    return RETURNED.get(end, DATA_SETS)


def _parameters(method: str, end: str, route: APIRoute) -> Iterator[str]:
    """Yield the names of query parameters: of a search its options and keys, else what the route declares."""
    if method == "GET" and end in SEARCHED:
        yield from ("limit", "offset", "fuzzymatching", "emptyvaluematching", "multiplevaluematching", "includefield")
        yield from (keyword for keyword in keys_of(SEARCHED[end]))
    yield from (one.alias for one in route.dependant.query_params)
    yield from (one.alias for below in route.dependant.dependencies for one in below.query_params)
