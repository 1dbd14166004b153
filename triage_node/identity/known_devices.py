"""Browsers that a person signed in on before: what such a browser keeps proves it, and only for that person.

The proof is made with the hash of the password: it holds over restarts, needs no secret of its own, and ends when the
password is changed.
"""

import hashlib
import hmac

from triage_node.database import UserRow

LONGEST = 200


def signed_device(user: UserRow, nonce: str) -> str:
    """Return a nonce with the proof that it was given to a browser of a user."""
    return f"{nonce}.{_proof(user, nonce)}"


def is_device(user: UserRow | None, device: str) -> bool:
    """Tell whether a browser's proof is good for a user."""
    nonce, dot, proof = device.partition(".")
    if user is None or not user.password_hash or not dot or len(device) > LONGEST:
        return False
    return hmac.compare_digest(proof.encode(), _proof(user, nonce).encode())


def _proof(user: UserRow, nonce: str) -> str:
    text = f"triage-node device {user.id} {nonce}"
    return hmac.new(user.password_hash.encode(), text.encode(), hashlib.sha256).hexdigest()
