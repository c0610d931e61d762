"""Storage of templates, images and recognitions, in local folders or at any URL that fsspec supports."""

from omrclip.storage.blobs import Blob, BlobStore, Precondition
from omrclip.storage.images import ImageStore
from omrclip.storage.kept import KeptRecognitions
from omrclip.storage.kept_records import KeptRecognition
from omrclip.storage.templates import StoredTemplate, TemplateStore

__all__ = [
    "Blob",
    "BlobStore",
    "ImageStore",
    "KeptRecognition",
    "KeptRecognitions",
    "Precondition",
    "StoredTemplate",
    "TemplateStore",
]
