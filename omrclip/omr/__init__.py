"""Templates, registration of pages, reading of marks and barcodes, and clips.

Modules here know neither Flask nor files. `iiif` cuts the pixels, from the ImageSource of a registered page.
"""
