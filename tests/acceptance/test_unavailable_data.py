"""User story 3."""

from pytest_bdd import scenarios

scenarios("unavailable_data.feature")
