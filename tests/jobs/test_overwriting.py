"""Results are never written over the scans that they come from."""

from pathlib import Path

import pytest

from omrclip.errors import OmrclipError
from omrclip.jobs.folder import FolderJob, run
from omrclip.jobs.sources import scans_in
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.schemas.template import load_template
from tests.web.making import encoded, grid, template


def test_a_clip_that_would_replace_a_scan_is_refused(tmp_path: Path) -> None:
    first, second = tmp_path / "a.png", tmp_path / "aName.png"
    for path in (first, second):
        path.write_bytes(encoded(grid()))
    job = FolderJob(
        template=load_template(template()),
        scans=scans_in([first, second], Limits().max_image_pixels),
        template_image=None,
        options=RecognitionOptions(),
        out=tmp_path,
        clips_only=True,
        workers=1,
        limits=Limits(),
    )
    with pytest.raises(OmrclipError, match=r"aName\.png"):
        list(run(job))
    assert second.read_bytes() == encoded(grid())
