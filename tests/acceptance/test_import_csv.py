"""User story 4."""

from pytest_bdd import scenarios

scenarios("import_csv.feature")
