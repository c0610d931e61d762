"""The image store: the images that have URIs under `/iiif/`, by identifier."""

from collections.abc import Iterator
from contextlib import contextmanager

from omrclip.errors import NotFound
from omrclip.imaging.probe import ImageFormat, ImageInfo, check_pixels, probe
from omrclip.imaging.tiff.ranges import RangeReader
from omrclip.limits import Limits
from omrclip.storage.blobs import UNCONDITIONAL, Blob, BlobState, BlobStore, Precondition

SUFFIXES = tuple(suffix for kind in ImageFormat for suffix in kind.suffixes)


class ImageStore:
    """Images by identifier, which is the path of the file below the root, with slashes."""

    def __init__(self, url: str, limits: Limits) -> None:
        self._blobs = BlobStore(url)
        self._limits = limits

    def identifiers(self, after: str = "") -> Iterator[str]:
        """Yield the identifiers after `after`, in order. Only files with an image extension or without one count."""
        names = self._blobs.names(after)
        return (name for name in names if name.lower().endswith(SUFFIXES) or not _has_extension(name))

    def has(self, identifier: str) -> bool:
        """Whether something is stored under the identifier."""
        return self._blobs.has(identifier)

    def state(self, identifier: str) -> BlobState:
        """The state of the stored image. Raises NotFound."""
        with self._as_image(identifier):
            return self._blobs.state(identifier)

    def ranges(self, identifier: str, state: BlobState) -> RangeReader:
        """A reader for ranges of its bytes. Raises NotFound."""
        with self._as_image(identifier):
            return self._blobs.ranges(identifier, state)

    def read(self, identifier: str) -> tuple[Blob, ImageInfo]:
        """The bytes of an image, and the contents of its header.

        Raises:
            NotFound: no image has this identifier.
            UnsupportedImage, CorruptImage, LimitExceeded: the image cannot be served.
        """
        with self._as_image(identifier):
            blob = self._blobs.read(identifier)
        return blob, self._checked(blob.name, blob.data)

    def write(
        self, identifier: str, data: bytes, precondition: Precondition = UNCONDITIONAL
    ) -> tuple[Blob, ImageInfo, bool]:
        """Store an image. The last value says whether the identifier is new.

        Raises:
            UnsupportedImage, CorruptImage, LimitExceeded: the bytes cannot be served as an image.
            InvalidRequest, PreconditionFailed: see BlobStore.write.
        """
        info = self._checked(identifier, data)
        blob, is_new = self._blobs.write(identifier, data, precondition)
        return blob, info, is_new

    def usage(self, identifier: str) -> tuple[int, int]:
        """The number of files and bytes of an image: (0, 0) if there is none."""
        try:
            return 1, self._blobs.state(identifier).size
        except NotFound:
            return 0, 0

    def delete(self, identifier: str, precondition: Precondition = UNCONDITIONAL) -> None:
        """Remove an image.

        Raises:
            NotFound, PreconditionFailed: see BlobStore.delete.
        """
        self._blobs.delete(identifier, precondition)

    @contextmanager
    def _as_image(self, identifier: str) -> Iterator[None]:
        try:
            yield
        except NotFound:
            raise NotFound(f"There is no image with the identifier {identifier!r}.") from None

    def _checked(self, name: str, data: bytes) -> ImageInfo:
        info = probe(data)
        check_pixels(name, info, self._limits)
        return info


def _has_extension(name: str) -> bool:
    return "." in name.rpartition("/")[2]
