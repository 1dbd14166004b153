"""Who may send: AE titles, and the networks they may send from."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

ANYONE = "*"
MAPPED = IPv6Network("::ffff:0:0/96")
"""IPv4-mapped IPv6 addresses (RFC 4291 2.5.5.2): how a socket that speaks both shows who came over IPv4."""

AETitle = Annotated[str, Field(min_length=1, max_length=16, pattern=r"^[ -\[\]-~]*[!-\[\]-~][ -\[\]-~]*$")]


def address_of(text: str) -> IPv4Address | IPv6Address:
    """Return an address; one that is IPv4-mapped is the IPv4 address that it stands for.

    Raises
    ------
    ValueError
        It is none.
    """
    address = ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


def network_of(written: object) -> IPv4Network | IPv6Network:
    """Return a network, also of a single address; IPv4-mapped ones likewise.

    Raises
    ------
    ValueError
        It is none; the sentence says why.
    """
    network = ip_network(str(written))
    if isinstance(network, IPv6Network) and network.subnet_of(MAPPED):
        address = IPv4Address(int(network.network_address) & 0xFFFFFFFF)
        return IPv4Network((address, network.prefixlen - MAPPED.prefixlen))
    return network


Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(network_of)]


class AllowedPeer(BaseModel):
    """One that may send; without networks, from every address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ae_title: AETitle = Field(ANYONE, description="calling AE title; `*` stands for every one")
    networks: tuple[Network, ...] = Field(
        (), description="addresses it may come from, as `10.0.0.5`, `10.0.0.0/24` or `fd00::/8`; empty: all"
    )

    @classmethod
    def written(cls, text: str) -> dict[str, object]:
        """Return the table that a text stands for: ``AET`` or ``AET@NETWORK``."""
        title, at, network = text.strip().partition("@")
        return {"ae_title": title, "networks": (network,)} if at else {"ae_title": title}

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one that is written as a text.

        Raises
        ------
        ValueError
            The text has another form.
        """
        return cls.model_validate(cls.written(text))

    def __str__(self) -> str:
        return "@".join([self.ae_title, *([" or ".join(map(str, self.networks))] if self.networks else [])])

    def covers(self, address: str) -> bool:
        """Tell whether it may come from an address."""
        return not self.networks or any(address_of(address) in network for network in self.networks)

    def is_called(self, ae_title: str) -> bool:
        """Tell whether it has an AE title; leading and trailing spaces do not count (PS3.8 9.3.2)."""
        return self.ae_title.strip() in (ANYONE, ae_title.strip())
