"""A PDF of one page around a JPEG, whose bytes it holds as they are (ISO 32000-1, section 7.4.8, DCTDecode)."""

from io import BytesIO

from omrclip.imaging.geometry import Dimensions

# Scans of paper are 300 dots an inch more often than anything else; then the page has the paper's size.
DOTS_PER_INCH = 300
POINTS_PER_INCH = 72


def pdf_of_jpeg(jpeg: bytes, dimensions: Dimensions, *, grey: bool) -> bytes:
    """Wrap a JPEG of the given Dimensions, of three channels or one (`grey`)."""
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject, NumberObject, StreamObject

    width, height = (side * POINTS_PER_INCH / DOTS_PER_INCH for side in (dimensions.width, dimensions.height))
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
