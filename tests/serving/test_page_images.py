"""The blank pages of templates as images."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from omrclip.config import Config
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.geometry import Dimensions
from omrclip.limits import Limits
from omrclip.serving import cached
from omrclip.serving import sources as sources_module
from omrclip.serving.folder import SharedFolder
from omrclip.serving.page_images import PageImages
from omrclip.serving.sources import SourceCache
from omrclip.serving.stored_levels import StoredLevels
from omrclip.storage.templates import TemplateStore
from tests.grid import position_ramp

PAGE = position_ramp(640, 480)
SMALL = Dimensions(80, 60)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "templates_omr"
    folder.mkdir()
    (folder / "form.omr").write_text(json.dumps({"Pages": [{"Width": 640, "Height": 480, "Elements": []}]}))
    (folder / "form.png").write_bytes(cv2.imencode(".png", PAGE)[1].tobytes())
    return folder


def test_a_restarted_server_knows_a_page_image_from_its_cache_folder(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "omrclip.serving.stored_levels.SETTLED_SECONDS", -60.0
    )  # a file that was made just now counts as old

    def small() -> tuple[str, Pixels]:
        folder = SharedFolder(str(tmp_path / "cache"), 2**26)
        pages = PageImages(str(store), TemplateStore(str(store)), Limits())
        image = pages.open("form.omr.1", SourceCache(Config(), StoredLevels(folder)))
        assert image is not None
        pixels = image.source.read(image.dimensions.box, SMALL)
        folder.wait()
        return image.etag, pixels

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("the level is stored")

    etag, pixels = small()
    for module, name in ((cached, "decode"), (sources_module, "blake3"), (sources_module, "probe")):
        monkeypatch.setattr(module, name, fail)
    again, same = small()
    assert again == etag
    np.testing.assert_array_equal(same, pixels)
