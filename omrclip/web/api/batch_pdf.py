"""`/api/batches/{id}/marked.pdf`: the sheets of a batch with what was read and decided drawn on them, to hand back."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

import numpy as np
from flask import Blueprint, Response, request

from omrclip.errors import Abandoned, DamagedRecord, LimitExceeded, NotFound, OmrclipError, ServerBusy
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.codec import encode
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.ops import extents
from omrclip.imaging.probe import ImageFormat
from omrclip.jobs.batches.ledger import DoneScan, Ledger, record_of
from omrclip.jobs.batches.sheet_index import SheetIndex
from omrclip.omr.recognition import Recognition
from omrclip.omr.report.overlay import can_be_drawn, draw, drawing_bytes
from omrclip.omr.report.picture_pdf import pdf_of
from omrclip.schemas.corrections import Correction, corrected, current
from omrclip.schemas.recorded_sheet import load_drawn
from omrclip.web.api.batch_corrections import saved_as
from omrclip.web.lanes import Lane, runs_in, work
from omrclip.web.services import PRIVATE, Services, disposition, number_in_query, services
from omrclip.work import Work

MOST_SHEETS: Final = 2000
"""The most pages of one PDF. Their places are in memory until it is sent, and it has about 1 GB."""
LONG_SIDE: Final = 1754
"""The long side of a picture in pixels: that of A4 at 150 dots an inch, where a print still shows handwriting well."""
BLANK: Final = Dimensions(1240, LONG_SIDE)
"""The picture of a sheet of which there is none."""

blueprint = Blueprint("batch_pdf", __name__, url_prefix="/api/batches")


@blueprint.get("/<identifier>/marked.pdf")
@runs_in(Lane.WORK)
def get_marked(identifier: str) -> Response:
    """The scans of all sheets that are done, with an overlay of the corrected results. It is made while it is sent."""
    own = services()
    batch = own.batches.read(identifier)
    limit = number_in_query("limit", f"a number from 1 to {MOST_SHEETS}", MOST_SHEETS)
    index = SheetIndex(own.batches.results(identifier), own.batches.index_file(identifier))
    scans = index.sheets(request.args.get("after", ""), None, limit or MOST_SHEETS + 1)
    if not scans:
        raise NotFound("There are no such sheets yet.")
    if len(scans) > MOST_SHEETS:
        raise LimitExceeded(
            f"The file would have more pages than the {MOST_SHEETS:,} allowed. Ask for a part of the sheets with "
            "?after= and ?limit=.",
            limit="sheets",
            maximum=MOST_SHEETS,
        )
    corrections = current(own.batches.corrections(identifier))
    wanted = Work(is_wanted=work().is_wanted)  # the whole file takes minutes, a page less than a second
    pictures = _pictures(own, identifier, scans, corrections, wanted)
    first = next(pictures)  # what is damaged is told before the answer begins
    answer = Response(pdf_of(chain([first], pictures)), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = disposition("attachment", saved_as(batch, "marked.pdf"))
    answer.headers["Cache-Control"] = PRIVATE
    return answer


def _pictures(
    own: Services, identifier: str, scans: Sequence[DoneScan], corrections: Sequence[Correction], wanted: Work
) -> Iterator[tuple[bytes, Dimensions]]:
    by_sheet = defaultdict[int | str, list[Correction]](list)
    for one in corrections:
        by_sheet[one.scan].append(one)
    records = Ledger(own.batches.results(identifier)).records(scans)
    for scan, record in zip(scans, records, strict=True):
        wanted.check()
        recognition = _recognition(scan.name, record)
        decided = {title: one.value for title, one in corrected(recognition, by_sheet[scan.name]).items()}
        yield _picture(own, identifier, scan, recognition, decided, wanted)


def _recognition(name: str, record: bytes) -> Recognition:
    try:
        return load_drawn(record_of(record))
    except (ValueError, TypeError, LookupError):  # marshmallow's error is a ValueError
        raise DamagedRecord(f"What was read on the sheet {name!r} is damaged. Recognize it again.") from None


def _picture(
    own: Services, identifier: str, scan: DoneScan, recognition: Recognition, decided: dict[str, str], wanted: Work
) -> tuple[bytes, Dimensions]:
    """The sheet with its overlay, as a JPEG file. Where there is no picture of it, the page says why."""
    if can_be_drawn(recognition):
        try:
            source = own.batch_images.open_sheet(identifier, scan, lambda: wanted).source
            whole = source.dimensions
            scale = min(1.0, LONG_SIDE / max(whole.width, whole.height))
            out = Dimensions(max(1, round(whole.width * scale)), max(1, round(whole.height * scale)))
            needed = source.cost(whole.box, out) + drawing_bytes(out)
            with own.sources.admission.admitted(needed, patient=True, work=wanted):
                return _encoded(draw(source.read(whole.box, out), recognition, decided))
        except (Abandoned, ServerBusy):  # a file that ends is better than an empty page
            raise
        except OmrclipError:
            pass  # its document was deleted, or is damaged now
    with own.sources.admission.admitted(drawing_bytes(BLANK), patient=True, work=wanted):
        return _encoded(draw(np.full((BLANK.height, BLANK.width, 3), 255, np.uint8), recognition, decided))


def _encoded(drawn: Pixels) -> tuple[bytes, Dimensions]:
    return encode(drawn, ImageFormat.JPEG), extents(drawn)
