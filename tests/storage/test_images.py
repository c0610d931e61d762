from pathlib import Path

import cv2
import pytest

from omrclip.errors import CorruptImage, LimitExceeded, NotFound, UnsupportedImage
from omrclip.imaging.geometry import Dimensions
from omrclip.limits import Limits
from omrclip.storage.images import ImageStore
from tests.grid import coloured_grid

PNG = cv2.imencode(".png", coloured_grid(60, 40))[1].tobytes()


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "broken.jpg").write_bytes(b"no image either")
    return ImageStore(str(tmp_path), Limits(max_image_pixels=60 * 40))


def test_images_by_identifier(store: ImageStore) -> None:
    blob, info, is_new = store.write("folder/scan.png", PNG)
    assert (blob.data, info.dimensions, is_new) == (PNG, Dimensions(60, 40), True)
    assert store.read("folder/scan.png") == (blob, info)
    assert list(store.identifiers()) == ["broken.jpg", "folder/scan.png"]
    store.delete("folder/scan.png")
    with pytest.raises(NotFound, match=r"no image with the identifier 'folder/scan.png'"):
        store.read("folder/scan.png")


def test_what_cannot_be_served_is_not_stored(store: ImageStore) -> None:
    with pytest.raises(UnsupportedImage):
        store.write("scan.png", b"text")
    with pytest.raises(CorruptImage):
        store.write("scan.png", PNG[:20])
    with pytest.raises(LimitExceeded, match=r"scan.png has 61 × 40 pixels, more than the 2,400 allowed"):
        store.write("scan.png", cv2.imencode(".png", coloured_grid(61, 40))[1].tobytes())
    assert "scan.png" not in store.identifiers()


def test_a_broken_file_in_the_store_says_so(store: ImageStore) -> None:
    with pytest.raises(UnsupportedImage):
        store.read("broken.jpg")
