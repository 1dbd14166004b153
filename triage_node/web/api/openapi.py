"""The description of the API for programs."""

from fastapi import APIRouter, Depends, Request

from triage_node.identity import Role
from triage_node.json_object import JsonObject
from triage_node.web.security.authorization import require

router = APIRouter(include_in_schema=False)

REFUSAL = {
    "type": "object",
    "required": ["detail"],
    "properties": {"detail": {"type": "string", "description": "one sentence that says why"}},
}
NOT_GENERAL = ("HTTPValidationError", "ValidationError")


@router.get("/api/openapi.json", dependencies=[Depends(require(Role.READER, Role.SERVICE))])
def openapi(request: Request) -> JsonObject:
    """Return the OpenAPI description."""
    return described(request.app.openapi())


def described(description: JsonObject) -> JsonObject:
    """Say how this API refuses: with one sentence, whatever the reason, and not as FastAPI does by itself."""
    schemas = description.setdefault("components", {}).setdefault("schemas", {})
    for name in NOT_GENERAL:
        schemas.pop(name, None)
    schemas["Refusal"] = REFUSAL
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
    for operations in description["paths"].values():
        for operation in operations.values():
            responses = operation["responses"]
            responses.pop("422", None)
            responses["4XX"] = {
                "description": "Not signed in, not allowed, not there, or not understood",
                "content": content,
            }
            responses["503"] = {"description": "The node cannot answer now", "content": content}
    return description
