"""Paths of files in URLs."""

from werkzeug.routing import BaseConverter


class StoragePath(BaseConverter):
    """A path in the storage. It may be empty, and begin with a slash or contain double ones, as clients write them."""

    regex = r"[\s\S]*?"
    part_isolating = False
    weight = 300  # after all routes with fixed parts
