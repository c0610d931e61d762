"""The public names of `import omrclip`, and the functions behind them."""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import cv2
import fsspec
import numpy as np
import pytest

import omrclip
from omrclip import errors
from tests.patience import PATIENCE
from tests.web.making import encoded, grid, omr, template

ROOT = Path(__file__).parents[1]
EXAM = ROOT / "templates_omr" / "exam.omr"
SCANS = [ROOT / "samples" / f"exam-scan-{number}.jpg" for number in (1, 2)]
FUNCTIONS = {"clip_names", "load_template", "open_image", "recognize", "render"}
VALUES = {"Clip", "ElementResult", "Limits", "Recognition", "Scan", "Template"}
ERRORS = {
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and value.__module__ == errors.__name__ and not name.startswith("_")
}


def test_the_public_names() -> None:
    assert set(omrclip.__all__) == FUNCTIONS | VALUES | ERRORS | {"__version__"}
    assert sorted(omrclip.__all__) == dir(omrclip)
    for name in set(omrclip.__all__) - {"__version__"}:
        assert getattr(omrclip, name).__name__ == name


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="known_pages"):
        omrclip.known_pages  # noqa: B018


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", dedent(code)], capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_import_loads_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import omrclip; print(*sorted(set(sys.modules) - before))"
    loaded = set(python(code).split())
    assert "omrclip" in loaded
    assert not {name for name in loaded if name.startswith("omrclip.")} | (loaded & {"numpy", "cv2", "marshmallow"})


def test_a_type_checker_sees_the_public_names(tmp_path: Path) -> None:
    mypy = pytest.importorskip("mypy.api")
    program = tmp_path / "program.py"
    program.write_text(
        dedent("""\
        from collections.abc import Iterator

        import omrclip

        recognitions: Iterator[omrclip.Recognition] = omrclip.recognize("exam.omr", ["a.jpg"])
        data: bytes = omrclip.render(omrclip.open_image("a.jpg"), "full/full/0/default.jpg")
        wrong: int = omrclip.load_template("exam.omr")
        """)
    )
    said, _, status = mypy.run(["--strict", "--cache-dir", str(tmp_path / "cache"), str(program)])
    assert status == 1
    assert "Found 1 error" in said
    assert 'expression has type "Template"' in said


def test_scans_are_recognized_in_order_with_the_blank_page_beside_the_template() -> None:
    first, second = omrclip.recognize(EXAM, SCANS, workers=1)
    assert [first.scan, second.scan] == ["exam-scan-1.jpg", "exam-scan-2.jpg"]
    assert first.passed
    assert first.registration is not None
    assert {clip.element for clip in first.clips} == {"NameArea", "SignatureArea"}
    truth = json.loads((ROOT / "samples" / "truth.json").read_text("utf-8"))["exam-scan-1.jpg"]["answers"]
    assert {element.name: element.value for element in first.elements} == truth


def test_a_template_and_scans_in_memory_and_options() -> None:
    template = omrclip.load_template(EXAM.read_bytes())
    scan = omrclip.Scan("a.jpg", SCANS[0].read_bytes())
    blank_page = EXAM.with_suffix(".png").read_bytes()
    options = {"ClipFormat": "png", "ClipMargin": 10}
    (recognition,) = omrclip.recognize(template, [scan], blank_page=blank_page, options=options)
    (clip,) = (clip for clip in recognition.clips if clip.element == "NameArea")
    assert omrclip.clip_names(recognition)[recognition.clips.index(clip)] == "aNameArea.png"
    pixels = cv2.imdecode(np.frombuffer(clip.data, np.uint8), cv2.IMREAD_COLOR)
    assert pixels.shape == (133 + 20, 740 + 20, 3)


def test_a_bad_scan_fails_alone(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(SCANS[0].read_bytes()[:2000])
    recognitions = list(omrclip.recognize(EXAM, [tmp_path / "absent.jpg", broken, SCANS[0]]))
    codes = [recognition.error and recognition.error.code for recognition in recognitions]
    assert codes == ["image_error", "corrupt_image", None]


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"options": {"ClipFormat": "gif"}}, omrclip.InvalidRequest),
        ({"options": {"Pages": {"exam-scan-1.jpg": 9}}}, omrclip.InvalidRequest),
        ({"blank_page": b"no image"}, omrclip.UnsupportedImage),
        ({"limits": omrclip.Limits(max_output_pixels=1000)}, omrclip.LimitExceeded),
    ],
)
def test_what_is_wrong_for_all_scans_raises_at_the_call(settings: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        omrclip.recognize(EXAM, SCANS, **settings)  # type: ignore[arg-type]


def test_a_region_of_an_image_is_rendered() -> None:
    image = omrclip.open_image(SCANS[0])
    region = omrclip.render(image, "150,339,740,133/400,/0/gray.png")
    assert cv2.imdecode(np.frombuffer(region, np.uint8), cv2.IMREAD_UNCHANGED).shape == (72, 400)
    with pytest.raises(omrclip.InvalidRequest, match=r"\{region\}"):
        omrclip.render(image, "full/full/0")
    with pytest.raises(omrclip.InvalidParameter):
        omrclip.render(image, "full/full/0/sepia.jpg")
    with pytest.raises(omrclip.LimitExceeded):
        omrclip.open_image(SCANS[0], limits=omrclip.Limits(max_image_pixels=100))


def test_the_package_is_a_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "omrclip", "--help"], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0
    assert "recognize" in done.stdout


def test_scans_are_read_from_urls() -> None:
    system = fsspec.filesystem("memory")
    for number in (1, 2):
        system.pipe_file(f"/scans/{number}.png", encoded(grid(salt=number)))
    try:
        sources = ["memory://scans/*.png", "memory://none/a.png"]
        *found, missing = omrclip.recognize(omrclip.load_template(omr(template())), sources, workers=1)
    finally:
        system.rm("/scans", recursive=True)
    assert [one.scan for one in found] == ["1.png", "2.png"]
    assert all(one.passed for one in found)
    assert (missing.scan, missing.passed) == ("a.png", False)
    assert "leads to no file" in missing.messages[0]
