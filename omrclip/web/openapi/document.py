"""The OpenAPI description of the service. Bodies are described by the marshmallow schemas that read and write them."""

from itertools import chain
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import fields

from omrclip import __version__
from omrclip.iiif.capabilities import FORMATS, QUALITIES
from omrclip.iiif.grammar import INTEGER, REAL
from omrclip.iiif.presentation import Style
from omrclip.omr.report.table import Separator
from omrclip.schemas.batches import LaterSchema
from omrclip.schemas.fields import Expected
from omrclip.schemas.recognition_request import RecognitionRequestSchema
from omrclip.schemas.recognition_response import RecognitionResponseSchema
from omrclip.schemas.segments import SegmentRequestSchema, SegmentResponseSchema
from omrclip.schemas.template import template_json_schema
from omrclip.web.api.tables import MOST_MARKS_SEPARATOR, MOST_TOGETHER, XLSX_TYPE
from omrclip.web.openapi import parts as parts
from omrclip.web.openapi.access import access_paths
from omrclip.web.openapi.authoring import authoring_paths, correction_paths, corrections_paths, detection_paths
from omrclip.web.openapi.batches import batch_paths
from omrclip.web.openapi.cloud import cloud_paths
from omrclip.web.openapi.cloud_files import cloud_files_paths
from omrclip.web.openapi.parts import BINARY, IF_MATCH, JSON, JSON_LD, OBJECT, ZIP, Node
from omrclip.web.openapi.refusals import refusal_schemas, refusals
from omrclip.web.services import MOST_LISTED

METHODS = {"get", "put", "post", "patch", "delete"}


def openapi() -> Node:
    """The document, OpenAPI 3.1."""
    schemas = MarshmallowPlugin(schema_name_resolver=lambda schema: _name(schema))
    spec = APISpec(
        title="omrclip",
        version=__version__,
        openapi_version="3.1.0",
        info={"description": "Reads scanned forms and cuts out their clip areas. Stored images are also IIIF images."},
        plugins=[schemas],
    )
    converter: Any = schemas.converter  # made when the plugin met its spec
    converter.add_attribute_function(_own_field)
    spec.components.schema("Error", _ERROR)
    for name, definition in _template_schemas().items():
        spec.components.schema(name, definition)
    described = (
        _paths(),
        authoring_paths(),
        detection_paths(),
        correction_paths(),
        corrections_paths(),
        batch_paths(MOST_LISTED),
        access_paths(MOST_LISTED),
        cloud_paths(),
        cloud_files_paths(),
    )
    for name, refusal in refusal_schemas():
        spec.components.response(name, refusal)
    for path, operations in chain.from_iterable(paths.items() for paths in described):
        for method in METHODS & operations.keys():
            operation = operations[method]
            operation["operationId"] = parts.operation_id(method, path)
            operation["responses"] = refusals(path, method, operation) | operation["responses"]
        spec.path(path, parameters=operations.pop("parameters", []), operations=operations)
    return spec.to_dict()


def _name(schema: Any) -> str:
    cls = schema if isinstance(schema, type) else type(schema)
    return str(cls.__name__).removesuffix("Schema")


def _own_field(_converter: Any, field: fields.Field[Any], ret: Node) -> Node:  # noqa: ARG001 (apispec's signature)
    """The description of one of our fields. apispec calls this function for each field."""
    if not isinstance(field, Expected):
        return {}
    return {"description": field.expected, **field.json_schema()}


def _template_schemas() -> Node:
    """The definitions of the `.omr` format as components. Their references point into this document."""
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
            "required": ["code", "message", "details", "request_id"],
            "properties": {
                "code": {"type": "string", "description": "Stable code for programs"},
                "message": {"type": "string", "description": "Message for people"},
                "details": {"type": "object", "description": "The field, parameter or limit that the error is about"},
                "request_id": {
                    "type": "string",
                    "description": "The same id as in the header X-Request-Id and in the log",
                },
            },
        }
    },
}


SCANS = "The scans: image files, PDF and TIFF files, of which each page is a scan, and zip archives of these"


def _recognition() -> Node:
    by_parts: Node = {
        "type": "object",
        "required": ["Template", "Images"],
        "properties": {
            "Template": {**BINARY, "description": "An .omr file, or the name of a stored template as plain text"},
            "TemplateImage": {
                **BINARY,
                "description": "Image of the blank page, or a PDF or TIFF file of all blank pages",
            },
            "Images": {"type": "array", "items": BINARY, "minItems": 1, "description": SCANS},
            "Options": {"type": "string", "description": "The options as JSON"},
        },
    }
    body = {JSON: {"schema": RecognitionRequestSchema}, "multipart/form-data": {"schema": by_parts}}
    found = {
        **parts.content(RecognitionResponseSchema),
        "application/x-ndjson": {
            "schema": {"type": "string", "description": "One line for each scan, with an answer in JSON"}
        },
        "application/zip": {"schema": BINARY},
    }
    answers = {
        "200": {
            "description": "The result of each scan, including scans that failed.",
            "content": found,
            "headers": {"X-Scans": {"description": "Number of scans", "schema": {"type": "integer", "minimum": 1}}},
            "links": _kept_links(),
        }
    }
    keep = parts.parameter(
        "keep",
        "query",
        {"type": ["integer", "string"]},
        description="whether to store the recognition, or for how many seconds",
    )
    prefer = parts.parameter(
        "Prefer", "header", description="respond-async: the scans become a batch, and the answer does not wait for them"
    )
    answers["202"] = parts.answer(
        "With Prefer: respond-async: the batch, and which files are in it. Location is the address of the batch",
        LaterSchema,
    )
    sent = {"required": True, "content": body}
    return parts.operation("Recognize scans", "Recognition", answers, requestBody=sent, parameters=[keep, prefer])


def _kept_links() -> Node:
    """Links from the answer to the operations on a stored recognition."""
    given = {"identifier": "$response.body#/Identifier"}
    others = {"number": "1", "name": "$response.body#/ResponseFiles/0/Name"}
    found = {}
    for path, operations in {**_kept_paths(), **corrections_paths()}.items():
        for method in METHODS & operations.keys():
            places = {name: value for name, value in others.items() if f"{{{name}}}" in path}
            identity = parts.operation_id(method, path)
            found[identity] = {"operationId": identity, "parameters": {**given, **places}}
    return found


def _kept_paths() -> dict[str, Node]:
    tag = "Stored recognitions"
    identifier = parts.parameter("identifier", "path", description="Identifier from the answer of the recognition")
    styles: Node = {"type": "string", "enum": [str(style) for style in Style]}
    style = parts.parameter("style", "query", styles, description="how the manifest refers to the clips")
    download = parts.parameter("download", "query", {"type": "string"}, description="send the file as an attachment")

    separators: Node = {"type": "string", "enum": [str(one) for one in Separator], "default": ","}
    separator = parts.parameter("separator", "query", separators, description="what separates the cells")
    marks = parts.parameter(
        "marks",
        "query",
        {"type": "string", "maxLength": MOST_MARKS_SEPARATOR},
        description="text between several marks in one cell",
    )
    others: Node = {"type": "array", "items": {"type": "string"}, "maxItems": MOST_TOGETHER - 1}
    also = parts.parameter("also", "query", others, description="identifiers of recognitions that follow in the table")

    def document(summary: str, *parameters: Node) -> Node:
        answers = {"200": parts.answer("IIIF Presentation API 3.0", OBJECT, JSON_LD)}
        return {"get": parts.operation(summary, tag, answers, parameters=list(parameters))}

    answer = {
        "allOf": [{"$ref": "#/components/schemas/RecognitionResponse"}],
        "description": "The original answer with Created and Expires in seconds since 1970. Its files have no Data.",
    }
    paths: dict[str, Node] = {
        "": {
            "get": parts.operation("A stored recognition", tag, {"200": parts.answer("The recognition", answer)}),
            "delete": parts.operation(
                "Delete a recognition with its scans and files",
                tag,
                {"204": parts.answer("The recognition was deleted")},
            ),
        },
        "/files/{name}": {
            "parameters": [parts.parameter("name", "path")],
            "get": parts.operation(
                "A response file", tag, {"200": parts.answer("The file", BINARY, "*/*")}, parameters=[download]
            ),
        },
        "/files.zip": {
            "get": parts.operation("All response files", tag, {"200": parts.answer("A zip file", BINARY, ZIP)})
        },
        "/results.csv": {
            "get": parts.operation(
                "The table of the answers, with corrected values",
                tag,
                {"200": parts.answer("The table", {"type": "string"}, "text/csv")},
                parameters=[separator, marks, also],
            )
        },
        "/results.xlsx": {
            "get": parts.operation(
                "The workbook of the answers, with corrected values",
                tag,
                {"200": parts.answer("The workbook", BINARY, XLSX_TYPE)},
                parameters=[marks, also],
            )
        },
        "/overlay/{number}": {
            "parameters": [parts.parameter("number", "path", parts.PAGE_NUMBER)],
            "get": parts.operation(
                "A scan with the recognized elements and answers drawn on it",
                tag,
                {"200": parts.answer("The image", BINARY, "image/jpeg"), "304": parts.answer("Not modified")},
            ),
        },
        "/manifest.json": document(
            "A manifest with the pages as canvases, or with the clips if there is a style", style
        ),
        "/manifest.json/canvas/p{number}": {
            "parameters": [parts.parameter("number", "path", parts.PAGE_NUMBER)],
            **document("One canvas of the manifest"),
        },
        "/clips.json": document("A manifest with the clips as canvases", style),
    }
    return {
        f"/api/recognitions/{{identifier}}{path}": {
            **operations,
            "parameters": [identifier, *operations.get("parameters", [])],
        }
        for path, operations in paths.items()
    }


_REGION = rf"full|square|{INTEGER}(,{INTEGER}){{3}}|pct:{REAL}(,{REAL}){{3}}"
_SIZE = rf"max|pct:{REAL}|{INTEGER},|,{INTEGER}|!?{INTEGER},{INTEGER}"
_SIZES = {2: f"full|{_SIZE}", 3: rf"\^?({_SIZE})"}


def _pattern(expression: str) -> Node:
    return {"type": "string", "pattern": f"^({expression})$"}


def _iiif_paths() -> dict[str, Node]:
    identifier = parts.parameter("identifier", "path", description="percent-encoded, including slashes")
    download = parts.parameter(
        "download", "query", {"type": "string"}, description="send the image as an attachment with a file name"
    )
    sizes = {
        2: "`full`, `max`, `w,`, `,h`, `pct:n`, `w,h` or `!w,h`",
        3: "`max`, `w,`, `,h`, `pct:n`, `w,h` or `!w,h`, each with `^` before it to allow enlarging",
    }
    names = {2: "Image API 2.0, 2.1", 3: "Image API 3.0"}
    paths = {}
    for version, size in sizes.items():
        parameters = [
            identifier,
            parts.parameter(
                "region", "path", _pattern(_REGION), description="`full`, `square`, `x,y,w,h` or `pct:x,y,w,h`"
            ),
            parts.parameter("size", "path", _pattern(_SIZES[version]), description=size),
            parts.parameter(
                "rotation",
                "path",
                _pattern(f"!?{REAL}"),
                description="degrees clockwise from 0 to 360, with `!` before it to mirror the image first",
            ),
            parts.parameter("quality", "path", {"type": "string", "enum": [str(quality) for quality in QUALITIES]}),
            parts.parameter(
                "format", "path", {"type": "string", "enum": [str(image_format) for image_format in FORMATS]}
            ),
        ]
        image = {
            "200": parts.answer("The image", BINARY, "image/*", "application/pdf"),
            "304": parts.answer("Not modified"),
        }
        information = {
            "200": parts.answer("The info.json document", OBJECT, JSON, JSON_LD),
            "304": parts.answer("Not modified"),
        }
        base = f"/iiif/{version}/{{identifier}}"
        paths[f"{base}/{{region}}/{{size}}/{{rotation}}/{{quality}}.{{format}}"] = {
            "parameters": parameters,
            "get": parts.operation(f"An image ({names[version]})", "IIIF", image, parameters=[download]),
        }
        paths[f"{base}/info.json"] = {
            "parameters": [identifier],
            "get": parts.operation(f"Image information ({names[version]})", "IIIF", information),
        }
    return paths


def _segments() -> Node:
    found = {**parts.content(SegmentResponseSchema), "image/*": {"schema": BINARY}}
    answers = {
        "200": {
            "description": "One file for each segment. A single segment can also be answered as an image.",
            "content": found,
        }
    }
    body = {"required": True, "content": parts.content(SegmentRequestSchema)}
    return parts.operation("Cut out the image segments that a manifest shows", "IIIF", answers, requestBody=body)


def _paths() -> dict[str, Node]:
    name = parts.parameter("name", "path", parts.NAME)
    element = parts.parameter(
        "element", "path", description="the name of an element, or its path if several elements have the name"
    )
    page = parts.parameter(
        "page", "query", parts.PAGE_NUMBER, description="number of the page, if the template has several"
    )
    template_body = {"required": True, "content": parts.content("Template")}
    area_body = {"required": True, "content": parts.content("ClipArea")}
    image_body = {"required": True, "content": parts.content(BINARY, "image/*")}
    saved = {"200": parts.answer("It was replaced", OBJECT), "201": parts.answer("It was created", OBJECT)}
    gone = {"204": parts.answer("It was deleted")}
    api = "Templates"
    return {
        "/health": {
            "get": parts.operation("Health check", "Service", {"200": parts.answer("The service is running", OBJECT)})
        },
        "/metrics": {
            "get": parts.operation(
                "Metrics of the server",
                "Service",
                {"200": parts.answer("Prometheus text format", {"type": "string"}, "text/plain")},
            )
        },
        "/openapi.json": {
            "get": parts.operation("This document", "Service", {"200": parts.answer("OpenAPI 3.1", OBJECT)})
        },
        "/api/recognitions": {"post": _recognition()},
        **_kept_paths(),
        "/api/schemas/omr.json": {
            "get": parts.operation(
                "JSON Schema of the .omr format",
                api,
                {"200": parts.answer("Draft 2020-12", OBJECT, "application/schema+json")},
            )
        },
        "/api/templates": {"get": parts.listing("All templates", api, "Templates", MOST_LISTED)},
        "/api/templates/{name}": {
            "parameters": [name],
            "get": parts.operation("The .omr file", api, {"200": parts.answer("The file, with its ETag", "Template")}),
            "put": parts.operation("Store a template", api, saved, requestBody=template_body, parameters=[IF_MATCH]),
            "delete": parts.operation("Delete a template", api, gone, parameters=[IF_MATCH]),
        },
        "/api/templates/{name}/clip-areas": {
            "parameters": [name],
            "get": parts.operation(
                "All clip areas", api, {"200": parts.answer("In template order, with their Paths", OBJECT)}
            ),
            "post": parts.operation(
                "Add a clip area",
                api,
                {"201": parts.answer("The clip area was added", "ClipArea")},
                requestBody=area_body,
                parameters=[page, IF_MATCH],
            ),
        },
        "/api/templates/{name}/clip-areas/{element}": {
            "parameters": [name, element],
            "get": parts.operation("One clip area", api, {"200": parts.answer("The clip area", "ClipArea")}),
            "put": parts.operation(
                "Replace a clip area",
                api,
                {"200": parts.answer("The clip area was replaced", "ClipArea")},
                requestBody=area_body,
                parameters=[IF_MATCH],
            ),
            "delete": parts.operation("Delete a clip area", api, gone, parameters=[IF_MATCH]),
        },
        "/api/images": {"get": parts.listing("All images", "Images", "Images", MOST_LISTED)},
        "/api/images/{name}": {
            "parameters": [
                parts.parameter("name", "path", parts.IMAGE_NAME, description="percent-encoded, including slashes")
            ],
            "get": parts.operation(
                "The stored file", "Images", {"200": parts.answer("The bytes as stored", BINARY, "image/*")}
            ),
            "put": parts.operation("Store an image", "Images", saved, requestBody=image_body, parameters=[IF_MATCH]),
            "delete": parts.operation("Delete an image", "Images", gone, parameters=[IF_MATCH]),
        },
        "/api/segments": {"post": _segments()},
        **_iiif_paths(),
    }
