"""The other way round: which parts of which images a manifest paints.

Read are the forms of the IIIF cookbook for a "Segment of an Image": a painting annotation whose body is

    (a) an Image whose id ends in `#xywh=x,y,w,h`, or is a region request of the Image API
    (b) a SpecificResource with a `source` image and an ImageApiSelector or a FragmentSelector (recipe 0299)

in a manifest, canvas, annotation page or annotation of the Presentation API 3.0, or one of 2.x. A fragment on the
annotation's target is a place on the canvas and says nothing of the image. Nothing is fetched and nothing is guessed:
what is not understood is refused by its JSON path.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from omrclip.iiif.request import FullRegion, FullSize, ImageRequest, MaxSize, Region, Rotation
from omrclip.iiif.segment_values import Node, api_request, fragment_region, image_address

# Bodies that are no images; such a body is left out, for it has no segment.
_OTHER_BODIES = frozenset({"Audio", "Canvas", "Dataset", "Model", "Sound", "Text", "TextualBody", "Video"})
_OTHER_BODIES |= {"ContentAsText", "MovingImage"}
_IMAGE_SERVICES = ("ImageService1", "ImageService2", "ImageService3")
_IMAGE_API = re.compile(r"https?://iiif\.io/api/image/.*|https?://library\.stanford\.edu/iiif/image-api/.*")


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of an image that a canvas shows.

    Attributes:
        image: the image's URI as the document gives it, without its fragment.
        service: base URI of its image service, declared or seen in the image's URI; None where there is none.
        request: what to take: of the service's image, or where there is no service, of the image itself. Its region
            may reach beyond the image; planning crops it at the edge.
        canvas_label: the canvas's label, "" where there is none.
        path: JSON path of the body, for messages.
    """

    image: str
    service: str | None
    request: ImageRequest
    canvas_label: str
    path: str

    @property
    def whole(self) -> bool:
        """Whether it is no part but the whole image."""
        return isinstance(self.request.region, FullRegion)


def find_segments(manifest: Mapping[str, object]) -> tuple[Segment, ...]:
    """Everything that the document paints, in its order; whole images too (`Segment.whole`).

    Raises:
        InvalidRequest: naming the JSON path of what is wrong, and what was expected there.
    """
    return tuple(_segments(Node("$", manifest)))


def identifier_of(uri: str, base_url: str) -> str | None:
    """The identifier of an image or image service of ours: `{base}/iiif/(2|3)/{identifier}[/…]`, decoded once.

    None for every other URI.
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
    label = _label(canvas["label"])
    for page in canvas["items"].listed():
        yield from _of_page(page, label)
    for annotation in canvas["images"].listed():
        yield from _of_annotation(annotation, label)


def _of_page(page: Node, label: str) -> Iterator[Segment]:
    for annotation in _needed(page["items|resources"], "a list of annotations, in the document itself"):
        yield from _of_annotation(annotation, label)


def _of_annotation(annotation: Node, label: str) -> Iterator[Segment]:
    if not _paints(annotation["motivation"]):
        return
    body = annotation["body|resource"]
    if not body:
        raise body.refusal("the image that is painted")
    for node in body.one_or_more():
        for one in _alternatives(node):
            yield from _of_body(one, label)


def _paints(motivation: Node) -> bool:
    expected = 'a motivation, "painting" for an annotation that paints an image'
    if not motivation:
        raise motivation.refusal(expected)
    return any(one.text(expected).rpartition(":")[2] == "painting" for one in motivation.one_or_more())


def _alternatives(body: Node) -> list[Node]:
    """The bodies of a choice (3.0: `items`; 2.x: `default` and `item`), or the one that it is."""
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
    """Form (a): the region is in the image's own URI."""
    identifier = _identifier(body)
    image, mark, fragment = identifier.text("the image's URI").partition("#")
    address = image_address(image)
    request = address[1] if address else ImageRequest()
    if mark:
        region = fragment_region(fragment, identifier)
        request = _within(request, region, identifier)
    return Segment(image, _service(body, address), request, label, body.path)


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
        raise identifier.refusal("a URI without a fragment, since the selector says which part is meant")
    address = image_address(image)
    selector, selected = _selected(body["selector"])
    service = _service(source, address)
    if selector.kind == "FragmentSelector":
        request = _within(address[1] if address else ImageRequest(), selected.region, selector)
        yield Segment(image, service, request, label, body.path)
    else:
        # The selector is applied to the service's image; a source that is a plain URI is the service (the annex, 2.1).
        yield Segment(image, service if source.is_object or address else image, selected, label, body.path)


def _selected(selectors: Node) -> tuple[Node, ImageRequest]:
    """What the selectors say, and the first of them; several are to say the same (Web Annotation, section 4.2)."""
    read = [(node, _request(node)) for node in selectors.one_or_more()]
    if not read:
        raise selectors.refusal("an ImageApiSelector or a FragmentSelector")
    for node, request in read[1:]:
        if request != read[0][1]:
            raise node.refusal("a selector of the same part as the first")
    return read[0]


def _request(selector: Node) -> ImageRequest:
    if selector["refinedBy"]:
        raise selector["refinedBy"].refusal("nothing, since refined selectors are not read")
    match selector.kind:
        case "ImageApiSelector":
            return api_request(selector)
        case "FragmentSelector":
            value = selector["value"]
            return ImageRequest(fragment_region(value.text("xywh=x,y,w,h"), value))
        case _:
            raise selector["type|@type"].refusal("ImageApiSelector or FragmentSelector")


def _within(request: ImageRequest, region: Region, node: Node) -> ImageRequest:
    """The region of an image that is itself delivered by a request: it counts the delivered image's pixels."""
    untouched = isinstance(request.region, FullRegion) and request.rotation == Rotation()
    if untouched and request.size in (FullSize(), MaxSize()):
        return replace(request, region=region)
    raise node.refusal("a fragment of the whole image at its full size, …/full/max/0/…")


def _identifier(node: Node) -> Node:
    return node["id|@id"] if node.is_object else node


def _service(image: Node, address: tuple[str, ImageRequest] | None) -> str | None:
    """The first image service that the image declares, or else the one that its URI shows."""
    if image.is_object:
        for service in image["service"].one_or_more():
            if service.is_object and _is_image_service(service):
                return service["id|@id"].text("the image service's URI").rstrip("/")
    return address[0] if address else None


def _is_image_service(service: Node) -> bool:
    """By its type, or in 2.x, where it may have none, by its context or profile."""
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
