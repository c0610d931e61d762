"""Tiled TIFF pyramids: directories, tiles, levels, and writing."""
