"""`runOmrTask`, the call of versions 1.1 and 3.0 of the OMR cloud protocol that does the work.

Each action is a translation to the functions that our own API calls. A task that fails is answered with the status 200,
because clients show the ErrorText of such an answer, and take other statuses for errors of the connection.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, Final

from flask import Blueprint, Response, jsonify, request

from omrclip.admission import Holding
from omrclip.errors import Abandoned, InvalidRequest, NotFound, OmrclipError, RegistrationFailed, Stopped
from omrclip.iiif.request import Format
from omrclip.jobs.sources import ScanFile, read_admitted, scans_of
from omrclip.omr.authoring.correction import correct
from omrclip.omr.authoring.finalization import finalize
from omrclip.omr.authoring.generation.forms import GENERATION_BYTES, generate, image_places, read_source
from omrclip.omr.clip_bounds import check_bytes, check_clips
from omrclip.omr.grading import grade, read_answers
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, Scan, check_pages, failed, known_pages, recognize_admitted
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.report.file_names import safe_file_name, stem
from omrclip.omr.report.result_files import FileNames, ResponseFile, plan_file_names, results_text
from omrclip.omr.template import Bubble, ChoiceBox, Element, Grid, Template
from omrclip.schemas.cloud import tasks as schema
from omrclip.schemas.cloud.tasks import TaskOutcome
from omrclip.schemas.grading import grades_to_bytes, load_rules
from omrclip.schemas.template import check_template, load_template, template_to_bytes
from omrclip.web.api.recognition_request import check_images
from omrclip.web.api.template_correction import admitted
from omrclip.web.cloud.worker import CLIP_COST
from omrclip.web.errors import status_of
from omrclip.web.lanes import Lane, runs_in, work
from omrclip.web.metrics import PASSED
from omrclip.web.services import services

blueprint = Blueprint("cloud_tasks", __name__)

BLANK_RESULTS: Final = "RecognitionResult.dat"
_TEXT, _JSON = "text/plain; charset=utf-8", "application/json"
_TASK_FAILED: Final = 422
"""The ErrorCode of a task that was run and did not succeed. Other codes are the statuses of our own API."""


@blueprint.post("/v1.1/omr/<storage:path>/runOmrTask")
@blueprint.post("/v3.0/omr/<storage:path>/runOmrTask")
@runs_in(Lane.WORK)
def post_task(path: str) -> Response:
    """Run an action on a file of the storage."""
    body, held = request.get_data(), services().sources.admission.holding()
    try:
        told = _run(path, body, held)
        return jsonify(schema.in_camel_case(told) if schema.is_camel_case(body) else told)
    finally:
        held.shrink()


@dataclass(frozen=True, slots=True)
class _Task:
    """The input of an action.

    Attributes:
        name: the name of the file in the storage, without its folders.
        data: its bytes; empty if there is no such file and the action does not need one.
        parameter: FunctionParam.
        held: the memory of the answer.
    """

    name: str
    data: bytes = field(repr=False)
    parameter: str = field(repr=False)
    held: Holding

    @property
    def stem(self) -> str:
        """The name without its extension."""
        return stem(self.name)


def _run(path: str, body: bytes, held: Holding) -> dict[str, Any]:
    try:
        started = perf_counter()
        asked = schema.load_task(body, services().config.limits)
        action = _action()
        name, data = _file(path, needed=action not in _WITHOUT_FILE)
        read = perf_counter()
        outcome = action(_Task(name, data, asked.parameter, held))
        code = 0 if outcome.error is None else _TASK_FAILED
        return schema.dump_answer(outcome, perf_counter() - read, read - started, code)
    except Abandoned:
        raise
    except OmrclipError as error:
        return schema.dump_refusal(int(status_of(error)), error.message)


def _action() -> Callable[[_Task], TaskOutcome]:
    asked = request.args.get("actionName", "")
    found = next((action for name, action in _ACTIONS.items() if name.lower() == asked.lower()), None)
    if found is None:
        raise InvalidRequest.at("actionName", f"one of {', '.join(_ACTIONS)}", repr(asked[:40]))
    return found


def _file(path: str, *, needed: bool) -> tuple[str, bytes]:
    """The name and the bytes of the file in `?folder=` that an action works on."""
    whole = f"{request.args.get('folder', '')}/{path}"
    try:
        data = services().client_files.read(whole).data
    except NotFound:
        if needed:
            raise
        data = b""
    return whole.rpartition("/")[2], data


def _generate(task: _Task) -> TaskOutcome:
    """Make a form from markup. Its images are in the folder of the storage that FunctionParam names."""
    limits = services().config.limits
    folder = _extra_folder(task.parameter)
    images = {}
    for name in sorted(image_places(read_source(task.data).elements)):
        with suppress(NotFound):  # the form tells what is missing, with its line
            images[name] = services().client_files.read(f"{folder}/{name}").data
    with services().sources.admission.admitted(GENERATION_BYTES):
        form = generate(task.data, task.stem, images, limits=limits)
        check_template(form.template, limits)
        pages = form.page_images(limits)
    files = [ResponseFile(safe_file_name(f"{task.stem}.omr"), _JSON, template_to_bytes(form.template_with(pages)))]
    for page, image in zip(form.template.pages, pages, strict=True):
        files.append(ResponseFile(safe_file_name(page.image_name or ""), "image/png", image))
    return TaskOutcome(files, messages=[str(warning) for warning in form.warnings])


def _extra_folder(parameter: str) -> str:
    """ExtraStoragePath in FunctionParam, or the root of the storage."""
    if not parameter.strip():
        return ""
    try:
        asked = json.loads(parameter)
    except (ValueError, RecursionError):
        asked = None
    folder = asked.get("ExtraStoragePath") or "" if isinstance(asked, dict) else None
    if not isinstance(folder, str):
        raise InvalidRequest.at("FunctionParam", 'JSON such as {"ExtraStoragePath": "Logos"}, or nothing')
    return folder


def _correct(task: _Task) -> TaskOutcome:
    """Correct a template by its page image, and store it under a new TemplateId."""
    limits, files = services().config.limits, services().client_files
    name, data = schema.load_template_file(task.parameter, limits)
    template = load_template(data, limits)
    with admitted(_known_pages(template, task.data)) as pages:
        corrected = correct(template, pages)
    check_template(corrected.template, limits)
    bubbles = [bubble for page in corrected.template.pages for bubble in _bubbles(page.elements)]
    if bubbles and not any(bubble.is_valid for bubble in bubbles):
        raise RegistrationFailed(
            "No printed bubble of the template was found on the page image. Check that the image shows the blank page "
            "of this template.",
            tried=[],
        )
    identifier = files.new_identifier()
    written = template_to_bytes(replace(corrected.template, template_id=identifier))
    files.add_template(identifier, written, task.data)
    plain_name = name.replace("\\", "/").rpartition("/")[2]
    answered = ResponseFile(safe_file_name(f"{stem(plain_name)}.omrcr"), _JSON, written)
    return TaskOutcome([answered], identifier, corrected.messages)


def _finalize(task: _Task) -> TaskOutcome:
    """Recognize the blank page, and store the template as final.

    If the client has stored the `.omrcr` file, perhaps after it has edited it, this is the template from now on.
    """
    limits, files = services().config.limits, services().client_files
    stored = files.template(schema.template_id_in(task.parameter))
    template = load_template(task.data, limits) if task.data else stored.template
    with admitted(_known_pages(template, stored.page_image)) as pages:
        done = finalize(pages, RecognitionOptions(), limits)
    error = next((one.error for one in done.recognitions if one.error is not None), None)
    if error is not None:
        return TaskOutcome((), stored.identifier, done.messages, error=error.message)
    final = replace(template, template_id=stored.identifier, finalization_complete=True)
    files.replace_template(stored.identifier, template_to_bytes(final))
    text = "".join(results_text(recognition) for recognition in done.recognitions)
    return TaskOutcome([ResponseFile(BLANK_RESULTS, _TEXT, text.encode())], stored.identifier, done.messages)


def _recognize(task: _Task) -> TaskOutcome:
    """Recognize a scan, or each page of a document."""
    config = services().config
    stored = services().client_files.template(schema.template_id_in(task.parameter))
    pages = _known_pages(stored.template, stored.page_image)
    check_pages(pages, config.limits)
    scan = Scan(task.name, task.data)
    scans = scans_of(scan, config.limits.max_image_pixels, config.limits.max_images, config.most_body_bytes)
    check_images(len(scans), config.limits)
    options = RecognitionOptions(clip_format=Format.JPG)
    in_memory = [(one.name, None if one.in_memory is None else one.in_memory.data) for one in scans]
    check_clips(stored.template.pages, in_memory, options, config.limits)
    names = plan_file_names(stored.template, [one.name for one in scans], options)
    files: list[ResponseFile] = []
    recognitions = []
    for one in scans:
        recognition = _recognized(one, pages, options, task.held)
        files += _files(recognition, names)
        recognitions.append(replace(recognition, clips=()))
    error = None if any(one.passed for one in recognitions) else recognitions[0].messages[0]
    return TaskOutcome(files, stored.identifier, recognitions=recognitions, error=error)


def _recognized(file: ScanFile, pages: Sequence[KnownPage], options: RecognitionOptions, held: Holding) -> Recognition:
    admission, limits, before = services().sources.admission, services().config.limits, held.bytes

    def count_clip(size: int) -> None:
        held.grow(CLIP_COST * size)
        check_bytes(held.bytes // CLIP_COST, limits)

    try:
        scan = read_admitted(file, admission, work(), held)
        recognition = recognize_admitted(admission, pages, scan, options, limits, work(), held, count_clip)
    except Stopped:
        raise
    except Exception as error:
        recognition = failed(file.name, error)
    if not recognition.passed:
        held.shrink(before)
    services().metrics.count_page(PASSED if recognition.error is None else recognition.error.code)
    return recognition


def _files(recognition: Recognition, names: FileNames) -> Iterator[ResponseFile]:
    """The results file of a scan, and its clips: `photo.dat` and `photoName.jpg`, as clients expect them."""
    if not recognition.passed:
        return
    text = results_text(recognition).encode()
    yield ResponseFile(safe_file_name(f"{stem(recognition.scan)}.dat"), _TEXT, text)
    areas = [clip.element for clip in recognition.clips]
    for name, clip in zip(names.clips(recognition.scan, areas, Format.JPG), recognition.clips, strict=True):
        yield ResponseFile(name, clip.format.media_type, clip.data)


def _grade(task: _Task) -> TaskOutcome:
    """Count the points of a results file by the rules in FunctionParam."""
    pages = load_rules(task.parameter, "FunctionParam", services().config.limits)
    try:
        text = task.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidRequest.at(task.name, "a results file (.dat) with text in UTF-8") from None
    answers = read_answers(text, [question.name for page in pages for question in page.questions])
    data = grades_to_bytes(grade(pages, answers))
    return TaskOutcome([ResponseFile(safe_file_name(f"{task.stem}.grade"), _JSON, data)])


_ACTIONS: Final[dict[str, Callable[[_Task], TaskOutcome]]] = {
    "GenerateTemplate": _generate,
    "CorrectTemplate": _correct,
    "FinalizeTemplate": _finalize,
    "RecognizeImage": _recognize,
    "GradeAnswers": _grade,
}
_WITHOUT_FILE: Final = frozenset({_finalize})


def _known_pages(template: Template, page_image: bytes) -> tuple[KnownPage, ...]:
    return known_pages(template, page_image, services().config.limits, services().sources.admission)


def _bubbles(elements: Sequence[Element]) -> Iterator[Bubble]:
    for element in elements:
        if isinstance(element, ChoiceBox):
            yield from element.bubbles
        elif isinstance(element, Grid):
            yield from _bubbles(element.elements)
