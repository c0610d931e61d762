"""The storage of versions 1.1 and 3.0 of the OMR cloud protocol: files and folders of the client's workspace.

Version 3.0 has the path in the URL, version 1.1 in the query. There is one storage, whatever name a client gives it.
"""

import io
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import IO, Final
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request
from werkzeug.datastructures import FileStorage
from werkzeug.formparser import MultiPartParser

from omrclip.errors import InvalidRequest
from omrclip.storage.client_files import Entry, Kind, clean_path
from omrclip.storage.receipts import Deleted
from omrclip.web.api.receipts import with_receipt
from omrclip.web.cloud.paths import StoragePath
from omrclip.web.erasing import erase
from omrclip.web.lanes import Lane, runs_in
from omrclip.web.services import services

blueprint = Blueprint("cloud_files", __name__)
blueprint.record_once(lambda state: state.app.url_map.converters.update(storage=StoragePath))

FILES_FIELD: Final = "file"
# The beginning of a multipart body. Some clients send such a body under a Content-Type without its boundary.
_BOUNDARY = re.compile(rb"--([^\r\n]{1,70})\r\nContent-Disposition: form-data", re.IGNORECASE)
_V3, _V1 = "/v3.0/omr/storage", "/v1.1/storage"


@blueprint.put(f"{_V3}/file/<storage:path>")
@blueprint.put(f"{_V1}/file")
def put_file(path: str | None = None) -> Response:
    """Store a file, sent as multipart or as its bytes. If the path is that of a folder, the file keeps its name."""
    where = _given(path)
    name, data = _uploaded()
    if name and (not where or where.endswith("/") or services().client_files.kind(where) is Kind.FOLDER):
        where = f"{where}/{name}"
    if not data:
        raise InvalidRequest.at("body", "the bytes of a file", "an empty body")
    services().client_files.write(where, data)
    return jsonify(uploaded=[where.rpartition("/")[2]], errors=[])


@blueprint.get(f"{_V3}/file/<storage:path>")
@blueprint.get(f"{_V1}/file")
def get_file(path: str | None = None) -> Response:
    """The bytes of a file."""
    blob = services().client_files.read(_given(path))
    answer = Response(blob.data, mimetype="application/octet-stream")
    name = quote(blob.name.rpartition("/")[2], safe="")
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.delete(f"{_V3}/file/<storage:path>")
@blueprint.delete(f"{_V1}/file")
def delete_file(path: str | None = None) -> Response:
    """Delete a file."""
    files, where = services().client_files, clean_path(_given(path))
    return with_receipt(_done(), erase(Deleted.FILE, where, lambda: files.delete(where)))


@blueprint.put(f"{_V3}/file/copy/<storage:path>")
@blueprint.put(f"{_V3}/folder/copy/<storage:path>")
@runs_in(Lane.WORK)
def copy(path: str) -> Response:
    """Copy a file or folder to `?destPath=`."""
    services().client_files.copy(path, _query("destPath"))
    return _done()


@blueprint.put(f"{_V3}/file/move/<storage:path>")
@blueprint.put(f"{_V3}/folder/move/<storage:path>")
@runs_in(Lane.WORK)
def move(path: str) -> Response:
    """Move a file or folder to `?destPath=`."""
    services().client_files.move(path, _query("destPath"))
    return _done()


@blueprint.put(f"{_V3}/folder/<storage:path>")
@blueprint.put(f"{_V1}/folder")
def put_folder(path: str | None = None) -> Response:
    """Make a folder."""
    services().client_files.make_folder(_given(path))
    return _done()


@blueprint.get(f"{_V3}/folder/<storage:path>")
@blueprint.get(f"{_V3}/folder")
@blueprint.get(f"{_V1}/folder")
def get_folder(path: str | None = None) -> Response:
    """The files and folders in a folder, by default in the root."""
    entries = services().client_files.entries(request.args.get("path", "") if path is None else path)
    return jsonify(value=[_described(entry) for entry in entries])


@blueprint.delete(f"{_V3}/folder/<storage:path>")
@blueprint.delete(f"{_V1}/folder")
@runs_in(Lane.WORK)
def delete_folder(path: str | None = None) -> Response:
    """Delete a folder. With `?recursive=true`, also what is in it."""
    recursive = request.args.get("recursive", "false").lower() == "true"
    files, where = services().client_files, clean_path(_given(path))
    receipt = erase(Deleted.FILE, where, lambda: files.delete_folder(where, recursive=recursive))
    return with_receipt(_done(), receipt)


@blueprint.get(f"{_V3}/exist/<storage:path>")
@blueprint.get(f"{_V1}/exist")
def get_exist(path: str | None = None) -> Response:
    """Whether a path leads to a file or folder."""
    kind = services().client_files.kind(_given(path))
    return jsonify(exists=kind is not None, isFolder=kind is Kind.FOLDER)


@blueprint.get(f"{_V3}/disc")
@blueprint.get(f"{_V1}/disc")
def get_disc() -> Response:
    """The size of all files, and the size that they may have."""
    files = services().client_files
    return jsonify(usedSize=files.used_bytes(), totalSize=files.most_bytes)


@blueprint.get(f"{_V3}/<name>/exist")
def get_storage(name: str) -> Response:  # noqa: ARG001 (every name stands for the one storage)
    """Whether a storage exists."""
    return jsonify(exists=True)


def _given(path: str | None) -> str:
    """The path of the URL, or else of the query."""
    return _query("path") if path is None else path


def _query(name: str) -> str:
    found = request.args.get(name, "")
    if not found:
        raise InvalidRequest.at(name, "a path in the query of the URL; it is missing")
    return found


def _uploaded() -> tuple[str, bytes]:
    """The name and the bytes of the file in the body. The name is empty if the body has only the bytes."""
    if request.mimetype != "multipart/form-data":
        return "", request.get_data()
    if "boundary" in request.mimetype_params:
        return _part(request.files)
    body = request.get_data()
    found = _BOUNDARY.match(body)
    if found is None:
        return "", body
    parser = MultiPartParser(_in_memory, max_form_memory_size=len(body))
    return _part(parser.parse(io.BytesIO(body), found[1], len(body))[1])


def _in_memory(
    total_content_length: int | None,  # noqa: ARG001 (the signature is werkzeug's)
    content_type: str | None,  # noqa: ARG001
    filename: str | None,  # noqa: ARG001
    content_length: int | None = None,  # noqa: ARG001
) -> IO[bytes]:
    """Where the parser writes a file. Uploads are personal data, so they are not written to the disk."""
    return io.BytesIO()


def _part(files: Mapping[str, FileStorage]) -> tuple[str, bytes]:
    """The file in the field `File`, or the only one."""
    named = [file for key, file in files.items() if key.lower() == FILES_FIELD] or list(files.values())
    if len(named) != 1:
        raise InvalidRequest.at("File", "one file in the multipart field File", f"{len(named)} files")
    name = (named[0].filename or "").rpartition("/")[2]
    return name, named[0].read()


def _described(entry: Entry) -> dict[str, object]:
    modified = datetime.fromtimestamp(entry.modified, UTC) if entry.modified else None
    return {
        "name": entry.name,
        "isFolder": entry.kind is Kind.FOLDER,
        "modifiedDate": modified.isoformat(timespec="seconds") if modified else None,
        "size": entry.size,
        "path": entry.path,
    }


def _done() -> Response:
    """Some clients take every status but 200 for an error."""
    return jsonify({})
