"""Checks at the start that folders can be written, so that a wrong mount or owner is reported before the first scan."""

from collections.abc import Iterator

from omrclip.config import Config
from omrclip.errors import StorageUnavailable
from omrclip.storage.blobs import BlobStore


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
