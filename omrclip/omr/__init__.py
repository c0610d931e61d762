"""Templates, registration and recognition of clip areas.

The rule of this folder: no Flask, no files. Pixels are cut by `iiif`, through the ImageSource of a registered page.
"""
