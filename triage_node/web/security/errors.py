"""Why somebody may not ask for what they ask for."""

from starlette.exceptions import HTTPException


class NotSignedIn(HTTPException):
    """Nobody is signed in."""

    def __init__(self) -> None:
        super().__init__(401, "Sign in first.", {"WWW-Authenticate": 'Bearer realm="triage-node"'})


class PasswordIsOld(HTTPException):
    """A one-time password lets its owner do nothing but choose another."""

    def __init__(self) -> None:
        super().__init__(403, "Choose a password of your own first.")


class Forbidden(HTTPException):
    """The role does not reach."""

    def __init__(self, message: str = "Your role does not allow that.") -> None:
        super().__init__(403, message)
