"""How many small mistakes in the most delicate modules the tests notice: `python -m tests.mutation`.

mutmut changes one expression at a time and runs the tests that reach it. A mutant is killed when a test fails or does
not end. The modules and the tests are in pyproject.toml, under `tool.mutmut`. The work is done in a copy of the
project. The script prints a table and what survived, and ends with status 1 where less than 90 % were killed.
"""

import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from shutil import copy2
from typing import Final

ROOT: Final = Path(__file__).parents[1]
LEAST_SHARE: Final = 0.90
KILLED: Final = frozenset({"killed", "timeout", "segfault", "caught by type check"})
_MUTMUT: Final = (sys.executable, "-m", "mutmut")


def main() -> int:
    """Run mutmut on a copy, and print the table; the arguments are names of mutants (`omrclip.iiif.plan*`)."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "omrclip")
        _copy_project(project)
        ended = subprocess.run([*_MUTMUT, "run", *sys.argv[1:]], cwd=project, stdout=subprocess.PIPE, text=True)
        if ended.returncode:
            _say(ended.stdout[-2000:])
            return ended.returncode
        verdicts = _verdicts(project)
        for mutant in (mutant for mutant, verdict in verdicts.items() if verdict not in KILLED):
            _say(f"{mutant}: {verdicts[mutant]}", *_change(project, mutant))
    shares = []
    _say("", f"{'module':40} {'mutants':>8} {'killed':>8} {'share':>8}")
    for module, counts in sorted(_by_module(verdicts).items()):
        killed = sum(counts[verdict] for verdict in KILLED)
        shares.append(killed / counts.total())
        _say(f"{module:40} {counts.total():8} {killed:8} {shares[-1]:8.1%}")
    return 0 if shares and min(shares) >= LEAST_SHARE else 1


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


def _change(project: Path, mutant: str) -> list[str]:
    """The lines of the code that the mutant takes away and adds, as a diff shows them."""
    shown = subprocess.run([*_MUTMUT, "show", mutant], cwd=project, stdout=subprocess.PIPE, text=True, check=True)
    return [line for line in shown.stdout.splitlines() if line.startswith(("- ", "+ "))]


def _copy_project(target: Path) -> None:
    """Copy the files that git tracks, and new ones that it does not ignore."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in listing.stdout.splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            copy2(ROOT / name, target / name)


def _verdicts(project: Path) -> dict[str, str]:
    """What became of each mutant that was run, by its name."""
    listing = subprocess.run(
        [*_MUTMUT, "results", "--all", "true"], cwd=project, stdout=subprocess.PIPE, text=True, check=True
    )
    told = (line.strip().rpartition(": ") for line in listing.stdout.splitlines() if ": " in line)
    return {mutant: verdict for mutant, _, verdict in told if verdict != "not checked"}


def _by_module(verdicts: dict[str, str]) -> dict[str, Counter[str]]:
    modules: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for mutant, verdict in verdicts.items():
        modules[mutant.rpartition(".")[0]][verdict] += 1
    return modules


if __name__ == "__main__":
    sys.exit(main())
