"""Where to go after signing in: a page of ours, never another site."""

from urllib.parse import urlsplit


def safe_next(address: str) -> str:
    """Return the address if it is a path of this server, else the front door.

    Browsers take ``//host`` and ``/\\host`` for another site, and skip tabs and line ends.
    """
    is_path = address.startswith("/") and not address.startswith(("//", "/\\"))
    if not is_path or any(ord(character) < 32 or character == "\\" for character in address):
        return "/"
    services = urlsplit(address)
    if services.scheme or services.netloc or services.path.startswith(("/sign-in", "/sign-out")):
        return "/"
    return address
