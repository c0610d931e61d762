"""The rule for names of output files, and for showing the names of scans.

Output files are stored in folders and zip archives on all systems. A name has to be safe on the strictest of them,
Windows.
"""

import re
import unicodedata

from omrclip.errors import InvalidRequest

# Windows and zip programs refuse these; "/" and "\" would lead into another folder.
_REFUSED = frozenset('<>:"/\\|?*')
# Characters that change the order in which the rest of a line is shown: "scan\u202egnp.exe" looks like "scanexe.png".
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Windows opens a device if a name, up to its first dot, is one of these in any letter case.
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)", re.IGNORECASE)


def safe_file_name(name: str) -> str:
    r"""Return a name that every file system and zip program accepts. The number of characters stays the same.

    These characters become "_": control characters, line and paragraph separators, surrogates (bytes that are not
    UTF-8), characters that reorder text, `< > : " / \ | ? *`, and each dot or space at the end. The name of a Windows
    device (`CON.png`) gets "_" in front. The length and the uniqueness of names are not checked.
    """
    safe = "".join("_" if character in _REFUSED or not is_plain(character) else character for character in name)
    trimmed = safe.rstrip(". ")
    safe = trimmed + "_" * (len(safe) - len(trimmed))
    return f"_{safe}" if _DEVICE.match(safe) else safe


def file_key(name: str) -> str:
    """A key that is equal for names of the same file on some system, which ignores letter case or composed accents."""
    return unicodedata.normalize("NFC", safe_file_name(name)).casefold()


def is_plain(character: str) -> bool:
    """Whether a character is printable, does not end a line, and does not reorder it."""
    return unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"} and character not in _REORDERING


def shown_name(name: str) -> str:
    r"""Return a name as it can be shown: characters that are not plain as escapes, such as `\x0a` and `\u202e`."""
    return "".join(character if is_plain(character) else _escaped(character) for character in name)


def check_readable(name: str) -> None:
    """Refuse a scan whose name people could not recognize in a list of results.

    Raises:
        InvalidRequest: the name has a control character, a line break, a character that reorders text, or bytes that
            are not UTF-8.
    """
    if not all(map(is_plain, name)):
        raise InvalidRequest(
            f"The file name '{shown_name(name)}' has control characters, line breaks, characters that reverse the "
            "order of text, or bytes that are not UTF-8. Rename the file.",
            name=shown_name(name),
        )


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def stem(name: str) -> str:
    """A file name without its extension. A dot at the beginning does not begin an extension."""
    before, dot, _ = name.rpartition(".")
    return before if dot and before else name
