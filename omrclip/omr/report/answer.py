"""The recognitions of one request with the names of their files, and their URIs if they are stored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from omrclip.errors import OmrclipError, Problem
from omrclip.omr.clips import Clip
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition
from omrclip.omr.report.overlay import can_be_drawn
from omrclip.omr.report.result_files import FileNames, ResponseFile, recognition_files


@dataclass(frozen=True, slots=True)
class KeptUris:
    """The URIs of a stored recognition and its parts, from the service's base URL and the recognition's identifier."""

    base_url: str
    identifier: str

    def recognition(self) -> str:
        """The URI of the stored answer."""
        return f"{self.base_url}/api/recognitions/{self.identifier}"

    def file(self, name: str) -> str:
        """The URI of a response file."""
        return f"{self.recognition()}/files/{quote(name, safe='')}"

    def overlay(self, scan: int) -> str:
        """The URI of a scan's overlay. Scans are numbered from 1."""
        return f"{self.recognition()}/overlay/{scan}"

    def image(self, scan: int, clip: int | None = None, *, version: int = 3) -> str:
        """The image service of a scan's registered page, or of one of its clips. Both are numbered from 1."""
        return f"{self.base_url}/iiif/{version}/{self.image_name(scan, clip)}"

    def image_name(self, scan: int, clip: int | None = None) -> str:
        """The identifier of this image."""
        return f"{self.identifier}.{scan}" + ("" if clip is None else f".{clip}")


@dataclass(frozen=True, slots=True)
class _NamedClip:
    clip: Clip
    file: str
    uri: str | None


@dataclass(frozen=True, slots=True)
class _NamedFile:
    file: ResponseFile
    uri: str | None


@dataclass(frozen=True, slots=True)
class _Described:
    recognition: Recognition
    clips: list[_NamedClip]
    uri: str | None
    overlay: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """Recognitions of one request, with the options that name their files.

    Attributes:
        names: the names of the request's files.
        warnings: the warnings about the template.
        first: the number of the first of these recognitions in its request, from 1.
        kept: the URIs of the stored recognition, or None.
        keeping_error: the reason why storing it failed, or None.
    """

    recognitions: Sequence[Recognition]
    options: RecognitionOptions
    names: FileNames
    warnings: Sequence[Problem] = field(default=())
    first: int = 1
    kept: KeptUris | None = None
    keeping_error: OmrclipError | None = None

    @property
    def uri(self) -> str | None:
        """The URI of the stored recognition, or None."""
        return self.kept.recognition() if self.kept else None

    @property
    def identifier(self) -> str | None:
        """The identifier of the stored recognition, or None."""
        return self.kept.identifier if self.kept else None

    @property
    def info(self) -> "Answer":
        """Info is a summary of the same answer, and so are its Details."""
        return self

    details = info

    @property
    def response_files(self) -> list[_NamedFile]:
        """The results files of all scans, then the clips of all scans."""
        results: list[_NamedFile] = []
        clips: list[_NamedFile] = []
        for number, recognition in self._numbered():
            for position, file in enumerate(recognition_files(recognition, self.options, self.names)):
                uri = None
                if self.kept:
                    uri = self.kept.image(number, position) if position else self.kept.file(file.name)
                (clips if position else results).append(_NamedFile(file, uri))
        return results + clips

    @property
    def described(self) -> list[_Described]:
        """The recognitions with the file names of their clips."""
        return [
            _Described(
                recognition,
                self._named_clips(number, recognition),
                self.kept.image(number) if self.kept and recognition.passed else None,
                self.kept.overlay(number) if self.kept and can_be_drawn(recognition) else None,
            )
            for number, recognition in self._numbered()
        ]

    def _numbered(self) -> Iterator[tuple[int, Recognition]]:
        return enumerate(self.recognitions, start=self.first)

    def _named_clips(self, number: int, recognition: Recognition) -> list[_NamedClip]:
        areas = [clip.element for clip in recognition.clips]
        files = self.names.clips(recognition.scan, areas, self.options.clip_format)
        return [
            _NamedClip(clip, file, self.kept.image(number, position) if self.kept else None)
            for position, (clip, file) in enumerate(zip(recognition.clips, files, strict=True), start=1)
        ]
