"""The template store: `NAME.omr` files, each with an image of its blank page with the same stem."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from omrclip.errors import InvalidRequest, NotFound
from omrclip.limits import DEFAULT_LIMITS, Limits
from omrclip.omr.template import Template
from omrclip.schemas.template import load_template, remembered_template, template_to_bytes
from omrclip.storage.blobs import UNCONDITIONAL, Blob, BlobStore, Precondition, check_name
from omrclip.storage.images import SUFFIXES

SUFFIX = ".omr"
IMAGE_SUFFIXES = tuple(sorted(SUFFIXES, key=lambda suffix: suffix != ".png"))
"""In the order in which the page image of a template is looked for: `.png` first."""


@dataclass(frozen=True, slots=True)
class StoredTemplate:
    """A stored template: its name without extension, its file, and the loaded template."""

    name: str
    blob: Blob
    template: Template


class TemplateStore:
    """Templates by name, with or without the suffix `.omr`; they lie side by side, without folders."""

    def __init__(self, url: str, limits: Limits = DEFAULT_LIMITS) -> None:
        self._blobs = BlobStore(url)
        self._limits = limits

    def names(self, after: str = "") -> Iterator[str]:
        """Yield the names of the templates whose files sort behind that of `after`, without suffix, in order."""
        files = self._blobs.names(after and after + SUFFIX, folders=False)
        return (name.removesuffix(SUFFIX) for name in files if name.endswith(SUFFIX))

    def read(self, name: str) -> StoredTemplate:
        """Load a template.

        Raises:
            NotFound: no template of this name.
            InvalidTemplate: someone put a broken file into the store.
        """
        stem = name.removesuffix(SUFFIX)
        try:
            blob = self._blobs.read(_flat(stem) + SUFFIX)
        except (NotFound, InvalidRequest):
            raise NotFound(f"There is no template named {stem!r}.", template=stem) from None
        return StoredTemplate(stem, blob, remembered_template(blob.data, self._limits))

    def page_image(self, name: str) -> bytes | None:
        """The image of the blank page in the template's folder, or None."""
        for suffix in IMAGE_SUFFIXES:
            with suppress(NotFound):
                return self._blobs.read(name.removesuffix(SUFFIX) + suffix).data
        return None

    def write(self, name: str, data: bytes, precondition: Precondition = UNCONDITIONAL) -> tuple[StoredTemplate, bool]:
        """Store the bytes of an `.omr` file. The last value says whether the name is new.

        Raises:
            InvalidTemplate: the file is not a valid template.
            InvalidRequest, PreconditionFailed: see BlobStore.write.
        """
        stem = _flat(check_name(name.removesuffix(SUFFIX)))
        template = load_template(data, self._limits)
        blob, is_new = self._blobs.write(stem + SUFFIX, data, precondition)
        return StoredTemplate(stem, blob, template), is_new

    def change(self, name: str, edit: Callable[[Template], Template], precondition: Precondition) -> StoredTemplate:
        """Read, edit and write back under the lock.

        Raises:
            NotFound, PreconditionFailed: as in `read` and BlobStore.write. Exceptions of `edit` are raised too.
        """
        with self._blobs.locked():
            stored = self.read(name)
            precondition.check(stored.name, stored.blob)
            return self.write(stored.name, template_to_bytes(edit(stored.template)))[0]

    def usage(self, name: str) -> tuple[int, int]:
        """The number of files and bytes of a template: (0, 0) if there is none."""
        try:
            return 1, self._blobs.state(name.removesuffix(SUFFIX) + SUFFIX).size
        except NotFound:
            return 0, 0

    def delete(self, name: str, precondition: Precondition = UNCONDITIONAL) -> None:
        """Remove a template; its page image stays.

        Raises:
            NotFound, PreconditionFailed: see BlobStore.delete.
        """
        self._blobs.delete(name.removesuffix(SUFFIX) + SUFFIX, precondition)


def _flat(stem: str) -> str:
    """Give the stem back; raises InvalidRequest for one with folders, where other templates' clip areas have URIs."""
    if "/" in stem:
        raise InvalidRequest.at("name", "a name without slashes")
    return stem
