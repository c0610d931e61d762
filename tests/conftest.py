from pathlib import Path
from types import MethodType
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from werkzeug.routing import Rule

from omrclip.imaging import documents, ocr
from omrclip.imaging.setting_up import set_up_process

# As the service and the command line do.
set_up_process()

# On a busy machine any example may take long. That says nothing of the code.
settings.register_profile("any_speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any_speed")

_compile: Final = Rule.compile
_compiled: Final[dict[tuple[object, ...], Rule]] = {}


def _compile_once(rule: Rule) -> None:
    """Give a route what another one of the same text has compiled: nearly every test makes an application.

    It takes 80 ms for all routes of an application, nine tenths of `create_app`.
    """
    key = rule.rule, rule.subdomain, rule.host, rule.merge_slashes, rule.is_branch
    known = _compiled.setdefault(key, rule)
    if known is rule or rule.defaults or known.defaults:
        _compile(rule)
        return
    rule._parts, rule._trace, rule._converters = known._parts, known._trace, known._converters
    rule.arguments |= known.arguments
    for name in ("_build", "_build_unknown"):
        setattr(rule, name, MethodType(getattr(known, name).__func__, rule))


Rule.compile = _compile_once  # type: ignore[method-assign]

SHARED_FORMS = Path(__file__).parents[1] / ".." / "shared" / "forms"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--contract-examples", type=int, default=2, help="random requests for each operation of the API (2)"
    )


@pytest.fixture(autouse=True)
def pdfs_are_read_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a test that makes the application of a server process, PDF files are read in this process again."""
    monkeypatch.setattr(documents, "open_pdf", documents.open_pdf)


@pytest.fixture(autouse=True)
def no_tesseract_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names do not depend on what is installed. Tests of reading print set a command."""
    monkeypatch.setattr(ocr, "is_installed", lambda _command: False)


@pytest.fixture(scope="session")
def shared_forms() -> Path:
    """The folder of real forms with known answers; tests that need it are skipped where it is not at hand."""
    if not SHARED_FORMS.is_dir():
        pytest.skip("the real forms (../shared/forms beside the project) are not here")
    return SHARED_FORMS
