"""Makes strategies: reads parameters as their config's types and fills in the instruments."""

from __future__ import annotations

import difflib
import inspect
import re
import typing
from collections.abc import Iterable, Mapping
from decimal import Decimal, localcontext
from typing import Any

import attrs
import msgspec
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import QUANTITY_MAX
from nautilus_trader.trading.config import StrategyConfig
from nautilus_trader.trading.strategy import Strategy

from adapters.nautilus.failures import place_of
from adapters.nautilus.param_values import alternatives, example_of, value_of
from adapters.nautilus.strategies import Sized
from domain.backtesting import brief
from domain.errors import StrategyParameterError, UnknownStrategyError

# What the run fills in, by field; the plural ones take all series that a strategy is for.
_ONE = ("instrument_id", "bar_type")
_MANY = ("instrument_ids", "bar_types")


@attrs.frozen
class Tradable:
    """A series that a strategy may run on, as Nautilus names it, and the least size of an order."""

    instrument_id: InstrumentId
    bar_type: BarType
    size_step: Decimal


def make_strategies(
    name: str, cls: type[Strategy], params: Mapping[str, str], series: tuple[Tradable, ...]
) -> list[Strategy]:
    """Return the strategies of a run.

    A config with `instrument_id` or `bar_type` makes one strategy for each series; any other,
    such as one with `bar_types`, a single strategy for all of them.

    Raises:
        UnknownStrategyError: what its config is cannot be told.
        StrategyParameterError: a parameter is unknown, missing, unreadable or refused.
    """
    config = _config_class(name, cls)
    fields = {field.name: field for field in msgspec.structs.fields(config)} if config else {}
    values = _values(name, fields, params)
    if issubclass(cls, Sized):
        _check_size(values.get("trade_size"), series)
    groups = [(one,) for one in series] if fields.keys() & set(_ONE) else [series]
    if len(groups) > 1 and "order_id_tag" in values:
        raise StrategyParameterError(
            f"{len(groups)} instruments make {len(groups)} strategies {name}, and no two of them "
            "can have the same order_id_tag.",
            "Leave --param order_id_tag=… out.",
        )
    strategies = []
    for number, group in enumerate(groups):
        filled = {**_filled_in(fields, group), "order_id_tag": f"{number:03d}", **values}
        _require(name, fields, filled)
        strategies.append(_construct(name, cls, config, filled))
    return strategies


def _config_class(name: str, cls: type[Strategy]) -> type[StrategyConfig] | None:
    """Return the type of `__init__`'s config, None for a strategy that takes none."""
    if not inspect.isfunction(cls.__init__):
        return StrategyConfig  # Strategy's own __init__ is Cython and shows no hints
    try:
        hints = typing.get_type_hints(cls.__init__)
    except Exception as error:
        raise _unreadable(name, f"its type hints cannot be read: {error}") from error
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    needed = [one for one in parameters if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    if not needed:
        return None if len(parameters) == len(needed) else StrategyConfig
    for found in alternatives(hints.get(needed[0].name, StrategyConfig)):
        if inspect.isclass(found) and issubclass(found, StrategyConfig):
            return found
    raise _unreadable(name, f"its parameter {needed[0].name!r} is no StrategyConfig")


def _unreadable(name: str, why: str) -> UnknownStrategyError:
    return UnknownStrategyError(
        f"What the strategy {name} takes cannot be told: {why}.",
        "Give its __init__ one parameter: config, annotated with a subclass of StrategyConfig.",
    )


def _values(
    name: str, fields: Mapping[str, msgspec.structs.FieldInfo], params: Mapping[str, str]
) -> dict[str, Any]:
    settable = [field for field in fields if field not in (*_ONE, *_MANY)]
    for param in params:
        if param in (*_ONE, *_MANY) and param in fields:
            raise StrategyParameterError(
                f"{param} is filled in from the instruments of the run.",
                f"Leave --param {param}=… out and name the instruments with -i.",
            )
        if param not in fields:
            raise _unknown(name, param, settable)
    return {param: value_of(param, text, fields[param].type) for param, text in params.items()}


def _unknown(name: str, param: str, known: list[str]) -> StrategyParameterError:
    near = difflib.get_close_matches(param, known, n=1)
    own = [field for field in known if field not in StrategyConfig.__struct_fields__]
    return StrategyParameterError(
        f"The strategy {name} has no parameter {param!r}.",
        (f"Did you mean {near[0]}? " if near else "")
        + f"It has {', '.join(own) if own else 'none of its own'}.",
    )


def _check_size(size: Decimal | None, series: Iterable[Tradable]) -> None:
    if size is None:
        return
    if size <= 0:
        raise StrategyParameterError(
            f"The trade_size {brief(size)} is not greater than 0.",
            "Name one: --param trade_size=100.",
        )
    if size > Decimal(QUANTITY_MAX):
        raise StrategyParameterError(
            f"The trade_size {brief(size)} is greater than {QUANTITY_MAX:,.0f}, the most that "
            "Nautilus Trader can hold.",
            "Name less: --param trade_size=100.",
        )
    for one in series:
        if not _is_multiple(size, one.size_step):
            raise StrategyParameterError(
                f"The trade_size {brief(size)} is not a multiple of "
                f"{one.size_step.normalize():f}, the size step of {one.instrument_id}.",
                "Name one that is, such as --param trade_size=100.",
            )


def _is_multiple(size: Decimal, step: Decimal) -> bool:
    # The usual 28 digits are too few for a great size in the smallest steps.
    with localcontext(prec=100):
        return size >= step and not size % step


def _filled_in(
    fields: Mapping[str, msgspec.structs.FieldInfo], group: tuple[Tradable, ...]
) -> dict[str, Any]:
    ids = list(dict.fromkeys(one.instrument_id for one in group))
    bar_types = [one.bar_type for one in group]
    every = {
        "instrument_id": ids[0],
        "bar_type": bar_types[0],
        "instrument_ids": ids,
        "bar_types": bar_types,
    }
    return {
        name: _as_collection(value, fields[name].type) if name in _MANY else value
        for name, value in every.items()
        if name in fields
    }


def _as_collection(values: list[Any], wanted: Any) -> Any:
    origin = next((typing.get_origin(one) for one in alternatives(wanted)), None)
    return origin(values) if origin in (tuple, set, frozenset) else values


def _require(
    name: str, fields: Mapping[str, msgspec.structs.FieldInfo], values: Mapping[str, Any]
) -> None:
    missing = [key for key, field in fields.items() if field.required and key not in values]
    if missing:
        raise StrategyParameterError(
            f"The strategy {name} needs the parameter{'s' * (len(missing) > 1)} "
            f"{', '.join(missing)}.",
            "Name "
            + " ".join(f"--param {key}={example_of(fields[key].type)}" for key in missing)
            + ".",
        )


def _construct(
    name: str, cls: type[Strategy], config: type[StrategyConfig] | None, values: dict[str, Any]
) -> Strategy:
    try:
        if config is None:
            return cls()
        made = config(**{k: v for k, v in values.items() if k in config.__struct_fields__})
        _check_identity(made)
        return cls(made)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise StrategyParameterError(
            f"The strategy {name} refuses its parameters: "
            f"{type(error).__name__}: {error}{place_of(error)}",
            "Correct them: --param key=value.",
        ) from error


def _check_identity(config: StrategyConfig) -> None:
    """Refuse what Nautilus does not: Rust would panic and take the process with it."""
    tag, oms = config.order_id_tag, config.oms_type
    if tag is not None and not (tag.isascii() and re.fullmatch(r"[^\s\0-]+", tag)):
        raise ValueError(f"order_id_tag {brief(repr(tag))} is not letters and digits")
    if isinstance(oms, str) and oms.upper() not in OmsType.__members__:
        raise ValueError(f"oms_type {brief(repr(oms))} is none of {', '.join(OmsType.__members__)}")
