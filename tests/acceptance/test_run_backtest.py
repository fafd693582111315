"""User story 1."""

from pytest_bdd import scenarios

scenarios("run_backtest.feature")
