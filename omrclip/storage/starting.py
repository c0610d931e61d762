"""Checks at the start: which folders cannot be written, and whether there is a template."""

from collections.abc import Iterator

from omrclip.config import Config
from omrclip.errors import StorageUnavailable
from omrclip.storage.blobs import BlobStore
from omrclip.storage.templates import TemplateStore


def unwritable_folders(config: Config) -> Iterator[str]:
    """Make each folder that the settings name, write, flush and remove a file there, and yield what does not work."""
    folders = {
        "OMRCLIP_TEMPLATES": config.templates,
        "OMRCLIP_IMAGES": config.images,
        "OMRCLIP_RESULTS": config.results,
        "OMRCLIP_CACHE_FOLDER": config.cache_folder,
    }
    for variable, url in folders.items():
        if url is None:
            continue
        try:
            BlobStore(url).check_writable()
        except StorageUnavailable as problem:
            yield f"{variable} ({url}): {problem.message}"


def has_templates(config: Config) -> bool:
    """Whether a template is stored. Where that cannot be found out, it is taken to be so."""
    try:
        return next(TemplateStore(config.templates).names(), None) is not None
    except StorageUnavailable:
        return True
