"""How numbers are written, and how they become those of plain notation."""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from domain.bar_files import FileLayout
from domain.errors import InvalidLayoutError

if TYPE_CHECKING:
    import pyarrow as pa

_DECIMALS = (".", ",")
# What one who names the first of these means too: keyboards have the first alone, and vendors
# write the others so that a line does not break within a number.
_ALIKE = {" ": "\u00a0\u202f\u2009", "'": "\u2019"}
_THOUSANDS = (",", ".", " ", "'", "_")
_CURRENCIES = "$€£¥"


@attrs.frozen
class Notation:
    """How numbers are written: what stands before their fraction, and between thousands.

    A blank among thousands stands for a no-break space too, an apostrophe for a curved one.
    `currency` is a sign that may stand before the first digit, and nowhere else.
    """

    decimal: str = "."
    thousands: str | None = None
    currency: str | None = None

    @classmethod
    def of(cls, layout: FileLayout) -> Notation:
        """Return the notation that `layout` names.

        Raises:
            InvalidLayoutError: numbers are not written so, or could not be told apart.
        """
        if layout.decimal not in _DECIMALS:
            raise InvalidLayoutError(
                f"{layout.decimal!r} cannot stand before the fraction of a number.",
                'Name the point "." or the comma ",".',
            )
        if layout.thousands is None:
            return cls(layout.decimal)
        thousands = _named_first(layout.thousands)
        if thousands not in _THOUSANDS:
            raise InvalidLayoutError(
                f"{layout.thousands!r} cannot stand between the thousands of a number.",
                "Name one character: a comma, a point, a blank, an apostrophe or an underscore.",
            )
        if thousands == layout.decimal:
            raise InvalidLayoutError(
                f"{thousands!r} cannot stand both between thousands and before the fraction.",
                "Name another character for one of them.",
            )
        return cls(layout.decimal, thousands)

    @property
    def separators(self) -> str:
        """All characters that may stand between thousands."""
        return "" if self.thousands is None else self.thousands + _ALIKE.get(self.thousands, "")

    @property
    def pattern(self) -> str:
        """What a number looks like, for Arrow and Python alike."""
        decimal = re.escape(self.decimal)
        fraction = f"({decimal}[0-9]*)?"
        plain = f"([0-9]+{fraction}|{decimal}[0-9]+)([eE][+-]?[0-9]+)?"
        if self.thousands is None:
            return f"^[+-]?{plain}$"
        # Nobody writes 0,123 for 123: it is likelier that the comma means something else.
        grouped = f"[1-9][0-9]{{0,2}}([{self.separators}][0-9]{{3}})+{fraction}"
        return f"^[+-]?({plain}|{grouped})$"

    def bare(self, text: str) -> str:
        """Return `text` without the sign of the currency, if that stands before its digits."""
        if self.currency is None:
            return text
        return re.sub(self._signed, r"\1", text)

    @property
    def _signed(self) -> str:
        return f"^{re.escape(self.currency or '')}([0-9{re.escape(self.decimal)}])"

    def plain(self, text: str) -> str | None:
        """Return `text` in plain notation, or None where it is no number in this one."""
        text = self.bare(text)
        if _compiled(self).fullmatch(text) is None:
            return None
        return "".join(each for each in text if each not in self.separators).replace(
            self.decimal, "."
        )

    def plain_column(self, texts: pa.StringArray) -> pa.StringArray | None:
        """Return `texts` in plain notation; None where one is no number in this one.

        What holds neither a separator nor the point of another notation is left as it is, be it
        a number or not.
        """
        import pyarrow.compute as pc

        if self.currency is not None:
            texts = pc.replace_substring_regex(texts, self._signed, r"\1")
        if any(_holds(texts, separator) for separator in self.separators):
            if not pc.all(pc.match_substring_regex(texts, self.pattern)).as_py():
                return None
            texts = pc.replace_substring_regex(texts, f"[{self.separators}]", "")
        elif self.decimal != "." and _holds(texts, "."):
            return None
        return texts if self.decimal == "." else pc.replace_substring(texts, self.decimal, ".")


PLAIN = Notation()


@functools.lru_cache
def _compiled(notation: Notation) -> re.Pattern[str]:
    return re.compile(notation.pattern)


def _named_first(thousands: str) -> str:
    return next((first for first, others in _ALIKE.items() if thousands in list(others)), thousands)


def _holds(texts: pa.StringArray, character: str) -> bool:
    import pyarrow.compute as pc

    return bool(pc.any(pc.match_substring(texts, character)).as_py())


def currency_of(text: str) -> str | None:
    """Return the sign of a currency with which `text` begins, if it does."""
    return text[0] if text and text[0] in _CURRENCIES else None


# ---- what is no number ---------------------------------------------------------------------


def not_a_number(text: str, notation: Notation) -> str:
    """Return what is wrong with `text`, and in which notation it would be a number."""
    text = notation.bare(text)
    bare = text.lstrip("+-")
    signs = [each for each in (bare[:1], bare[-1:]) if each and unicodedata.category(each) == "Sc"]
    if signs:
        return f'has the currency sign "{signs[0]}": save the column as plain numbers'
    hints = [_hint(each, notation) for each in _others(text, notation)]
    return "; ".join(["is not a number", *hints])


def _others(text: str, notation: Notation) -> Iterator[Notation]:
    """Yield other notations in which `text` is a number, if it has what is special in them."""
    thousands_tried = dict.fromkeys((notation.thousands, *_THOUSANDS))
    for decimal, thousands in itertools.product(_DECIMALS, thousands_tried):
        other = attrs.evolve(notation, decimal=decimal, thousands=thousands)
        grouped = any(separator in text for separator in other.separators)
        if decimal == thousands or (thousands != notation.thousands and not grouped):
            continue
        # The point may have to be named because it cannot be what groups the thousands, too.
        if decimal not in (notation.decimal, *text) and thousands != notation.decimal:
            continue
        if other != notation and other.plain(text) is not None:
            yield other


def _hint(other: Notation, notation: Notation) -> str:
    conditions, options = [], []
    if other.thousands != notation.thousands:
        conditions.append(f'"{other.thousands}" groups its thousands')
        options.append(f'--thousands "{other.thousands}"')
    if other.decimal != notation.decimal:
        conditions.append(f'"{other.decimal}" stands before its fraction')
        options.append(f'--decimal "{other.decimal}"')
    return f"if {' and '.join(conditions)}, say {' '.join(options)}"
