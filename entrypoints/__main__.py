"""`python -m entrypoints` is `barledger`."""

from entrypoints.cli.main import run

run()
