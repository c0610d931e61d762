"""The home folder, the default place of templates, images and results, and the sample forms."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from omrclip.config import STORES, Config
from omrclip.errors import StorageUnavailable
from omrclip.storage.blobs import BlobStore
from omrclip.storage.local_files import create_file, make_folders, read_regular


@dataclass(frozen=True, slots=True)
class MadeHome:
    """The result of `make_home`.

    Attributes:
        added: names of the files that it wrote, such as `templates/exam.omr`.
        differing: names of files that were there already with other content. They are as they were.
    """

    added: tuple[str, ...]
    differing: tuple[str, ...]


def make_home(home: Path) -> MadeHome:
    """Make a home folder with its folders and a copy of the sample forms. Files that are there stay as they are.

    The page image of a sample form is left out if the template of this name is not the sample's: a template uses the
    image beside it.

    Raises:
        OSError: the folder or a file cannot be written.
    """
    for store in STORES:
        make_folders(home / store)
    added, differing = [], []
    foreign: set[str] = set()
    for store, sample in _samples():
        name, stem = f"{store}/{sample.name}", f"{store}/{Path(sample.name).stem}"
        if stem in foreign:
            continue
        if _add(home / name, sample.read_bytes()):
            added.append(name)
        elif not _holds(home / name, sample.read_bytes()):
            differing.append(name)
            foreign.add(stem)
    return MadeHome(tuple(added), tuple(differing))


def _add(path: Path, data: bytes) -> bool:
    """Write a file unless the name exists. Return whether it was written."""
    try:
        create_file(path, data)
    except FileExistsError:
        return False
    return True


def _holds(path: Path, data: bytes) -> bool:
    """Whether a path is a file with these bytes."""
    try:
        return read_regular(path) == data
    except OSError:
        return False


def _samples() -> Iterator[tuple[str, Traversable]]:
    """The folder in the home of each sample file, and the file; templates come before their page images.

    Hidden files, such as the lock of a service that uses these folders, are no samples.
    """
    for store, folder in zip(("templates", "images"), _sample_folders(), strict=True):
        for file in sorted(folder.iterdir(), key=lambda file: file.name):
            if not file.name.endswith(".json") and not file.name.startswith("."):
                yield store, file


@dataclass(frozen=True, slots=True)
class SampleForm:
    """A sample form: its `.omr` file, its blank page, and filled sheets by their names."""

    document: bytes
    image: bytes
    scans: tuple[tuple[str, bytes], ...]


def sample_form(name: str) -> SampleForm:
    """One of the sample forms that `make_home` copies."""
    templates, images = _sample_folders()
    sheets = sorted((file for file in images.iterdir() if file.name.startswith(f"{name}-")), key=lambda file: file.name)
    return SampleForm(
        (templates / f"{name}.omr").read_bytes(),
        (templates / f"{name}.png").read_bytes(),
        tuple((sheet.name, sheet.read_bytes()) for sheet in sheets),
    )


def _sample_folders() -> tuple[Traversable, Traversable]:
    """The folders of the sample templates and images: those of the installed package, else those of the clone."""
    packaged = files("omrclip") / "samples"
    if packaged.is_dir():
        return packaged / "templates", packaged / "images"
    clone = Path(__file__).parents[2]
    return clone / "templates_omr", clone / "samples"


def unwritable_folders(config: Config) -> Iterator[str]:
    """Create the folders in the settings, write and remove a file in each, and yield those where this fails."""
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
    """Whether a template is stored. True if that cannot be determined."""
    try:
        return any(name.endswith(".omr") for name in BlobStore(config.templates).names(folders=False))
    except StorageUnavailable:
        return True
