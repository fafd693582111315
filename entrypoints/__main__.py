"""`python -m entrypoints` is `barledger`."""

from entrypoints.start import run

run()
