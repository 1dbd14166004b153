"""Sign-in by the hospital's OpenID provider: authorization code flow with PKCE (OpenID Connect Core 1.0, 3.1)."""

import secrets
from dataclasses import dataclass
from typing import Any

import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from triage_node.config import Settings
from triage_node.errors import SettingsError, SignInRefused
from triage_node.identity import Role

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""What an ID token may be signed with: public keys only, so that no client secret can sign, and never none."""
LEEWAY_SECONDS = 60


class OpenIDRefused(SignInRefused):
    """The hospital's account could not sign you in."""


@dataclass(frozen=True)
class Attempt:
    """A sign-in that was begun; the browser brings it back, signed, with the provider's answer."""

    state: str
    nonce: str
    code_verifier: str
    next_page: str


class OpenIDProvider:
    """The provider of the settings.

    Parameters
    ----------
    settings
        Issuer, client, claims and groups; ``openid_issuer`` is set.

    Raises
    ------
    SettingsError
        The file with the client's secret cannot be read.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._issuer = str(settings.openid_issuer).rstrip("/")
        self._secret = _secret(settings)

    def begin(self, redirect_uri: str, next_page: str) -> tuple[str, Attempt]:
        """Return the provider's page to send the browser to, and what to remember meanwhile.

        Raises
        ------
        OpenIDRefused
            The provider does not answer.
        """
        state, nonce, code_verifier = (secrets.token_urlsafe(32) for _ in range(3))
        attempt = Attempt(state, nonce, code_verifier, next_page)
        with self._session(redirect_uri) as session:
            address, _ = session.create_authorization_url(
                self._metadata()["authorization_endpoint"],
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.code_verifier,
            )
        return str(address), attempt

    def finish(self, code: str, attempt: Attempt, redirect_uri: str) -> tuple[str, Role]:
        """Exchange the code for an ID token, verify it, and return the user's name and role.

        Raises
        ------
        OpenIDRefused
            The provider refuses, the token is not for us, or no group gives a role.
        """
        metadata = self._metadata()
        with self._session(redirect_uri) as session:
            try:
                answer = session.fetch_token(
                    metadata["token_endpoint"],
                    code=code,
                    code_verifier=attempt.code_verifier,
                    timeout=self._settings.connect_timeout_seconds,
                )
            except (OAuthError, requests.RequestException, ValueError) as error:
                raise OpenIDRefused("The OpenID provider did not accept the sign-in.") from error
        claims = self._verified(str(answer.get("id_token", "")), attempt.nonce, metadata)
        claims = self._user_info(str(answer.get("access_token", "")), metadata, str(claims["sub"])) | claims
        return self._name(claims), self._role(claims)

    def _session(self, redirect_uri: str) -> OAuth2Session:
        return OAuth2Session(
            self._settings.openid_client_id,
            self._secret,
            scope="openid profile email",
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )

    def _metadata(self) -> dict[str, Any]:
        """Fetch the provider's description (OpenID Connect Discovery 1.0, 4); it must name the issuer we asked."""
        metadata = self._get(f"{self._issuer}/.well-known/openid-configuration")
        if str(metadata.get("issuer", "")).rstrip("/") != self._issuer:
            raise OpenIDRefused("The OpenID provider calls itself by another name than openid_issuer.")
        return metadata

    def _verified(self, id_token: str, nonce: str, metadata: dict[str, Any]) -> dict[str, Any]:
        """Verify signature and claims (OpenID Connect Core 1.0, 3.1.3.7)."""
        client_id = str(self._settings.openid_client_id)
        wanted = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": metadata["issuer"]},
            sub={"essential": True},
            aud={"essential": True, "value": client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            keys = KeySet.import_key_set(self._get(metadata["jwks_uri"]))  # type: ignore[arg-type]
            claims = jwt.decode(id_token, keys, algorithms=ALGORITHMS).claims
            wanted.validate(claims)
        except (JoseError, ValueError, KeyError) as error:
            raise OpenIDRefused("The OpenID provider's token is not valid here.") from error
        if claims.get("azp", client_id) != client_id:
            raise OpenIDRefused("The OpenID provider's token is for another program.")
        return claims

    def _user_info(self, access_token: str, metadata: dict[str, Any], subject: str) -> dict[str, Any]:
        """Fetch further claims; of another subject they are not used (OpenID Connect Core 1.0, 5.3.2)."""
        address = metadata.get("userinfo_endpoint")
        if not address or not access_token:
            return {}
        claims = self._get(address, {"Authorization": f"Bearer {access_token}"})
        return claims if claims.get("sub") == subject else {}

    def _get(self, address: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
        try:
            answer = requests.get(address, headers=headers, timeout=self._settings.connect_timeout_seconds)
            answer.raise_for_status()
            found = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise OpenIDRefused("The OpenID provider does not answer.") from error
        if not isinstance(found, dict):
            raise OpenIDRefused("The OpenID provider's answer is not understood.")
        return found

    def _name(self, claims: dict[str, Any]) -> str:
        name = claims.get(self._settings.openid_name_claim)
        if not isinstance(name, str) or not name:
            raise OpenIDRefused(f"The hospital's account has no {self._settings.openid_name_claim}.")
        return name

    def _role(self, claims: dict[str, Any]) -> Role:
        held: Any = claims
        for part in self._settings.openid_role_claim.split("."):
            held = held.get(part) if isinstance(held, dict) else None
        groups = {held} if isinstance(held, str) else {str(group) for group in held or []}
        if groups & set(self._settings.openid_administrator_groups):
            return Role.ADMINISTRATOR
        if groups & set(self._settings.openid_reader_groups):
            return Role.READER
        raise OpenIDRefused("None of your groups may use this node; ask its administrator.")


def _secret(settings: Settings) -> str | None:
    if settings.openid_client_secret is not None:
        return settings.openid_client_secret.get_secret_value()
    if settings.openid_client_secret_file is None:
        return None
    try:
        return settings.openid_client_secret_file.read_text().strip()
    except OSError as error:
        raise SettingsError(f"openid_client_secret_file cannot be read: {error.strerror}.") from error
