#!/usr/bin/env python3
"""Fetch the web client's libraries from npm, as `vendored.json` names them, and note the checksums of their files.

    .ci/refresh_libraries.py                        the versions that are named
    .ci/refresh_libraries.py openseadragon=6.2.0    another version of one of them

Nothing is run of what is fetched: the published archive is unpacked, and the named files are copied.
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "omrclip" / "web" / "ui" / "vendor"
LIST = FOLDER / "vendored.json"


def main() -> None:
    """Refresh every package of the list."""
    listed = json.loads(LIST.read_text(encoding="utf-8"))
    wanted = dict(argument.split("=", 1) for argument in sys.argv[1:])
    for package in listed["packages"]:
        package["version"] = wanted.get(package["name"], package["version"])
        refresh(package)
    LIST.write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")


def refresh(package: dict[str, Any]) -> None:
    """Copy the files of one package, and note its licence and their checksums."""
    with tempfile.TemporaryDirectory() as folder:
        name = f"{package['name']}@{package['version']}"
        packed = subprocess.run(  # noqa: S603
            ["npm", "pack", "--silent", name],  # noqa: S607
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        )
        with tarfile.open(Path(folder, packed.stdout.strip())) as archive:
            archive.extractall(folder, filter="data")
        unpacked = Path(folder, "package")
        package["license"] = json.loads((unpacked / "package.json").read_text(encoding="utf-8"))["license"]
        for file in package["files"]:
            data = (unpacked / file["from"]).read_bytes()
            target = FOLDER / file["path"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            file["sha256"] = hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    main()
