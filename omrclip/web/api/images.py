"""`/api/images`: the stored images that have URIs under `/iiif/`."""

from http import HTTPStatus
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request

from omrclip.imaging.probe import ImageInfo
from omrclip.storage.blobs import Blob
from omrclip.storage.receipts import Deleted
from omrclip.web.api.receipts import deleted
from omrclip.web.erasing import erase
from omrclip.web.services import base_url, file_answer, image_uri, listed, precondition, services

blueprint = Blueprint("images", __name__, url_prefix="/api/images")


@blueprint.get("")
def list_images() -> Response:
    """The identifiers of images and their URIs, a page at a time."""
    return listed("Images", services().images.identifiers, lambda name: {"Name": name, "Uri": image_uri(name)})


@blueprint.get("/<path:name>")
def get_image(name: str) -> Response:
    """The stored file, unchanged."""
    blob, info = services().images.read(name)
    return file_answer(blob, info.format.media_type)


@blueprint.put("/<path:name>")
def put_image(name: str) -> Response:
    """Store the body as an image; replacing one takes If-Match."""
    blob, info, is_new = services().images.write(name, request.get_data(), precondition(must_match=True))
    answer = jsonify(_described(blob, info))
    answer.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    answer.headers["Location"] = f"{base_url()}/api/images/{quote(name)}"
    answer.set_etag(blob.etag)
    return answer


@blueprint.delete("/<path:name>")
def delete_image(name: str) -> Response:
    """Remove a stored image."""
    expected = precondition(must_match=False)
    return deleted(erase(Deleted.IMAGE, name, lambda: services().images.delete(name, expected)))


def _described(blob: Blob, info: ImageInfo) -> dict[str, object]:
    return {
        "Name": blob.name,
        "Uri": image_uri(blob.name),
        "Width": info.dimensions.width,
        "Height": info.dimensions.height,
        "MediaType": info.format.media_type,
        "Size": len(blob.data),
    }
