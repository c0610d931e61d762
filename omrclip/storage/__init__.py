"""Storage of templates, images and recognitions, in local folders or at any URL that fsspec supports."""
