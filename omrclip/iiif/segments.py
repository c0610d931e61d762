"""Reads from manifests which parts of which images they show.

It understands the forms of the IIIF cookbook for a "Segment of an Image": a painting annotation whose body is

    (a) an Image whose id ends in `#xywh=x,y,w,h`, or is a region request of the Image API
    (b) a SpecificResource with a `source` image and an ImageApiSelector or a FragmentSelector (recipe 0299)

in a manifest, canvas, annotation page or annotation of the Presentation API 3.0, or of 2.x. A fragment of the
annotation's target is a place on the canvas, not in the image. Nothing is downloaded or guessed. Other forms are
refused, and the error names their JSON path.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from urllib.parse import unquote

from omrclip.errors import InvalidRequest
from omrclip.iiif.request import FullRegion, FullSize, ImageRequest, MaxSize, PixelRegion, Region, Rotation
from omrclip.iiif.segment_values import Node, api_request, fragment_region, image_address
from omrclip.imaging.geometry import Box, Dimensions, round_pixel

# Types of bodies that are not images. They are ignored, because they have no segment.
_OTHER_BODIES = frozenset({"Audio", "Canvas", "Dataset", "Model", "Sound", "Text", "TextualBody", "Video"})
_OTHER_BODIES |= {"ContentAsText", "MovingImage"}
_IMAGE_SERVICES = ("ImageService1", "ImageService2", "ImageService3")
_IMAGE_API = re.compile(r"https?://iiif\.io/api/image/.*|https?://library\.stanford\.edu/iiif/image-api/.*")


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of an image that a canvas shows.

    Attributes:
        image: the image's URI in the document, without its fragment.
        service: base URI of its image service, declared or derived from the image's URI, or None.
        request: the part of the service's image, or of the image itself if there is no service. Its region may reach
            beyond the image. Planning crops it at the edge.
        canvas_label: the canvas's label, or an empty string.
        path: JSON path of the body, for messages.
        dimensions: the image's dimensions in the document, or None.
        canvas: the dimensions of the canvas that the segment fills. None if it covers a part of the canvas.
    """

    image: str
    service: str | None
    request: ImageRequest
    canvas_label: str
    path: str
    dimensions: Dimensions | None = None
    canvas: Dimensions | None = field(default=None, compare=False)

    @property
    def whole(self) -> bool:
        """Whether it is the whole image."""
        return isinstance(self.request.region, FullRegion)


def find_segments(manifest: Mapping[str, object]) -> tuple[Segment, ...]:
    """All segments of the document in its order, including whole images (`Segment.whole`).

    Raises:
        InvalidRequest: the document is wrong. The error names the JSON path and what was expected there.
    """
    return tuple(_segments(Node("$", manifest)))


def fitted_request(segment: Segment, image: Dimensions) -> ImageRequest:
    """The request for the given image, which may be a scaled copy of the image that the document means.

    If the document contains the image's dimensions, a region in pixels is scaled accordingly. Otherwise the region is
    in pixels of the given image.

    Raises:
        InvalidRequest: the image has another aspect ratio, or the part of the region inside the image does not fill the
            canvas as the whole region would. The error names the JSON path.
    """
    request, told = segment.request, segment.dimensions
    if told is None:
        _check_crop(segment, image)
        return request
    if not _same_shape(told, image):
        raise InvalidRequest.at(
            segment.path, f"an image of the shape of {told} pixels, as the document says, not {image}"
        )
    if told == image or not isinstance(request.region, PixelRegion):
        return request
    across, down = image.width / told.width, image.height / told.height
    region = request.region
    left, top = round_pixel(region.x * across), round_pixel(region.y * down)
    right, bottom = round_pixel((region.x + region.width) * across), round_pixel((region.y + region.height) * down)
    return replace(request, region=PixelRegion(left, top, max(1, right - left), max(1, bottom - top)))


def _check_crop(segment: Segment, image: Dimensions) -> None:
    """Check that a region that fits its canvas is not cropped to another shape, because then another image is meant."""
    region, canvas = segment.request.region, segment.canvas
    if canvas is None or not isinstance(region, PixelRegion):
        return
    asked = Dimensions(max(1, region.width), max(1, region.height))
    cut = Box(region.x, region.y, asked.width, asked.height).clamped(image)
    if cut and cut.dimensions != asked and _same_shape(asked, canvas) and not _same_shape(cut.dimensions, canvas):
        raise InvalidRequest.at(segment.path, f"an image that contains the whole region, not one with {image} pixels")


def _same_shape(one: Dimensions, other: Dimensions) -> bool:
    """Whether one is a scaled copy of the other, with width and height rounded."""
    difference = abs(one.width * other.height - other.width * one.height)
    return difference <= max(one.width + one.height, other.width + other.height)


def identifier_of(uri: str, base_url: str) -> str | None:
    """The identifier of an image or image service of this server: `{base}/iiif/(2|3)/{identifier}[/…]`, decoded once.

    None for other URIs.
    """
    prefix = re.escape(base_url.rstrip("/"))
    found = re.fullmatch(rf"{prefix}/iiif/[23]/([^/?#]+)(?:[/?#].*)?", uri, flags=re.DOTALL)
    if not found:
        return None
    try:
        return unquote(found[1], errors="strict")
    except UnicodeDecodeError:
        return None


def _segments(root: Node) -> Iterator[Segment]:
    match root.kind:
        case "Manifest":
            for canvas in _canvases(root):
                yield from _of_canvas(canvas)
        case "Canvas":
            yield from _of_canvas(root)
        case "AnnotationPage" | "AnnotationList":
            yield from _of_page(root, "")
        case "Annotation":
            yield from _of_annotation(root, "")
        case _:
            raise root["type|@type"].refusal("Manifest, Canvas, AnnotationPage or Annotation")


def _canvases(manifest: Node) -> Iterator[Node]:
    if not manifest["sequences"]:
        yield from _needed(manifest["items"], "a list of canvases")
        return
    for sequence in manifest["sequences"].listed():
        yield from _needed(sequence["canvases"], "a list of canvases")


def _of_canvas(canvas: Node) -> Iterator[Segment]:
    if canvas.kind != "Canvas":
        raise canvas["type|@type"].refusal("Canvas")
    label, extents = _label(canvas["label"]), _dimensions(canvas)
    annotations = [*(_annotations(page) for page in canvas["items"].listed()), canvas["images"].listed()]
    for annotation in chain.from_iterable(annotations):
        for segment in _of_annotation(annotation, label):
            yield replace(segment, canvas=extents) if _fills(annotation) else segment


def _annotations(page: Node) -> list[Node]:
    return _needed(page["items|resources"], "a list of annotations, in the document itself")


def _of_page(page: Node, label: str) -> Iterator[Segment]:
    for annotation in _annotations(page):
        yield from _of_annotation(annotation, label)


def _fills(annotation: Node) -> bool:
    """Whether an annotation is painted on the whole of its canvas."""
    target = annotation["target|on"].value
    return isinstance(target, str) and "#" not in target


def _of_annotation(annotation: Node, label: str) -> Iterator[Segment]:
    if not _paints(annotation["motivation"]):
        return
    body = annotation["body|resource"]
    if not body:
        raise body.refusal("the image that the annotation shows")
    for node in body.one_or_more():
        for one in _alternatives(node):
            yield from _of_body(one, label)


def _paints(motivation: Node) -> bool:
    expected = 'a motivation ("painting" for an annotation that shows an image)'
    if not motivation:
        raise motivation.refusal(expected)
    return any(one.text(expected).rpartition(":")[2] == "painting" for one in motivation.one_or_more())


def _alternatives(body: Node) -> list[Node]:
    """The bodies of a choice (3.0: `items`; 2.x: `default` and `item`), or the body itself."""
    if not body.is_object or body.kind != "Choice":
        return [body]
    if body["items"]:
        return body["items"].listed()
    return [*body["default"].one_or_more(), *body["item"].one_or_more()]


def _of_body(body: Node, label: str) -> Iterator[Segment]:
    kind = body.kind if body.is_object else "Image"
    if kind == "SpecificResource":
        yield from _of_specific_resource(body, label)
    elif kind == "Image":
        yield _of_image(body, label)
    elif kind not in _OTHER_BODIES:
        raise body["type|@type"].refusal("Image, SpecificResource or Choice")


def _of_image(body: Node, label: str) -> Segment:
    """Form (a): the region is in the image's URI."""
    identifier = _identifier(body)
    image, mark, fragment = identifier.text("the image's URI").partition("#")
    address = image_address(image)
    request = address[1] if address else ImageRequest()
    if mark:
        region = fragment_region(fragment, identifier)
        request = _within(request, region, identifier)
    # In a region request, width and height are those of the part.
    whole = _dimensions(body) if body.is_object and (address is None or _is_whole(address[1])) else None
    return Segment(image, _service(body, address), request, label, body.path, whole)


def _is_whole(request: ImageRequest) -> bool:
    """Whether the result is the whole image in its own dimensions."""
    untouched = isinstance(request.region, FullRegion) and request.rotation == Rotation()
    return untouched and request.size in (FullSize(), MaxSize())


def _dimensions(of: Node) -> Dimensions | None:
    """The declared dimensions of an image or a canvas."""
    width, height = of["width"].value, of["height"].value
    are_extents = all(isinstance(side, int) and not isinstance(side, bool) and side > 0 for side in (width, height))
    return Dimensions(width, height) if are_extents else None  # type: ignore[arg-type]


def _of_specific_resource(body: Node, label: str) -> Iterator[Segment]:
    """Form (b): the region is in a selector."""
    source = body["source|full"]
    if source.is_object and source.kind in _OTHER_BODIES:
        return
    if source.is_object and source.kind != "Image":
        raise source["type|@type"].refusal("Image")
    identifier = _identifier(source)
    image = identifier.text("the image's URI")
    if "#" in image:
        raise identifier.refusal("a URI without a fragment, because the selector names the region")
    address = image_address(image)
    service = _service(source, address)
    if not body["selector"]:  # without a selector the whole source is shown (Web Annotation, section 4; recipe 0040)
        yield replace(_of_image(source, label), path=body.path)
        return
    selector, selected = _selected(body["selector"])
    whole = _dimensions(source) if source.is_object and (address is None or _is_whole(address[1])) else None
    if selector.kind == "FragmentSelector":
        request = _within(address[1] if address else ImageRequest(), selected.region, selector)
        yield Segment(image, service, request, label, body.path, whole)
    else:
        # The selector applies to the service's image. A source that is only a URI is the service (the annex, 2.1).
        yield Segment(image, service if source.is_object or address else image, selected, label, body.path, whole)


def _selected(selectors: Node) -> tuple[Node, ImageRequest]:
    """The request of the selectors, and the first selector. Several must agree (Web Annotation, section 4.2)."""
    read = [(node, _request(node)) for node in selectors.one_or_more()]
    if not read:
        raise selectors.refusal("an ImageApiSelector or a FragmentSelector")
    for node, request in read[1:]:
        if request != read[0][1]:
            raise node.refusal("a selector of the same part as the first")
    return read[0]


def _request(selector: Node) -> ImageRequest:
    if selector["refinedBy"]:
        raise selector["refinedBy"].refusal("no refinedBy, because refined selectors are not supported")
    match selector.kind:
        case "ImageApiSelector":
            return api_request(selector)
        case "FragmentSelector":
            value = selector["value"]
            return ImageRequest(fragment_region(value.text("xywh=x,y,w,h"), value))
        case _:
            raise selector["type|@type"].refusal("ImageApiSelector or FragmentSelector")


def _within(request: ImageRequest, region: Region, node: Node) -> ImageRequest:
    """A region of an image that is itself the result of a request. It is in pixels of the delivered image."""
    if _is_whole(request):
        return replace(request, region=region)
    raise node.refusal("a fragment of the whole image at its full size, …/full/max/0/…")


def _identifier(node: Node) -> Node:
    return node["id|@id"] if node.is_object else node


def _service(image: Node, address: tuple[str, ImageRequest] | None) -> str | None:
    """The first declared image service, or else the one in the image's URI."""
    if image.is_object:
        for service in image["service"].one_or_more():
            if service.is_object and _is_image_service(service):
                return service["id|@id"].text("the image service's URI").rstrip("/")
    return address[0] if address else None


def _is_image_service(service: Node) -> bool:
    """Whether it is an image service, by its type, or in 2.x also by its context or profile."""
    if service["type|@type"].value in _IMAGE_SERVICES:
        return True
    told = (service["@context"].value, service["profile"].value)
    return any(isinstance(uri, str) and _IMAGE_API.fullmatch(uri) for uri in told)


def _label(label: Node) -> str:
    """The first text of a language map (3.0), of a string, or of a value with a language (2.x)."""
    by_language = label.is_object and not label["@value"]
    texts = [text for value in label.members() for text in value.one_or_more()] if by_language else label.one_or_more()
    for first in texts:
        value = first["@value"] if first.is_object else first
        if not isinstance(value.value, str):
            raise value.refusal("a text, in a language map such as {none: [text]}")
        return value.value
    return ""


def _needed(node: Node, expected: str) -> list[Node]:
    if not node:
        raise node.refusal(expected)
    return node.listed()
