"""`omrclip recognize` and `omrclip clip`: what they write, what they say, and what their exit status tells."""

import json
from pathlib import Path

import numpy as np
import pytest
from openpyxl import load_workbook
from PIL import Image

from omrclip.omr.options import ClipScale, Orientation, RecognitionOptions
from omrclip.omr.recognition import Recognition, Scan
from omrclip.omr.report import workbook
from omrclip.omr.results import MarkThresholds
from omrclip.omr.template import Template
from omrclip.schemas.template import dump_template
from tests.desk import FAILED, PASSED, REFUSED, Desk, assert_refused, laid_out
from tests.imaging.pdf_files import PdfPage, pdf, raw_image, scanned
from tests.imaging.samples import save
from tests.omr.sheet import coloured, form
from tests.web.making import (
    NAME_BOX,
    SIGNATURE_BOX,
    UNCONFIRMED,
    clip_area,
    cut,
    decoded,
    encoded,
    grid,
    jpeg,
    lying_png,
    omr,
    page,
    template,
)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return laid_out(tmp_path, monkeypatch)


def test_recognize_writes_clips_results_a_table_and_a_json(desk: Desk) -> None:
    result = desk.recognize("a.png", "ö b.v2.jpg")
    assert result.exit_code == PASSED, result.output
    assert "2 of 2 scans passed" in result.stdout
    assert desk.written() == [
        "aName.jpg",
        "aRecognitionResults.dat",
        "aSignature.jpg",
        "report.html",
        "results.csv",
        "results.json",
        "results.xlsx",
        "ö b.v2Name.jpg",
        "ö b.v2RecognitionResults.dat",
        "ö b.v2Signature.jpg",
    ]
    assert (desk.out / "aName.jpg").read_bytes() == jpeg(cut(grid(), NAME_BOX), 85)
    second = decoded(jpeg(grid(salt=20)))
    assert (desk.out / "ö b.v2Signature.jpg").read_bytes() == jpeg(cut(second, SIGNATURE_BOX), 60)
    assert desk.table() == [
        ["Image", "Result", "Page", "Messages", "Uncertain", "Multiple", "Blank", "Name", "Signature"],
        ["a.png", "Pass", "1", UNCONFIRMED, "", "", "", "aName.jpg", "aSignature.jpg"],
        ["ö b.v2.jpg", "Pass", "1", UNCONFIRMED, "", "", "", "ö b.v2Name.jpg", "ö b.v2Signature.jpg"],
    ]
    assert (desk.out / "results.csv").read_bytes().startswith(b"\xef\xbb\xbf"), (
        "spreadsheets know by it that it is UTF-8"
    )


def test_the_json_is_the_answer_of_the_service_without_the_files(desk: Desk) -> None:
    desk.recognize("a.png", "broken.png")
    told = json.loads((desk.out / "results.json").read_text(encoding="utf-8"))
    assert set(told) == {"Uri", "Identifier", "KeepingError", "Info", "Recognitions", "Warnings"}
    assert told["Info"]["ProcessedTasksCount"] == 2
    assert told["Info"]["SuccessfulTasksCount"] == 1
    first, broken = told["Recognitions"]
    assert [clip["File"] for clip in first["Clips"]] == ["aName.jpg", "aSignature.jpg"]
    assert broken["Error"]["code"] == "unsupported_image"


def test_one_scan_has_the_results_file_of_one(desk: Desk) -> None:
    assert desk.recognize("a.png").exit_code == PASSED
    assert "RecognitionResults.dat" in desk.written()


def test_a_failed_scan_is_told_and_the_others_are_done(desk: Desk) -> None:
    desk.put("square.png", encoded(grid(200, 200)))
    result = desk.recognize("broken.png", "a.png", "square.png")
    assert result.exit_code == FAILED
    assert "1 of 3 scans passed" in result.stdout
    assert "broken.png: This is not an image" in result.stderr
    assert "square.png: The template page was not found" in result.stderr
    assert [row[:3] for row in desk.table()[1:]] == [
        ["broken.png", "Fail", ""],
        ["a.png", "Pass", "1"],
        ["square.png", "Fail", ""],
    ]
    assert "aName.jpg" in desk.written()


def test_clip_writes_the_clips_and_nothing_else(desk: Desk) -> None:
    result = desk.recognize("a.png", "ö b.v2.jpg", command="clip")
    assert result.exit_code == PASSED
    assert desk.written() == ["aName.jpg", "aSignature.jpg", "ö b.v2Name.jpg", "ö b.v2Signature.jpg"]
    assert desk.recognize("broken.png", command="clip").exit_code == FAILED


@pytest.mark.parametrize("command", ["recognize", "clip"])
def test_a_clip_format_gives_its_extension_and_its_pixels(desk: Desk, command: str) -> None:
    assert desk.recognize("a.png", command=command, options=("--clip-format", "tif")).exit_code == PASSED
    assert np.array_equal(decoded((desk.out / "aName.tif").read_bytes()), cut(grid(), NAME_BOX))


def test_the_options_reach_the_recognition(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def noted(_admission: object, _pages: object, scan: Scan, options: RecognitionOptions, *_: object) -> Recognition:
        seen.append(options)
        return Recognition(scan.name)

    monkeypatch.setattr("omrclip.jobs.folder.recognize_admitted", noted)
    clips = ("--clip-scale", "native", "--clip-margin", "12", "--orientation", "upright")
    assert desk.recognize("a.png", options=(*clips, "--marked", "0.4", "--blank", "0.1")).exit_code == PASSED
    assert desk.recognize("a.png", command="clip", options=(*clips, "--overwrite")).exit_code == PASSED
    first, second = seen
    assert (first.clip_scale, first.clip_margin) == (second.clip_scale, second.clip_margin) == (ClipScale.NATIVE, 12)
    assert first.orientation is second.orientation is Orientation.UPRIGHT
    assert (first.thresholds, second.thresholds) == (MarkThresholds(0.4, 0.1), MarkThresholds())


def test_overlays_are_drawn_where_they_are_asked_for(desk: Desk) -> None:
    seen = desk.folder / "seen"
    result = desk.recognize("a.png", "ö b.v2.jpg", "broken.png", options=("--overlay", str(seen)))
    assert result.exit_code == FAILED
    assert sorted(path.name for path in seen.iterdir()) == ["a.png.overlay.jpg", "ö b.v2.jpg.overlay.jpg"]
    assert "a.png.overlay.jpg" not in desk.written()
    assert desk.recognize("a.png", command="clip", options=("--overlay", str(seen))).exit_code == REFUSED


@pytest.mark.parametrize("workers", ["1", "3"])
def test_many_scans_come_out_in_the_order_of_the_command(desk: Desk, workers: str) -> None:
    names = [f"{number}.png" for number in (5, 3, 9, 1, 7, 2)]
    for salt, name in enumerate(names):
        desk.put(name, encoded(grid(salt=salt)))
    assert desk.recognize(*names, options=("--workers", workers, "--clip-format", "png")).exit_code == PASSED
    assert [row[0] for row in desk.table()[1:]] == names
    for salt, name in enumerate(names):
        clip = (desk.out / f"{name[0]}Name.png").read_bytes()
        assert np.array_equal(decoded(clip), cut(grid(salt=salt), NAME_BOX))


def test_pages_are_told_by_image_name(desk: Desk) -> None:
    desk.put("form.omr", omr({"Pages": [page(clip_area("Front")), page(clip_area("Back"))]}))
    result = desk.recognize("a.png", "ö b.v2.jpg", options=("--page", "a.png=2", "--page", "ö b.v2.jpg=1"))
    assert result.exit_code == PASSED, result.output
    assert desk.table()[1:] == [
        ["a.png", "Pass", "2", UNCONFIRMED, "", "", "", "", "aBack.jpg"],
        ["ö b.v2.jpg", "Pass", "1", UNCONFIRMED, "", "", "", "ö b.v2Front.jpg", ""],
    ]
    untold = desk.recognize("a.png", options=("--overwrite",))
    assert untold.exit_code == FAILED
    assert "pages 1, 2" in untold.stderr


def test_a_questionable_template_is_told(desk: Desk) -> None:
    desk.put("form.omr", omr(template(clip_area("Name", JpegQuality=10))))
    result = desk.recognize("a.png")
    assert result.exit_code == PASSED
    assert "Warning: $.Pages[0].Elements[0].JpegQuality" in result.stderr


REFUSED_RUNS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "no image": ((), (), ("IMAGES",)),
    "one name twice": (("a.png", "sub/a.png"), (), ("a.png",)),
    "page without a number": (("a.png",), ("--page", "a.png"), ("--page", "IMAGE=NUMBER")),
    "page text": (("a.png",), ("--page", "a.png=two"), ("--page",)),
    "page zero": (("a.png",), ("--page", "a.png=0"), ("Pages",)),
    "page beyond": (("a.png",), ("--page", "a.png=2"), ("Pages", "1 to 1")),
    "page of no image": (("a.png",), ("--page", "b.png=1"), ("b.png",)),
    "unknown format": (("a.png",), ("--clip-format", "bmp"), ("--clip-format", "bmp")),
    "clip scale": (("a.png",), ("--clip-scale", "double"), ("--clip-scale", "double")),
    "clip margin": (("a.png",), ("--clip-margin", "-1"), ("$.Options.ClipMargin", "-1")),
    "clip margin text": (("a.png",), ("--clip-margin", "wide"), ("--clip-margin",)),
    "marked above 1": (("a.png",), ("--marked", "35"), ("$.Options.MarkThresholds.Marked", "from 0 to 1")),
    "blank above marked": (("a.png",), ("--blank", "0.5"), ("$.Options.MarkThresholds.Blank", "below Marked")),
    "workers": (("a.png",), ("--workers", "0"), ("--workers",)),
    "broken blank page": (("a.png",), ("--template-image", "broken.png"), ("blank image of page 1",)),
    "missing blank page": (("a.png",), ("--template-image", "none.png"), ("none.png",)),
    "blank page too large": (("a.png",), ("--template-image", "huge.png"), ("50000 × 50000",)),
}


@pytest.mark.parametrize("name", REFUSED_RUNS)
def test_what_cannot_be_done_is_refused_before_anything_is_written(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    images, options, words = REFUSED_RUNS[name]
    desk.put("sub/a.png", encoded(grid()))
    desk.put("huge.png", lying_png(50_000, 50_000))
    monkeypatch.chdir(desk.folder)
    assert_refused(desk.recognize(*images, options=options), *words)
    assert desk.written() == []


def test_an_invalid_template_is_refused_with_all_its_problems(desk: Desk) -> None:
    desk.put("form.omr", omr(template(clip_area("A", Width=0), clip_area("B", JpegQuality=101))))
    assert_refused(desk.recognize("a.png"), "$.Pages[0].Elements[0].Width", "$.Pages[0].Elements[1].JpegQuality")


def test_an_output_folder_that_is_a_file_is_refused(desk: Desk) -> None:
    desk.put("out", b"")
    assert_refused(desk.recognize("a.png"), "out")


def test_the_image_beside_the_template_is_its_blank_page(desk: Desk) -> None:
    desk.put("form.png", b"hello")
    assert_refused(desk.recognize("a.png"), "blank image of page 1")
    blank = desk.put("blank.png", encoded(grid()))
    assert desk.recognize("a.png", options=("--template-image", blank)).exit_code == PASSED


def test_the_pages_of_a_pdf_are_the_blank_pages(desk: Desk) -> None:
    blank = pdf(PdfPage("", dimensions=(300, 200)))
    desk.put("form.pdf", blank)
    assert desk.recognize("a.png").exit_code == PASSED
    desk.put("form.pdf", pdf(*[PdfPage("", dimensions=(300, 200))] * 2))
    assert_refused(desk.recognize("a.png", options=("--overwrite",)), "at most 1 page, not 2")
    given = ("--overwrite", "--template-image", desk.put("blank.pdf", blank))
    assert desk.recognize("a.png", options=given).exit_code == PASSED


def test_a_folder_is_read_and_tells_what_it_leaves_out(desk: Desk) -> None:
    desk.put("scans/b/2.png", encoded(grid()))
    desk.put("scans/10.png", encoded(grid()))
    for name in ("notes.txt", ".hidden.png"):
        desk.put(f"scans/{name}", b"x")
    result = desk.recognize("scans")
    assert result.exit_code == PASSED, result.stderr
    assert (
        "Warning: 2 files in the folders left out, hidden, no image, or results of a batch: .hidden.png, notes.txt"
        in result.stderr
    )
    assert {"10Name.jpg", "b-2Name.jpg"} <= set(desk.written())


def test_a_limit_of_the_settings_holds(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMRCLIP_MAX_IMAGE_PIXELS", "1000")
    result = desk.recognize("a.png")
    assert result.exit_code == FAILED
    assert "1,000" in result.stderr


def test_a_scan_that_is_the_blank_page_is_told(desk: Desk) -> None:
    """The filled sheet lies beside the template, as another kind of file."""
    sheet = form()
    filled = coloured(sheet.marked({"Q1": "B"}))
    document = dump_template(Template(name="form", pages=(sheet.page,)))
    desk.put("form.omr", json.dumps(document).encode())
    desk.put("form.png", encoded(filled))
    desk.put("filled.jpg", jpeg(filled, 80))
    result = desk.recognize("filled.jpg")
    assert result.exit_code == PASSED, result.output
    heads, row = desk.table()
    told = dict(zip(heads, row, strict=True))
    assert told["Messages"].startswith("This scan is the template's blank page")
    assert "Q2" in told["Uncertain"].split("; ")
    assert told["Blank"] == ""
    desk.recognize("filled.jpg", options=("--overwrite", "--blank-is", "blank"))
    told = dict(zip(*desk.table(), strict=True))
    assert told["Messages"].startswith("This scan is the template's blank page")
    assert "Q2" in told["Blank"].split("; ")


@pytest.mark.parametrize("file", ["stack.pdf", "stack.tif"])
def test_each_page_of_a_file_is_a_scan(desk: Desk, file: str) -> None:
    sheets = [Image.fromarray(grid(salt=salt)[:, :, ::-1]) for salt in (0, 20)]
    bad = b"%PDF-1.7 cut off"
    data = pdf(*(scanned(raw_image(np.asarray(sheet))) for sheet in sheets))
    if file == "stack.tif":
        data = save(sheets[0], "TIFF", save_all=True, append_images=sheets[1:])
    desk.put(file, data)
    desk.put("bad.pdf", bad)
    result = desk.recognize(file, "bad.pdf", "a.png", options=("--clip-format", "png"))
    assert result.exit_code == FAILED
    assert "3 of 4 scans passed" in result.stdout
    assert "bad.pdf: The PDF is damaged" in result.stderr
    names = [row[0] for row in desk.table()[1:]]
    extension = file.partition(".")[2]
    assert names == [f"stack-p0001.{extension}", f"stack-p0002.{extension}", "bad.pdf", "a.png"]
    for number, salt in ((1, 0), (2, 20)):
        clip = decoded((desk.out / f"stack-p000{number}Name.png").read_bytes())
        assert np.array_equal(clip, cut(grid(salt=salt), NAME_BOX))


def test_how_tables_are_written_is_an_option(desk: Desk) -> None:
    options = ("--separator", ";", "--marks-separator", ", ", "--pictures")
    assert desk.recognize("a.png", options=options).exit_code == PASSED
    text = (desk.out / "results.csv").read_text(encoding="utf-8-sig")
    assert text.startswith("Image;Result;Page;")
    book = load_workbook(desk.out / "results.xlsx")
    assert len(book["Results"]._images) == 2
    assert book["Results"].cell(2, 8).hyperlink.target == "aName.jpg"
    book.close()


def test_a_table_that_is_too_wide_for_a_workbook_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_COLUMNS", 3)
    result = desk.recognize("a.png")
    assert result.exit_code == PASSED
    assert "results.xlsx is not written" in result.stderr
    assert not (desk.out / "results.xlsx").exists()
