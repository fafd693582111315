"""User story 5."""

from pytest_bdd import scenarios

scenarios("check_availability.feature")
