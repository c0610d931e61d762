"""Pixels: geometry, image headers, decoding and encoding, resampling, and ImageSource.

Modules here take bytes and arrays, and return bytes and arrays. They know neither IIIF, templates, files nor HTTP.
"""
