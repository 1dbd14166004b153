"""Which representation a client gets: media types and their negotiation (RFC 9110 12.5.1, PS3.18 8.7.8)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import Request
from starlette.exceptions import HTTPException

DICOM = "application/dicom"
DICOM_JSON = "application/dicom+json"
JSON = "application/json"
OCTET_STREAM = "application/octet-stream"
MULTIPART = "multipart/related"

MOST_CHARACTERS = 8192
MOST_RANGES = 64
_NAME = re.compile(r"\s*([\w!#$&^.+*-]+/[\w!#$&^.+* -]*[\w!#$&^.+*-])\s*")
_PARAMETER = re.compile(r';\s*(?:([\w!#$&^.+*-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;,"]*))?\s*')
_COMMAS = re.compile(r"(?:\s*,)*\s*")


@dataclass(frozen=True)
class MediaType:
    """A media type or a range of them, such as ``multipart/related; type="application/dicom"``.

    Attributes
    ----------
    name
        Type and subtype in lower case, either may be ``*``.
    parameters
        By name in lower case; without ``q``.
    """

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "MediaType":
        """Read one media type, such as the value of a Content-Type.

        Raises
        ------
        HTTPException
            400, it is none.
        """
        found = _parsed(text, "Content-Type")
        if len(found) != 1:
            raise HTTPException(400, "Content-Type is no media type.")
        return found[0][0]

    @classmethod
    def multipart(cls, root: str, **parameters: str) -> "MediaType":
        """Return the type of a body whose parts are of a type (RFC 2387)."""
        return cls(MULTIPART, {"type": root} | {name.replace("_", "-"): value for name, value in parameters.items()})

    @property
    def root(self) -> str:
        """Type of the parts of a multipart body, of any other the type itself; in lower case."""
        return self.parameters.get("type", "*/*").lower() if self.name == MULTIPART else self.name

    @property
    def transfer_syntax(self) -> str:
        """Transfer Syntax UID or ``*``, "" when not named (PS3.18 8.7.3.5.2)."""
        return self.parameters.get("transfer-syntax", "")

    def __str__(self) -> str:
        return self.name + "".join(f"; {name}={_quoted(value)}" for name, value in self.parameters.items())

    def covers(self, other: "MediaType") -> bool:
        """Tell whether a type lies within this range; of the parameters, those count that tell offers apart."""
        if not _covers(self.name, other.name):
            return False
        if self.name == MULTIPART and not _covers(self.root, other.root):
            return False
        syntax = other.transfer_syntax
        return not syntax or self.transfer_syntax in ("", "*", syntax)

    @property
    def precision(self) -> tuple[int, int, bool]:
        """How narrow the range is, to be compared; the narrowest that covers a type says how welcome it is."""
        root = _precision(self.root) if self.name == MULTIPART else 0
        return _precision(self.name), root, self.transfer_syntax not in ("", "*")


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Attributes
    ----------
    media_type
        The offer.
    transfer_syntaxes
        What the client says of the syntax of this offer, dearest first: UIDs, ``*`` for whatever is stored, "" where
        the client names none and the Standard's default holds.
    """

    media_type: MediaType
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True)
class Acceptable:
    """What a client accepts, from the ``accept`` parameter of the query and from the header, each with its weight."""

    query: tuple[tuple[MediaType, float], ...]
    header: tuple[tuple[MediaType, float], ...]

    @classmethod
    def of(cls, request: Request) -> "Acceptable":
        """Read what a request says; without a header everything is acceptable.

        Raises
        ------
        HTTPException
            400, it cannot be understood.
        """
        query = ",".join(request.query_params.getlist("accept"))
        header = ",".join(request.headers.getlist("accept"))
        return cls(tuple(_parsed(query, "accept")), tuple(_parsed(header, "Accept") or [(MediaType("*/*"), 1.0)]))

    @classmethod
    def reading(cls, text: str, what: str) -> "Acceptable":
        """Read a list of media types that stands elsewhere, in the order of preference or with weights.

        Raises
        ------
        HTTPException
            400, it cannot be understood.
        """
        return cls(tuple(_parsed(text, what)), ())

    def choose(self, *offers: MediaType) -> Choice:
        """Choose what is offered; of equally welcome offers the first.

        What the query names goes before the header; only where none of it is offered the header counts
        (PS3.18 8.7.8.1).

        Raises
        ------
        HTTPException
            406, nothing that is offered is acceptable; the sentence names the offers.
        """
        for ranges in (self.query, self.header):
            weighed = [(_weight(ranges, offer), offer) for offer in offers]
            weight, best = max(weighed, key=lambda pair: pair[0], default=(0.0, None))
            if best is not None and weight > 0:
                return Choice(best, _transfer_syntaxes(ranges, best))
        raise not_acceptable(offers)


def not_acceptable(offers: Sequence[MediaType]) -> HTTPException:
    """Return the refusal of a request for which nothing fits."""
    names = " or ".join(str(offer) for offer in offers) or "nothing"
    return HTTPException(406, f"Nothing that is acceptable can be sent; the node has {names}.")


def _weight(ranges: Sequence[tuple[MediaType, float]], offer: MediaType) -> float:
    covering = [(one.precision, weight) for one, weight in ranges if one.covers(offer)]
    return max(covering, default=((0, 0, False), 0.0))[1]


def _transfer_syntaxes(ranges: Sequence[tuple[MediaType, float]], offer: MediaType) -> tuple[str, ...]:
    covering = [(one, weight) for one, weight in ranges if weight > 0 and one.covers(offer)]
    narrowest = max(one.precision[:2] for one, _ in covering)
    named = sorted((pair for pair in covering if pair[0].precision[:2] == narrowest), key=lambda pair: -pair[1])
    return tuple(dict.fromkeys(one.transfer_syntax for one, _ in named))


def _parsed(text: str, what: str) -> list[tuple[MediaType, float]]:
    if len(text) > MOST_CHARACTERS or text.count(",") >= MOST_RANGES:
        raise HTTPException(400, f"{what} is too long.")
    return list(_ranges(text, what)) if text.strip() else []


def _ranges(text: str, what: str) -> Iterator[tuple[MediaType, float]]:
    at = _COMMAS.match(text, 0).end()  # type: ignore[union-attr]
    while at < len(text):
        name = _NAME.match(text, at)
        if name is None:
            raise HTTPException(400, f"{what} is no list of media types.")
        at, parameters = name.end(), {}
        while found := _PARAMETER.match(text, at):
            at = found.end()
            if found[1]:
                parameters[found[1].lower()] = _unquoted(found[2])
        weight = _quality(parameters.pop("q", "1"), what)
        # A "+" that the address did not escape has become a space.
        yield MediaType(name[1].lower().replace(" ", "+"), parameters), weight
        if at < len(text) and text[at] != ",":
            raise HTTPException(400, f"{what} is no list of media types.")
        at = _COMMAS.match(text, at).end()  # type: ignore[union-attr]


def _quality(text: str, what: str) -> float:
    if not re.fullmatch(r"0(\.\d{0,3})?|1(\.0{0,3})?", text):
        raise HTTPException(400, f"{what} has a weight that is not between 0 and 1.")
    return float(text)


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _quoted(value: str) -> str:
    return (
        value if re.fullmatch(r"[\w!#$&^.+*-]+", value) else '"' + value.replace("\\", r"\\").replace('"', r"\"") + '"'
    )


def _covers(wide: str, name: str) -> bool:
    return wide in ("*/*", name) or (wide.endswith("/*") and name.startswith(wide[:-1]))


def _precision(name: str) -> int:
    return 0 if name == "*/*" else 1 if name.endswith("/*") else 2
