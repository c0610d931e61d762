"""OpenAPI paths of the OMR cloud protocol."""

from omrclip.web.openapi.parts import OBJECT, Node, answer, content, operation

_TAG = "OMR cloud protocol"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_TOKEN_REQUEST: Node = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"enum": ["client_credentials", "refresh_token"]},
        "client_id": {"type": "string"},
        "client_secret": {"type": "string"},
        "refresh_token": {"type": "string"},
    },
}


def cloud_paths() -> dict[str, Node]:
    """The paths that existing clients of the commercial OMR cloud use."""
    return {path: {"post": _token(version)} for path, version in _TOKEN_PATHS.items()}


_TOKEN_PATHS = {"/connect/token": "3.0 and 5.0", "/oauth2/token": "1.1"}


def _token(version: str) -> Node:
    failed = answer("The client is unknown, its secret is wrong, or its request is not valid (RFC 6749)", OBJECT)
    return operation(
        f"Issue an access token and a refresh token to a client of version {version}",
        _TAG,
        {
            "200": answer("The tokens", OBJECT),
            "400": failed,
            "401": failed,
            "429": answer("Too many log-ins have failed", "Error"),
        },
        requestBody={"required": True, "content": content(_TOKEN_REQUEST, *_FORMS)},
    )
