"""One server, one web site with viewers and one browser for the tests of a module."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copy, copytree
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np
import pytest

from omrclip.imaging.arrays import Pixels
from omrclip.imaging.tiff.writing import write_pyramid
from omrclip.storage.accounts import Account, Accounts, Kind, Scope, new_secret
from tests.grid import position_ramp
from tests.patience import PATIENCE
from tests.servers import new_session, patient
from tests.viewers import browser as browsers

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT: Final = Path(__file__).parents[2]
SCANS: Final = ("exam-scan-1.jpg", "exam-scan-2.jpg")
"""The first has the page's dimensions, the second one and a half times as many, and is grey."""
PYRAMID: Final = "pyramid.tif"
CHECK: Final = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """An image that is served: its identifier, and its pixels, uint8 BGR, as OpenCV makes them from the file."""

    identifier: str
    pixels: Pixels = field(repr=False)


@dataclass(frozen=True, slots=True)
class Project:
    """A served project: its URL, the manifest of its clips, and its images by what they are."""

    url: str
    clips_manifest: str
    images: dict[str, Shown]


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Headless Chromium; the first argument of each test, so that where it is missing nothing else is started."""
    with browsers.viewing() as browser:
        yield browser


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The URL of the pages with viewers, which are served from another origin than the images."""
    with browsers.site() as url:
        yield url


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A server with a stored page, a pyramid, and a kept recognition of two scans."""
    folder = tmp_path_factory.mktemp("project")
    images = folder / "samples"
    images.mkdir()
    copy(ROOT / "samples" / SCANS[0], images)
    squares = _squares()
    with (images / PYRAMID).open("wb") as file:
        write_pyramid(squares, file)
    copytree(ROOT / "templates_omr", folder / "templates_omr")
    with patient(folder) as server:
        kept = _recognition(server.url)
        shown = {"stored page": Shown(SCANS[0], _scan(SCANS[0])), "pyramid": Shown(PYRAMID, squares)}
        for number, recognition in enumerate(kept["Recognitions"], start=1):
            page = _page(recognition)
            shown[f"kept page {number}"] = Shown(_identifier(recognition["Uri"]), page)
            for clip in recognition["Clips"]:
                shown[f"{clip['Name']} {number}"] = Shown(_identifier(clip["Uri"]), _cut(page, clip["Box"]))
        yield Project(server.url, f"{kept['Uri']}/clips.json", shown)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A server with users, whose images are seen by somebody without an account, through a signed link."""
    folder = tmp_path_factory.mktemp("guarded")
    copytree(ROOT / "templates_omr", folder / "templates_omr")
    accounts = Accounts(folder / "accounts.sqlite")
    accounts.add(Account(Kind.CLIENT, "office", frozenset(Scope), ""), new_secret())
    sent = {"Authorization": f"Bearer {accounts.new_key('office').token}"}
    with patient(folder) as server:
        identifier, shown = shown_of(server.url, sent)
        asked = {"Target": identifier}
        base = new_session().post(f"{server.url}/api/links", json=asked, headers=sent, timeout=PATIENCE).json()["Base"]
        yield Project(base, f"{base}/api/recognitions/{identifier}/clips.json", shown)


def shown_of(url: str, headers: dict[str, str]) -> tuple[str, dict[str, Shown]]:
    """The identifier of a stored recognition of somebody who is logged in, and the page and clips of its first scan."""
    kept = _recognition(url, headers)
    first = kept["Recognitions"][0]
    page = _page(first)
    shown = {"kept page 1": Shown(_identifier(first["Uri"]), page)}
    for clip in first["Clips"]:
        shown[clip["Name"]] = Shown(_identifier(clip["Uri"]), _cut(page, clip["Box"]))
    return kept["Identifier"], shown


def _recognition(url: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """Have the scans recognized and kept."""
    files = [("Images", (name, (ROOT / "samples" / name).read_bytes())) for name in SCANS]
    answer = new_session().post(
        f"{url}/api/recognitions?keep", data={"Template": "exam"}, files=files, timeout=PATIENCE, headers=headers
    )
    answer.raise_for_status()
    recognition: dict[str, Any] = answer.json()
    return recognition


def _identifier(uri: str) -> str:
    return uri.rpartition("/")[2]


def _scan(name: str) -> Pixels:
    return np.asarray(cv2.imread(str(ROOT / "samples" / name), cv2.IMREAD_COLOR), np.uint8)


def _page(recognition: dict[str, Any]) -> Pixels:
    """The scan laid onto the template page by what is known of the sample: where the page's corners lie in it."""
    page = recognition["Registration"]["Page"]
    width, height = page["Width"], page["Height"]
    if recognition["Registration"]["Strategy"] == "identity":
        return _scan(recognition["Name"])
    truth = json.loads((ROOT / "samples" / "truth.json").read_text())[recognition["Name"]]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    to_scan = cv2.getPerspectiveTransform(corners, np.array(truth["corners"], np.float32))
    flags, white = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, (255, 255, 255)
    scan = _scan(recognition["Name"])
    warped = cv2.warpPerspective(scan, to_scan, (width, height), flags=flags, borderValue=white)
    return np.asarray(warped, np.uint8)


def _cut(page: Pixels, box: dict[str, int]) -> Pixels:
    left, top = box["Left"], box["Top"]
    return page[top : top + box["Height"], left : left + box["Width"]]


def _squares() -> Pixels:
    """Every place in colours of its own: a ramp of blue and green, and of red a chequerboard."""
    pixels = position_ramp(3000, 2200)
    rows, columns = np.indices(pixels.shape[:2]) // CHECK
    pixels[:, :, 2] = (rows + columns) % 2 * 120
    return pixels
