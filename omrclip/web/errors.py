"""Maps exception classes to statuses, and answers all errors in the same format.

The format is JSON, `{"error": {"code", "message", "details", "request_id"}}`. Under `/iiif/` it is plain text, which
image clients expect.
"""

from http import HTTPStatus
from typing import cast

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from omrclip import errors
from omrclip.web.gate import REQUEST_ID, body_too_large
from omrclip.web.lanes import MUST_WAIT, MustWait

STATUS: dict[type[errors.OmrclipError], HTTPStatus] = {
    errors.InvalidRequest: HTTPStatus.BAD_REQUEST,
    errors.InvalidParameter: HTTPStatus.BAD_REQUEST,
    errors.NameConflict: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.FolderInUse: HTTPStatus.CONFLICT,
    errors.InvalidTemplate: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.InvalidMarkup: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ImageError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.UnsupportedImage: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.CorruptImage: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.LimitExceeded: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.RegistrationFailed: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.WorkerLost: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ClusterUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.MisdirectedRequest: HTTPStatus.MISDIRECTED_REQUEST,
    errors.ForeignRequest: HTTPStatus.FORBIDDEN,
    errors.LoginRequired: HTTPStatus.UNAUTHORIZED,
    errors.LoginFailed: HTTPStatus.UNAUTHORIZED,
    errors.TooManyAttempts: HTTPStatus.TOO_MANY_REQUESTS,
    errors.NotAllowed: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.DamagedRecord: HTTPStatus.GONE,
    errors.StorageUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StorageFull: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    errors.PreconditionRequired: HTTPStatus.PRECONDITION_REQUIRED,
    errors.ServerBusy: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.Stopped: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DeadlineExceeded: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.Abandoned: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.InternalError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.ConfigurationError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.OmrclipError: HTTPStatus.INTERNAL_SERVER_ERROR,
}

# Werkzeug's own errors, with our codes if these have the same meaning.
_HTTP_CODES = {
    HTTPStatus.NOT_FOUND: errors.NotFound.code,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: errors.LimitExceeded.code,
    HTTPStatus.BAD_REQUEST: errors.InvalidRequest.code,
}


def status_of(error: errors.OmrclipError) -> HTTPStatus:
    """The status of an exception: that of its class, or of the closest base class."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def error_body(code: str, message: str, details: dict[str, object], request_id: str) -> dict[str, object]:
    """The error as JSON."""
    return {"error": {"code": code, "message": message, "details": details, "request_id": request_id}}


def answer_of(error: errors.OmrclipError) -> Response:
    """The answer to a request that an exception has ended."""
    answer = _answer(status_of(error), error.code, error.message, error.details)
    answer.headers.update(_headers_of(error))
    return answer


def register_error_handlers(app: Flask) -> None:
    """Answer every exception in the same format."""
    app.register_error_handler(errors.OmrclipError, answer_of)

    @app.errorhandler(MustWait)
    def must_wait(_error: MustWait) -> Response:
        request.environ[MUST_WAIT] = True  # the gateway discards this answer, and sends the request to the work lane
        return Response(status=HTTPStatus.SERVICE_UNAVAILABLE)

    @app.errorhandler(RequestEntityTooLarge)
    def too_large(_error: RequestEntityTooLarge) -> Response:
        return answer_of(body_too_large(app.config["MAX_CONTENT_LENGTH"]))

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
        if status < HTTPStatus.BAD_REQUEST:
            return cast(Response, Response.force_type(error.get_response(), request.environ))
        code = _HTTP_CODES.get(status, status.name.lower())
        answer = _answer(status, code, error.description or status.phrase, {})
        for name, value in error.get_headers():
            if name.lower() not in {"content-type", "content-length"}:
                answer.headers[name] = value
        return answer

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> Response:
        return answer_of(errors.internal_error(error))


def _headers_of(error: errors.OmrclipError) -> dict[str, str]:
    """The headers that say when to try again, or how to authenticate."""
    if "retry_after" in error.details:
        return {"Retry-After": str(error.details["retry_after"])}
    if isinstance(error, errors.LoginRequired):
        return {"WWW-Authenticate": 'Bearer realm="omrclip"'}
    return {}


def _answer(status: HTTPStatus, code: str, message: str, details: dict[str, object]) -> Response:
    if request.path.startswith("/iiif/"):
        answer = Response(message + "\n", status, mimetype="text/plain")
        answer.headers["Access-Control-Allow-Origin"] = "*"
        return answer
    answer = jsonify(error_body(code, message, details, request.environ[REQUEST_ID]))
    answer.status_code = status
    return answer
