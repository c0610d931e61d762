"""How long tests wait for something that will happen, before they give up.

No test passes or fails by speed. These times only end a test that hangs, so they are long enough for a busy machine.
"""

import time
from collections.abc import Callable
from typing import Final

PATIENCE: Final = 240.0  # seconds
PATIENCE_MILLISECONDS: Final = 1000 * PATIENCE
_PAUSE_SECONDS: Final = 0.02


def until(condition: Callable[[], bool]) -> None:
    """Return when the condition is true; fail when it is not true in time."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "what the test waits for did not happen in time"
        time.sleep(_PAUSE_SECONDS)
