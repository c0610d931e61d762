"""The OpenAPI description of the service, its bodies from the same marshmallow schemas that read and write them."""

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import fields

from omrclip import __version__
from omrclip.iiif.capabilities import FORMATS, QUALITIES
from omrclip.iiif.presentation import Style
from omrclip.schemas.fields import Expected
from omrclip.schemas.recognition_request import RecognitionRequestSchema
from omrclip.schemas.recognition_response import RecognitionResponseSchema
from omrclip.schemas.segments import SegmentRequestSchema, SegmentResponseSchema
from omrclip.schemas.template import template_json_schema

Node = dict[str, Any]

_BINARY: Node = {"type": "string", "format": "binary"}
_JSON, _JSON_LD, _ZIP = "application/json", "application/ld+json", "application/zip"


def openapi() -> Node:
    """The document, OpenAPI 3.1."""
    schemas = MarshmallowPlugin(schema_name_resolver=lambda schema: _name(schema))
    spec = APISpec(
        title="omrclip",
        version=__version__,
        openapi_version="3.1.0",
        info={"description": "Cuts clip areas out of scanned forms; every stored image is an IIIF image too."},
        plugins=[schemas],
    )
    converter: Any = schemas.converter  # made when the plugin met its spec
    converter.add_attribute_function(_own_field)
    spec.components.schema("Error", _ERROR)
    for name, definition in _template_schemas().items():
        spec.components.schema(name, definition)
    for path, operations in _paths().items():
        spec.path(path, parameters=operations.pop("parameters", []), operations=operations)
    return spec.to_dict()


def _name(schema: Any) -> str:
    cls = schema if isinstance(schema, type) else type(schema)
    return str(cls.__name__).removesuffix("Schema")


def _own_field(_converter: Any, field: fields.Field[Any], ret: Node) -> Node:  # noqa: ARG001 (apispec's signature)
    """Our fields describe themselves; apispec asks for each field in turn."""
    if not isinstance(field, Expected):
        return {}
    return {"description": field.expected, **field.json_schema()}


def _template_schemas() -> Node:
    """The `.omr` format as components: its own definitions, with references into this document."""
    schema = template_json_schema()
    definitions = {**schema.pop("$defs"), "Template": schema}
    schema.pop("$schema")
    return {name: _rebased(definition) for name, definition in definitions.items()}


def _rebased(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _rebased(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_rebased(value) for value in node]
    return node.replace("#/$defs/", "#/components/schemas/") if isinstance(node, str) else node


_ERROR: Node = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "details"],
            "properties": {
                "code": {"type": "string", "description": "stable, for programs"},
                "message": {"type": "string", "description": "for people"},
                "details": {"type": "object", "description": "names the field, parameter or limit"},
            },
        }
    },
}


def _content(schema: Any, *types: str) -> Node:
    return {media_type: {"schema": schema} for media_type in types or (_JSON,)}


def _answer(description: str, schema: Any = None, *types: str) -> Node:
    return {"description": description, **({"content": _content(schema, *types)} if schema is not None else {})}


def _operation(summary: str, tag: str, answers: Node, **more: Any) -> Node:
    refused = _answer("Refused; the error names the field, parameter or limit.", "Error")
    return {"summary": summary, "tags": [tag], "responses": {**answers, "4XX": refused}, **more}


def _parameter(name: str, where: str, schema: Node | None = None, **more: Any) -> Node:
    required = {"required": True} if where == "path" else {}
    return {"name": name, "in": where, "schema": schema or {"type": "string"}, **required, **more}


_IF_MATCH = _parameter("If-Match", "header", description="the entity tag of the state to replace, or *")
_OBJECT: Node = {"type": "object"}


def _recognition() -> Node:
    by_parts: Node = {
        "type": "object",
        "required": ["Template", "Images"],
        "properties": {
            "Template": {**_BINARY, "description": "an .omr file, or the name of a stored template as plain text"},
            "TemplateImage": {**_BINARY, "description": "the blank page"},
            "Images": {"type": "array", "items": _BINARY, "description": "the scans, a part each"},
            "Options": {"type": "string", "description": "the options, as JSON"},
        },
    }
    body = {_JSON: {"schema": RecognitionRequestSchema}, "multipart/form-data": {"schema": by_parts}}
    found = {
        **_content(RecognitionResponseSchema),
        "application/x-ndjson": {"schema": {"type": "string", "description": "an answer a line, a line a scan"}},
        "application/zip": {"schema": _BINARY},
    }
    answers = {"200": {"description": "Each scan's outcome, also where scans failed.", "content": found}}
    keep = _parameter(
        "keep", "query", {"type": ["integer", "string"]}, description="keep what comes out; for how many seconds"
    )
    sent = {"required": True, "content": body}
    return _operation("Recognise scans", "Recognition", answers, requestBody=sent, parameters=[keep])


def _kept_paths() -> dict[str, Node]:
    tag = "Kept recognitions"
    identifier = _parameter("identifier", "path", description="as the answer's Uri tells it")
    styles: Node = {"type": "string", "enum": [str(style) for style in Style]}
    style = _parameter("style", "query", styles, description="how the clips are painted")
    download = _parameter("download", "query", {"type": "string"}, description="as an attachment")

    def document(summary: str, *parameters: Node) -> Node:
        answers = {"200": _answer("IIIF Presentation API 3.0", _OBJECT, _JSON_LD)}
        return {"get": _operation(summary, tag, answers, parameters=list(parameters))}

    answer = {
        "allOf": [{"$ref": "#/components/schemas/RecognitionResponse"}],
        "description": "the answer as it was given, its files without Data; Created and Expires in seconds since 1970",
    }
    paths: dict[str, Node] = {
        "": {
            "get": _operation("The answer again", tag, {"200": _answer("It", answer)}),
            "delete": _operation("Remove it with its scans and files", tag, {"204": _answer("Removed")}),
        },
        "/files/{name}": {
            "parameters": [_parameter("name", "path")],
            "get": _operation("A response file", tag, {"200": _answer("It", _BINARY, "*/*")}, parameters=[download]),
        },
        "/files.zip": {"get": _operation("All response files", tag, {"200": _answer("They", _BINARY, _ZIP)})},
        "/manifest.json": document("The pages as canvases; with a style, the clips", style),
        "/manifest.json/canvas/p{number}": {
            "parameters": [_parameter("number", "path", {"type": "integer", "minimum": 1})],
            **document("One canvas of the manifest"),
        },
        "/clips.json": document("The clips as canvases", style),
    }
    return {
        f"/api/recognitions/{{identifier}}{path}": {
            **operations,
            "parameters": [identifier, *operations.get("parameters", [])],
        }
        for path, operations in paths.items()
    }


def _iiif_paths() -> dict[str, Node]:
    identifier = _parameter("identifier", "path", description="percent-encoded, slashes included")
    download = _parameter("download", "query", {"type": "string"}, description="as an attachment with a file name")
    sizes = {2: "full, max, w, ,h pct:n w,h or !w,h", 3: "max, w, ,h pct:n w,h or !w,h, with ^ before it to enlarge"}
    names = {2: "Image API 2.0, 2.1", 3: "Image API 3.0"}
    paths = {}
    for version, size in sizes.items():
        parameters = [
            identifier,
            _parameter("region", "path", description="full, square, x,y,w,h or pct:x,y,w,h"),
            _parameter("size", "path", description=size),
            _parameter("rotation", "path", description="degrees clockwise from 0 to 360, with ! before it to mirror"),
            _parameter("quality", "path", {"type": "string", "enum": [str(quality) for quality in QUALITIES]}),
            _parameter("format", "path", {"type": "string", "enum": [str(image_format) for image_format in FORMATS]}),
        ]
        image = {"200": _answer("It", _BINARY, "image/*", "application/pdf"), "304": _answer("The client has it")}
        information = {"200": _answer("The document", _OBJECT, _JSON, _JSON_LD), "304": _answer("The client has it")}
        base = f"/iiif/{version}/{{identifier}}"
        paths[f"{base}/{{region}}/{{size}}/{{rotation}}/{{quality}}.{{format}}"] = {
            "parameters": parameters,
            "get": _operation(f"An image ({names[version]})", "IIIF", image, parameters=[download]),
        }
        paths[f"{base}/info.json"] = {
            "parameters": [identifier],
            "get": _operation(f"Image information ({names[version]})", "IIIF", information),
        }
    return paths


def _segments() -> Node:
    found = {**_content(SegmentResponseSchema), "image/*": {"schema": _BINARY}}
    answers = {"200": {"description": "A file a segment; one alone also as its bytes.", "content": found}}
    body = {"required": True, "content": _content(SegmentRequestSchema)}
    return _operation("Cut the segments that a manifest paints", "IIIF", answers, requestBody=body)


def _paths() -> dict[str, Node]:
    name = _parameter("name", "path")
    element = _parameter("element", "path")
    page = _parameter("page", "query", {"type": "integer", "minimum": 1}, description="where there are several")
    template_body = {"required": True, "content": _content("Template")}
    area_body = {"required": True, "content": _content("ClipArea")}
    image_body = {"required": True, "content": _content(_BINARY, "image/*")}
    saved = {"200": _answer("Replaced", _OBJECT), "201": _answer("New", _OBJECT)}
    gone = {"204": _answer("Removed")}
    api = "Templates"
    return {
        "/health": {"get": _operation("Whether the service answers", "Service", {"200": _answer("It does", _OBJECT)})},
        "/openapi.json": {"get": _operation("This document", "Service", {"200": _answer("OpenAPI 3.1", _OBJECT)})},
        "/api/recognitions": {"post": _recognition()},
        **_kept_paths(),
        "/api/schemas/omr.json": {
            "get": _operation("JSON Schema of the .omr format", api, {"200": _answer("Draft 2020-12", _OBJECT)})
        },
        "/api/templates": {"get": _operation("All templates", api, {"200": _answer("Names and URIs", _OBJECT)})},
        "/api/templates/{name}": {
            "parameters": [name],
            "get": _operation("The .omr file", api, {"200": _answer("The file, with its ETag", "Template")}),
            "put": _operation("Store a template", api, saved, requestBody=template_body, parameters=[_IF_MATCH]),
            "delete": _operation("Remove a template", api, gone, parameters=[_IF_MATCH]),
        },
        "/api/templates/{name}/clip-areas": {
            "parameters": [name],
            "get": _operation("All clip areas", api, {"200": _answer("In template order", _OBJECT)}),
            "post": _operation(
                "Add a clip area",
                api,
                {"201": _answer("Added", "ClipArea")},
                requestBody=area_body,
                parameters=[page, _IF_MATCH],
            ),
        },
        "/api/templates/{name}/clip-areas/{element}": {
            "parameters": [name, element],
            "get": _operation("One clip area", api, {"200": _answer("Found", "ClipArea")}),
            "put": _operation(
                "Replace a clip area",
                api,
                {"200": _answer("Replaced", "ClipArea")},
                requestBody=area_body,
                parameters=[_IF_MATCH],
            ),
            "delete": _operation("Remove a clip area", api, gone, parameters=[_IF_MATCH]),
        },
        "/api/images": {"get": _operation("All images", "Images", {"200": _answer("Names and URIs", _OBJECT)})},
        "/api/images/{name}": {
            "parameters": [name],
            "get": _operation("The stored file", "Images", {"200": _answer("As it was put", _BINARY, "image/*")}),
            "put": _operation("Store an image", "Images", saved, requestBody=image_body, parameters=[_IF_MATCH]),
            "delete": _operation("Remove an image", "Images", gone, parameters=[_IF_MATCH]),
        },
        "/api/segments": {"post": _segments()},
        **_iiif_paths(),
    }
