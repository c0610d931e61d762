"""Messages with codes: their text, their parts, and that copies and stored messages keep both."""

import json
import pickle

from omrclip.errors import Failure, RegistrationFailed
from omrclip.wording import ABOUT, Wording, dump_said, is_about_part, joined, load_message

FOUND = Wording("found", "{n} bubble was found.|{n} bubbles were found.")
NAMED = Wording("named", "It is called '{name}'.")


def test_a_message_is_its_english_text() -> None:
    assert FOUND(n=1) == "1 bubble was found."
    assert FOUND(n=1200) == "1,200 bubbles were found."
    assert NAMED(name="a|b {c}") == "It is called 'a|b {c}'."


def test_a_joined_message_has_the_codes_of_its_parts() -> None:
    message = joined(ABOUT(name="Q1"), "", "Plain.", FOUND(n=2))
    assert message == "Q1: Plain. 2 bubbles were found."
    assert [(said["Code"], said["Values"]) for said in dump_said(message)] == [
        ("about", {"name": "Q1"}),
        ("", {}),
        ("found", {"n": 2}),
    ]
    assert " ".join(said["Text"] for said in dump_said(message)) == message
    assert is_about_part(message)
    assert not is_about_part(FOUND(n=2))
    assert not is_about_part("Plain.")


def test_there_is_nothing_to_say() -> None:
    assert joined("", "") == ""
    assert dump_said("") == []
    assert load_message("", []) == ""


def test_copies_and_stored_messages_keep_the_codes() -> None:
    message = joined(ABOUT(name="Q1"), FOUND(n=2))
    said = dump_said(message)
    for copy in (pickle.loads(pickle.dumps(message)), load_message(message, json.loads(json.dumps(said)))):
        assert copy == message
        assert dump_said(copy) == said


def test_older_versions_stored_the_text_only() -> None:
    assert load_message("All.", None) == "All."
    assert dump_said(load_message("All.", None)) == [{"Code": "", "Values": {}, "Text": "All."}]


def test_an_error_tells_the_codes_in_its_details() -> None:
    failure = Failure.of(RegistrationFailed(FOUND(n=2), tried=[]))
    assert failure.message == "2 bubbles were found."
    assert failure.details == {"tried": [], "said": dump_said(FOUND(n=2))}
    assert "said" not in Failure.of(RegistrationFailed("Plain.", tried=[])).details
