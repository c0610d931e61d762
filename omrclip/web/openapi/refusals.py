"""Errors of each operation of the OpenAPI document, by its parameters and its method."""

from collections.abc import Iterator
from typing import Final

from omrclip.web.openapi.parts import Node

REFUSALS: Final = {
    400: "A key, option, part, parameter or name is wrong",
    403: "A page of another site sent the request",
    404: "Nothing is stored under this name",
    406: "No media type that the client accepts can be answered",
    408: "The body came too slowly",
    410: "What is stored of this recognition is damaged",
    412: "The stored thing is not in the state that If-Match or If-None-Match names",
    413: "More than a limit allows; `details` names it",
    415: "The body, or the stored image, is of a kind that is not read",
    421: "The host name is not one of this service",
    422: "A template, image or other content is not valid",
    428: "The stored thing exists, and no If-Match says which state of it to replace",
    500: "An unexpected error; the log has its details under `request_id`",
    503: "No room or time for the work now, or a store cannot be read or written",
    507: "No space is left in a store, or the quota is used up",
}
_RECOGNITIONS: Final = "/api/recognitions"
_CREATING: Final = frozenset({_RECOGNITIONS, "/api/templates"})
_OF_NAMED_THINGS: Final = frozenset({"/api/segments"})


def refusal_schemas() -> Iterator[tuple[str, Node]]:
    """The responses to refer to: each status with the error in JSON, and as text as it is under `/iiif/`."""
    json: Node = {"application/json": {"schema": "Error"}}
    text: Node = {"text/plain": {"schema": {"type": "string"}}}
    for status, description in REFUSALS.items():
        yield _name(status, is_image=False), {"description": f"{description}.", "content": json}
        yield _name(status, is_image=True), {"description": f"{description}.", "content": text}


def refusals(path: str, method: str, operation: Node) -> Node:
    """The refusals of an operation, as references to `refusal_schemas`."""
    is_image = path.startswith("/iiif/")
    return {str(status): _name(status, is_image=is_image) for status in sorted(_statuses(path, method, operation))}


def _statuses(path: str, method: str, operation: Node) -> set[int]:
    found = {400, 421, 500, 503}
    if "{" in path or path in _OF_NAMED_THINGS:
        found |= {404, 413, 415, 422}
    if "requestBody" in operation:
        found |= {408, 413, 415, 422}
    if method != "get":
        found |= {403}
    takes_state = any(parameter["name"] == "If-Match" for parameter in operation.get("parameters", []))
    if takes_state or path in _CREATING:
        found |= {412, 507} if method != "get" else set()
    if takes_state and method == "put":
        found |= {428}
    if path.startswith((f"{_RECOGNITIONS}/{{", "/iiif/")):
        found |= {410}
    if path == _RECOGNITIONS:
        found |= {406}
    if method == "delete":
        found |= {507}
    return found


def _name(status: int, *, is_image: bool) -> str:
    return f"{'Image' if is_image else ''}Refused{status}"
