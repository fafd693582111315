"""The character that divides a file's fields."""

from __future__ import annotations

import re

from domain.bar_files import FileLayout
from domain.errors import InvalidLayoutError

# In this order, where two would do.
USUAL = (",", ";", "\t", "|")

_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar", " ": "a space"}
_NEVER = '"\r\n\0#'
_EXCEL = re.compile(r'"?sep=(.)"?[\r\n]*', re.IGNORECASE)


def named_delimiter(layout: FileLayout) -> str | None:
    """Return the delimiter that `layout` names, if it does.

    Raises:
        InvalidLayoutError: it could not be told from what stands in the fields.
    """
    delimiter = layout.delimiter
    if delimiter is None:
        return None
    if not _may_divide(delimiter):
        raise InvalidLayoutError(
            f"{delimiter!r} cannot divide the fields of a line.",
            "Name one character that is no quote, letter, digit or #, such as ; or |.",
        )
    if delimiter == layout.decimal:
        raise InvalidLayoutError(
            f"{delimiter!r} cannot both divide fields and stand before the decimals of a number.",
            "Name another character for one of the two.",
        )
    return delimiter


def excel_delimiter(line: str) -> str | None:
    """Return the delimiter that a line such as `sep=;` sets for the lines after it."""
    match = _EXCEL.fullmatch(line)
    return match[1] if match and _may_divide(match[1]) else None


def spoken(delimiter: str) -> str:
    """Return the delimiter's name for a sentence."""
    return _NAMES.get(delimiter, repr(delimiter))


def _may_divide(delimiter: str) -> bool:
    if len(delimiter) != 1 or delimiter.isalnum() or delimiter in _NEVER:
        return False
    # Half of a pair of UTF-16 is a character to Python, but none that a file can hold.
    return not "\ud800" <= delimiter <= "\udfff"
