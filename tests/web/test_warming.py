"""What is done before the first request: everything that is usual is set up, and nothing is left behind."""

import json
import subprocess
import sys

from flask.testing import FlaskClient

from omrclip.web.app import App
from omrclip.web.warming import warm_up
from tests.patience import PATIENCE

_FIRST_REQUESTS = """
import json, sys
from omrclip.config import Config
from omrclip.web.app import create_app
from omrclip.web.warming import warm_up
app = create_app(Config(images="tests/web", templates="tests/web"))
warm_up(app)
before = set(sys.modules)
client = app.test_client()
for path in ("/health", "/iiif/2/none/info.json", "/iiif/3/none/full/max/0/default.jpg"):
    client.get(path)
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_the_first_requests_load_nothing_any_more() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FIRST_REQUESTS], capture_output=True, encoding="utf-8", check=True, timeout=PATIENCE
    )
    assert json.loads(done.stdout) == []


def test_it_leaves_nothing_in_the_caches(app: App, client: FlaskClient) -> None:
    warm_up(app)
    for told in client.get("/health").get_json()["caches"].values():
        assert (told["entries"], told["bytes"]) == (0, 0)
