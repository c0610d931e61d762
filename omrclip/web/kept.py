"""`/api/recognitions/{id}`: kept recognitions, their files, and manifests that show them in IIIF viewers."""

import io
import zipfile
from http import HTTPStatus

from flask import Blueprint, Response, json, jsonify, request

from omrclip.errors import InvalidRequest
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
from omrclip.omr.result_files import saved_name
from omrclip.schemas.recognition_answer import KeptUris
from omrclip.storage.kept_records import KeptPage, KeptRecognition
from omrclip.web.services import PRIVATE, base_url, services

blueprint = Blueprint("kept", __name__, url_prefix="/api/recognitions")


@blueprint.get("/<identifier>")
def get_recognition(identifier: str) -> Response:
    """The answer again; its files are told by their URIs, without their data."""
    kept = services().kept.read(identifier)
    return jsonify({**services().kept.answer(kept), "Created": kept.created, "Expires": kept.expires})


@blueprint.delete("/<identifier>")
def delete_recognition(identifier: str) -> Response:
    """Remove a recognition with its scans and files."""
    services().kept.delete(identifier)
    return Response(status=HTTPStatus.NO_CONTENT)


@blueprint.get("/<identifier>/files/<name>")
def get_file(identifier: str, name: str) -> Response:
    """One of the response files."""
    kept = services().kept
    blob, media_type = kept.read_file(kept.read(identifier), name)
    answer = Response(blob.data, content_type=media_type)
    answer.set_etag(blob.etag)
    if "download" in request.args:
        answer.headers.set("Content-Disposition", "attachment", filename=saved_name(name, media_type))
    answer.make_conditional(request)
    return answer


@blueprint.get("/<identifier>/files.zip")
def get_files(identifier: str) -> Response:
    """All response files."""
    store = services().kept
    kept = store.read(identifier)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, media_type in kept.files:
            archive.writestr(saved_name(name, media_type), store.read_file(kept, name)[0].data)
    answer = Response(file.getvalue(), mimetype="application/zip")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{identifier}.zip")
    return answer


@blueprint.get("/<identifier>/manifest.json")
def get_manifest(identifier: str) -> Response:
    """The pages as canvases, their clip areas marked; with `?style=` the clips, painted in that way."""
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
    """Viewers on other sites read manifests; what else is here stays with this site, and nothing in shared caches."""
    answer.headers["Cache-Control"] = PRIVATE
    if answer.content_type == MEDIA_TYPE:
        answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


def _clips(identifier: str, document: str) -> Response:
    style = request.args.get("style", Style.SERVICE)
    if style not in set(Style):
        expected = f"one of {', '.join(Style)}"
        raise InvalidRequest(f"style: expected {expected}", fields=[{"path": "style", "expected": expected}])
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
        label="Recognised forms",
        pages=tuple(_page(uris, page) for page in kept.pages),
        see_also=(SeeAlso(uris.recognition(), "Recognition", f"{base_url()}/openapi.json"),),
        summary=_summary(kept),
        provider=(f"{base_url()}/", "omrclip"),
    )


def _summary(kept: KeptRecognition) -> str:
    pages, clips = len(kept.pages), sum(len(page.clips) for page in kept.pages)
    counted = (f"{count} {name}{'' if count == 1 else 's'}" for count, name in ((pages, "page"), (clips, "clip")))
    return f"{' and '.join(counted)} of recognised forms."


def _page(uris: KeptUris, page: KeptPage) -> PageInput:
    return PageInput(
        service3=uris.image(page.number),
        service2=uris.image(page.number, version=2),
        dimensions=page.registration.page,
        label=page.scan,
        metadata=page.values,
        clips=tuple(
            ClipInput(
                service3=uris.image(page.number, number),
                service2=uris.image(page.number, number, version=2),
                box=clip.box,
                label=clip.element,
            )
            for number, clip in enumerate(page.clips, start=1)
        ),
    )


def _uri(kept: KeptRecognition, document: str) -> str:
    return f"{KeptUris(base_url(), kept.identifier).recognition()}/{document}"
