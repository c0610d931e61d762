"""The seven image formats, a file each: what its header says, and how its pixels are read.

Each module has `read_header(data) -> ImageInfo`, which looks at bytes only, and `decode(data, info) -> Pixels`, which
gives the first frame as stored: (height, width) grey, (height, width, 3) BGR or (height, width, 4) BGRA, uint8.
`registry` lists them, and `probe` and `codec` call them by it.
"""
