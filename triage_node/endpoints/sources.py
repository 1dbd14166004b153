"""Where studies are asked for and retrieved from: a table in the settings, by name."""

from typing import ClassVar, Literal

from pydantic import Field

from triage_node.endpoints.endpoint import CREDENTIALS, TLS, Endpoint, Kinds, check_dicom_address, check_web_address

COMMON = frozenset(["url", "name", "retrieve", "interval_seconds"])
OF_DICOM = frozenset(["method"])

KINDS: Kinds = {
    "dicom": (check_dicom_address, OF_DICOM),
    "dicoms": (check_dicom_address, OF_DICOM | TLS),
    "https": (check_web_address, TLS | CREDENTIALS),
    "http": (check_web_address, CREDENTIALS),
}
"""How an address of each scheme is checked, and which options it has beside those of all."""


class QuerySource(Endpoint):
    """One that is asked which instances a study has, and gives them."""

    kinds: ClassVar[Kinds] = KINDS
    common: ClassVar[frozenset[str]] = COMMON

    url: str = Field(
        description="`dicom://CALLED_AE@HOST:PORT`, `dicoms://CALLED_AE@HOST:PORT` (over TLS): C-FIND; "
        "`https://…/studies`: QIDO-RS and WADO-RS"
    )
    retrieve: bool = Field(False, description="retrieve by itself what is missing of an open study")
    interval_seconds: float = Field(
        30.0, ge=1, le=1_000_000, description="an open study is not asked for more often than this"
    )
    method: Literal["move", "get"] = Field(
        "move",
        description="`move`: C-MOVE to the node's own AE title, which the source must know; `get`: C-GET",
    )
