"""Every exception that omrclip raises on purpose.

    OmrclipError
    ├── ConfigurationError          a setting is wrong, or a system library is missing
    ├── InvalidRequest              a request's key, option or parameter is wrong
    │   ├── InvalidParameter        one of the IIIF Image API parameters
    │   ├── NameConflict            two files of one request would get the same name
    │   └── FolderInUse             the folder already holds results, or another run is writing to it
    ├── InvalidTemplate             an .omr document does not follow the format; lists all problems
    ├── InvalidMarkup               the source of a form has mistakes; lists all with their lines
    ├── ImageError                  the bytes of one image cannot be used
    │   ├── UnsupportedImage        not an image, or a format that is not supported
    │   └── CorruptImage            the image is cut off, damaged, or does not match its header
    ├── LimitExceeded               a limit is exceeded; raised before the work begins
    ├── RegistrationFailed          the template page was not found in the scan
    ├── WorkerLost                  the process that recognized a scan was killed
    ├── ClusterUnavailable          the Dask scheduler cannot be reached
    ├── ServerBusy                  no memory is free for the work
    ├── Stopped                     the work was ended before it was done, for a reason outside it
    │   ├── DeadlineExceeded        the work took longer than it may
    │   └── Abandoned               the client closed the connection
    ├── InternalError               an unexpected exception; the log has its traceback
    ├── MisdirectedRequest          sent to a host name for which the service does not answer
    ├── ForeignRequest              sent by a page of another site
    ├── NotFound                    nothing is stored under this name
    ├── DamagedRecord               the files of a stored recognition are damaged
    ├── StorageUnavailable          the storage cannot be read or written now: read-only, no permission, unreachable
    │   └── StorageFull             the storage is full, or stored recognitions have reached their maximum size
    └── PreconditionFailed          someone else changed it in the meantime, or it already exists
        └── PreconditionRequired    it exists, and the caller did not say which version to replace

Each error has a stable `code` for programs, a message for people, and `details`: JSON-ready values that name the field,
parameter or limit. This module does not depend on HTTP; `web.errors` maps classes to status codes. No message contains
a path of the machine.

A result that is held in memory contains a `Failure` instead of an exception. An exception would keep its traceback in
memory, and with it the stack frames and the pixels of the scan.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from omrclip.wording import Message, dump_said

_FRAMES_LOGGED = 40


class OmrclipError(Exception):
    """The base class. `code` is stable, `details` is JSON-ready.

    If the message has codes by which clients can say it in other languages, `details["said"]` has them, see
    `wording.dump_said`.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details = {**details, "said": dump_said(message)} if isinstance(message, Message) else details


class ConfigurationError(OmrclipError):
    """A setting is wrong, or a system library is missing. The message lists every problem."""

    code = "invalid_configuration"


class InvalidRequest(OmrclipError):
    """A request is wrong. `details["fields"]` lists `{"path", "expected"}` where fields are known."""

    code = "invalid_request"

    @classmethod
    def at(cls, path: str, expected: str, found: str = "") -> "InvalidRequest":
        """The error of one field, parameter or header. `found` may describe what is there instead."""
        message = f"{path}: expected {expected}{found and f', not {found}'}"
        return cls(message, fields=[{"path": path, "expected": expected}])


class InvalidParameter(InvalidRequest):
    """An IIIF Image API parameter is wrong; `details["parameter"]` names it."""

    code = "invalid_parameter"


class NameConflict(InvalidRequest):
    """Two files of one request would get the same name."""

    code = "name_conflict"


class FolderInUse(InvalidRequest):
    """The folder already holds results, or another run is writing to it."""

    code = "folder_in_use"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem of a document: its JSON path, such as `$.Pages[0].Elements[2].Width`, and what was expected there."""

    path: str
    expected: str

    def __str__(self) -> str:
        return f"{self.path}: {self.expected}"


MOST_PROBLEMS = 100
"""Maximum number of problems in an answer. A longer list would not be read."""


def more_problems(problems: Sequence[Problem], told: int) -> str:
    """The end of a message that lists only the first `told` problems, such as ` (and 5 more)`.

    With more than MOST_PROBLEMS the number is a lower bound, because the check stops there.
    """
    more = len(problems) - told
    at_least = "at least " if len(problems) > MOST_PROBLEMS else ""
    return f" (and {at_least}{more:,} more)" if more > 0 else ""


def problem_details(problems: Sequence[Problem]) -> dict[str, object]:
    """The `details` of an error: the first MOST_PROBLEMS problems, and the number of all if there are more."""
    fields = [{"path": problem.path, "expected": problem.expected} for problem in problems[:MOST_PROBLEMS]]
    return {"fields": fields, **({"problems": len(problems)} if len(problems) > MOST_PROBLEMS else {})}


def first_problems(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """The first MOST_PROBLEMS problems, and a last one with the number of the others if there are more."""
    more = len(problems) - MOST_PROBLEMS
    return (*problems[:MOST_PROBLEMS], *((Problem("$", f"and at least {more:,} more"),) if more > 0 else ()))


class InvalidTemplate(OmrclipError):
    """An `.omr` document does not follow the format. `problems` lists all its problems."""

    code = "invalid_template"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        shown = "; ".join(map(str, self.problems[:3]))
        super().__init__(
            f"The template is not valid. {shown}{more_problems(self.problems, 3)}", **problem_details(self.problems)
        )


class InvalidMarkup(OmrclipError):
    """The source of a form has mistakes. `problems` lists all, each with its line and column as the path."""

    code = "invalid_markup"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        shown = "; ".join(map(str, self.problems[:3]))
        super().__init__(
            f"The source of the form has mistakes. {shown}{more_problems(self.problems, 3)}",
            **problem_details(self.problems),
        )


class ImageError(OmrclipError):
    """The bytes of one image cannot be used."""

    code = "image_error"


class UnsupportedImage(ImageError):
    """Not an image, or a format that is not supported."""

    code = "unsupported_image"


class CorruptImage(ImageError):
    """The image is cut off, damaged, or does not match its header."""

    code = "corrupt_image"


class LimitExceeded(OmrclipError):
    """A limit is exceeded. `details` has `limit` (its name) and `maximum`."""

    code = "limit_exceeded"


class RegistrationFailed(OmrclipError):
    """The template page was not found in the scan. `details["tried"]` lists what was tried."""

    code = "registration_failed"


class WorkerLost(OmrclipError):
    """The process that recognized a scan was killed, in a batch three times."""

    code = "worker_lost"


class ClusterUnavailable(OmrclipError):
    """The Dask scheduler cannot be reached, or the connection to it was lost."""

    code = "cluster_unavailable"


class MisdirectedRequest(OmrclipError):
    """The request was sent to a host name for which the service does not answer."""

    code = "misdirected_request"


class ForeignRequest(OmrclipError):
    """A page of another site sent a request that changes something or costs something."""

    code = "foreign_request"


class LoginRequired(OmrclipError):
    """The request names no user or client, or its session, token or link is not valid any more."""

    code = "login_required"


class LoginFailed(OmrclipError):
    """The name of a user or client is unknown, or the password or secret is wrong."""

    code = "login_failed"


class TooManyAttempts(OmrclipError):
    """Too many log-ins have failed. `details["retry_after"]` is the number of seconds to wait."""

    code = "too_many_attempts"


class NotAllowed(OmrclipError):
    """The user, client or link may not do this. `details["scope"]` is the scope that is needed."""

    code = "not_allowed"


class NotFound(OmrclipError):
    """Nothing is stored under this name."""

    code = "not_found"


class DamagedRecord(OmrclipError):
    """The files of a stored recognition are damaged."""

    code = "damaged_record"


class StorageUnavailable(OmrclipError):
    """The storage cannot be read or written now. `details["reason"]` is the system's name, such as `EROFS`."""

    code = "storage_unavailable"


class StorageFull(StorageUnavailable):
    """The storage is full, or stored recognitions have reached their maximum size."""

    code = "storage_full"


class PreconditionFailed(OmrclipError):
    """The stored version is not the one that the caller named."""

    code = "precondition_failed"


class PreconditionRequired(PreconditionFailed):
    """It already exists, and the caller did not say which version to replace."""

    code = "precondition_required"


class ServerBusy(OmrclipError):
    """No memory is free for the work. `details["retry_after"]` is the number of seconds to wait."""

    code = "server_busy"


class Stopped(OmrclipError):
    """The work was ended before it was done. Code that catches the failures of scans raises it again."""

    code = "stopped"


class DeadlineExceeded(Stopped):
    """The work took longer than it may. `details` has `limit` (the setting's name) and `maximum`, in seconds."""

    code = "deadline_exceeded"


class Abandoned(Stopped):
    """The client closed the connection, so the result is no longer needed."""

    code = "client_gone"


class InternalError(OmrclipError):
    """An unexpected exception. `details["reference"]` is the reference of its entry in the log."""

    code = "internal_error"


def internal_error(error: BaseException) -> InternalError:
    """Log an unexpected exception under a new reference, and return the error with this reference.

    The log gets the type and the stack. It does not get the exception's message: that may name a person or a file.
    """
    import logging
    import traceback

    reference = os.urandom(4).hex()
    stack = "".join(traceback.format_tb(error.__traceback__, limit=-_FRAMES_LOGGED))
    logging.getLogger(__name__).error("Internal error %s: %s\n%s", reference, type(error).__qualname__, stack)
    message = f"An unexpected error occurred in omrclip. Its log has the details under the reference {reference}."
    return InternalError(message, reference=reference)


@dataclass(frozen=True, slots=True)
class Failure:
    """The failure of one item among others, as a part of the result: the contents of an OmrclipError.

    Attributes:
        code, message, details: as in the exception.
    """

    code: str
    message: str
    details: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, error: Exception) -> "Failure":
        """The failure of an exception. Unexpected exceptions are logged and become an InternalError."""
        own = error if isinstance(error, OmrclipError) else internal_error(error)
        return cls(own.code, own.message, own.details)
