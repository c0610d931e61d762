"""Write the tables of docs/settings.md and docs/errors.md that follow from the code: `python -m tests.docs.tables`."""

from omrclip import errors
from omrclip.config import Config, settings, variable
from omrclip.limits import Limits
from omrclip.web.errors import STATUS
from tests.docs.examples import ROOT


def setting_rows() -> list[list[str]]:
    """The variable, default and meaning of every setting, as cells."""
    defaults = {**{s.name: getattr(Config(), s.name) for s in settings() if hasattr(Config(), s.name)}}
    defaults |= {s.name: getattr(Limits(), s.name) for s in settings() if s.name not in defaults}
    return [
        [f"`{variable(s)}`", "" if defaults[s.name] in (None, ()) else f"`{defaults[s.name]}`", s.metadata["meaning"]]
        for s in settings()
    ]


def error_codes() -> set[tuple[str, int]]:
    """The code and status of every error that the service answers."""
    return {(cls.code, STATUS[cls]) for cls in STATUS if cls is not errors.OmrclipError}


def main() -> None:
    """Replace the rows of the table of settings."""
    page = ROOT / "docs" / "settings.md"
    lines = page.read_text(encoding="utf-8").splitlines()
    rows = [number for number, line in enumerate(lines) if line.startswith("| `OMRCLIP_")]
    lines[rows[0] : rows[-1] + 1] = ["| " + " | ".join(row).replace("|  |", "| |") + " |" for row in setting_rows()]
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
