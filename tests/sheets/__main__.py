"""Writes the templates and samples: `python -m tests.sheets`, in the project's folder."""

import sys
from pathlib import Path

from tests.sheets.samples import committed

PROJECT = Path(__file__).parents[2]


def main() -> None:
    """Writes every file and says how large it is."""
    total = 0
    for file in committed():
        path = PROJECT / file.path
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(file.data)
        total += len(file.data)
        sys.stdout.write(f"{len(file.data):>9,}  {file.path}\n")
    sys.stdout.write(f"{total:>9,}\n")


if __name__ == "__main__":
    main()
