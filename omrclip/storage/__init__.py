"""Storage of templates, images and recognitions, in local folders or at any URL that fsspec supports."""

from omrclip.storage.blobs import Blob, BlobStore, Precondition
from omrclip.storage.derivatives import DerivativeCache
from omrclip.storage.folder import SharedFolder, open_folder
from omrclip.storage.images import ImageStore
from omrclip.storage.kept import KeptRecognitions
from omrclip.storage.kept_records import KeptRecognition
from omrclip.storage.shelf import SourceShelf
from omrclip.storage.sources import OpenImage, SourceCache, open_stored
from omrclip.storage.templates import StoredTemplate, TemplateStore

__all__ = [
    "Blob",
    "BlobStore",
    "DerivativeCache",
    "ImageStore",
    "KeptRecognition",
    "KeptRecognitions",
    "OpenImage",
    "Precondition",
    "SharedFolder",
    "SourceCache",
    "SourceShelf",
    "StoredTemplate",
    "TemplateStore",
    "open_folder",
    "open_stored",
]
