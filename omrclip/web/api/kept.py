"""`/api/recognitions/{id}`: stored recognitions, their files, and their manifests for IIIF viewers."""

import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import IO, Final

from flask import Blueprint, Response, json, jsonify, request

from omrclip.errors import DamagedRecord, InvalidRequest
from omrclip.iiif.presentation import (
    MEDIA_TYPE,
    ClipInput,
    ManifestInput,
    PageInput,
    SeeAlso,
    Style,
    clips_manifest,
    page_canvas,
    pages_manifest,
)
from omrclip.imaging.tiff.ranges import RangeReader
from omrclip.omr.report.answer import KeptUris
from omrclip.omr.report.result_files import saved_name
from omrclip.storage.kept import SMALL_BYTES, KeptRecognitions
from omrclip.storage.kept_records import KeptPage, KeptRecognition
from omrclip.storage.receipts import Deleted
from omrclip.web.api.receipts import deleted
from omrclip.web.api.tables import in_archive, kept_table
from omrclip.web.archives import Outbox
from omrclip.web.auth.viewers import probe_service
from omrclip.web.erasing import erase
from omrclip.web.lanes import Lane, MustWait, may_wait, runs_in
from omrclip.web.services import PRIVATE, base_url, disposition, services

READ_AT_ONCE: Final = 256 * 1024
_MANIFESTS: Final = frozenset({"kept.get_manifest", "kept.get_canvas", "kept.get_clips_manifest"})

blueprint = Blueprint("kept", __name__, url_prefix="/api/recognitions")


@blueprint.get("/<identifier>")
@runs_in(Lane.LIGHT_FIRST)
def get_recognition(identifier: str) -> Response:
    """The stored answer. It lists files by their URIs, without data."""
    store = services().kept
    kept = store.read(identifier)
    needed = store.answer_bytes(kept)
    if needed <= SMALL_BYTES:
        return _again(kept)
    if not may_wait():
        raise MustWait
    with services().sources.admission.admitted(needed):
        return _again(kept)


def _again(kept: KeptRecognition) -> Response:
    return jsonify({**services().kept.answer(kept), "Created": kept.created, "Expires": kept.expires})


@blueprint.delete("/<identifier>")
def delete_recognition(identifier: str) -> Response:
    """Remove a recognition with its scans and files."""
    return deleted(erase(Deleted.RECOGNITION, identifier, lambda: services().kept.delete(identifier)))


@blueprint.get("/<identifier>/files/<name>")
def get_file(identifier: str, name: str) -> Response:
    """One of the response files."""
    kept = services().kept
    file, media_type, etag = kept.open_file(kept.read(identifier), name)
    answer = Response(_bytes_of(file), content_type=media_type)
    answer.content_length = file.size
    answer.set_etag(etag)
    if "download" in request.args:
        answer.headers["Content-Disposition"] = disposition("attachment", saved_name(name, media_type))
    answer.make_conditional(request)
    return answer


@blueprint.get("/<identifier>/files.zip")
@runs_in(Lane.WORK)
def get_files(identifier: str) -> Response:
    """All response files, with tables that contain the corrected values."""
    store = services().kept
    kept = store.read(identifier)
    store.check_files(kept)  # missing files must be reported before the answer begins
    tables = _tables(kept)
    answer = Response(_archive(store, kept, tables), mimetype="application/zip")
    for file in tables.values():
        answer.call_on_close(file.close)
    answer.headers.set("Content-Disposition", "attachment", filename=f"{identifier}.zip")
    return answer


def _tables(kept: KeptRecognition) -> dict[str, IO[bytes]]:
    """The tables for an archive. If the answer is damaged, the archive has the files and says why there are none."""
    try:
        table = kept_table([kept], in_archive)
        return {"results.csv": table.csv(), "results.xlsx": table.xlsx()}
    except DamagedRecord as error:
        return {"results-missing.txt": BytesIO(error.message.encode())}


def _archive(store: KeptRecognitions, kept: KeptRecognition, tables: Mapping[str, IO[bytes]]) -> Iterator[bytes]:
    outbox = Outbox()
    with zipfile.ZipFile(outbox, "w", zipfile.ZIP_STORED) as archive:
        for number, (name, media_type) in enumerate(kept.files, start=1):
            file = store.open_numbered(kept, number)
            with archive.open(saved_name(name, media_type), "w", force_zip64=file.size >= zipfile.ZIP64_LIMIT) as entry:
                for piece in _bytes_of(file):
                    entry.write(piece)
                    yield from outbox.taken()
        for name, table in tables.items():
            table.seek(0)
            with table, archive.open(name, "w") as entry:
                while piece := table.read(READ_AT_ONCE):
                    entry.write(piece)
                    yield from outbox.taken()
    yield from outbox.taken()


def _bytes_of(file: RangeReader) -> Iterator[bytes]:
    """The bytes of a file in parts, so that only one part is in memory while a client reads slowly."""
    for start in range(0, file.size, READ_AT_ONCE):
        yield file.read(start, READ_AT_ONCE)


@blueprint.get("/<identifier>/manifest.json")
def get_manifest(identifier: str) -> Response:
    """A manifest with the pages as canvases and their clip areas marked. With `?style=`, the clips in this style."""
    if "style" in request.args:
        return _clips(identifier, "manifest.json")
    return _document(pages_manifest(_manifest(services().kept.read(identifier), "manifest.json")))


@blueprint.get("/<identifier>/manifest.json/canvas/p<int:number>")
def get_canvas(identifier: str, number: int) -> Response:
    """One of the manifest's canvases, to which the clips refer."""
    return _document(page_canvas(_manifest(services().kept.read(identifier), "manifest.json"), number))


@blueprint.get("/<identifier>/clips.json")
def get_clips_manifest(identifier: str) -> Response:
    """The clips as canvases."""
    return _clips(identifier, "clips.json")


@blueprint.after_request
def allow_viewers(answer: Response) -> Response:
    """Allow viewers on other sites to read manifests, but nothing else. Forbid caching by proxies."""
    answer.headers["Cache-Control"] = PRIVATE
    if request.endpoint in _MANIFESTS:
        answer.headers["Access-Control-Allow-Origin"] = "*"
        answer.headers["Access-Control-Allow-Headers"] = "Authorization"
    return answer


def _clips(identifier: str, document: str) -> Response:
    style = request.args.get("style", Style.SERVICE)
    if style not in set(Style):
        raise InvalidRequest.at("style", f"one of {', '.join(Style)}")
    kept = services().kept.read(identifier)
    query = f"?style={style}" if "style" in request.args else ""
    manifest = _manifest(kept, document + query)
    return _document(clips_manifest(manifest, Style(style), pages_uri=_uri(kept, "manifest.json")))


def _document(document: dict[str, object]) -> Response:
    return Response(json.dumps(document), content_type=MEDIA_TYPE)


def _manifest(kept: KeptRecognition, document: str) -> ManifestInput:
    uris = KeptUris(base_url(), kept.identifier)
    return ManifestInput(
        uri=_uri(kept, document),
        label="Recognized forms",
        pages=tuple(_page(uris, page) for page in kept.pages),
        see_also=(SeeAlso(uris.recognition(), "Recognition", f"{base_url()}/openapi.json"),),
        summary=_summary(kept),
        provider=(f"{base_url()}/", "omrclip"),
    )


def _summary(kept: KeptRecognition) -> str:
    pages, clips = len(kept.pages), sum(len(page.clips) for page in kept.pages)
    counted = (f"{count} {name}{'' if count == 1 else 's'}" for count, name in ((pages, "page"), (clips, "clip")))
    return f"{' and '.join(counted)} of recognized forms."


def _page(uris: KeptUris, page: KeptPage) -> PageInput:
    return PageInput(
        service3=uris.image(page.number),
        service2=uris.image(page.number, version=2),
        probe=probe_service(uris.image_name(page.number)),
        dimensions=page.registration.page,
        label=page.scan,
        metadata=page.values,
        density=page.density,
        clips=tuple(
            ClipInput(
                service3=uris.image(page.number, number),
                service2=uris.image(page.number, number, version=2),
                probe=probe_service(uris.image_name(page.number, number)),
                box=clip.box,
                label=clip.label,
            )
            for number, clip in enumerate(page.clips, start=1)
        ),
    )


def _uri(kept: KeptRecognition, document: str) -> str:
    return f"{KeptUris(base_url(), kept.identifier).recognition()}/{document}"
