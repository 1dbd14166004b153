"""The OpenAPI description as a page shows it: operations by tag, and the models that they speak of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from triage_node.json_object import JsonObject

PREFIX = "#/components/schemas/"
METHODS = ("get", "post", "put", "delete", "options")


@dataclass(frozen=True)
class Words:
    """Some words of a description; ``model`` names the model that they link to, and code is set as such."""

    text: str
    model: str = ""
    is_code: bool = False


Text = Sequence[Words]


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation, or a field of a model."""

    name: str
    place: str
    type: Text
    is_required: bool
    description: Text


@dataclass(frozen=True)
class Content:
    """What is sent one way or the other: a status or "", and the type by media type."""

    status: str
    description: Text
    types: Mapping[str, Text]


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    method: str
    path: str
    name: str
    summary: str
    paragraphs: Sequence[Text]
    roles: Sequence[str]
    parameters: Sequence[Parameter]
    body: Content | None
    answers: Sequence[Content]


@dataclass(frozen=True)
class Group:
    """The operations of a tag."""

    name: str
    description: Text
    operations: Sequence[Operation]


@dataclass(frozen=True)
class Model:
    """The fields of a model, or what it is when it has none."""

    name: str
    description: Text
    type: Text
    fields: Sequence[Parameter]


def groups_of(description: JsonObject) -> list[Group]:
    """Return the operations in the order of the description's tags."""
    found: dict[str, list[Operation]] = {tag["name"]: [] for tag in description["tags"]}
    for path, methods in description["paths"].items():
        for method in METHODS:
            if method in methods:
                found[methods[method]["tags"][0]].append(_operation(path, method, methods[method]))
    return [Group(tag["name"], words_of(tag["description"]), found[tag["name"]]) for tag in description["tags"]]


def models_of(description: JsonObject) -> list[Model]:
    """Return the models by name."""
    schemas = description["components"]["schemas"]
    return [_model(name, schemas[name]) for name in sorted(schemas)]


def schemes_of(description: JsonObject) -> dict[str, Text]:
    """Return how one signs in, in words, by name."""
    schemes = description["components"]["securitySchemes"]
    return {name: words_of(one["description"]) for name, one in schemes.items()}


def _operation(path: str, method: str, described: Mapping[str, Any]) -> Operation:
    body = described.get("requestBody")
    return Operation(
        method=method.upper(),
        path=path,
        name=described["operationId"],
        summary=described["summary"],
        paragraphs=[words_of(one) for one in described.get("description", "").split("\n\n") if one],
        roles=described["x-roles"],
        parameters=[_parameter(one) for one in described.get("parameters", ())],
        body=_content("", body) if body else None,
        answers=[_content(status, one) for status, one in described["responses"].items()],
    )


def _parameter(described: Mapping[str, Any]) -> Parameter:
    description = described.get("description") or described["schema"].get("description", "")
    is_required = bool(described.get("required"))
    return Parameter(
        described["name"], described["in"], list(_type(described["schema"])), is_required, words_of(description)
    )


def _content(status: str, described: Mapping[str, Any]) -> Content:
    types = {name: list(_type(one.get("schema", {}))) for name, one in described.get("content", {}).items()}
    return Content(status, words_of(described.get("description", "")), types)


def _model(name: str, schema: Mapping[str, Any]) -> Model:
    required = schema.get("required", ())
    fields = [
        Parameter(field, "", list(_type(one)), field in required, words_of(one.get("description", "")))
        for field, one in schema.get("properties", {}).items()
    ]
    return Model(name, words_of(schema.get("description", "")), [] if fields else list(_type(schema)), fields)


def words_of(text: str) -> Text:
    """Return a text with what stands between backticks as code."""
    parts = text.replace("``", "`").split("`")
    return [Words(part, is_code=bool(place % 2)) for place, part in enumerate(parts) if part]


def _type(schema: Mapping[str, Any]) -> Iterator[Words]:
    """Yield what a value is, in words."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(PREFIX)
        yield Words(name, model=name)
    elif "enum" in schema:
        yield Words("one of " + ", ".join(str(one) for one in schema["enum"]))
    elif "anyOf" in schema:
        for place, one in enumerate(schema["anyOf"]):
            if place:
                yield Words(" or ")
            yield from _type(one)
    elif schema.get("type") == "array":
        yield Words("list of ")
        yield from _type(schema.get("items", {}))
    elif isinstance(schema.get("additionalProperties"), Mapping):
        yield Words("by name: ")
        yield from _type(schema["additionalProperties"])
    else:
        yield Words(_plain(schema))


def _plain(schema: Mapping[str, Any]) -> str:
    kind = schema.get("format") or schema.get("type") or ""
    words = {"binary": "bytes", "contentMediaType": "bytes", "": "as the media type says"}.get(kind, str(kind))
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        return f"{words}, {least:,} to {most:,}"
    return f"{words}, at most {schema['maxLength']:,} characters" if "maxLength" in schema else words
