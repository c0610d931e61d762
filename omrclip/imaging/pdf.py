"""A PDF of one page around a JPEG, whose bytes it holds as they are (ISO 32000-1, section 7.4.8, DCTDecode)."""

from io import BytesIO

from omrclip.imaging.density import Density
from omrclip.imaging.geometry import Dimensions

# Most scans of paper have 300 dots an inch. With the true density the page has the paper's size.
USUAL_DENSITY = (300.0, 300.0)
POINTS_PER_INCH = 72


def pdf_of_jpeg(jpeg: bytes, dimensions: Dimensions, *, grey: bool, density: Density | None = None) -> bytes:
    """Wrap a JPEG of the given Dimensions, of three channels or one (`grey`); by default for 300 dots an inch."""
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject, NumberObject, StreamObject

    across, down = density or USUAL_DENSITY
    width, height = dimensions.width * POINTS_PER_INCH / across, dimensions.height * POINTS_PER_INCH / down
    image = StreamObject()
    image.set_data(jpeg)
    image.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Image"),
            NameObject("/Width"): NumberObject(dimensions.width),
            NameObject("/Height"): NumberObject(dimensions.height),
            NameObject("/ColorSpace"): NameObject("/DeviceGray" if grey else "/DeviceRGB"),
            NameObject("/BitsPerComponent"): NumberObject(8),
            NameObject("/Filter"): NameObject("/DCTDecode"),
        }
    )
    drawing = DecodedStreamObject()
    drawing.set_data(f"{width:.4f} 0 0 {height:.4f} 0 0 cm /Im0 Do".encode())
    writer = PdfWriter()
    page = writer.add_blank_page(width, height)
    objects = DictionaryObject({NameObject("/Im0"): writer._add_object(image)})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/XObject"): objects})
    page[NameObject("/Contents")] = writer._add_object(drawing)
    file = BytesIO()
    writer.write(file)
    return file.getvalue()
