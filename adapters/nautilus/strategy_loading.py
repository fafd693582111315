"""Finds a strategy's class: one that is built in, or `module:Class` of the user's own."""

from __future__ import annotations

import difflib
import importlib
import inspect
import sys
from pathlib import Path
from types import ModuleType

from nautilus_trader.trading.strategy import Strategy

from adapters.nautilus.failures import place_of
from adapters.nautilus.strategies import BUILT_IN
from domain.errors import UnknownStrategyError


def strategy_class(name: str) -> type[Strategy]:
    """Return the class named `name`; modules of the current directory can be imported.

    Raises:
        UnknownStrategyError: there is no such strategy, or its module cannot be imported.
    """
    if ":" not in name:
        return _built_in(name)
    module_name, _, class_name = name.partition(":")
    module = _module(module_name)
    found = getattr(module, class_name, None)
    if found is None:
        raise _no_such_class(module, class_name)
    if not inspect.isclass(found) or not issubclass(found, Strategy):
        raise UnknownStrategyError(
            f"{name} is not a subclass of nautilus_trader.trading.strategy.Strategy.",
            f"Name one that is{_of_these(_strategies_in(module))}.",
        )
    return found


def _built_in(name: str) -> type[Strategy]:
    if name in BUILT_IN:
        return BUILT_IN[name]
    module_name, dot, class_name = name.rpartition(".")
    if dot:
        raise UnknownStrategyError(
            f"There is no strategy {name!r}.", f"Did you mean {module_name}:{class_name}?"
        )
    near = difflib.get_close_matches(name, BUILT_IN, n=1, cutoff=0.5)
    raise UnknownStrategyError(
        f"There is no strategy {name!r}.",
        (f"Did you mean {near[0]}? " if near else "")
        + f"Built in are {', '.join(BUILT_IN)}; name one of your own as module:Class.",
    )


def _module(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        # At the end, so that a user's file shadows no module of ours or of a library.
        sys.path.append(here)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _not_importable(name, error) from error


def _not_importable(name: str, error: BaseException) -> UnknownStrategyError:
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing and (name == missing or name.startswith(f"{missing}.")):
        return UnknownStrategyError(
            f"There is no module {name!r} in {Path.cwd()} or among the installed packages.",
            f"Run the command in the directory that holds {name.split('.')[0]}.py.",
        )
    return UnknownStrategyError(
        f"The module {name!r} cannot be imported: {type(error).__name__}: {error}{place_of(error)}",
        "Correct the module, or install what it needs beside barledger.",
    )


def _no_such_class(module: ModuleType, class_name: str) -> UnknownStrategyError:
    strategies = _strategies_in(module)
    near = difflib.get_close_matches(class_name, strategies, n=1)
    where = getattr(module, "__file__", None) or module.__name__
    hint = f"Did you mean {module.__name__}:{near[0]}?" if near else ""
    return UnknownStrategyError(
        f"{where} has no class {class_name!r}.",
        hint or f"Name a strategy that it defines{_of_these(strategies)}.",
    )


def _strategies_in(module: ModuleType) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, Strategy) and value is not Strategy
    ]


def _of_these(names: list[str]) -> str:
    return f": {', '.join(names)}" if names else " (the module defines none)"
