"""OpenAPI paths of the OMR cloud protocol."""

from omrclip.schemas.cloud.v5 import RESULT_FORMATS, GenerateTaskSchema, RecognizeTaskSchema, Status
from omrclip.schemas.cloud.wire import CloudSchema
from omrclip.web.cloud.v5 import BASE
from omrclip.web.openapi.parts import OBJECT, Node, answer, content, operation, parameter

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


_TOKEN_PATHS = {"/connect/token": "3.0 and 5.0", "/oauth2/token": "1.1"}
_ANSWER: Node = {
    "type": "object",
    "required": ["id", "responseStatusCode", "results", "error"],
    "properties": {
        "id": {"type": "string"},
        "responseStatusCode": {"enum": [str(status) for status in Status]},
        "results": {
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "required": ["type", "data"],
                "properties": {
                    "type": {"enum": [*RESULT_FORMATS, "Jpg"]},
                    "data": {"type": "string", "contentEncoding": "base64"},
                },
            },
        },
        "error": {
            "type": ["object", "null"],
            "properties": {name: {"type": "array", "items": {"type": "string"}} for name in ("messages", "warnings")},
        },
    },
}


def cloud_paths() -> dict[str, Node]:
    """The paths that existing clients of the commercial OMR cloud use."""
    return {
        **{path: {"post": _token(version)} for path, version in _TOKEN_PATHS.items()},
        **_tasks("Recognize", "recognize an image", RecognizeTaskSchema),
        **_tasks("Generate", "generate a form from markup", GenerateTaskSchema),
    }


def _tasks(verb: str, purpose: str, schema: type[CloudSchema]) -> dict[str, Node]:
    identifier = parameter("id", "query", required=True, description="the identifier of the task")
    base = f"{BASE}/{verb}Template"
    tag = f"{_TAG} 5.0"
    told = answer("The identifier", {"type": "string"}, "application/json", "text/plain")
    body = {"required": True, "content": content(schema)}
    full = answer("Tasks and their results use all the space that they may", "Error")
    return {
        f"{base}/Post{verb}Template": {
            "post": operation(f"Send a task to {purpose}", tag, {"200": told, "507": full}, requestBody=body)
        },
        f"{base}/Get{verb}Template": {
            "get": operation(
                f"The state and the results of a task to {purpose}",
                tag,
                {"200": answer("The task; `responseStatusCode` is its state", _ANSWER)},
                parameters=[identifier],
            )
        },
        base: {
            "delete": operation(
                f"Cancel a task to {purpose}",
                tag,
                {"200": answer("There is no such task any more")},
                parameters=[identifier],
            )
        },
    }


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
