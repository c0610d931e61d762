"""Cutting out the image segments that a manifest shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from omrclip.errors import InvalidRequest
from omrclip.iiif.plan import Plan, plan
from omrclip.iiif.render import render
from omrclip.iiif.request import Format
from omrclip.iiif.segments import Segment, find_segments, fitted_request
from omrclip.imaging.source import ImageSource
from omrclip.limits import Limits
from omrclip.omr.clip_bounds import check_bytes, check_total
from omrclip.omr.report.file_names import safe_file_name, stem
from omrclip.omr.report.result_files import ResponseFile

Finder = Callable[[Segment], ImageSource | None]
"""A function that returns the image of a segment, or None if it is not available."""

Renderer = Callable[[Plan, ImageSource], bytes]


@dataclass(frozen=True, slots=True)
class GivenImages:
    """Images that the request contains, by file name.

    If the request contains one image and the manifest names one image, they belong together whatever their names.
    """

    images: Mapping[str, ImageSource]
    manifest_images: int

    def find(self, segment: Segment) -> ImageSource | None:
        """Find the image of a segment by the last part of the URI of the image, or of its service."""
        for uri in (segment.image, segment.service or ""):
            name = unquote(urlsplit(uri).path.rpartition("/")[2])
            if name in self.images:
                return self.images[name]
        if len(self.images) == 1 and self.manifest_images == 1:
            return next(iter(self.images.values()))
        return None


def cut_segments(
    segments: tuple[Segment, ...],
    find: Finder,
    limits: Limits,
    image_format: Format | None = None,
    render: Renderer = render,
    count_file: Callable[[int], None] = lambda _: None,
) -> list[ResponseFile]:
    """One file for each segment, in the order of the manifest, cropped at the edge of the image.

    Args:
        segments: the result of `iiif.segments.find_segments`.
        find: returns the image of a segment.
        limits: limits of the pixels of each file, and of the number, pixels and bytes of all files.
        image_format: format of the files. If None, each segment has its own format, by default JPEG.
        render: renders the bytes of a file.
        count_file: called with the size of each new file in bytes. Its exceptions end the work.

    Raises:
        InvalidRequest: there is no segment, or an image is not available. The error names the JSON path.
        InvalidParameter, LimitExceeded, ImageError: a segment cannot be cut.
    """
    if not segments:
        raise InvalidRequest.at("$", "a canvas painted with an image")
    check_total(len(segments), 0, limits)
    planned = [_planned(segment, find, limits, image_format) for segment in segments]
    check_total(len(planned), sum(one.scaled.pixels for one, _ in planned), limits)
    files: list[ResponseFile] = []
    size = 0
    for number, (segment, (one, source)) in enumerate(zip(segments, planned, strict=True), start=1):
        files.append(ResponseFile(_name(number, segment, one), one.format.media_type, render(one, source)))
        size += len(files[-1].data)
        check_bytes(size, limits)
        count_file(len(files[-1].data))
    return files


def read_segments(manifest: Mapping[str, object]) -> tuple[tuple[Segment, ...], int]:
    """The segments of a manifest, and the number of images that contain them. Raises InvalidRequest."""
    segments = find_segments(manifest)
    # If there are segments, whole images are either the images that contain them, or decoration.
    segments = tuple(segment for segment in segments if not segment.whole) or segments
    return segments, len({segment.service or segment.image for segment in segments})


def _planned(segment: Segment, find: Finder, limits: Limits, image_format: Format | None) -> tuple[Plan, ImageSource]:
    source = find(segment)
    if source is None:
        expected = f"the name of a stored image or of an image in the request, not {segment.image!r}"
        raise InvalidRequest.at(segment.path, expected)
    request = fitted_request(segment, source.dimensions)
    request = replace(request, format=image_format or request.format)
    return plan(request, source.dimensions, limits), source


def _name(number: int, segment: Segment, planned: Plan) -> str:
    name = segment.canvas_label or stem(unquote(urlsplit(segment.image).path.rpartition("/")[2]))
    return safe_file_name(f"{number:03d}-{name[:80].strip(' .') or 'segment'}.{planned.format}")
