"""Clips in tar files ("shards") instead of a file each, for batches of millions of clips.

A worker writes one tar file for each task, a part, with the clips of all its scans. At the end the parts become the
shards of each element, `clips/<element>-00001.tar` and so on, and `clips/shards.csv` lists in which shard each clip is.
Then the parts are deleted. Shards are never changed: clips of scans that are added later go into further ones.

If packing is killed before the list is written, the next run packs again and writes the same shards. If it is killed
later, the next run finds the clips of the parts in the list. So no clip is lost, and none is there twice.
"""

import csv
import io
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from omrclip.errors import NotFound
from omrclip.jobs.batches.folder import CLIP_PARTS, CLIPS
from omrclip.jobs.batches.ledger import Ledger
from omrclip.jobs.batches.names import page_part
from omrclip.omr.report.file_names import stem
from omrclip.storage.blobs import BlobStore

SHARD_BYTES: Final = 512 << 20
"""A shard is closed when it has this many bytes: few files for a million sheets, and small enough to copy one."""
LIST_NAME: Final = f"{CLIPS}/shards.csv"
_HEADINGS: Final = ("Element", "Clip", "Shard")


def part_of(clips: Iterable[tuple[str, bytes]]) -> bytes:
    """A tar file of clips. The same clips give the same bytes.

    Args:
        clips: the name of each, `clips/<element>/<page>.<extension>`, and its bytes.
    """
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in clips:
            _add(archive, name.removeprefix(f"{CLIPS}/"), data)
    return file.getvalue()


def pack(store: BlobStore, ledger: Ledger, most_bytes: int = SHARD_BYTES) -> None:
    """Make shards of all parts.

    Args:
        store: the folder of the batch. No other process may write to it.
        ledger: tells which scans passed. Clips of others, from tasks that were interrupted, are left out.
        most_bytes: see SHARD_BYTES.

    Raises:
        StorageUnavailable, StorageFull: the folder cannot be read or written.
    """
    parts = [f"{CLIP_PARTS}/{name}" for name in store.children(CLIP_PARTS)]
    if not parts:
        return
    passed = {page_part(name) for name, scan in ledger.scans().items() if scan.counts.passed}
    rows = _rows(store)
    taken = {(element, clip) for element, clip, _ in rows}
    written: list[str] = []
    with store.scratch() as folder:
        shards: dict[str, _Shard] = {}
        for element, clip, data in _clips(store, parts):
            if (element, clip) in taken or stem(clip) not in passed:
                continue
            shard = shards.setdefault(element, _Shard(element, folder, _last_number(rows, element)))
            rows.append((element, clip, shard.add(clip, data)))
            taken.add((element, clip))
            if shard.size >= most_bytes:
                written.append(shard.stored(store))
        written += [shard.stored(store) for shard in shards.values() if shard.archive is not None]
    store.flush(written)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_HEADINGS, *rows])
    store.put(LIST_NAME, text.getvalue().encode())
    store.flush([LIST_NAME])
    for part in parts:
        store.discard(part)


@dataclass(slots=True)
class _Shard:
    """The shard of an element that is being written to a local file, and how many there were before."""

    element: str
    folder: Path
    number: int
    archive: tarfile.TarFile | None = field(default=None)

    @property
    def size(self) -> int:
        """Bytes that were written."""
        return 0 if self.archive is None else self.archive.offset

    @property
    def name(self) -> str:
        """The name of the shard's file."""
        return f"{self.element}-{self.number:05}.tar"

    def add(self, clip: str, data: bytes) -> str:
        """Add a clip, and return the name of the shard."""
        if self.archive is None:
            self.number += 1
            self.archive = tarfile.open(self.folder / self.name, "w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        _add(self.archive, clip, data)
        return self.name

    def stored(self, store: BlobStore) -> str:
        """Close the shard, and move it to the folder of the batch."""
        assert self.archive is not None  # noqa: S101 (for mypy)
        self.archive.close()
        self.archive = None
        name = f"{CLIPS}/{self.name}"
        store.put_file(name, self.folder / self.name)
        return name


def _clips(store: BlobStore, parts: Iterable[str]) -> Iterator[tuple[str, str, bytes]]:
    """The element, the name and the bytes of each clip, part by part."""
    for part in parts:
        with tarfile.open(fileobj=io.BytesIO(store.read(part).data)) as archive:
            for member in archive:
                element, _, clip = member.name.rpartition("/")
                file = archive.extractfile(member)
                if file is not None:
                    yield element, clip, file.read()


def _rows(store: BlobStore) -> list[tuple[str, str, str]]:
    """The list of clips in shards."""
    try:
        text = store.read(LIST_NAME).data.decode()
    except NotFound:
        return []
    return [(element, clip, shard) for element, clip, shard in islice(csv.reader(io.StringIO(text)), 1, None)]


def _last_number(rows: Iterable[tuple[str, str, str]], element: str) -> int:
    """The number of the last shard of an element, or 0."""
    start, end = len(element) + 1, -len(".tar")
    return max((int(shard[start:end]) for one, _, shard in rows if one == element), default=0)


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))
