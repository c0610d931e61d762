"""OpenAPI paths of sessions, access tokens and signed links."""

from omrclip.schemas.link import LinkRequestSchema
from omrclip.storage.receipts import Deleted
from omrclip.web.openapi.parts import OBJECT, Node, answer, content, listing, operation, parameter

_TAG = "Access"
_FORM = "application/x-www-form-urlencoded"
_TOKEN_REQUEST: Node = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"const": "client_credentials"},
        "client_id": {"type": "string"},
        "client_secret": {"type": "string"},
        "scope": {"type": "string", "description": "scopes with spaces between them; without it, all of the client"},
    },
}


_RECEIPT: Node = {
    "type": "object",
    "required": ["Identifier", "Uri", "Kind", "Target", "Name", "By", "At", "Files", "Bytes", "Left", "Expired"],
    "properties": {
        "Identifier": {"type": "string"},
        "Uri": {"type": "string"},
        "Kind": {"type": "string", "enum": [str(kind) for kind in Deleted]},
        "Target": {"type": "string", "description": "the identifier, name or path of what was deleted"},
        "Name": {"type": "string", "description": "the name of the batch, else empty"},
        "By": {"type": ["string", "null"], "description": "the account; null without a log-in, and if it has expired"},
        "At": {"type": "number", "description": "seconds since 1970"},
        "Files": {"type": "integer"},
        "Bytes": {"type": "integer"},
        "Left": {
            "type": "array",
            "items": {"type": "string"},
            "description": "places that still have something of it; empty if nothing is left",
        },
        "Expired": {"type": "boolean", "description": "whether the server deleted it because its time was over"},
    },
}


def access_paths(most_listed: int) -> dict[str, Node]:
    """The paths for access tokens, signed links and receipts."""
    failed = answer("The client is unknown, its secret is wrong, or its request is not valid (RFC 6749)", OBJECT)
    return {
        "/oauth/token": {
            "post": operation(
                "Issue an access token to a client",
                _TAG,
                {
                    "200": answer("The access token, its seconds and its scopes", OBJECT),
                    "400": failed,
                    "401": failed,
                    "429": answer("Too many log-ins have failed", "Error"),
                },
                requestBody={"required": True, "content": content(_TOKEN_REQUEST, _FORM)},
            )
        },
        "/api/session": {
            "get": operation(
                "The account that sends the request",
                _TAG,
                {"200": answer("Name, Kind, Workspace and Scopes. Without a log-in, Name is null.", OBJECT)},
            )
        },
        "/api/receipts": {
            "get": listing("The receipts of deletions, oldest first", _TAG, "Receipts", most_listed, _RECEIPT)
        },
        "/api/receipts/{identifier}": {
            "parameters": [parameter("identifier", "path")],
            "get": operation("A receipt of a deletion", _TAG, {"200": answer("The receipt", _RECEIPT)}),
        },
        "/iiif/auth/probe/{identifier}": {
            "parameters": [parameter("identifier", "path", description="percent-encoded, including slashes")],
            "get": operation(
                "The probe service of an image (IIIF Authorization Flow API 2.0)",
                "IIIF",
                {"200": answer("The status of a request for the image, and for a viewer's token a link to it", OBJECT)},
            ),
        },
        "/api/links": {
            "post": operation(
                "Make a signed link to a stored recognition, a batch or an image",
                _TAG,
                {"201": answer("Token, Base (the address that replaces the server's own) and Expires", OBJECT)},
                requestBody={"required": True, "content": content(LinkRequestSchema)},
            )
        },
    }
