"""Building blocks of the OpenAPI description: bodies, answers, operations and parameters."""

import re
from typing import Any

Node = dict[str, Any]

BINARY: Node = {"type": "string", "format": "binary"}
OBJECT: Node = {"type": "object"}
JSON, JSON_LD, ZIP = "application/json", "application/ld+json", "application/zip"


def content(schema: Any, *types: str) -> Node:
    """A body of one schema, in these media types."""
    return {media_type: {"schema": schema} for media_type in types or (JSON,)}


def answer(description: str, schema: Any = None, *types: str) -> Node:
    """One response of an operation."""
    return {"description": description, **({"content": content(schema, *types)} if schema is not None else {})}


def operation(summary: str, tag: str, answers: Node, **more: Any) -> Node:
    """An operation with its successful answers. `refusals` adds the errors."""
    return {"summary": summary, "tags": [tag], "responses": answers, **more}


def operation_id(method: str, path: str) -> str:
    """A name for an operation: `getApiTemplatesName` for GET `/api/templates/{name}`."""
    return method + "".join(word[0].upper() + word[1:] for word in re.findall(r"\w+", path))


def parameter(name: str, where: str, schema: Node | None = None, **more: Any) -> Node:
    """A parameter. Path parameters are required."""
    required = {"required": True} if where == "path" else {}
    return {"name": name, "in": where, "schema": schema or {"type": "string"}, **required, **more}


_TAG = r'(W/)?"[^"]*"'
IF_MATCH = parameter(
    "If-Match",
    "header",
    {"type": "string", "pattern": rf"^(\*|{_TAG}( *, *{_TAG})*)$"},
    description="the entity tag of the version to replace, or *",
)
# Names of templates, response files and elements are one path segment, so they contain no slash.
NAME: Node = {
    "type": "string",
    "minLength": 1,
    "maxLength": 196,
    "pattern": r"^[^/\\.\x00-\x20\x7f-\x9f]([^/\\\x00-\x1f\x7f-\x9f]*[^/\\\x00-\x20\x7f-\x9f])?$",
}
_PART = NAME["pattern"].strip("^$")
# Names of images may have folders.
IMAGE_NAME: Node = {**NAME, "pattern": f"^{_PART}(/{_PART})*$"}
PAGE_NUMBER: Node = {"type": "integer", "minimum": 1, "maximum": 999_999}


_NAME_AND_URI: Node = {
    "type": "object",
    "required": ["Name", "Uri"],
    "properties": {"Name": {"type": "string"}, "Uri": {"type": "string"}},
}


def listing(summary: str, tag: str, key: str, most: int, entry: Node = _NAME_AND_URI) -> Node:
    """The operation that lists entries, by default names and URIs, a page at a time."""
    page: Node = {
        "type": "object",
        "required": [key, "Next"],
        "properties": {
            key: {"type": "array", "items": entry, "maxItems": most},
            "Next": {"type": ["string", "null"], "description": "URI of the next page, or null on the last page"},
        },
    }
    limit: Node = {"type": "integer", "minimum": 1, "maximum": most, "default": most}
    parameters = [
        parameter("limit", "query", limit, description="maximum number of entries on a page"),
        parameter("after", "query", description="list only names after this name, which need not exist"),
    ]
    found = answer("Names and URIs, sorted by name", page)
    found["headers"] = {"Link": {"description": "URI of the next page, with rel=next", "schema": {"type": "string"}}}
    return operation(summary, tag, {"200": found}, parameters=parameters)
