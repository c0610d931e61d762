from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from omrclip.imaging import documents, ocr
from omrclip.imaging.setting_up import set_up_process

# As the service and the command line do.
set_up_process()

# On a busy machine any example may take long. That says nothing of the code.
settings.register_profile("any_speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any_speed")

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
