"""Version 1.1 as its clients send it: raw bodies under a multipart header without a boundary, keys in PascalCase."""

import json
from typing import Any

from flask.testing import FlaskClient

from tests.web.auth.conftest import PASSWORD, RED
from tests.web.cloud.test_tasks import BLANK, REQUIRED, files, filled, result, template_file

RAW = "multipart/form-data"


class Recorded:
    """A client that sends what clients of version 1.1 were seen to send."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client
        secret = PASSWORD.replace(" ", "+")
        body = f"grant_type=client_credentials&client_id={RED.name}&client_secret={secret}"
        told = client.post("/oauth2/token", data=body, content_type="application/x-www-form-urlencoded").get_json()
        assert {"access_token", "refresh_token", "expires_in", "token_type"} <= told.keys()
        self._headers = {"Authorization": f"bearer {told['access_token']}", "Accept": "application/json"}

    def send(self, method: str, address: str, body: bytes = b"") -> Any:
        answer = self._client.open(address, method=method, data=body, content_type=RAW, headers=self._headers)
        assert answer.status_code == 200, answer.text
        return answer

    def task(self, name: str, action: str, parameter: str) -> Any:
        body = json.dumps({"FunctionParam": parameter, "AdditionalParam": ""}).encode()
        address = f"/v1.1/omr/{name}/runOmrTask?actionName={action}&storage=&folder="
        told = self.send("POST", address, body).get_json()
        assert told.keys() == REQUIRED
        return result(told)


def test_the_story_of_a_form(client: FlaskClient, accounts: Any) -> None:
    del accounts
    recorded = Recorded(client)
    recorded.send("PUT", "/v1.1/storage/folder?path=Scans%20of%20June")
    recorded.send("PUT", "/v1.1/storage/file?path=Gr%C3%B6%C3%9Fe.png", BLANK)
    corrected = recorded.task("Gr%C3%B6%C3%9Fe.png", "CorrectTemplate", json.dumps(template_file()))
    ((name, data),) = files(corrected).items()
    assert name == "Form.omrcr"
    recorded.send("PUT", f"/v1.1/storage/file?path={name}", data)
    finalized = recorded.task(name, "FinalizeTemplate", corrected["TemplateId"])
    assert finalized["Info"]["Details"]["TaskResult"] == "Pass"
    scan = filled((2, 1))
    recorded.send("PUT", "/v1.1/storage/file?path=Scans%20of%20June/photo.jpg", scan)
    found = recorded.task("Scans%20of%20June%2Fphoto.jpg", "RecognizeImage", corrected["TemplateId"])
    marked = [line for line in files(found)["photo.dat"].decode().splitlines() if not line.endswith(":")]
    assert len(marked) == 1
    assert recorded.send("GET", "/v1.1/storage/file?path=Scans%20of%20June/photo.jpg").data == scan
    recorded.send("DELETE", "/v1.1/storage/file?path=Scans%20of%20June/photo.jpg")
    exists = recorded.send("GET", "/v1.1/storage/exist?path=Scans%20of%20June/photo.jpg").get_json()
    assert exists == {"exists": False, "isFolder": False}
