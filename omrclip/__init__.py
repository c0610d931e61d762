"""omrclip: cut names, signatures and answers out of scanned paper forms, and read their marks.

The names below are the public interface for Python programs. Each is imported when it is first used, so that
`import omrclip` costs almost nothing. docs/python.md shows how to use them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omrclip.errors import (
        Abandoned,
        ClusterUnavailable,
        ConfigurationError,
        CorruptImage,
        DamagedRecord,
        DeadlineExceeded,
        Failure,
        FolderInUse,
        ForeignRequest,
        ImageError,
        InternalError,
        InvalidMarkup,
        InvalidParameter,
        InvalidRequest,
        InvalidTemplate,
        LimitExceeded,
        LoginFailed,
        LoginRequired,
        MisdirectedRequest,
        NameConflict,
        NotAllowed,
        NotFound,
        OmrclipError,
        PreconditionFailed,
        PreconditionRequired,
        Problem,
        RegistrationFailed,
        ServerBusy,
        Stopped,
        StorageFull,
        StorageUnavailable,
        TooManyAttempts,
        UnsupportedImage,
        WorkerLost,
    )
    from omrclip.library import load_template, open_image, recognize, render
    from omrclip.limits import Limits
    from omrclip.omr.clips import Clip
    from omrclip.omr.recognition import Recognition, Scan
    from omrclip.omr.report.result_files import clip_names
    from omrclip.omr.results import ElementResult
    from omrclip.omr.template import Template

__version__ = "0.2.0"

__all__ = [
    "Abandoned",
    "Clip",
    "ClusterUnavailable",
    "ConfigurationError",
    "CorruptImage",
    "DamagedRecord",
    "DeadlineExceeded",
    "ElementResult",
    "Failure",
    "FolderInUse",
    "ForeignRequest",
    "ImageError",
    "InternalError",
    "InvalidMarkup",
    "InvalidParameter",
    "InvalidRequest",
    "InvalidTemplate",
    "LimitExceeded",
    "Limits",
    "LoginFailed",
    "LoginRequired",
    "MisdirectedRequest",
    "NameConflict",
    "NotAllowed",
    "NotFound",
    "OmrclipError",
    "PreconditionFailed",
    "PreconditionRequired",
    "Problem",
    "Recognition",
    "RegistrationFailed",
    "Scan",
    "ServerBusy",
    "Stopped",
    "StorageFull",
    "StorageUnavailable",
    "Template",
    "TooManyAttempts",
    "UnsupportedImage",
    "WorkerLost",
    "__version__",
    "clip_names",
    "load_template",
    "open_image",
    "recognize",
    "render",
]

_MODULES = {
    "Clip": "omrclip.omr.clips",
    "ElementResult": "omrclip.omr.results",
    "Limits": "omrclip.limits",
    "Recognition": "omrclip.omr.recognition",
    "Scan": "omrclip.omr.recognition",
    "Template": "omrclip.omr.template",
    "clip_names": "omrclip.omr.report.result_files",
    "load_template": "omrclip.library",
    "open_image": "omrclip.library",
    "recognize": "omrclip.library",
    "render": "omrclip.library",
}
"""Where the public names are defined. All others are errors."""


def __getattr__(name: str) -> object:
    if name.startswith("_") or name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_MODULES.get(name, "omrclip.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
