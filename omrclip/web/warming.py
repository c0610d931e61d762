"""Work before the first request, so that it does not have to wait."""

import gc

from flask import Flask

from omrclip.web.journal import UNLOGGED


def warm_up(app: Flask) -> None:
    """Answer two requests that touch no store, so that modules and routes are set up.

    The stores may be far away, or out of reach for now.
    """
    client = app.test_client()
    client.environ_base[UNLOGGED] = "yes"
    client.get("/health")
    client.options("/iiif/3/none/info.json")
    gc.collect()  # applications hold themselves in circles
    gc.freeze()  # what is here now stays, and need not be looked through again
