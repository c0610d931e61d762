"""`/api/receipts`: what was deleted or has expired, when, by whom, and whether anything of it is left."""

from http import HTTPStatus

from flask import Blueprint, Response, jsonify

from omrclip.storage.receipts import Receipt
from omrclip.web.erasing import reread
from omrclip.web.services import PRIVATE, base_url, listed, services

blueprint = Blueprint("receipts", __name__, url_prefix="/api/receipts")


@blueprint.get("")
def list_receipts() -> Response:
    """All receipts, oldest first, a page at a time."""
    receipts = services().receipts
    return _private(listed("Receipts", receipts.identifiers, lambda one: _described(reread(receipts.read(one)))))


@blueprint.get("/<identifier>")
def get_receipt(identifier: str) -> Response:
    """One receipt."""
    return _private(jsonify(_described(reread(services().receipts.read(identifier)))))


def deleted(receipt: Receipt | None) -> Response:
    """The answer to a deletion."""
    return with_receipt(Response(status=HTTPStatus.NO_CONTENT), receipt)


def with_receipt(answer: Response, receipt: Receipt | None) -> Response:
    """Let the header Link of an answer lead to a receipt."""
    if receipt is not None:
        answer.headers["Link"] = f'<{_uri(receipt)}>; rel="describedby"'
    return answer


def _described(receipt: Receipt) -> dict[str, object]:
    return {
        "Identifier": receipt.identifier,
        "Uri": _uri(receipt),
        "Kind": receipt.kind,
        "Target": receipt.target,
        "Name": receipt.name,
        "By": receipt.by,
        "At": receipt.at,
        "Files": receipt.files,
        "Bytes": receipt.size,
        "Left": receipt.left,
        "Expired": receipt.expired,
    }


def _uri(receipt: Receipt) -> str:
    return f"{base_url()}/api/receipts/{receipt.identifier}"


def _private(answer: Response) -> Response:
    answer.headers["Cache-Control"] = PRIVATE
    return answer
