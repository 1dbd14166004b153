"""Another DICOM system as it is called: AE title, address, and TLS if it speaks it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class TlsFiles:
    """What a connection over TLS needs; None stands for the machine's authorities and for no client certificate.

    ``server_name`` is the name that the other's certificate must bear, by default the host that is called.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    server_name: str | None = None


@dataclass(frozen=True)
class Peer:
    """An application entity, written as ``AET@HOST:PORT``."""

    ae_title: str
    host: str
    port: int
    tls: TlsFiles | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``AET@HOST:PORT``; an IPv6 host stands in square brackets.

        Raises
        ------
        ValueError
            The text has another form.
        """
        match = re.fullmatch(r"([ -?A-\[\]-~]+)@(\[[0-9a-fA-F:]+\]|[^@:\[\]\s/]+):(\d{1,5})", text.strip())
        title = match[1].strip() if match is not None else ""
        if match is None or not 0 < len(title) <= 16 or not 0 < int(match[3]) < 1 << 16:
            raise ValueError(f"{text!r} is not of the form AET@HOST:PORT")
        return cls(title, match[2].strip("[]"), int(match[3]))

    def __str__(self) -> str:
        return f"{self.ae_title}@{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"
