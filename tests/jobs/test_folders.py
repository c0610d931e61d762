"""Scans in folders, and those that a pattern finds."""

from pathlib import Path

import pytest

from omrclip.errors import ImageError, InvalidRequest
from omrclip.jobs.sources import scans_in
from tests.jobs.test_archives import SHADES, STACK, archive

MOST_PIXELS = 10**7


def put(folder: Path, **files: bytes) -> None:
    for name, data in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def names(*sources: Path, **more: object) -> list[str]:
    return [scan.name for scan in scans_in(sources, MOST_PIXELS, **more)]  # type: ignore[arg-type]


def test_the_files_of_a_folder_are_sorted_by_their_numbers(tmp_path: Path) -> None:
    put(tmp_path, scan10_jpg=b"x", scan2_jpg=b"x", a2__b_jpg=b"x", a10__b_jpg=b"x")
    assert names(tmp_path) == ["a2-b.jpg", "a10-b.jpg", "scan2.jpg", "scan10.jpg"]


def test_documents_and_archives_in_folders_are_read(tmp_path: Path) -> None:
    put(tmp_path, stack_pdf=STACK, sub__class_zip=archive({"a.jpg": SHADES[0]}))
    expected = ["stack-p0001.pdf", "stack-p0002.pdf", "stack-p0003.pdf", "sub-class-a.jpg"]
    assert names(tmp_path) == expected
    assert [scan.read().data for scan in scans_in([tmp_path], MOST_PIXELS)] == [*SHADES, SHADES[0]]


def test_hidden_files_and_others_are_left_out_and_told(tmp_path: Path) -> None:
    put(tmp_path, notes_txt=b"hello", broken_jpg=b"", page=SHADES[0])
    (tmp_path / ".DS_Store").write_bytes(b"x")
    (tmp_path / ".cache").mkdir()
    left_out: list[Path] = []
    assert names(tmp_path, left_out=left_out.append) == ["broken.jpg", "page"]
    assert [path.name for path in left_out] == [".cache", ".DS_Store", "notes.txt"]


def test_links_in_a_circle_are_harmless(tmp_path: Path) -> None:
    put(tmp_path, a_jpg=SHADES[0], sub__b_jpg=SHADES[1])
    (tmp_path / "sub" / "up").symlink_to(tmp_path)
    (tmp_path / "self.jpg").symlink_to(tmp_path / "self.jpg")
    found = scans_in([tmp_path], MOST_PIXELS)
    assert [scan.name for scan in found] == ["a.jpg", "self.jpg", "sub-b.jpg"]
    with pytest.raises(ImageError, match="cannot be read"):
        found[1].read()


def test_the_folder_for_the_results_is_not_read(tmp_path: Path) -> None:
    put(tmp_path, a_jpg=SHADES[0], out__aName_jpg=SHADES[1])
    assert names(tmp_path, excluded=[tmp_path / "out"]) == ["a.jpg"]
    with pytest.raises(InvalidRequest, match="Choose another"):
        names(tmp_path / "out", excluded=[tmp_path / "out"])


def test_the_results_of_an_earlier_batch_are_no_scans(tmp_path: Path) -> None:
    put(tmp_path, a_jpg=SHADES[0], out__batch_json=b"{}", out__b_jpg=SHADES[1], out__sub__rejected__c_jpg=SHADES[2])
    put(
        tmp_path / "out",
        clips__Name__a_jpg=SHADES[1],
        rejected__d_jpg=SHADES[1],
        clips_zip=b"x",
        results_xlsx=archive({"a": b"x"}),
    )
    left_out: list[Path] = []
    assert names(tmp_path, left_out=left_out.append) == [
        "a.jpg",
        "out-b.jpg",
        "out-clips.zip",
        "out-sub-rejected-c.jpg",
    ]
    assert [path.name for path in left_out] == ["batch.json", "clips", "rejected", "results.xlsx"]
    assert names(tmp_path / "out" / "rejected") == ["d.jpg"]


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    (scan,) = scans_in([tmp_path], MOST_PIXELS)
    with pytest.raises(ImageError, match="no images or documents"):
        scan.read()


def test_a_pattern_finds_files(tmp_path: Path) -> None:
    put(tmp_path, **{"1__a_jpg": b"x", "2__a_jpg": b"x", "2__b_png": b"x", "[x]_jpg": b"x"})
    assert [scan.path for scan in scans_in([tmp_path / "*" / "*.jpg"], MOST_PIXELS)] == [
        tmp_path / "1" / "a.jpg",
        tmp_path / "2" / "a.jpg",
    ]
    assert names(tmp_path / "[x].jpg") == ["[x].jpg"]
    assert names(tmp_path / "**" / "b.png") == ["b.png"]
