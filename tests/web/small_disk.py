"""Keep recognitions on a disk of 2 MB until it is full: `python -m tests.web.small_disk FOLDER` prints what happened.

FOLDER is a file system of that size of its own; `test_full_disks` mounts one.
"""

import io
import json
import sys
import zipfile
from pathlib import Path
from shutil import disk_usage

from omrclip.config import Config
from omrclip.web.app import create_app
from tests.web.making import Json, asked, bytes_of, encoded, grid, image

MOST_KEPT = 1000
SCANS = [image(name, encoded(grid(600, 400, square=40))) for name in ("a.png", "b.png")]
ROOM = 150_000  # bytes that stay free: more than is filled up below
# Clips without loss of half the page each: far more bytes than the scans.
BODY = asked(Images=SCANS, Options={"Keep": True, "ClipFormat": "tif", "ClipScale": "native"})


def main(disk: Path) -> Json:
    """Fill the disk, and tell what was answered, what is left, and what works when there is room again."""
    client = create_app(
        Config(templates=str(disk / "t"), images=str(disk / "i"), results=str(disk / "r"))
    ).test_client()
    kept = []
    while len(kept) < MOST_KEPT and disk_usage(disk).free > ROOM:
        answer = client.post("/api/recognitions", json=BODY)
        if answer.status_code != 200 or answer.get_json()["KeepingError"]:
            break
        kept.append(answer.get_json())
    told: Json = {"kept": len(kept)}
    _leave_free(disk, 60_000)  # room for the scans, and not for the files
    told["json"] = _outcome(client.post("/api/recognitions", json=BODY))
    for name, media_type in (("zip", "application/zip"), ("lines", "application/x-ndjson")):
        answer = client.post("/api/recognitions", json=BODY, headers={"Accept": media_type})
        told[name] = {
            "status": answer.status_code,
            **(_in_zip(answer.data) if name == "zip" else _in_lines(answer.text)),
        }
    _leave_free(disk, 0)
    told["no room for scans"] = _outcome(client.post("/api/recognitions", json=BODY))
    told["no room for a template"] = _outcome(client.put("/api/templates/new", json=BODY["Template"]))
    told["without keeping"] = client.post("/api/recognitions", json={**BODY, "Options": {}}).status_code
    told["lost"] = sum(
        client.get(f"{one['Uri']}/files/{file['Name']}").data != bytes_of(file["Data"])
        for one in kept
        for file in one["ResponseFiles"]
    )
    told["deleted"] = client.delete(kept[0]["Uri"]).status_code
    _fillers(disk)
    told["afterwards"] = _outcome(client.post("/api/recognitions", json=BODY))
    told["folders"] = len(list((disk / "r").glob("[0-9a-f]" * 24)))
    return told


def _outcome(answer: object) -> Json:
    body = answer.get_json()  # type: ignore[attr-defined]
    error = body.get("error") or body.get("KeepingError")
    return {"status": answer.status_code, "error": error and error["code"]}  # type: ignore[attr-defined]


def _in_zip(data: bytes) -> Json:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        told = json.loads(archive.read("results.json"))
        return {
            "broken": archive.testzip(),
            "files": len(archive.namelist()),
            "uri": told["Uri"],
            "error": told["KeepingError"]["code"],
        }


def _in_lines(text: str) -> Json:
    lines = [json.loads(line) for line in text.splitlines()]
    return {
        "scans": [len(line["Recognitions"]) for line in lines],
        "errors": [line["KeepingError"] and line["KeepingError"]["code"] for line in lines],
        "uri": lines[-1]["Uri"],
    }


def _fillers(disk: Path) -> None:
    for filler in disk.glob("filler*"):
        filler.unlink()


def _leave_free(disk: Path, size: int) -> None:
    _fillers(disk)
    with (disk / "filler-all").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            file.truncate(max(0, file.tell() - size))


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))  # noqa: T201
