"""Passwords are kept as argon2id hashes, and one that is easily guessed is not taken."""

import secrets
from functools import cached_property

import argon2

from triage_node.errors import AccountError

SHORTEST = 12
LONGEST = 256
LEAST_DIFFERENT = 5


class Passwords:
    """Hash and verify.

    Parameters
    ----------
    hasher
        The cost of a hash; by default that of RFC 9106, 4, second choice (64 MiB, three passes).
    """

    def __init__(self, hasher: argon2.PasswordHasher | None = None) -> None:
        self._hasher = hasher or argon2.PasswordHasher.from_parameters(argon2.profiles.RFC_9106_LOW_MEMORY)

    def hash(self, password: str, user_name: str) -> str:
        """Hash a new password.

        Raises
        ------
        AccountError
            It is too short, too long, of few different characters, or the user's name.
        """
        if not SHORTEST <= len(password) <= LONGEST:
            raise AccountError(f"A password has {SHORTEST} to {LONGEST} characters.")
        if len(set(password)) < LEAST_DIFFERENT or password.casefold() == user_name.casefold():
            raise AccountError("That password is guessed too easily.")
        return self._hasher.hash(password)

    def matches(self, password: str, password_hash: str) -> bool:
        """Tell whether a password is the hashed one; against no hash it takes as long, and is never right."""
        try:
            self._hasher.verify(password_hash or self._nobody, password[: LONGEST + 1])
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
        return bool(password_hash)

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash(secrets.token_hex())


def one_time_password() -> str:
    """Return a random password that can be read aloud, of 79 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))
