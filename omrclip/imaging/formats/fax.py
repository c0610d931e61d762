"""Checks whether the fax-coded strips of a TIFF are complete (ITU-T T.4 and T.6; TIFF 6.0, section 11).

These codes have no checksum, and if a strip ends too early, libtiff leaves the missing rows white without an error. But
the codes contain end marks: group 3 after each line, group 4 after each strip.
"""

from omrclip.errors import CorruptImage

GROUP_3, GROUP_4 = 3, 4

_END_OF_LINE = "000000000001"  # no other code contains eleven zeros
_END_OF_BLOCK = 0x001001  # two of them
# Horizontal mode, with as many bits as the end of a block: no white pixel and a black one; one of each.
_BLACK_FIRST, _WHITE_FIRST = 0b001_00110101_010 << 10, 0b001_000111_010 << 12


def check_lines(block: bytes, rows: int) -> None:
    """Check that a strip of group 3 has all its lines. Raises CorruptImage if lines are missing."""
    bits = f"{int.from_bytes(block, 'big'):0{8 * len(block)}b}"
    # There is one code before each line. Some writers omit it before the first line.
    if bits.count(_END_OF_LINE) < rows - 1:
        raise cut_off()


def with_pixel_at_end(block: bytes, *, is_black: bool) -> bytes:
    """Replace the end mark of a strip of group 4 by a pixel.

    If the strip has all its rows, the pixel is never read, and the image does not change. If rows are missing, it
    becomes the first pixel of them. Raises CorruptImage if the end mark is missing.
    """
    pixel = _BLACK_FIRST if is_black else _WHITE_FIRST
    code = int.from_bytes(block, "big")
    padding = max(0, (code & -code).bit_length() - 1)
    if code >> padding & 0xFFFFFF != _END_OF_BLOCK:
        raise cut_off()
    return (code + (pixel - _END_OF_BLOCK << padding)).to_bytes(len(block), "big")


def cut_off() -> CorruptImage:
    """The error for missing rows."""
    return CorruptImage("The TIFF is cut off: rows of its fax-coded pixels are missing.")
