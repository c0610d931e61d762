"""Writes a form as an `.omr` template: JSON with absolute page pixels."""

import json
from functools import singledispatch
from typing import Any

from omrclip.imaging.geometry import round_pixel
from tests.sheets.layout import Area, Barcode, ChoiceBox, ClipArea, Form, Grid, ReferencePoint, scale_of
from tests.sheets.printing import page_dimensions, qr_modules

Json = dict[str, Any]
QR_SMALLEST = 21  # modules of version 1; each version has four more


def omr_text(form: Form, dpi: float) -> str:
    """The template file's text."""
    return json.dumps(omr_document(form, dpi), indent=2, ensure_ascii=False) + "\n"


def omr_document(form: Form, dpi: float) -> Json:
    """The template as JSON values; keys stand in the order of real templates, `Type` first."""
    dimensions, scale = page_dimensions(form, dpi), scale_of(dpi)
    page = {
        "Height": dimensions.height,
        "Width": dimensions.width,
        "ImageName": f"{form.name}.png",
        "ImageFormat": ".png",
        "Elements": [element_of(element, scale) for element in form.elements],
    }
    return {"Version": "1.0", "Name": form.name, "Pages": [page]}


def pixel_box(area: Area, scale: float) -> Json:
    """The area in whole pixels; the edges are rounded, so that neighbours neither overlap nor leave a gap."""
    left, top, right, bottom = (round_pixel(v * scale) for v in (area.left, area.top, area.right, area.bottom))
    return {"Width": right - left, "Height": bottom - top, "Top": top, "Left": left}


@singledispatch
def element_of(element: object, _scale: float) -> Json:
    """One element; the second argument is the scale in pixels per mm."""
    raise TypeError(f"no template has a {type(element).__name__}")


@element_of.register
def _(element: ChoiceBox, scale: float) -> Json:
    name = {"Name": element.name} if element.name else {}
    diameter, radius = round_pixel(element.diameter * scale), element.diameter / 2
    bubbles = [
        {
            "Value": bubble.value,
            "Top": round_pixel((bubble.y - radius) * scale),
            "Left": round_pixel((bubble.x - radius) * scale),
            "IsValid": True,
        }
        for bubble in element.bubbles
    ]
    return {
        "Type": "ChoiceBox",
        **name,
        **pixel_box(element.area, scale),
        "BubbleWidth": diameter,
        "BubbleHeight": diameter,
        "Multiselect": element.multiselect,
        "Orientation": element.orientation,
        "Bubbles": bubbles,
    }


@element_of.register
def _(element: Grid, scale: float) -> Json:
    return {
        "Type": "Grid",
        "Name": element.name,
        **pixel_box(element.area, scale),
        "Orientation": element.orientation,
        "Elements": [element_of(column, scale) for column in element.columns],
    }


@element_of.register
def _(element: Barcode, scale: float) -> Json:
    box = pixel_box(element.area, scale)
    code = {"Type": "Barcode", "Name": element.name, **box, "BarcodeType": element.kind}
    if element.kind != "qr":
        return code
    return {**code, "QrVersion": (len(qr_modules(element.content)) - QR_SMALLEST) // 4 + 1}


@element_of.register
def _(element: ReferencePoint, scale: float) -> Json:
    box = pixel_box(element.area, scale)
    return {"Type": "ReferencePoint", "Name": element.name, **box, "ReferenceType": "Corner"}


@element_of.register
def _(element: ClipArea, scale: float) -> Json:
    box = pixel_box(element.area, scale)
    return {"Type": "ClipArea", "Name": element.name, **box, "JpegQuality": element.quality}
