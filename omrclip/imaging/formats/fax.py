"""Whether the fax-coded strips of a TIFF are whole (ITU-T T.4 and T.6; TIFF 6.0, section 11).

These codes have no checksum, and libtiff leaves the rows of a strip that ends too early white, without an error. But
they do mark their ends: group 3 each line's, and group 4 the strip's.
"""

from omrclip.errors import CorruptImage

GROUP_3, GROUP_4 = 3, 4

_END_OF_LINE = "000000000001"  # eleven zeros come in no other code
_END_OF_BLOCK = 0x001001  # two of them
_BLACK_PIXEL = 0b001_00110101_010 << 10  # horizontal mode, no white, one black; as long as the end of a block


def check_lines(block: bytes, rows: int) -> None:
    """See that a strip of group 3 has all its lines. Raises CorruptImage where it does not."""
    bits = f"{int.from_bytes(block, 'big'):0{8 * len(block)}b}"
    # One code is before each line; writers differ in whether the first line has one.
    if bits.count(_END_OF_LINE) < rows - 1:
        raise cut_off()


def with_black_end(block: bytes) -> bytes:
    """A strip of group 4 with a black pixel in place of its end mark.

    Of a strip with all its rows that pixel is never read, and the image is the same; where rows are missing, it is
    the first of them. Raises CorruptImage for a strip without its end mark.
    """
    code = int.from_bytes(block, "big")
    padding = max(0, (code & -code).bit_length() - 1)
    if code >> padding & 0xFFFFFF != _END_OF_BLOCK:
        raise cut_off()
    return (code + (_BLACK_PIXEL - _END_OF_BLOCK << padding)).to_bytes(len(block), "big")


def cut_off() -> CorruptImage:
    """What is to be raised where rows are missing."""
    return CorruptImage("The TIFF is cut off: rows of its fax-coded pixels are missing.")
