"""The image formats. Each module reads the headers and the pixels of one format.

`read_header(data) -> ImageInfo` only looks at the bytes. `decode(data, info) -> Pixels` decodes the first frame as
stored: (height, width) grey, (height, width, 3) BGR or (height, width, 4) BGRA, uint8. `registry` lists the modules,
and `probe` and `codec` call them through it.
"""
