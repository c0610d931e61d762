"""Documents of the IIIF Authorization Flow API 2.0: the services of an image, and the answers of these services.

Source: https://iiif.io/api/auth/2.0/. Docstrings name its sections. The results can be passed to `json.dumps`.
"""

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Final, TypeAlias

Json: TypeAlias = dict[str, object]

CONTEXT: Final = "http://iiif.io/api/auth/2/context.json"
_SPECIFICATION: Final = "https://iiif.io/api/auth/2.0/"


class TokenError(StrEnum):
    """Why the token service gives no token (section 4.5, `profile`). Some of the values do not occur here."""

    INVALID_REQUEST = "invalidRequest"
    INVALID_ORIGIN = "invalidOrigin"
    MISSING_ASPECT = "missingAspect"
    EXPIRED_ASPECT = "expiredAspect"


@dataclass(frozen=True, slots=True)
class Service:
    """Where the services of a server are.

    Attributes:
        base: the URI under which they are, without a trailing slash.
        server: the name of the server for people, such as its host.
    """

    base: str
    server: str

    def probe(self, identifier: str) -> Json:
        """The probe service of an image, with its access service (section 5.1).

        Args:
            identifier: of the image, percent-encoded as in its URI.
        """
        return {
            "id": f"{self.base}/probe/{identifier}",
            "type": "AuthProbeService2",
            "profile": _SPECIFICATION,  # not required, but Mirador 4.0 shows no image whose service has no profile
            "errorHeading": _NO_ACCESS,
            "errorNote": _LOG_IN_FIRST,
            "service": [self.access()],
        }

    def access(self) -> Json:
        """The access service, with the services for tokens and for logging out (sections 3.1 and 4.1)."""
        return {
            "id": f"{self.base}/access",
            "type": "AuthAccessService2",
            "profile": "active",
            "label": {"en": [f"Log in to {self.server}"], "de": [f"Bei {self.server} anmelden"]},
            "heading": {"en": ["Please log in"], "de": ["Bitte melden Sie sich an"]},
            "note": _LOG_IN_FIRST,
            "confirmLabel": {"en": ["Log in"], "de": ["Anmelden"]},
            "service": [
                {
                    "id": f"{self.base}/token",
                    "type": "AuthAccessTokenService2",
                    "errorHeading": _NO_ACCESS,
                    "errorNote": _LOG_IN_FIRST,
                },
                {
                    "id": f"{self.base}/logout",
                    "type": "AuthLogoutService2",
                    "label": {"en": [f"Log out from {self.server}"], "de": [f"Von {self.server} abmelden"]},
                },
            ],
        }


def access_token(token: str, message_id: str, seconds: int) -> Json:
    """The message with a token for the client (section 4.4)."""
    return {
        "@context": CONTEXT,
        "type": "AuthAccessToken2",
        "messageId": message_id,
        "accessToken": token,
        "expiresIn": seconds,
    }


def token_error(error: TokenError, message_id: str) -> Json:
    """The message that there is no token for the client, and why (section 4.5)."""
    return {
        "@context": CONTEXT,
        "type": "AuthAccessTokenError2",
        "profile": error,
        "messageId": message_id,
        "heading": _NO_ACCESS,
        "note": _NOTES[error],
    }


def probe_result(status: HTTPStatus, location: Json | None = None) -> Json:
    """The answer of a probe service (section 5.2).

    Args:
        status: the status that a request for the image would have.
        location: the image to request instead, if the status is a redirect.
    """
    told: Json = {"@context": CONTEXT, "type": "AuthProbeResult2", "status": status}
    if location is not None:
        return {**told, "location": location}
    if status in _PROBE_NOTES:
        return {**told, "heading": _NO_ACCESS, "note": _PROBE_NOTES[status]}
    return told


_NO_ACCESS: Final[Json] = {"en": ["No access"], "de": ["Kein Zugriff"]}
_LOG_IN_FIRST: Final[Json] = {
    "en": ["Only people who have an account can see this image."],
    "de": ["Nur Personen mit einem Konto können dieses Bild sehen."],
}
_NOTES: Final[dict[TokenError, Json]] = {
    TokenError.INVALID_REQUEST: {
        "en": ["The viewer sent no messageId."],
        "de": ["Der Viewer hat keine messageId gesendet."],
    },
    TokenError.INVALID_ORIGIN: {
        "en": ["This viewer may not show images of this server. An administrator can add it to OMRCLIP_VIEWERS."],
        "de": [
            "Dieser Viewer darf keine Bilder dieses Servers zeigen. Ein Administrator kann ihn in OMRCLIP_VIEWERS "
            "eintragen."
        ],
    },
    TokenError.MISSING_ASPECT: _LOG_IN_FIRST,
    TokenError.EXPIRED_ASPECT: {
        "en": ["The session has ended. Log in again."],
        "de": ["Die Sitzung ist beendet. Melden Sie sich noch einmal an."],
    },
}
_PROBE_NOTES: Final[dict[HTTPStatus, Json]] = {
    HTTPStatus.UNAUTHORIZED: _LOG_IN_FIRST,
    HTTPStatus.NOT_FOUND: {
        "en": ["Your account has no image of this name. It may have expired."],
        "de": ["Ihr Konto hat kein Bild dieses Namens. Es ist vielleicht abgelaufen."],
    },
}
