"""OpenAPI paths for editing templates: page images, validation, correction, finalization; and for corrections."""

from omrclip.schemas.corrections import ChangesSchema, CorrectionsSchema
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
_FILE = {**content(BINARY, "image/*"), **content(BINARY, "application/pdf")}
_IMAGE = {"required": True, "content": _FILE}


def correction_paths() -> dict[str, Node]:
    """The paths that compare a template with its blank pages."""
    page = parameter(
        "page",
        "query",
        PAGE_NUMBER,
        description="number of the page that the image in the body shows, or its first page",
    )
    body = {"required": False, "content": _FILE}
    corrected = answer("Template, Messages and Stored. The template is stored only if If-Match is sent.", OBJECT)
    finalized = answer(
        "Results as text, Blank (whether all answers are empty), and Messages about those that are not", OBJECT
    )
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
                "Check that all answers of the blank page are empty",
                _TAG,
                {"200": finalized},
                requestBody=body,
                parameters=[page],
            ),
        },
    }


def detection_paths() -> dict[str, Node]:
    """The paths that find the elements of blank pages."""
    page: Node = {"type": "integer", "minimum": 1}
    part = [
        parameter("First", "query", page, description="the first page of the file to look at"),
        parameter("Last", "query", page, description="the last of these pages, or a higher number"),
    ]
    sides = [parameter(key, "query", {"type": "number"}) for key in ("Left", "Top", "Width", "Height")]
    listed = (
        "Proposals, each with its Element and Confidence, and LeftOut: shapes like bubbles that are in none; Warnings"
    )
    return {
        "/api/detection": {
            "post": operation(
                "Make a template from blank pages by finding their elements, without storing it",
                _TAG,
                {
                    "200": answer(
                        f"Template, with upright images of the pages, PageCount of the file, and Pages with {listed}",
                        OBJECT,
                    )
                },
                requestBody=_IMAGE,
                parameters=part,
            )
        },
        "/api/templates/{name}/pages/{number}/detection": {
            "parameters": [parameter("name", "path", NAME), parameter("number", "path", PAGE_NUMBER)],
            "post": operation(
                "Find the elements of a stored blank page, or of a rectangle on it. Nothing is stored",
                _TAG,
                {"200": answer(listed, OBJECT)},
                parameters=sides,
            ),
        },
    }


def authoring_paths() -> dict[str, Node]:
    """The paths that an editor needs in addition to those of the templates themselves."""
    name = parameter("name", "path", NAME)
    number = parameter("number", "path", PAGE_NUMBER)
    place = [parameter(key, "query", {"type": "number"}, required=True) for key in ("Left", "Top", "Width", "Height")]
    quality = parameter("JpegQuality", "query", {"type": "integer", "minimum": 0, "maximum": 100, "default": 85})
    new_name = parameter("name", "query", NAME, required=True, description="name of the new template")
    return {
        "/api/validation": {
            "post": operation(
                "Validate a template without storing it",
                _TAG,
                {"200": answer("Valid, Problems and Warnings. Each problem has path and expected.", OBJECT)},
                requestBody={"required": True, "content": content({"description": "any JSON document"}, JSON)},
            )
        },
        "/api/templates/{name}/pages": {
            "parameters": [name],
            "get": operation(
                "The pages and their images", _TAG, {"200": answer("The pages in template order", OBJECT)}
            ),
        },
        "/api/templates/{name}/pages/{number}/clip": {
            "parameters": [name, number],
            "get": operation(
                "The clip of an area on the blank page",
                _TAG,
                {"200": answer("The clip", BINARY, "image/jpeg")},
                parameters=[*place, quality],
            ),
        },
        "/api/templates/{name}/image": {
            "parameters": [name],
            "get": operation("The image of the blank page", _TAG, {"200": answer("The file", BINARY, "image/*")}),
            "put": operation(
                "Store an image of the blank page, or the pages of a PDF or TIFF file",
                _TAG,
                {"200": answer("The image was replaced", OBJECT), "201": answer("The image was created", OBJECT)},
                requestBody=_IMAGE,
                parameters=[IF_MATCH],
            ),
            "delete": operation(
                "Delete the image of the blank page",
                _TAG,
                {"204": answer("The image was deleted")},
                parameters=[IF_MATCH],
            ),
        },
        "/api/templates": {
            "post": operation(
                "Create a template from an image, or from the pages of a PDF or TIFF file",
                _TAG,
                {"201": answer("The template was created", OBJECT)},
                requestBody=_IMAGE,
                parameters=[new_name],
            )
        },
    }


def corrections_paths() -> dict[str, Node]:
    """The paths of the corrections that people make to stored recognitions."""
    tag = "Stored recognitions"
    found = {"200": answer("All corrections, with their ETag. By is null without a log-in", CorrectionsSchema)}
    made = {"200": answer("The history, in the order of time. Value is null where one was undone", ChangesSchema)}
    body = {"required": True, "content": content(CorrectionsSchema)}
    identifier = [parameter("identifier", "path")]
    return {
        "/api/recognitions/{identifier}/corrections/history": {
            "parameters": identifier,
            "get": operation("All corrections that were ever made or undone", tag, made),
        },
        "/api/recognitions/{identifier}/corrections": {
            "parameters": identifier,
            "get": operation("The corrections of a recognition", tag, found),
            "put": operation("Replace the corrections", tag, found, requestBody=body, parameters=[IF_MATCH]),
        },
    }
