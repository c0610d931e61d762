"""What every part of the OpenAPI description is put together from."""

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
    """An operation: its answers, and the refusal that every one has."""
    refused = answer("Refused; the error names the field, parameter or limit.", "Error")
    return {"summary": summary, "tags": [tag], "responses": {**answers, "4XX": refused}, **more}


def parameter(name: str, where: str, schema: Node | None = None, **more: Any) -> Node:
    """A parameter; those in the path are required."""
    required = {"required": True} if where == "path" else {}
    return {"name": name, "in": where, "schema": schema or {"type": "string"}, **required, **more}


IF_MATCH = parameter("If-Match", "header", description="the entity tag of the state to replace, or *")


def listing(summary: str, tag: str, key: str, most: int) -> Node:
    """The operation that lists names and URIs, a page at a time."""
    entry: Node = {
        "type": "object",
        "required": ["Name", "Uri"],
        "properties": {"Name": {"type": "string"}, "Uri": {"type": "string"}},
    }
    page: Node = {
        "type": "object",
        "required": [key, "Next"],
        "properties": {
            key: {"type": "array", "items": entry, "maxItems": most},
            "Next": {"type": ["string", "null"], "description": "URI of the next page; null on the last"},
        },
    }
    limit: Node = {"type": "integer", "minimum": 1, "maximum": most, "default": most}
    parameters = [
        parameter("limit", "query", limit, description="most entries of a page"),
        parameter("after", "query", description="the name behind which the page begins, which need not exist"),
    ]
    found = answer("Names and URIs in the order of the names", page)
    found["headers"] = {"Link": {"description": "the next page, rel=next", "schema": {"type": "string"}}}
    return operation(summary, tag, {"200": found}, parameters=parameters)
