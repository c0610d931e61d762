"""`omrclip segment` and `omrclip pyramid` write over nothing that they were not told to replace."""

import json
from pathlib import Path

import pytest

from tests.desk import PASSED, REFUSED, Desk, laid_out
from tests.web.making import encoded, grid

MANIFEST = {
    "@context": "http://iiif.io/api/presentation/3/context.json",
    "type": "Manifest",
    "items": [
        {
            "type": "Canvas",
            "id": "https://x.example/c",
            "width": 90,
            "height": 40,
            "items": [
                {
                    "type": "AnnotationPage",
                    "items": [
                        {
                            "type": "Annotation",
                            "motivation": "painting",
                            "target": "https://x.example/c",
                            "body": {"type": "Image", "id": "https://x.example/a.png#xywh=12,18,90,40"},
                        }
                    ],
                }
            ],
        }
    ],
}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return laid_out(tmp_path, monkeypatch)


def test_segments_are_replaced_only_when_that_is_said(desk: Desk) -> None:
    manifest = desk.put("manifest.json", json.dumps(MANIFEST).encode())
    arguments = ("segment", manifest, "--image", str(desk.folder / "a.png"), "--out", str(desk.out))
    first = desk.run(*arguments)
    assert first.exit_code == PASSED, first.output
    (name,) = desk.written()
    before = (desk.out / name).read_bytes()
    desk.put("a.png", encoded(grid(salt=30)))
    refused = desk.run(*arguments)
    assert refused.exit_code == REFUSED
    assert "--overwrite" in refused.stderr
    assert (desk.out / name).read_bytes() == before
    assert desk.run(*arguments, "--overwrite").exit_code == PASSED
    assert (desk.out / name).read_bytes() != before


def test_a_pyramid_replaces_no_scan_beside_its_image(desk: Desk) -> None:
    scan = desk.put("a.tif", b"a scan of its own")
    refused = desk.run("pyramid", str(desk.folder / "a.png"))
    assert refused.exit_code == REFUSED
    assert "a.tif already exists" in refused.stderr
    assert Path(scan).read_bytes() == b"a scan of its own"
    assert desk.run("pyramid", str(desk.folder / "a.png"), "--out", scan).exit_code == PASSED
