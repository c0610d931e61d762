"""Templates and images behind fsspec: local folders by default, any URL that fsspec knows."""

from omrclip.storage.blobs import Blob, BlobStore, Precondition
from omrclip.storage.images import ImageStore
from omrclip.storage.templates import StoredTemplate, TemplateStore

__all__ = ["Blob", "BlobStore", "ImageStore", "Precondition", "StoredTemplate", "TemplateStore"]
