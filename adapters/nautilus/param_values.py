"""Reads what was typed for a parameter as the type that a config declares."""

from __future__ import annotations

import enum
import inspect
import re
import typing
from decimal import Decimal
from types import UnionType
from typing import Any

import msgspec
from nautilus_trader.common.config import msgspec_decoding_hook
from nautilus_trader.model.identifiers import AccountId, Identifier, StrategyId, TraderId

from domain.backtesting import brief
from domain.errors import StrategyParameterError

_PLAIN_ID = re.compile(r"[^\\]+")  # no escape of JSON, which could hide any character
_ID_FORMS = {
    StrategyId: re.compile(r"[^\s-]+(-+[^\s-]+)*"),
    TraderId: re.compile(r"[^\s-]+(-+[^\s-]+)+"),
    AccountId: re.compile(r"[^\s-]+(-+[^\s-]+)+"),
}


def value_of(param: str, text: str, wanted: Any) -> Any:
    """Return `text` as the type `wanted`; a list is written `a,b` or as JSON.

    Raises:
        StrategyParameterError: it is no such value.
    """
    reasons: list[Exception] = []
    _check_identifier(param, text.strip(), wanted)
    for read in (_from_text, _from_json, _from_commas):
        try:
            return read(text.strip(), wanted)
        except (msgspec.MsgspecError, TypeError, ValueError, KeyError, ArithmeticError) as error:
            reasons.append(error)
    kind, why = _type_name(wanted), reasons[0]
    raise StrategyParameterError(
        f"{brief(repr(text))} is not a value of the parameter {param}: {kind} is wanted"
        + (f" ({why})." if isinstance(why, msgspec.ValidationError) else "."),
        f"Write it as --param {param}={example_of(wanted)}.",
    ) from why


def _check_identifier(param: str, text: str, wanted: Any) -> None:
    # Before it is converted: at what Rust takes for no ID it panics, and the process is gone.
    for one in alternatives(wanted):
        kind = next(iter(typing.get_args(one)), one)  # of a list's members
        if not inspect.isclass(kind) or not issubclass(kind, Identifier):
            continue
        form = _ID_FORMS.get(kind, _PLAIN_ID)
        if not text.isascii() or not text.isprintable() or not form.fullmatch(text):
            raise StrategyParameterError(
                f"{brief(repr(text))} is not a value of the parameter {param}: "
                f"{_type_name(wanted)} is wanted.",
                f"Write it in plain letters and digits, such as --param {param}=MINE-001.",
            )


def _from_text(text: str, wanted: Any) -> Any:
    for one in alternatives(wanted):
        if inspect.isclass(one) and issubclass(one, enum.Enum) and text.upper() in one.__members__:
            return one[text.upper()]
    value = msgspec.convert(text, wanted, strict=False, dec_hook=msgspec_decoding_hook)
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValueError("it is not a finite number")
    if isinstance(value, enum.Enum) and value.name not in type(value).__members__:
        raise ValueError("it is none of the names")  # flags take any whole number
    return value


def _from_json(text: str, wanted: Any) -> Any:
    if not text.startswith(("[", "{", '"')):
        raise ValueError("it is no JSON")
    return msgspec.json.decode(text, type=wanted, dec_hook=msgspec_decoding_hook)


def _from_commas(text: str, wanted: Any) -> Any:
    parts = [part.strip() for part in text.split(",")]
    return msgspec.convert(parts, wanted, strict=False, dec_hook=msgspec_decoding_hook)


def alternatives(wanted: Any) -> list[Any]:
    """Return the types that `wanted` allows, None and what an annotation adds left out."""
    if typing.get_origin(wanted) is typing.Annotated:
        return alternatives(typing.get_args(wanted)[0])
    if typing.get_origin(wanted) in (typing.Union, UnionType):
        return [each for one in typing.get_args(wanted) for each in alternatives(one)]
    return [] if wanted is type(None) else [wanted]


def _type_name(wanted: Any) -> str:
    return " or ".join(
        one.__name__ if inspect.isclass(one) else str(one) for one in alternatives(wanted)
    )


def example_of(wanted: Any) -> str:
    """Return a value of the type `wanted` as it is typed."""
    examples = {int: "10", float: "0.5", Decimal: "100", bool: "true", str: "text"}
    for one in alternatives(wanted):
        if inspect.isclass(one) and issubclass(one, enum.Enum):
            return next(iter(one.__members__))
        if one in examples:
            return examples[one]
    return "…"
