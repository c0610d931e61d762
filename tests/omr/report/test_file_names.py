"""Names of output files are safe everywhere, and scans with unreadable names fail alone."""

import pytest

from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Scan, known_pages, recognize
from omrclip.omr.report.file_names import safe_file_name, shown_name
from omrclip.omr.report.result_files import FileNames, overlay_name
from omrclip.schemas.template import load_template
from tests.web.making import encoded, grid, template


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("scanName.png", "scanName.png"),
        ("Prüfung – №1 名前 😀.png", "Prüfung – №1 名前 😀.png"),
        (".hiddenName.png", ".hiddenName.png"),
        ('a<b>c:d"e|f?g*h.png', "a_b_c_d_e_f_g_h.png"),
        ("../a\\b/c.png", ".._a_b_c.png"),
        ("a\nb\x00\x7f\u2028.png", "a_b___.png"),
        ("a\udcff.png", "a_.png"),
        ("a\u202egnp.exe", "a_gnp.exe"),
        ("name. .", "name___"),
        ("CON.png", "_CON.png"),
        ("con", "_con"),
        ("Lpt1 .tar.gz", "_Lpt1 .tar.gz"),
        ("COM¹.dat", "_COM¹.dat"),
        ("CONName.png", "CONName.png"),
        ("COM10.png", "COM10.png"),
        ("شكل\u200fا.png", "شكل\u200fا.png"),
    ],
)
def test_a_safe_name_is_the_name_itself_but_for_what_some_system_refuses(name: str, safe: str) -> None:
    assert safe_file_name(name) == safe
    assert safe_file_name(safe) == safe


def test_the_names_of_all_outputs_follow_the_rule() -> None:
    names = FileNames(alone=False)
    assert names.clips("CO.png", ["N"], None) == ["_CON.png"]
    assert names.clips("10:32.png", ["Q1/Q2"], None) == ["10_32Q1_Q2.png"]
    assert names.results("10:32.png") == "10_32RecognitionResults.dat"
    assert overlay_name("aux.png") == "_aux.png.overlay.jpg"


def test_what_cannot_be_shown_is_escaped() -> None:
    assert shown_name("a\nb\u202ec\udcff ü.png") == "a\\x0ab\\u202ec\\udcff ü.png"


@pytest.mark.parametrize(
    "name", ["a\nb.png", "a\x1b[2J.png", "a\u202egnp.png", "a\u2067.png", "a\udcff.png", "a\u2029"]
)
def test_a_scan_with_an_unreadable_name_fails_and_says_so(name: str) -> None:
    pages = known_pages(load_template(template()))
    found = recognize(pages, Scan(name, encoded(grid())), RecognitionOptions(), Limits())
    assert found.error is not None
    assert found.error.code == "invalid_request"
    assert found.scan == shown_name(name)
    assert shown_name(name) in found.messages[0]
    found.messages[0].encode()
