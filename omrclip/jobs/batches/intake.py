"""Creates batches on the server, and adds documents to them."""

from dataclasses import dataclass

from omrclip.admission import Admission
from omrclip.errors import InvalidRequest
from omrclip.jobs.batches.definition import Batch, begin
from omrclip.jobs.batches.names import distinct_names, sheet_key
from omrclip.jobs.sources import names_in
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Scan, check_pages, known_pages
from omrclip.omr.report.booklets import check_identifiers
from omrclip.omr.report.file_names import check_readable, file_key, safe_file_name
from omrclip.omr.report.result_files import check_scan_name
from omrclip.omr.template import Template
from omrclip.schemas.recognition_options import dump_options
from omrclip.schemas.template import remembered_template
from omrclip.storage.batches import Batches, NewDocument
from omrclip.storage.blobs import BlobStore, check_name

LONGEST_NAME = 150
"""Bytes of the name of a document. The storage takes 200, and the numbers of pages are added."""


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch to create.

    Attributes:
        name: for people.
        batch: template and options.
        seconds: how long it is stored, or None for good.
    """

    name: str
    batch: Batch
    seconds: float | None


def create_batch(batches: Batches, new: NewBatch, limits: Limits, admission: Admission) -> str:
    """Create a batch without sheets, and return its identifier. It gets copies of the templates and blank pages.

    Raises:
        InvalidTemplate, ImageError, LimitExceeded, InvalidRequest, ServerBusy: a template or a blank page cannot be
            used, or a template lacks the element that identifies booklets.
        StorageFull, StorageUnavailable: the batch cannot be stored.
    """
    loaded: dict[str, Template] = {}
    for template in new.batch.templates:
        loaded[template.name] = remembered_template(template.document, limits)
        check_pages(known_pages(loaded[template.name], template.image, limits, admission), limits)
    check_identifiers(loaded, new.batch.booklet_by)
    identifier = batches.new_identifier()
    try:
        begin(BlobStore(str(batches.results_folder(identifier))), new.batch)
        batches.create(identifier, new.name, [*loaded], dump_options(new.batch.options), new.seconds)
    except BaseException:
        batches.remove(identifier)
        raise
    return identifier


def add_document(batches: Batches, identifier: str, file: Scan, limits: Limits) -> int:
    """Add a document to a batch, and return the number of its sheets.

    Raises:
        InvalidRequest: its name cannot be stored.
        ImageError, LimitExceeded: it is no image or document, is damaged, or is too large.
        NameConflict: the batch has another document or sheet of this name.
        NotFound, StorageFull, StorageUnavailable: see `Batches.add`.
    """
    _check_name(file.name)
    names = distinct_names(names_in(file, limits))
    document = NewDocument(file.name, file_key(file.name), file.data, [sheet_key(name) for name in names])
    batches.add(identifier, document)
    return len(names)


def _check_name(name: str) -> None:
    check_scan_name(name, "name")
    check_readable(name)
    check_name(name)
    if safe_file_name(name) != name or len(name.encode()) > LONGEST_NAME:
        raise InvalidRequest.at("name", f'a file name of at most {LONGEST_NAME} bytes without < > : " | ? *')


def batch_options(options: RecognitionOptions) -> RecognitionOptions:
    """The options of a batch. Raises InvalidRequest for those that a batch does not have."""
    if options.keep:
        raise InvalidRequest.at("$.Options.Keep", "no such option, because KeepSeconds says how long a batch is stored")
    return options.as_saved
