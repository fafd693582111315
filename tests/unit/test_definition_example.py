"""The example of a definition that is shown where nothing can be assumed."""

from __future__ import annotations

import pytest

from application.instruments import required_definition
from domain.availability import Availability
from domain.errors import InstrumentNotDefinedError
from domain.instrument import InstrumentId


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("^SPX.CBOE", "--class index --currency USD"),
        ("SPX.CBOE", "--class index --currency USD"),
        ("BTC/EUR.NOWHERE", "--class currency-pair --base-currency BTC --currency EUR"),
        ("BTC-USD.PAXOS", "--class crypto-pair --base-currency BTC --currency USD --tick 0.01"),
        ("SOLUSDT.BINANCE", "--class crypto-pair --base-currency BTC --currency USD"),
        ("ESH4.CME", "--class future --currency USD"),
    ],
)
def test_the_example_of_a_definition_is_of_a_class_that_fits(name: str, options: str) -> None:
    with pytest.raises(InstrumentNotDefinedError) as caught:
        required_definition(InstrumentId.parse(name), Availability())
    assert f"-i '{name}' {options}" in caught.value.recovery
