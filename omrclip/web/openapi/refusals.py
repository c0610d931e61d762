"""Errors of each operation of the OpenAPI document, by its parameters and its method."""

from collections.abc import Iterator
from typing import Final

from omrclip.web.openapi.parts import Node

REFUSALS: Final = {
    400: "A key, option, part, parameter or name is wrong",
    401: "The request names no user or client, or its session, token or link is not valid",
    403: "The account has not the scope that this needs, or a page of another site sent the request",
    404: "Nothing is stored under this name",
    406: "The service cannot answer in a media type that the client accepts",
    408: "The request body did not arrive in time",
    410: "The files of the stored recognition are damaged",
    412: "The stored version does not match If-Match or If-None-Match",
    413: "The request exceeds a limit, which `details` names",
    415: "The format of the body or of the stored image is not supported",
    421: "The service does not answer for this host name",
    422: "A template, image or other content is not valid",
    428: "It already exists, and no If-Match says which version to replace",
    500: "An unexpected error, whose details are in the log under `request_id`",
    503: "The server has no memory or time for the work now, or the storage cannot be read or written",
    507: "The storage is full, or stored recognitions have reached their maximum size",
}
_RECOGNITIONS: Final = "/api/recognitions"
_BATCHES: Final = "/api/batches"
_CREATING: Final = frozenset({_RECOGNITIONS, "/api/templates", _BATCHES})
_OF_NAMED_THINGS: Final = frozenset({"/api/segments", "/api/links"})


def refusal_schemas() -> Iterator[tuple[str, Node]]:
    """The named responses: each status with the error as JSON, and with the error as text for `/iiif/`."""
    json: Node = {"application/json": {"schema": "Error"}}
    text: Node = {"text/plain": {"schema": {"type": "string"}}}
    for status, description in REFUSALS.items():
        yield _name(status, is_image=False), {"description": f"{description}.", "content": json}
        yield _name(status, is_image=True), {"description": f"{description}.", "content": text}


def refusals(path: str, method: str, operation: Node) -> Node:
    """The errors of an operation, as references to the responses of `refusal_schemas`."""
    is_image = path.startswith("/iiif/")
    return {str(status): _name(status, is_image=is_image) for status in sorted(_statuses(path, method, operation))}


def _statuses(path: str, method: str, operation: Node) -> set[int]:
    found = {400, 401, 403, 421, 500, 503}
    if "{" in path or path in _OF_NAMED_THINGS:
        found |= {404, 413, 415, 422}
    if "requestBody" in operation:
        found |= {408, 413, 415, 422}
    takes_state = any(parameter["name"] == "If-Match" for parameter in operation.get("parameters", []))
    if takes_state or path in _CREATING:
        found |= {412, 507} if method != "get" else set()
    if takes_state and method == "put":
        found |= {428}
    if path.startswith(f"{_BATCHES}/{{") and method != "get":
        found |= {507}
    if path.startswith((f"{_RECOGNITIONS}/{{", f"{_BATCHES}/{{", "/iiif/")):
        found |= {410}
    if path == _RECOGNITIONS:
        found |= {406}
    if method == "delete":
        found |= {507}
    return found


def _name(status: int, *, is_image: bool) -> str:
    return f"{'Image' if is_image else ''}Refused{status}"
