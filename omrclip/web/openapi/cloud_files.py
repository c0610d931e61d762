"""OpenAPI paths of the storage and the tasks of versions 1.1 and 3.0 of the OMR cloud protocol."""

from omrclip.web.openapi.parts import BINARY, IMAGE_NAME, OBJECT, Node, answer, content, operation, parameter

_TAG = "OMR cloud protocol 1.1 and 3.0"
_V3, _V1 = "/v3.0/omr/storage", "/v1.1/storage"
_ACTIONS = ("GenerateTemplate", "CorrectTemplate", "FinalizeTemplate", "RecognizeImage", "GradeAnswers")
_IN_URL = parameter("path", "path", IMAGE_NAME, description="a path in the storage, which may contain slashes")
_IN_QUERY = parameter("path", "query", IMAGE_NAME, required=True, description="a path in the storage")
_ROOT_IN_QUERY = parameter("path", "query", IMAGE_NAME, description="a path in the storage; the root if not given")
_RECURSIVE = parameter("recursive", "query", {"type": "boolean"}, description="whether to delete what is in it")
_DESTINATION = parameter("destPath", "query", IMAGE_NAME, required=True, description="the new path")
_SIZE: Node = {"type": "integer", "minimum": 0}


def cloud_files_paths() -> dict[str, Node]:
    """The paths of the storage, and of `runOmrTask`."""
    folder = [_RECURSIVE]
    paths: dict[str, Node] = {
        f"{_V3}/file/{{path}}": {"parameters": [_IN_URL], **_file([])},
        f"{_V1}/file": _file([_IN_QUERY]),
        f"{_V3}/folder/{{path}}": {"parameters": [_IN_URL], **_folder([], []), **_delete_folder(folder)},
        f"{_V3}/folder": {"get": _list([])},
        f"{_V1}/folder": {**_folder([_IN_QUERY], [_ROOT_IN_QUERY]), **_delete_folder([_IN_QUERY, *folder])},
        f"{_V3}/exist/{{path}}": {"parameters": [_IN_URL], "get": _exist([])},
        f"{_V1}/exist": {"get": _exist([_IN_QUERY])},
        f"{_V3}/{{name}}/exist": {
            "parameters": [parameter("name", "path", description="the name of a storage, of which there is one")],
            "get": operation("Whether a storage exists", _TAG, _told("Always true", exists={"type": "boolean"})),
        },
    }
    for what in ("file", "folder"):
        for verb in ("copy", "move"):
            paths[f"{_V3}/{what}/{verb}/{{path}}"] = {
                "parameters": [_IN_URL],
                "put": _change(f"{verb.capitalize()} a file or folder", [_DESTINATION]),
            }
    for storage in (_V3, _V1):
        disc = _told("The sizes in bytes", usedSize=_SIZE, totalSize=_SIZE)
        paths[f"{storage}/disc"] = {"get": operation("The size of all files, and the most that it may be", _TAG, disc)}
    for version in ("v1.1", "v3.0"):
        paths[f"/{version}/omr/{{path}}/runOmrTask"] = {"parameters": [_IN_URL], "post": _task()}
    return paths


def _file(parameters: list[Node]) -> Node:
    uploaded = _told(
        "The names of the stored files",
        uploaded={"type": "array", "items": {"type": "string"}},
        errors={"type": "array"},
    )
    field = {"type": "object", "required": ["File"], "properties": {"File": BINARY}}
    body = {**content(BINARY, "application/octet-stream"), **content(field, "multipart/form-data")}
    found = {"200": answer("The bytes of the file", BINARY, "application/octet-stream")}
    put = operation(
        "Store a file", _TAG, uploaded, parameters=parameters, requestBody={"required": True, "content": body}
    )
    return {
        "put": _filling(put),
        "get": operation("Get a file", _TAG, _missing(found), parameters=parameters),
        "delete": _change("Delete a file", parameters),
    }


def _folder(parameters: list[Node], listing: list[Node]) -> Node:
    return {"put": _change("Make a folder", parameters), "get": _list(listing)}


def _delete_folder(parameters: list[Node]) -> Node:
    return {"delete": _change("Delete a folder", parameters)}


def _list(parameters: list[Node]) -> Node:
    entries = {"type": "array", "items": OBJECT}
    return operation(
        "List a folder", _TAG, _missing(_told("Its files and folders", value=entries)), parameters=parameters
    )


def _exist(parameters: list[Node]) -> Node:
    told = _told("What is there", exists={"type": "boolean"}, isFolder={"type": "boolean"})
    return operation("Whether a file or folder exists", _TAG, told, parameters=parameters)


def _task() -> Node:
    action = parameter("actionName", "query", {"enum": list(_ACTIONS)}, required=True)
    folder = parameter("folder", "query", IMAGE_NAME, description="the folder of the path")
    text = {"type": ["string", "null"]}
    body: Node = {"type": "object", "properties": {"FunctionParam": text, "AdditionalParam": text}}
    return operation(
        "Run an action on a file. A task that fails has an ErrorCode other than 0",
        _TAG,
        {"200": answer("The result, with keys in the letter case of the request", OBJECT)},
        parameters=[action, folder],
        requestBody={"required": True, "content": content(body)},
    )


def _change(summary: str, parameters: list[Node]) -> Node:
    return _filling(operation(summary, _TAG, {"200": answer("An empty object", OBJECT)}, parameters=parameters))


def _filling(node: Node) -> Node:
    """The operation, which may also find nothing, or fill the storage."""
    full = answer("The storage is full, or the files have reached their maximum size", "Error")
    return {**node, "responses": {**_missing(node["responses"]), "507": full}}


def _missing(answers: Node) -> Node:
    return {**answers, "404": answer("Nothing is stored under this path", "Error")}


def _told(description: str, **members: Node) -> Node:
    return {"200": answer(description, {"type": "object", "required": list(members), "properties": members})}
