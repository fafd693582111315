"""How options of `instrument set` change a definition, and what follows from what."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from domain.errors import InvalidInstrumentError
from domain.instrument import (
    Instrument,
    InstrumentClass,
    InstrumentId,
    VenueDefaults,
    assumed_instrument,
    decimals_of,
)
from domain.venues import venue


def changed(
    instrument_id: InstrumentId, present: Instrument | None, values: Mapping[str, Any]
) -> Instrument:
    """Return the definition `present`, or what is usual, with `values` put in.

    A finer tick brings the precision that it needs, and a precision that is named alone brings
    the finest tick that it allows.

    Raises:
        InvalidInstrumentError: what cannot be assumed was not named.
    """
    values = dict(values)
    kind = values.get("instrument_class")
    start = present if present and kind in (None, present.instrument_class) else None
    start = start or _usual(instrument_id, kind, values)
    for step, precision in (("tick", "price_precision"), ("size_step", "size_precision")):
        values |= _in_step(values, step, precision, getattr(start, precision))
    return attrs.evolve(start, **values)


def _usual(
    instrument_id: InstrumentId, kind: InstrumentClass | None, values: Mapping[str, Any]
) -> Instrument:
    known = venue(instrument_id.venue)
    kind = kind or known.instrument_class
    currency = values.get("currency") or known.currency
    if kind is None or currency is None:
        raise InvalidInstrumentError(
            f"Nothing can be assumed of {instrument_id}: its venue is not known.",
            "Name what it is and what it is quoted in: --class equity --currency USD.",
        )
    usual = assumed_instrument(instrument_id, VenueDefaults(kind, currency))
    if usual is not None:
        return usual
    return _from_values(instrument_id, kind, currency, values)


def _from_values(
    instrument_id: InstrumentId, kind: InstrumentClass, currency: str, values: Mapping[str, Any]
) -> Instrument:
    needed = ("tick", "multiplier", "expiry") if kind is InstrumentClass.FUTURE else ("tick",)
    missing = [f"--{name}" for name in needed if name not in values]
    if missing:
        raise InvalidInstrumentError(
            f"{instrument_id} is a {kind.value}, of which this cannot be assumed: "
            f"{', '.join(missing)}.",
            f"Name it: barledger instrument set -i '{instrument_id}' {' … '.join(missing)} …",
        )
    return Instrument(instrument_id, kind, currency, 0, 0, Decimal(1), Decimal(1))


def _in_step(values: Mapping[str, Any], step: str, precision: str, held: int) -> dict[str, Any]:
    if step in values and precision not in values and values[step].is_finite():
        return {precision: max(held, decimals_of(values[step]))}
    if precision in values and step not in values and values[precision] != held:
        return {step: Decimal(1).scaleb(-values[precision])}
    return {}
