"""A program as users of the package `aspose-omr-cloud` 20.10 write it: only the addresses are set.

It reads one JSON object: `base`, `id`, `secret`, `working` (its working folder) and `steps`. A step is a list: `task`,
the name of a file, an action and its FunctionParam; or a method of the package's StorageApi and its arguments. The
program writes what each step gave: the answer as a dictionary, the bytes of a file in base64, or the exception.
"""

import base64
import json
import os
import sys
from typing import Any

from asposeomrcloud.apis.omr_api import OmrApi  # type: ignore[import-not-found]
from asposeomrcloud.apis.storage_api import StorageApi  # type: ignore[import-not-found]
from asposeomrcloud.configuration import Configuration  # type: ignore[import-not-found]
from asposeomrcloud.models import OmrFunctionParam  # type: ignore[import-not-found]


def main() -> None:
    asked = json.load(sys.stdin)
    os.chdir(asked["working"])  # the package writes a log to the folder above
    try:
        configuration = Configuration(
            apiKey=asked["secret"],
            appSid=asked["id"],
            basePath=asked["base"] + "/v3.0",
            authPath=asked["base"] + "/connect/token",
        )
    except Exception as error:
        told = [{"raised": f"{type(error).__name__}: {error}"}]
    else:
        omr, storage = OmrApi(configuration), StorageApi(configuration)
        told = [_step(omr, storage, *step) for step in asked["steps"]]
    sys.stdout.write(json.dumps({"told": told}, default=str))


def _step(omr: Any, storage: Any, method: str, *arguments: Any) -> dict[str, Any]:
    try:
        if method == "task":
            name, action, parameter = arguments
            body = OmrFunctionParam(function_param=parameter, additional_param="")
            given = omr.post_run_omr_task(name, action, body)
        elif method == "download_file":
            answer = storage.download_file(*arguments, _preload_content=False)
            return {"given": base64.b64encode(answer.data).decode()}
        else:
            options = arguments[-1] if arguments and isinstance(arguments[-1], dict) else {}
            given = getattr(storage, method)(*(one for one in arguments if one is not options), **options)
        return {"given": given.to_dict() if hasattr(given, "to_dict") else given}
    except Exception as error:
        return {"raised": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main()
