"""OpenAPI paths of batches."""

from omrclip.omr.report.table import Separator
from omrclip.schemas.batches import BatchChangeSchema, BatchRequestSchema, BatchSchema, IntakeSchema, PlacementSchema
from omrclip.schemas.corrections import SheetChangesSchema
from omrclip.schemas.recognition_parts import SAID
from omrclip.web.api.batch_corrections import PARQUET_TYPE, RESULT_FILES
from omrclip.web.api.batch_pdf import MOST_SHEETS
from omrclip.web.api.batch_sheets import STATUSES
from omrclip.web.api.batches import SHEET_FILTERS
from omrclip.web.openapi.parts import BINARY, NAME, ZIP, Node, answer, content, listing, operation, parameter

_TAG = "Batches"


def batch_paths(most_listed: int) -> dict[str, Node]:
    """The paths of batches, their sheets and their results."""
    batch = parameter("identifier", "path", description="Identifier of the batch")
    sheet = parameter("sheet", "path", description="Name of the sheet")
    base = "/api/batches/{identifier}"
    found = {"200": answer("The batch", BatchSchema)}
    name = parameter("name", "query", NAME, description="name of the document, if it is the body")
    result = parameter(
        "result",
        "query",
        {"type": "string", "enum": list(SHEET_FILTERS)},
        description="only sheets with this result. Doubtful ones have passed too; blank ones have blank answers",
    )
    element = parameter("element", "query", description="only the clips of this element")
    separators: Node = {"type": "string", "enum": [str(one) for one in Separator], "default": ","}
    separator = parameter("separator", "query", separators, description="what separates the cells")
    sheets = listing("The sheets that are done", _TAG, "Sheets", most_listed, _SHEET)
    sheets["parameters"].append(result)
    fields = listing("Answers and clips of the sheets that are done", _TAG, "Sheets", most_listed, _FIELDS)
    fields["parameters"] += [
        parameter(
            "status",
            "query",
            {"type": "string", "enum": list(STATUSES)},
            description="only answers with this status; doubtful means uncertain or multiple",
        ),
        parameter("element", "query", description="only the answers or clips of this element"),
        parameter("value", "query", description="only answers that were read as this value"),
    ]
    paths: dict[str, Node] = {
        "/api/batches": {
            "get": listing("All batches", _TAG, "Batches", most_listed),
            "post": operation(
                "Create a batch",
                _TAG,
                {"201": answer("The batch, without sheets. Location is its address", BatchSchema)},
                requestBody={"required": True, "content": content(BatchRequestSchema)},
            ),
        },
        "/api/sample-batch": {
            "post": operation(
                "Create a batch of the sample form and its scans",
                _TAG,
                {"201": answer("The batch, whose sheets will be recognized", BatchSchema)},
                requestBody={"required": True, "content": content(BatchChangeSchema)},
            )
        },
        "/api/all-batches": {
            "get": listing("The batches of all workspaces, for administrators", _TAG, "Batches", most_listed, _OVERVIEW)
        },
        base: {
            "get": operation("The state of a batch, and the addresses of its results", _TAG, found),
            "patch": operation(
                "Change the name or the expiry of a batch",
                _TAG,
                found,
                requestBody={"required": True, "content": content(BatchChangeSchema)},
            ),
            "delete": operation(
                "Delete a batch with its documents and results", _TAG, {"204": answer("The batch was deleted")}
            ),
        },
        f"{base}/sheets": {
            "get": sheets,
            "post": operation(
                "Add documents to a batch: images, PDF and TIFF files, and zip archives of these. Each page is a sheet",
                _TAG,
                {"200": answer("The documents that are in the batch now, and those that are not", IntakeSchema)},
                requestBody={"required": True, "content": _DOCUMENTS},
                parameters=[name],
            ),
        },
        f"{base}/sheets/{{sheet}}": {
            "get": operation(
                "Everything that was read on a sheet, without corrections",
                _TAG,
                {"200": answer("The record of the sheet, as in results.jsonl", {"type": "object"})},
            ),
        },
        f"{base}/sheets/{{sheet}}/manifest.json": {
            "get": operation(
                "A IIIF manifest with the scan of a sheet",
                _TAG,
                {"200": answer("The manifest, with one canvas", {"type": "object"})},
            ),
        },
        f"{base}/sheets/{{sheet}}/placement": {
            "put": operation(
                "Say where the page lies in the scan of a sheet, which is then recognized again",
                _TAG,
                {"202": answer("The sheet will be recognized again")},
                requestBody={"required": True, "content": content(PlacementSchema)},
            ),
        },
        f"{base}/pages": {
            "get": operation(
                "The pages of the templates of a batch",
                _TAG,
                {"200": answer("The pages, with the boxes of their bubbles and elements", _PAGES)},
            )
        },
        f"{base}/fields": {"get": fields},
        f"{base}/corrections": {
            "get": operation(
                "The corrections of the sheets", _TAG, {"200": answer("All that hold", SheetChangesSchema)}
            ),
            "post": operation(
                "Correct sheets. Corrections of other elements stay, and the results have the corrected values",
                _TAG,
                {"200": answer("All corrections that hold now", SheetChangesSchema)},
                requestBody={"required": True, "content": content(SheetChangesSchema)},
            ),
        },
        f"{base}/corrections/history": {
            "get": operation(
                "All corrections that were ever made or undone",
                _TAG,
                {"200": answer("In the order of time. Value is null where one was undone", SheetChangesSchema)},
            )
        },
        f"{base}/retry": {
            "post": operation("Let a batch that failed run again, and recognize its failed sheets again", _TAG, found)
        },
        f"{base}/events": {
            "get": operation(
                "The progress of a batch as Server-Sent Events, until it is done or has failed",
                _TAG,
                {
                    "200": answer("Events of the type progress, with the counts as JSON", {}, "text/event-stream"),
                    "204": answer("The batch has ended, and the client knows its last event"),
                },
                parameters=[parameter("Last-Event-ID", "header", description="id of the last event that was received")],
            )
        },
        f"{base}/clips.zip": {
            "get": operation(
                "The clips of all sheets that are done",
                _TAG,
                {"200": answer("A zip file", BINARY, ZIP)},
                parameters=[element],
            )
        },
    }
    paths[f"{base}/marked.pdf"] = {
        "get": operation(
            "The scans of the sheets that are done, with what was read and decided drawn on them",
            _TAG,
            {"200": answer("A PDF with a page for each sheet", BINARY, "application/pdf")},
            parameters=[
                parameter("after", "query", description="name of a sheet; only the sheets after it"),
                parameter(
                    "limit",
                    "query",
                    {"type": "integer", "minimum": 1, "maximum": MOST_SHEETS},
                    description="the most sheets; without it, more than the maximum are refused",
                ),
            ],
        )
    }
    for file, (summary, media_type) in _RESULTS.items():
        answers = {"200": answer("The file", BINARY, media_type)}
        if file in RESULT_FILES:
            answers["304"] = answer("Not modified")
        more = {"parameters": [separator]} if file == "results.csv" else {}
        paths[f"{base}/{file}"] = {"get": operation(summary, _TAG, answers, **more)}
    places = {"{identifier}": batch, "{sheet}": sheet}
    for path, operations in paths.items():
        if found_places := [place for name, place in places.items() if name in path]:
            operations["parameters"] = found_places
    return paths


_RESULTS = {
    "results.csv": ("The table of all sheets as CSV", "text/csv"),
    "results.xlsx": ("The workbook", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "results.parquet": ("The table of all sheets as Parquet, if pyarrow is installed", PARQUET_TYPE),
    "results.jsonl": ("Everything that was read, a line of JSON for each sheet", "application/x-ndjson"),
    "report.html": ("The report", "text/html"),
}
_SHEET: Node = {
    "type": "object",
    "required": ["Name", "Result", "Error", "Answers", "Doubtful", "Blank"],
    "properties": {
        "Name": {"type": "string"},
        "Result": {"type": "string", "enum": ["passed", "doubtful", "failed"]},
        "Error": {"type": ["object", "null"], "description": "Why the sheet failed"},
        "Doubtful": {"type": "array", "items": {"type": "string"}, "description": "Names of elements to check"},
        "Answers": {"type": "integer", "description": "Number of answers"},
        "Blank": {"type": "integer", "description": "Number of blank answers"},
    },
}
_FIELDS: Node = {
    "type": "object",
    "required": ["Name", "Fields"],
    "properties": {
        "Name": {"type": "string", "description": "Name of the sheet"},
        "Fields": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    **{
                        key: {"type": "string"}
                        for key in ("Name", "Path", "Label", "Type", "Status", "Value", "Message")
                    },
                    "Said": SAID,
                    "Confidence": {"type": ["number", "null"]},
                    "Corners": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
                    "Choices": {"type": "array", "items": {"type": "string"}, "description": "Values of the bubbles"},
                },
            },
        },
    },
}
_PAGES: Node = {
    "type": "object",
    "required": ["Pages"],
    "properties": {
        "Pages": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "Template": {"type": "string"},
                    "Page": {"type": "integer"},
                    "Width": {"type": "number"},
                    "Height": {"type": "number"},
                    "Boxes": {
                        "type": "array",
                        "items": {"type": "array", "items": {"type": "number"}},
                        "description": "Left, top, width and height in template pixels",
                    },
                },
            },
        },
    },
}
_OVERVIEW: Node = {
    "type": "object",
    "required": ["Workspace", "Identifier", "Name", "State", "Total", "Done", "Failed"],
    "properties": {
        "Workspace": {"type": "string", "description": "empty for that of the server"},
        **{key: {"type": "string"} for key in ("Identifier", "Name", "State", "Message")},
        **{key: {"type": "integer"} for key in ("Total", "Done", "Failed")},
    },
}
_PARTS: Node = {
    "type": "object",
    "required": ["Sheets"],
    "properties": {"Sheets": {"type": "array", "items": BINARY, "minItems": 1}},
    "additionalProperties": False,
}
_DOCUMENTS: Node = {
    "multipart/form-data": {"schema": _PARTS},
    **content(BINARY, "application/pdf", "application/zip", "image/*"),
}
