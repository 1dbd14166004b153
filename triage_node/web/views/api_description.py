"""The OpenAPI description of everything for programs: the API, DICOMweb and its worklist, WADO-URI."""

from collections.abc import Mapping

from fastapi import FastAPI

from triage_node.identity import Role
from triage_node.json_object import JsonObject
from triage_node.web.security.csrf import HEADER, SAFE_METHODS

REFUSAL = {
    "type": "object",
    "required": ["detail"],
    "properties": {"detail": {"type": "string", "description": "one sentence that says why"}},
}
REFERENCE = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
NOT_GENERAL = ("HTTPValidationError", "ValidationError")
PEOPLE = {Role.READER, Role.ADMINISTRATOR}
TAGS = {
    "worklist": "Studies in reading order, what is known of each, and what a reader says of them.",
    "events": "Changes of studies as they happen.",
    "images": "Slices in Hounsfield units.",
    "statistics": "Numbers of the department, without patient data.",
    "health": "Whether the node lives and can work; for everybody.",
    "system": "How the node is, without patient data.",
    "capabilities": "What DICOMweb can do here (PS3.18 8.9).",
    "QIDO-RS": "Search for studies, series and instances (PS3.18 10.6).",
    "WADO-RS": "Retrieve instances, headers, frames and pictures (PS3.18 10.4).",
    "STOW-RS": "Store instances (PS3.18 10.5).",
    "UPS-RS": "Workitems of the Unified Worklist (PS3.18 11).",
    "WADO-URI": "One instance by the parameters of an address (PS3.18 9).",
}


def description_of(application: FastAPI, session_cookie: str) -> JsonObject:
    """Return the description, with what FastAPI does not know: how one signs in, and how this API refuses.

    Parameters
    ----------
    application
        As `build_application` makes it: it holds the roles of each route.
    session_cookie
        The name of the cookie of people's sessions.
    """
    description = application.openapi()
    if "securitySchemes" in description["components"]:
        return description
    schemas = description["components"]["schemas"]
    for name in NOT_GENERAL:
        schemas.pop(name, None)
    schemas["Refusal"] = REFUSAL
    description["components"]["securitySchemes"] = _security_schemes(session_cookie)
    description["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    allowed = application.state.roles
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            _describe(operation, method.upper(), allowed[path, method.upper()])
    return description


def _security_schemes(session_cookie: str) -> Mapping[str, Mapping[str, str]]:
    return {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token of `triage-node token add NAME --role ROLE`; never in an address.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": session_cookie,
            "description": "The session of a person who signed in at `/sign-in`.",
        },
        "formToken": {
            "type": "apiKey",
            "in": "header",
            "name": HEADER,
            "description": "The form token of the session's pages, which whatever changes something needs.",
        },
    }


def _describe(operation: JsonObject, method: str, roles: tuple[Role, ...]) -> None:
    """Add to an operation who may use it, how one signs in for it, and how it is refused."""
    people: list[dict[str, list[str]]] = (
        [{"session": []}] if method in SAFE_METHODS else [{"session": [], "formToken": []}]
    )
    operation["security"] = [{"token": []}, *(people if PEOPLE & set(roles) else [])] if roles else []
    operation["x-roles"] = [str(role) for role in roles]
    responses = operation["responses"]
    responses.pop("422", None)
    responses["4XX"] = {"description": "Not signed in, not allowed, not there, or not understood"}
    responses.setdefault("503", {"description": "The node cannot answer now"})
    for status, response in responses.items():
        if status[0] in "45":
            response.setdefault("content", REFERENCE)
