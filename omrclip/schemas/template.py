"""The `.omr` document: bytes or JSON to a Template, and back without loss.

load_template  bytes, text or mapping → Template, or InvalidTemplate with every problem
    remembered_template   the same, with a cache
check_template  the same rules for a Template changed in code
template_warnings  what is allowed but not recommended
dump_template, template_to_bytes  Template → document
clip_area_from_dict  one ClipArea, before it has a page
template_json_schema  the format for other programs
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from marshmallow import ValidationError

from omrclip.errors import MOST_PROBLEMS, InvalidTemplate, Problem
from omrclip.limits import DEFAULT_LIMITS, Limits
from omrclip.omr.template import ClipArea, Template
from omrclip.schemas.documents import plain_value, read_document, shown
from omrclip.schemas.elements import ELEMENT_SCHEMAS, TEMPLATE
from omrclip.schemas.enough import one_document
from omrclip.schemas.json_schema import template_json_schema
from omrclip.schemas.model_schema import ModelSchema
from omrclip.schemas.template_checks import check_elements, document_problems, template_warnings
from omrclip.schemas.wire import problems_of

__all__ = [
    "check_template",
    "clip_area_from_dict",
    "dump_template",
    "load_template",
    "remembered_template",
    "template_json_schema",
    "template_to_bytes",
    "template_warnings",
]


def load_template(data: bytes | str | Mapping[str, object], limits: Limits = DEFAULT_LIMITS) -> Template:
    """Read an `.omr` document: UTF-8, with or without a byte order mark, UTF-16 or UTF-32 with one, text, or parsed.

    Raises:
        InvalidTemplate: with all problems of the document, or the first ones if there are very many.
        LimitExceeded: it has too many values or elements.
    """
    document, problems = read_document(data, limits)
    if document is None and problems:
        raise InvalidTemplate(problems)
    check_elements(document, limits)
    loaded, found = _load(TEMPLATE, document, "$")
    across = document_problems(document) if isinstance(document, dict) else iter(())
    _refuse_if([*problems, *found, *islice(across, MOST_PROBLEMS + 1)])
    template: Template = loaded
    return template


def remembered_template(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Template:
    """`load_template` with a cache, because the same template comes with many requests.

    Templates are frozen, so all callers can share one. The cache holds the last sixteen documents of up to half a
    mebibyte. Larger ones contain an image.
    """
    return _kept(data, limits) if len(data) <= _MOST_KEPT_BYTES else load_template(data, limits)


_MOST_KEPT_BYTES = 512 * 1024


@lru_cache(maxsize=16)
def _kept(data: bytes, limits: Limits) -> Template:
    return load_template(data, limits)


def check_template(template: Template, limits: Limits = DEFAULT_LIMITS) -> None:
    """Check that a Template that was created or changed in code follows all rules for documents.

    Raises InvalidTemplate with all problems. Their paths refer to the template's document.
    """
    load_template(dump_template(template), limits)


def dump_template(template: Template) -> dict[str, Any]:
    """The document as JSON values. Keys, their order, nulls and unknown parts are the same as in the original.

    A key that was absent stays absent if its value is the default. The result is a copy.
    """
    document: dict[str, Any] = TEMPLATE.dump(template)
    return document


def template_to_bytes(template: Template) -> bytes:
    """The document as UTF-8 without a byte order mark or escaped letters, indented by 4 spaces, with LF line ends."""
    text = json.dumps(dump_template(template), indent=4, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def clip_area_from_dict(data: Mapping[str, object], path: str = "$") -> ClipArea:
    """Load one ClipArea. Its Type may be omitted. `check_template` checks whether it is on the page.

    Raises InvalidTemplate with all problems. Their paths begin with `path`.
    """
    document, problems = plain_value(data, path)
    if isinstance(document, dict) and document.get("Type", "ClipArea") != "ClipArea":
        problems.append(Problem(f"{path}.Type", f'"ClipArea", not {shown(document["Type"])}'))
    loaded, found = _load(ELEMENT_SCHEMAS["ClipArea"], document, path)
    _refuse_if([*problems, *found])
    area: ClipArea = loaded
    return area


def _load(schema: ModelSchema, document: object, path: str) -> tuple[Any, list[Problem]]:
    if not isinstance(document, dict):
        return None, [Problem(path, f"an object, not {shown(document)}")]
    try:
        with one_document():
            return schema.load(document), []
    except ValidationError as error:
        return None, problems_of(error, path)


def _refuse_if(problems: list[Problem]) -> None:
    """Raise InvalidTemplate if there are problems. Of several problems at one path, the first causes the others."""
    first: dict[str, Problem] = {}
    for problem in problems:
        first.setdefault(problem.path, problem)
    if first:
        raise InvalidTemplate(list(first.values()))
