"""Answers with a type: frozen read models as JSON, and the same models in the OpenAPI description."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, create_model

from triage_node.json_object import to_json

NOT_SHOWN = frozenset({"folder"})
"""Fields of read models that name places on the node's disk: no program has to know them."""


@dataclass(frozen=True)
class Typed:
    """Answers of one type.

    Parameters
    ----------
    kind
        A frozen dataclass.
    description
        What the answer is, for the OpenAPI description.
    name
        What the model is called there; the class's name by default.
    """

    kind: type
    description: str
    name: str = ""

    @property
    def responses(self) -> dict[int | str, dict[str, Any]]:
        """What a route declares as its ``responses``."""
        return {200: {"model": self.model, "description": self.description}}

    @property
    def model(self) -> type[BaseModel]:
        """The type as the description names it."""
        return answer_model(self.kind, self.name)

    def __call__(self, value: object, status: int = 200) -> JSONResponse:
        """Answer with a value of the type; it is not checked again, which would take longer than many a query."""
        return JSONResponse(to_json(value), status)


@cache
def answer_model(kind: type, name: str = "") -> type[BaseModel]:
    """Return the model of what `to_json` makes of a frozen dataclass: every field is there, under its name in JSON."""
    hints = get_type_hints(kind)
    described: dict[str, Any] = {}
    for one in fields(kind):
        if one.name in NOT_SHOWN:
            continue
        if one.metadata.get("flat"):
            inner = answer_model(hints[one.name]).model_fields
            described |= {name: (field.annotation, ...) for name, field in inner.items()}
        else:
            described[one.metadata.get("name", one.name)] = (_in_json(hints[one.name]), ...)
    made: type[BaseModel] = create_model(
        name or kind.__name__,
        __config__=ConfigDict(protected_namespaces=()),
        __doc__=(kind.__doc__ or "").partition("\n\n")[0],
        __module__=kind.__module__,
        **described,
    )
    return made


def _in_json(hint: Any) -> Any:
    if is_dataclass(hint):
        return answer_model(hint)  # type: ignore[arg-type]
    origin, inner = get_origin(hint), tuple(_in_json(one) for one in get_args(hint))
    if origin is None:
        return hint
    if origin in (Union, UnionType):
        return reduce(or_, inner)
    if issubclass(origin, Mapping):
        key, content = inner
        return dict[key, content]  # type: ignore[valid-type]
    if issubclass(origin, Sequence):
        return list[inner[0]]  # type: ignore[valid-type]
    raise TypeError(f"{hint} has no form in JSON")
