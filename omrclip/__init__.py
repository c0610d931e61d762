"""omrclip: cuts the clip areas out of scanned paper forms, and serves every page and clip as an IIIF image."""

__version__ = "0.1.0"
