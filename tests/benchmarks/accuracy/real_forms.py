"""Recognizes real filled forms, each turned, scaled and spoilt in known ways, and images that are none of them.

    python -m tests.benchmarks.accuracy.real_forms [--only TEXT] [--known "bubbles only"] [--keep DIR]

Every field has to come out right or flagged, or the whole sheet be rejected; none may be silently wrong. Clip offsets
are those at which a clip is found again in the blank page. `--only` takes the lines whose name has this text.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import process_time

from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, Scan, recognize
from omrclip.omr.registration.find import KnownPage
from tests.benchmarks.accuracy.forms import KNOWN
from tests.benchmarks.accuracy.judging import Miss, Verdict, miss
from tests.benchmarks.accuracy.truth import FieldTruth
from tests.omr.real_forms import (
    EVERY,
    FOLDER,
    FORMS,
    LEAST_CORRELATION,
    SURVEY,
    TEST,
    RealForm,
    available,
    clip_places,
    no_forms,
    spoilt,
)

LIMITS = Limits()
NO_FORM_SECONDS = 2.0
MOST_OFFSET = {"page image": 3.0, "bubbles only": 5.0}  # px of the page


@dataclass(frozen=True, slots=True)
class Check:
    """One image to recognize: the form that is looked for, and what has to come out; None: it is to be rejected."""

    name: str
    form: RealForm
    answers: dict[str, str] | None
    has_clips: bool = True


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, and write the table. The exit status is 1 where a field is silently wrong, or no form was taken for one."""
    asked = _parser().parse_args(arguments)
    if not available():
        sys.exit(f"There are no forms in {FOLDER.name}.")
    _say(f"{'':53} right flagged wrong  clip px (corr) CPU ms")
    bad = 0
    for known in asked.known or KNOWN:
        pages = {form.name: form.pages(image=known == "page image") for form in FORMS}
        for check, data in checks(asked.only, known):
            bad += not _checked(check, data, pages[check.form.name], known, asked.keep)
    _say(f"at most {getrusage(RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB of memory, images and all")
    _say("nothing silently wrong" if not bad else f"{bad} images WRONG")
    sys.exit(1 if bad else 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.accuracy.real_forms")
    parser.add_argument("--only", default="", help="only the images whose name has this text")
    parser.add_argument("--known", action="append", choices=KNOWN, help="with the page image, or the bubbles only")
    parser.add_argument("--keep", type=Path, help="folder for the images that were not read completely right")
    return parser


def checks(only: str, known: str) -> Iterator[tuple[Check, bytes]]:
    """Every image with what is to come of it, made one after the other."""
    for form in FORMS:
        for scan in form.scans:
            for variation in EVERY:
                name = f"{form.name} {scan}, {variation}"
                if only in f"{name}, {known}":
                    yield Check(name, form, form.answers(scan)), spoilt(form.read(scan), variation)
        name = f"{form.name}, blank page"
        if only in f"{name}, {known}":
            yield Check(name, form, form.blank_answers()), form.read(form.page_image)
    for form, other in ((TEST, SURVEY), (SURVEY, TEST)):
        for stranger, make in (*_images_of(other), *no_forms()):
            name = f"{stranger} as {form.name}"
            if only in f"{name}, {known}":
                yield Check(name, form, None), make()


def _images_of(form: RealForm) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """A form's scans and its blank page."""
    for file in (*form.scans, form.page_image):
        yield f"{form.name} {file}", partial(form.read, file)


def _checked(check: Check, data: bytes, pages: Sequence[KnownPage], known: str, keep: Path | None) -> bool:
    """Recognize, write the line, and tell whether nothing is silently wrong."""
    started = process_time()
    found = recognize(pages, Scan("image.jpg", data), RecognitionOptions(), LIMITS)
    found = replace(found, seconds=process_time() - started)  # other work on the machine does not count
    misses = field_misses(check, found)
    wrong = [each for each in misses if each.verdict is Verdict.WRONG]
    _say(f"{f'{check.name}, {known.split()[0]}':53} {_told(check, known, found, misses)}")
    for each in wrong:
        _say(f"    {each.field}: {each.true!r} was read as {each.read!r}, {each.status}")
    if keep and (misses or (found.error is not None) is (check.answers is not None)):
        keep.mkdir(parents=True, exist_ok=True)
        (keep / f"{check.name}-{known.split()[0]}.jpg".replace(" ", "-")).write_bytes(data)
    return not wrong and (check.answers is not None or found.error is not None)


def field_misses(check: Check, found: Recognition) -> list[Miss]:
    """The fields that are not right, where the image was read at all."""
    if check.answers is None or not found.passed:
        return []
    read = {element.name: element for element in found.elements}
    compared = (miss(name, FieldTruth(value), read.get(name)) for name, value in check.answers.items())
    return [each for each in compared if each]


def _told(check: Check, known: str, found: Recognition, misses: Sequence[Miss]) -> str:
    took = f"{1000 * found.seconds:6.0f}"
    if found.error is not None:
        late = "  TOO LATE" if check.answers is None and found.seconds > NO_FORM_SECONDS else ""
        return f"{'rejected' if check.answers is None else 'REJECTED'} ({found.error.code}){took:>25}{late}"
    if check.answers is None:
        return f"{'WRONGLY ACCEPTED':36}{took}"
    flagged, wrong = (sum(each.verdict is verdict for each in misses) for verdict in (Verdict.FLAGGED, Verdict.WRONG))
    worst = max(clip_places(check.form, found), key=lambda place: place.offset)
    is_far = worst.offset > MOST_OFFSET[known] or worst.correlation < LEAST_CORRELATION
    place = f"{worst.offset:5.1f} ({worst.correlation:.2f}){' FAR' if is_far else ''}"
    counted = f"{len(check.answers) - len(misses):5} {flagged or '':>7} {wrong or '':>5}"
    return f"{counted}  {place:18}{took}"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
