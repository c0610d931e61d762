"""The parts of the image server's benchmark that need no other server; how fast it is is nothing to assert here."""

import re
import select
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from omrclip.iiif.grammar import GRAMMAR_2
from omrclip.iiif.plan import plan
from omrclip.limits import Limits
from tests.benchmarks.iiif import peer
from tests.benchmarks.iiif.idling import wait_until_idle
from tests.benchmarks.iiif.memory import memory_under_mixed_requests, mixed_requests
from tests.benchmarks.iiif.peer import iipsrv_settings, missing_packages, nginx_configuration
from tests.benchmarks.iiif.pictures import SMALL_DIMENSIONS, make_many
from tests.benchmarks.iiif.report import OURS, PEER, Result, cold_table, processor_table, warm_table
from tests.benchmarks.iiif.rows import CLIP_HEIGHTS, CLIP_WIDTHS, DIMENSIONS, EARLIER, ROWS, WARM_UP, Row, chosen, tiles

PROJECT = Path(__file__).parents[2]
JPEG, TIFF = OURS
BY_NAME = {row.name: row for row in ROWS}


@pytest.mark.parametrize("row", [row for row in ROWS if row.is_picture], ids=lambda row: row.name)
def test_every_request_is_for_pixels_of_the_image(row: Row) -> None:
    for request in row.requests(0)[:2000]:
        planned = plan(GRAMMAR_2.parse(*request.split("/")), DIMENSIONS, Limits())
        region = request.split("/")[0]
        if region != "full":
            asked = tuple(map(int, region.split(",")))
            assert (planned.box.left, planned.box.top, planned.box.width, planned.box.height) == asked


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_round_asks_the_same_in_every_run(row: Row) -> None:
    assert row.requests(3) == row.requests(3)
    assert (row.requests(0) != row.requests(1)) == row.is_each_new


def test_clips_that_are_each_new_are_not_those_of_another_round() -> None:
    row = BY_NAME["clips, each new"]
    rounds = [set(row.requests(turn)) for turn in (WARM_UP, 0, 1)]
    assert all(len(requests) > 59_000 for requests in rounds)
    assert len(rounds[0] & rounds[1]) + len(rounds[1] & rounds[2]) < 10


def test_clips_are_as_large_as_the_goal_says() -> None:
    boxes = np.array([request.split("/")[0].split(",") for request in BY_NAME["clips"].requests(0)], dtype=int)
    assert CLIP_WIDTHS[0] <= boxes[:, 2].min() < 400 < 1400 < boxes[:, 2].max() <= CLIP_WIDTHS[1]
    assert CLIP_HEIGHTS[0] <= boxes[:, 3].min() < 80 < 260 < boxes[:, 3].max() <= CLIP_HEIGHTS[1]


def test_tiles_are_the_whole_ones_of_the_grid() -> None:
    assert sorted(tiles(2000)) == sorted(
        f"{left},{top},2000,2000/2000,/0/default.jpg" for left in (0, 2000, 4000) for top in (0, 2000)
    )
    assert len(tiles(512)) == 11 * 7
    assert len(tiles(256)) == 23 * 15


def test_rows_are_chosen_by_name() -> None:
    assert chosen([]) == chosen(BY_NAME) == ROWS
    assert [row.name for row in chosen(["304", "clips"])] == ["clips", "304"]


def test_the_table_shows_medians_ratios_and_goals() -> None:
    figures = {PEER: [100.0, 200.0, 400.0], JPEG: [500.0, 1000.0, 1000.0], TIFF: [1000.0, 100.0, 400.0]}
    head, line = warm_table([Result(BY_NAME["512 tiles"], "512 tiles", figures)])
    assert "requests/s" in head
    assert re.split(r"\s{2,}", line) == [
        "512 tiles",
        "200",
        "1,000",
        "5.00",
        "400",
        "1.00",
        "≥ 2.0 times: reached on JPEG only",
    ]


def test_a_cold_ratio_is_how_many_times_ours_fits_into_theirs() -> None:
    figures = {PEER: [9.0], JPEG: [3.0], TIFF: [4.5]}
    line = list(cold_table([Result(BY_NAME["full/1000,"], "full/1000,", figures)]))[1]
    assert re.split(r"\s{2,}", line) == ["full/1000,", "9.00", "3.00", "3.00", "4.50", "2.00", "≥ 1.2 times: reached"]


def test_a_ratio_of_processor_times_is_how_many_times_ours_fits_into_theirs() -> None:
    figures = {PEER: [3.0, 6.0, 9.0], JPEG: [1.5, 2.0, 9.0], TIFF: [3.0, 3.0, 3.0]}
    head, line = processor_table([Result(BY_NAME["clips, each new"], "clips, each new", figures)])
    assert "processor ms/request" in head
    assert re.split(r"\s{2,}", line)[1:] == ["6.00", "2.00", "2.00", "3.00", "2.00", "≥ 2.0 times: reached"]


def test_a_server_without_entity_tags_is_skipped_visibly() -> None:
    line = list(warm_table([Result(BY_NAME["304"], "304", {JPEG: [9000.0], TIFF: [9999.0]})]))[1]
    assert re.split(r"\s{2,}", line) == ["304", "no ETag", "9,000", "9,999"]


def test_the_other_servers_write_into_their_own_folder_and_listen_on_loopback(tmp_path: Path) -> None:
    text = nginx_configuration(tmp_path, tmp_path / "iipsrv.socket", 4711)
    assert re.findall(r"listen ([^;]+);", text) == ["127.0.0.1:4711"]
    assert all(path.startswith(f"{tmp_path}/") for path in re.findall(r"(?:_path|pid|include) ([^;]+);", text))
    assert iipsrv_settings(tmp_path, 85)["JPEG_QUALITY"] == "85"


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(peer, "IIPSRV", tmp_path / "none")
    monkeypatch.setattr(peer, "_SEARCH_PATH", str(tmp_path))
    assert missing_packages() == ["nginx-light", "wrk", "libvips-tools", "iipimage-server"]


def test_mixed_requests_stay_within_the_images() -> None:
    asked = mixed_requests(["a", "b"], 500)
    assert asked == mixed_requests(["a", "b"], 500)
    for request in asked:
        name, _, parameters = request.partition("/")
        assert name in ("a", "b")
        if parameters != "info.json":
            planned = plan(GRAMMAR_2.parse(*parameters.split("/")), SMALL_DIMENSIONS, Limits())
            region = parameters.split("/")[0]
            assert region == "full" or region.split(",")[2:] == [str(planned.box.width), str(planned.box.height)]


def test_no_two_of_many_images_are_alike(tmp_path: Path) -> None:
    names = list(make_many(tmp_path, 3))
    assert len({(tmp_path / name).read_bytes() for name in names}) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_memory_is_told_with_its_bound() -> None:
    told = memory_under_mixed_requests(images=2, requests=20)
    assert "20 × 200" in told
    assert told.endswith("1024 MiB: kept")


def test_the_command_tells_its_options() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.iiif", "--help"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, encoding="utf-8", check=True, timeout=60)
    assert all(option in done.stdout for option in ("--rounds", "--seconds", "--only", "--memory"))


@pytest.mark.skipif(sys.platform != "linux", reason="processor time is read from /proc")
def test_a_server_has_started_when_it_comes_to_rest() -> None:
    work = "import time\nwhile time.process_time() < 0.7: pass\nprint(flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", work], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        wait_until_idle(process.pid)
        assert process.stdout is not None
        assert process.stdin is not None
        assert select.select([process.stdout], [], [], 0)[0], "it has done its work"
        process.stdin.close()


def test_before_a_restart_other_renderings_are_asked_for() -> None:
    later = {request for row in ROWS for request in row.requests(0) if row.is_picture}
    assert not later & set(EARLIER)
    assert EARLIER
