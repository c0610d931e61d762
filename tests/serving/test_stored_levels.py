"""What a restarted server still knows of stored images, and what it must not take for known."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from omrclip.config import Config
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.probe import ColourMode, ImageFormat, ImageInfo
from omrclip.imaging.tiff.ranges import BytesReader
from omrclip.limits import Limits
from omrclip.serving import cached
from omrclip.serving import sources as sources_module
from omrclip.serving.folder import SharedFolder
from omrclip.serving.sources import SourceCache, open_stored
from omrclip.serving.stored_levels import Description, StoredLevels
from omrclip.storage.blobs import BlobState
from omrclip.storage.images import ImageStore
from tests.grid import position_ramp
from tests.web.making import jpeg

RAMP = position_ramp(640, 480)
SMALL = Dimensions(80, 60)
LONG_AGO = time.time() - 3600
INFO = ImageInfo(ImageFormat.TIFF, Dimensions(3, 2), ColourMode.GREY, 16, 6, (300.0, 299.5), 2)


def state(mark: str = "1-2-3", changed: float = LONG_AGO) -> BlobState:
    return BlobState(mark, 4711, LONG_AGO, changed)


@pytest.fixture
def folder(tmp_path: Path) -> SharedFolder:
    return SharedFolder(str(tmp_path / "cache"), 2**26)


@pytest.fixture
def levels(folder: SharedFolder) -> StoredLevels:
    return StoredLevels(folder)


def never() -> Description:
    raise AssertionError("it was to be known")


@pytest.mark.parametrize("info", [INFO, replace(INFO, dpi=None), None])
def test_a_description_is_found_again_in_the_same_state_alone(
    folder: SharedFolder, levels: StoredLevels, info: ImageInfo | None
) -> None:
    description = Description("ab" * 16, info)
    assert levels.described("scan.tif", state(), lambda: description) == description
    folder.wait()
    assert StoredLevels(folder).described("scan.tif", state(), never) == description
    other = Description("cd" * 16, None)
    for name, when in (("scan.tif", state("1-9-3")), ("other.tif", state())):
        assert levels.described(name, when, lambda: other) == other


@pytest.mark.parametrize("age", [0.0, -3600.0, None], ids=["new", "of the future", "unknown"])
def test_what_may_change_unseen_is_not_put_down(folder: SharedFolder, levels: StoredLevels, age: float | None) -> None:
    changed = 0.0 if age is None else time.time() - age
    for digest in ("ab" * 16, "cd" * 16):
        told = levels.described("scan.tif", state(changed=changed), lambda digest=digest: Description(digest, None))
        assert told.digest == digest
        folder.wait()


def test_scales_come_back_as_they_were(folder: SharedFolder, levels: StoredLevels) -> None:
    pixels = RAMP[:60, :80]
    levels.put("digest", 8, pixels)
    folder.wait()
    found = levels.find("digest", 8, SMALL)
    assert found is not None
    assert np.array_equal(found, pixels)
    assert levels.find("digest", 4, SMALL) is None
    assert levels.find("other", 8, SMALL) is None
    assert levels.find("digest", 8, Dimensions(80, 61)) is None, "not of these extents"


@pytest.fixture
def opened(tmp_path: Path, folder: SharedFolder) -> Callable[[], tuple[SourceCache, ImageStore]]:
    """A store of one JPEG that was written an hour ago, and a cache as of a server that has just started."""
    images = tmp_path / "images"
    images.mkdir()
    (images / "scan.jpg").write_bytes(jpeg(RAMP))
    os.utime(images / "scan.jpg", (LONG_AGO, LONG_AGO))

    def restarted() -> tuple[SourceCache, ImageStore]:
        folder.wait()
        return SourceCache(Config(), StoredLevels(folder)), ImageStore(str(images), Limits())

    return restarted


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that were made just now count as old."""
    monkeypatch.setattr("omrclip.serving.stored_levels.SETTLED_SECONDS", -60.0)


@pytest.mark.usefixtures("settled")
def test_a_restarted_server_neither_reads_nor_decodes_for_a_thumbnail(
    opened: Callable[[], tuple[SourceCache, ImageStore]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def thumbnail(cache: SourceCache, store: ImageStore) -> tuple[str, Pixels]:
        image = open_stored(store, "scan.jpg", cache)
        return image.etag, image.source.read(Box(0, 0, 640, 480), SMALL)

    etag, pixels = thumbnail(*opened())

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("the level is stored")

    for module, name in ((cached, "decode"), (sources_module, "blake3"), (sources_module, "probe")):
        monkeypatch.setattr(module, name, fail)
    cache, store = opened()
    again, same = thumbnail(cache, store)
    assert again == etag
    assert np.array_equal(same, pixels)


@pytest.mark.usefixtures("settled")
def test_another_file_with_the_old_time_and_length_is_another_image(
    opened: Callable[[], tuple[SourceCache, ImageStore]], tmp_path: Path
) -> None:
    cache, store = opened()
    before = open_stored(store, "scan.jpg", cache).etag
    path = tmp_path / "images" / "scan.jpg"
    data = path.read_bytes()
    path.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    os.utime(path, (LONG_AGO, LONG_AGO))
    cache, store = opened()
    assert open_stored(store, "scan.jpg", cache).etag != before


@pytest.mark.usefixtures("settled")
def test_nothing_is_put_down_of_what_does_not_last(folder: SharedFolder) -> None:
    cache = SourceCache(Config(), StoredLevels(folder))
    data = jpeg(RAMP)
    image = cache.open("kept/scans/1", state(), lambda: BytesReader(data))
    assert image.source.read(Box(0, 0, 640, 480), SMALL).shape == (60, 80, 3)
    folder.wait()
    assert list(folder._cache) == []
