"""Lanes: two thread pools, so that fast requests do not wait behind slow ones.

Requests that decode images or recognize scans run in the work lane, `OMRCLIP_THREADS` at a time. All other requests run
in the light lane, where each takes only milliseconds.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

from flask import Flask, request
from werkzeug.exceptions import HTTPException

from omrclip.work import ENDLESS, Work

View = TypeVar("View", bound=Callable[..., Any])

# Keys of the WSGI environ, which the gateway and the application use to exchange data.
WORK = "omrclip.work"
NO_WAIT = "omrclip.no_wait"
MUST_WAIT = "omrclip.must_wait"
PACE = "omrclip.pace"  # seconds between the parts of an answer, during which no thread waits; set by the view
PACES = "omrclip.paces"  # whether the gateway knows PACE
HOLDING = "omrclip.holding"  # the memory of the answer, if the view counts it itself

_LANE = "omrclip_lane"


class Lane(Enum):
    """The thread pool in which a view runs."""

    LIGHT = "light"
    WORK = "work"
    # First in the light lane. If the view raises `MustWait`, it runs again in the work lane.
    LIGHT_FIRST = "light first"


class MustWait(Exception):
    """The request cannot be answered in the light lane, because an image must be decoded."""


def runs_in(lane: Lane) -> Callable[[View], View]:
    """Decorate a view with its lane. Other views run in the light lane."""

    def mark(view: View) -> View:
        setattr(view, _LANE, lane)
        return view

    return mark


def lane_of(app: Flask, path: str, method: str) -> Lane:
    """The lane of the view that answers a request. A request without a view is refused in the light lane."""
    try:
        endpoint, _ = app.url_map.bind("").match(path, method)
    except HTTPException:
        return Lane.LIGHT
    lane: Lane = getattr(app.view_functions[str(endpoint)], _LANE, Lane.LIGHT)
    return lane


def may_wait() -> bool:
    """Whether the current request may wait until memory is free for decoding."""
    return not request.environ.get(NO_WAIT)


def work() -> Work:
    """The deadline of the current request. Without a gateway there is none."""
    found: Work = request.environ.get(WORK, ENDLESS)
    return found
