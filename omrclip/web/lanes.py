"""Which requests may take long, so that others need not wait behind them.

The server answers requests in two sets of threads, its lanes. What decodes images or recognizes scans runs in the work
lane, `OMRCLIP_THREADS` at a time. Everything else runs in the light lane, which is never full for long.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

from flask import Flask, request
from werkzeug.exceptions import HTTPException

from omrclip.work import ENDLESS, Work

View = TypeVar("View", bound=Callable[..., Any])

# Keys of the WSGI environ, through which the gateway and the application speak.
WORK = "omrclip.work"
NO_WAIT = "omrclip.no_wait"
MUST_WAIT = "omrclip.must_wait"
HOLDING = "omrclip.holding"  # the memory of the answer, where the view counts it itself

_LANE = "omrclip_lane"


class Lane(Enum):
    """Where a view runs."""

    LIGHT = "light"
    WORK = "work"
    # In the light lane; and where it cannot be answered without waiting (`MustWait`), again in the work lane.
    LIGHT_FIRST = "light first"


class MustWait(Exception):
    """The request cannot be answered in the light lane: something has to be decoded."""


def runs_in(lane: Lane) -> Callable[[View], View]:
    """Mark a view; views that are not marked run in the light lane."""

    def mark(view: View) -> View:
        setattr(view, _LANE, lane)
        return view

    return mark


def lane_of(app: Flask, path: str, method: str) -> Lane:
    """The lane of the view that answers a request; what no view answers is refused at once, in the light lane."""
    try:
        endpoint, _ = app.url_map.bind("").match(path, method)
    except HTTPException:
        return Lane.LIGHT
    lane: Lane = getattr(app.view_functions[str(endpoint)], _LANE, Lane.LIGHT)
    return lane


def may_wait() -> bool:
    """Whether the current request may wait until there is room to decode something."""
    return not request.environ.get(NO_WAIT)


def work() -> Work:
    """How long the current request may take; without a gateway, as long as it likes."""
    found: Work = request.environ.get(WORK, ENDLESS)
    return found
