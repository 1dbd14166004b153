"""Who may do what."""

from enum import StrEnum


class Role(StrEnum):
    """What a person or a program may do.

    An administrator may do all that a reader may. The others are of programs: a service uses the API and DICOMweb,
    storage sends instances (STOW-RS) and reads nothing, and monitoring reads metrics and the state of the node: no
    patient data.
    """

    READER = "reader"
    ADMINISTRATOR = "administrator"
    SERVICE = "service"
    STORAGE = "storage"
    MONITORING = "monitoring"

    def may(self, *least: "Role") -> bool:
        """Tell whether this role reaches one of those a thing asks for."""
        return self in least or (self is Role.ADMINISTRATOR and Role.READER in least)
