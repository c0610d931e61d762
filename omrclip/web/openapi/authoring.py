"""The description of what people work with: page images, validation, corrections."""

from omrclip.schemas.corrections import CorrectionsSchema
from omrclip.web.openapi.parts import (
    BINARY,
    IF_MATCH,
    JSON,
    NAME,
    OBJECT,
    PAGE_NUMBER,
    Node,
    answer,
    content,
    operation,
    parameter,
)

_TAG = "Templates"
_IMAGE = {"required": True, "content": content(BINARY, "image/*")}


def correction_paths() -> dict[str, Node]:
    """Holding a template against its blank pages."""
    page = parameter("page", "query", PAGE_NUMBER, description="of which the body is the image")
    body = {"required": False, "content": content(BINARY, "image/*")}
    corrected = answer("Template, Messages, and whether it was Stored: only with If-Match", OBJECT)
    finalized = answer("Results as text, whether all is Blank, and Messages of what is not", OBJECT)
    return {
        "/api/templates/{name}/correction": {
            "parameters": [parameter("name", "path", NAME)],
            "post": operation(
                "Move the bubbles onto the printed ones of the blank page",
                _TAG,
                {"200": corrected},
                requestBody=body,
                parameters=[page, IF_MATCH],
            ),
        },
        "/api/templates/{name}/finalization": {
            "parameters": [parameter("name", "path", NAME)],
            "post": operation(
                "Recognize the blank page, where every answer is empty",
                _TAG,
                {"200": finalized},
                requestBody=body,
                parameters=[page],
            ),
        },
    }


def authoring_paths() -> dict[str, Node]:
    """What an editor of templates takes beside the templates themselves."""
    name = parameter("name", "path", NAME)
    number = parameter("number", "path", PAGE_NUMBER)
    place = [parameter(key, "query", {"type": "number"}, required=True) for key in ("Left", "Top", "Width", "Height")]
    quality = parameter("JpegQuality", "query", {"type": "integer", "minimum": 0, "maximum": 100, "default": 85})
    new_name = parameter("name", "query", NAME, required=True, description="of the new template")
    return {
        "/api/validation": {
            "post": operation(
                "What a template would be refused for",
                _TAG,
                {"200": answer("Valid, Problems and Warnings; each with path and expected", OBJECT)},
                requestBody={"required": True, "content": content({"description": "any JSON"}, JSON)},
            )
        },
        "/api/templates/{name}/pages": {
            "parameters": [name],
            "get": operation("The pages and their images", _TAG, {"200": answer("In template order", OBJECT)}),
        },
        "/api/templates/{name}/pages/{number}/clip": {
            "parameters": [name, number],
            "get": operation(
                "What a clip area gives of the blank page",
                _TAG,
                {"200": answer("It", BINARY, "image/jpeg")},
                parameters=[*place, quality],
            ),
        },
        "/api/templates/{name}/image": {
            "parameters": [name],
            "get": operation("The blank page image", _TAG, {"200": answer("The file", BINARY, "image/*")}),
            "put": operation(
                "Put a blank page image beside the template",
                _TAG,
                {"200": answer("Replaced", OBJECT), "201": answer("New", OBJECT)},
                requestBody=_IMAGE,
                parameters=[IF_MATCH],
            ),
            "delete": operation("Remove the blank page image", _TAG, {"204": answer("Removed")}, parameters=[IF_MATCH]),
        },
        "/api/templates": {
            "post": operation(
                "Make a template of one empty page out of its image",
                _TAG,
                {"201": answer("Made", OBJECT)},
                requestBody=_IMAGE,
                parameters=[new_name],
            )
        },
    }


def corrections_paths() -> dict[str, Node]:
    """What people put right in kept recognitions."""
    tag = "Kept recognitions"
    found = {"200": answer("All corrections, with their ETag", CorrectionsSchema)}
    body = {"required": True, "content": content(CorrectionsSchema)}
    return {
        "/api/recognitions/{identifier}/corrections": {
            "parameters": [parameter("identifier", "path")],
            "get": operation("What people put right", tag, found),
            "put": operation("Replace it", tag, found, requestBody=body, parameters=[IF_MATCH]),
        }
    }
