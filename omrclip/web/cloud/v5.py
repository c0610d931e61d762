"""Version 5.0 of the OMR cloud protocol: a task carries everything, and its client asks for its result again and again.

Answers are always 200 if there was such a request, and their `responseStatusCode` says what happens to the task.
"""

import json
import logging
from collections.abc import Callable
from typing import Any, Final, TypeVar

from flask import Blueprint, Response, request

from omrclip.errors import InvalidMarkup, InvalidRequest, InvalidTemplate, LimitExceeded
from omrclip.omr.authoring.generation.forms import GENERATION_BYTES, generate
from omrclip.schemas.cloud.v5 import GenerateTask, Status, load_generate_task, load_recognize_task, task_answer
from omrclip.schemas.template import check_template, template_to_bytes
from omrclip.storage.cloud_tasks import KEPT_SECONDS, Kind, NewTask, TaskState
from omrclip.web.auth.login import current_account
from omrclip.web.lanes import Lane, runs_in
from omrclip.web.services import json_body, services

View = TypeVar("View", bound=Callable[..., Any])

BASE: Final = "/v5.0/omr"
_LEADS: Final = tuple(f"{slash}{stray}" for slash in ("/", "//") for stray in ("", "v5/", "./v5/"))
"""What stands between the base path and the name of the resource. Python doubles the slash if the base path ends in
one, and .NET adds a version."""
_NOT_FOUND: Final = "There is no such task. It was cancelled, or sent by another client or to another server."
_LOST: Final = f"The results of this task have expired. They are kept for {KEPT_SECONDS // 3600} hours."

blueprint = Blueprint("cloud_v5", __name__)
logger = logging.getLogger(__name__)


def _at(method: str, resource: str, operation: str) -> Callable[[View], View]:
    """Decorate a view with all paths under which clients ask for an operation."""

    def add(view: View) -> View:
        for lead in _LEADS:
            # The resource alone is cancelled by DELETE. .NET also posts to it, with its stray version.
            is_named_alone = method == "DELETE" or (method == "POST" and "v5" in lead)
            for path in (f"{resource}/{operation}", *([resource] if is_named_alone else [])):
                blueprint.add_url_rule(f"{BASE}{lead}{path}", view_func=view, methods=[method], strict_slashes=False)
        return view

    return add


@_at("POST", "RecognizeTemplate", "PostRecognizeTemplate")
@runs_in(Lane.WORK)
def post_recognition() -> Response:
    """Take a task to recognize an image. The answer is its identifier."""
    asked = load_recognize_task(json_body(), services().config.limits)
    if asked.ignored:
        logger.info("a task has %d images after the first, which are ignored", asked.ignored)
    worker = services().cloud
    identifier = worker.tasks.new_identifier()
    task = NewTask(identifier, _owner(), asked.output_format, asked.threshold, asked.template, asked.image)
    worker.tasks.add(task)
    worker.wake()
    return _identifier_told(identifier)


@_at("GET", "RecognizeTemplate", "GetRecognizeTemplate")
def get_recognition() -> Response:
    """The state of a task, and its results."""
    return _answer(Kind.RECOGNIZE)


@_at("DELETE", "RecognizeTemplate", "CancelRecognizeTemplate")
def delete_recognition() -> Response:
    """Remove a task with its results, in whatever state it is."""
    return _cancelled(Kind.RECOGNIZE)


@_at("POST", "GenerateTemplate", "PostGenerateTemplate")
@runs_in(Lane.WORK)
def post_generation() -> Response:
    """Take a task to generate a form. It is done at once, and its client asks for the result."""
    asked = load_generate_task(json_body(), services().config.limits)
    tasks = services().cloud.tasks
    identifier = tasks.new_identifier()
    answer = _generated(asked, identifier)
    tasks.add_done(identifier, _owner(), Kind.GENERATE, answer)
    return _identifier_told(identifier)


def _generated(asked: GenerateTask, identifier: str) -> bytes:
    """The answer of a task: a file for each page or a PDF, then the template; or what is wrong in the markup."""
    config = services().config
    try:
        with services().sources.admission.admitted(GENERATION_BYTES):
            form = generate(asked.markup, "form", asked.images, asked.settings, config.limits)
            check_template(form.template, config.limits)
            images = form.page_images(config.limits)
    except InvalidMarkup as error:
        return task_answer(identifier, Status.ERROR, messages=[str(problem) for problem in error.problems])
    except (InvalidRequest, InvalidTemplate, LimitExceeded) as error:
        return task_answer(identifier, Status.ERROR, messages=[error.message])
    is_pdf = asked.output_format == "Pdf"
    pages = [("Pdf", form.pdf)] if is_pdf else [("Png", image) for image in images]
    return task_answer(identifier, Status.OK, [*pages, ("Omr", template_to_bytes(form.template_with(images)))])


@_at("GET", "GenerateTemplate", "GetGenerateTemplate")
def get_generation() -> Response:
    """The state of a task, and its results."""
    return _answer(Kind.GENERATE)


@_at("DELETE", "GenerateTemplate", "CancelGenerateTemplate")
def delete_generation() -> Response:
    """Remove a task with its results."""
    return _cancelled(Kind.GENERATE)


def _owner() -> str:
    account = current_account()
    return f"{account.kind}/{account.name}"


def _identifier_told(identifier: str) -> Response:
    """The identifier as a JSON string, which the clients need, or as plain text for clients that accept only text."""
    accepted = request.accept_mimetypes
    if accepted and all(kind.partition(";")[0].strip() == "text/plain" for kind, _ in accepted):
        return _unstored(Response(identifier, mimetype="text/plain"))
    return _unstored(Response(json.dumps(identifier), mimetype="application/json"))


def _asked_identifier() -> str:
    identifier = request.args.get("id")
    if identifier is None:
        raise InvalidRequest.at("id", "the identifier of a task")
    return identifier


def _answer(kind: Kind) -> Response:
    identifier = _asked_identifier()
    worker = services().cloud
    found = worker.tasks.answer(identifier.lower(), _owner(), kind)
    if found is None:
        answer = task_answer(identifier, Status.NOT_FOUND, messages=[_NOT_FOUND])
    elif found[0] is TaskState.EXPIRED:
        answer = task_answer(identifier, Status.LOST, messages=[_LOST])
    elif found[0] is TaskState.WAITING:
        worker.wake()  # the process that worked on it may have ended
        answer = task_answer(identifier, Status.NOT_READY)
    else:
        answer = found[1]
    return _unstored(Response(answer, mimetype="application/json"))


def _cancelled(kind: Kind) -> Response:
    services().cloud.tasks.cancel(_asked_identifier().lower(), _owner(), kind)
    return _unstored(Response())


def _unstored(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer
