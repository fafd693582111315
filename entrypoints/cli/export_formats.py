"""The formats of `barledger export`: for each, how its writer is made of what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from domain.exporting import BarWriter
    from entrypoints.container import Container


def _csv(container: Container, choices: Mapping[str, Any]) -> BarWriter:
    from domain.sessions import Stamp

    writer: BarWriter = container.csv_writer(Stamp(choices["stamp"]), choices["timezone"])
    return writer


FORMATS: Mapping[str, Callable[[Container, Mapping[str, Any]], BarWriter]] = {"csv": _csv}
