"""A program as users of the package `aspose-omr-cloud` 23.1.0 write it: only the base URLs are set.

It reads one JSON object: `base`, `id`, `secret` and `steps`. A step is a list: `recognize` or `generate`; one of
`post`, `send`, `get`, `wait` and `cancel`; and arguments. Without an identifier, a step is about the last task that was
posted. The program writes what each step gave: the answer as a dictionary, or the status and text of the exception.
"""

import json
import sys
import time
from typing import Any

from aspose_omr_cloud_sdk import (  # type: ignore[import-not-found]
    ApiClient,
    Configuration,
    GenerateTemplateApi,
    OmrGenerateTask,
    OmrRecognizeTask,
    PageSettings,
    RecognizeTemplateApi,
)
from aspose_omr_cloud_sdk.rest import ApiException  # type: ignore[import-not-found]


def main() -> None:
    asked = json.load(sys.stdin)
    configuration = Configuration(
        hostUrl=asked["base"] + asked.get("path", "/v5.0/omr"),
        authUrl=asked["base"] + "/connect/token",
        clientId=asked["id"],
        clientSecret=asked["secret"],
    )
    client = ApiClient(configuration=configuration)
    apis = {"recognize": RecognizeTemplateApi(client), "generate": GenerateTemplateApi(client)}
    tasks = {"recognize": OmrRecognizeTask, "generate": OmrGenerateTask}
    identifier = ""
    told: list[dict[str, Any]] = []
    for kind, action, *arguments in asked["steps"]:
        api = apis[kind]
        try:
            if action == "send":  # any body, as a dictionary
                given = getattr(api, f"post_{kind}_template")(body=arguments[0])
            elif action == "post":
                if kind == "generate":
                    arguments[1] = PageSettings(**arguments[1])
                given = getattr(api, f"post_{kind}_template")(body=tasks[kind](*arguments))
                identifier = given
            else:
                call = getattr(api, f"{'cancel' if action == 'cancel' else 'get'}_{kind}_template")
                wanted = arguments[0] if arguments else identifier
                given = call(id=wanted)
                while action == "wait" and given.response_status_code == "NotReady":
                    time.sleep(0.1)
                    given = call(id=wanted)
            told.append({"given": given.to_dict() if hasattr(given, "to_dict") else given})
        except ApiException as error:
            told.append({"status": error.status, "body": str(error)})
    sys.stdout.write(json.dumps({"told": told}))


if __name__ == "__main__":
    main()
