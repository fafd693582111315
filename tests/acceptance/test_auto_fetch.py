"""User story 2."""

from pytest_bdd import scenarios

scenarios("auto_fetch.feature")
