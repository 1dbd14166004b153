"""Who may do what."""

from enum import StrEnum


class Role(StrEnum):
    """What a person or a program may do.

    An administrator may do all that a reader may, a service uses the API only, and monitoring reads
    metrics and the state of the node: no patient data.
    """

    READER = "reader"
    ADMINISTRATOR = "administrator"
    SERVICE = "service"
    MONITORING = "monitoring"

    def may(self, *least: "Role") -> bool:
        """Tell whether this role reaches one of those a thing asks for."""
        return self in least or (self is Role.ADMINISTRATOR and Role.READER in least)
