"""Documents that are dropped: each page of a PDF file, TIFF file or zip archive becomes a sheet."""

import base64
from pathlib import Path

import pytest
from PIL import Image

from omrclip.imaging.codec import decode
from omrclip.imaging.probe import probe
from tests.client.conftest import OpenPage, Project, expect, open_editor, show_sheets
from tests.client.test_templates import DROP
from tests.imaging.pdf_files import PdfImage, jpeg_image, pdf, scanned
from tests.imaging.samples import save
from tests.jobs.test_archives import archive

PAGES = ["stack-p0001", "stack-p0002", "stack-p0003"]


def stack(project: Project) -> bytes:
    """A PDF of three scans, as a copier writes it."""
    scans = [project.samples / f"exam-scan-{number}.jpg" for number in (1, 2, 3)]
    dimensions = [probe(scan.read_bytes()).stored for scan in scans]
    images = zip(dimensions, scans, strict=True)
    return pdf(*(scanned(PdfImage(size.width, size.height, scan.read_bytes(), "/DCTDecode")) for size, scan in images))


def tiff(project: Project) -> bytes:
    data = [(project.samples / f"exam-scan-{number}.jpg").read_bytes() for number in (1, 2, 3)]
    scans = [Image.fromarray(decode(one)[:, :, 1]) for one in data]
    return save(scans[0], "TIFF", save_all=True, append_images=scans[1:], compression="tiff_lzw")


@pytest.mark.parametrize(("name", "make"), [("stack.pdf", stack), ("stack.tif", tiff)])
def test_the_pages_of_a_dropped_document_are_sheets(project: Project, visit: OpenPage, name: str, make: object) -> None:
    watched = visit("recognize/exam")
    page = watched.page
    page.locator(".drop").wait_for()
    assert callable(make)
    page.evaluate(DROP, [name, "", base64.b64encode(make(project)).decode()])
    show_sheets(watched)
    sheets = page.get_by_role("listbox", name="Sheets").get_by_role("option")
    expect(sheets).to_have_count(3)
    names = [f"{one}{Path(name).suffix}" for one in PAGES]
    assert [text.split("\n")[0] for text in sheets.all_inner_texts()] == names
    page.get_by_role("option", name=names[1]).click()
    expect(page.locator(".clip").first).to_be_visible()
    page.locator(".viewer .openseadragon-canvas canvas").wait_for()


def test_documents_and_images_are_recognized_together(project: Project, visit: OpenPage, tmp_path: Path) -> None:
    document, broken, image = (tmp_path / name for name in ("a.pdf", "b.pdf", "c.jpg"))
    document.write_bytes(stack(project))
    broken.write_bytes(stack(project)[:900])
    image.write_bytes((project.samples / "exam-scan-1.jpg").read_bytes())
    watched = visit("recognize/exam")
    page = watched.page
    page.locator("input[type=file]").first.set_input_files([document, broken, image])
    show_sheets(watched)
    sheets = page.get_by_role("listbox", name="Sheets").get_by_role("option")
    expect(sheets).to_have_count(4)
    names = ["a-p0001.pdf", "a-p0002.pdf", "a-p0003.pdf", "c.jpg"]
    assert [text.split("\n")[0] for text in sheets.all_inner_texts()] == names
    expect(page.get_by_role("alert")).to_contain_text("b.pdf – ")
    expect(page.get_by_role("alert")).to_contain_text("damaged or cut off")


def test_the_files_of_an_archive_are_sheets(project: Project, visit: OpenPage, tmp_path: Path) -> None:
    packed, image = tmp_path / "class.zip", tmp_path / "c.jpg"
    packed.write_bytes(archive({"a.jpg": (project.samples / "exam-scan-1.jpg").read_bytes(), "b.pdf": stack(project)}))
    image.write_bytes((project.samples / "exam-scan-1.jpg").read_bytes())
    watched = visit("recognize/exam")
    page = watched.page
    page.locator("input[type=file]").first.set_input_files([image, packed])
    show_sheets(watched)
    sheets = page.get_by_role("listbox", name="Sheets").get_by_role("option")
    names = ["c.jpg", "class-a.jpg", *(f"class-b-p000{number}.pdf" for number in (1, 2, 3))]
    assert [text.split("\n")[0] for text in sheets.all_inner_texts()] == names


def test_a_template_is_made_from_a_pdf(project: Project, visit: OpenPage, tmp_path: Path) -> None:
    document = tmp_path / "visit.pdf"
    document.write_bytes(stack(project))
    watched = visit("templates")
    page = watched.page
    page.locator("input[type=file]").first.set_input_files(document)
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    open_editor(watched)
    assert project.template("visit").read_bytes().count(b"ImageData") == 2


def test_a_pdf_becomes_the_images_of_all_pages_of_a_template(project: Project, visit: OpenPage, tmp_path: Path) -> None:
    document = tmp_path / "exam.pdf"
    blank = decode((project.folder / "templates_omr" / "exam.png").read_bytes())
    document.write_bytes(pdf(scanned(jpeg_image(blank))))
    watched = visit("edit/exam")
    open_editor(watched)
    page = watched.page
    with page.expect_response(lambda answer: answer.url.endswith("/image")) as response:
        page.locator("input[type=file]").first.set_input_files(document)
    assert response.value.status == 200
    open_editor(watched)
