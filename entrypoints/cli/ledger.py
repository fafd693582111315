"""`barledger ledger`, and what it can be asked."""

from __future__ import annotations

import click

from entrypoints.cli import ledger_log, ledger_proof, ledger_show


@click.group("ledger")
def command() -> None:
    """Audit the ledger: who changed what and when, what stood there before, and is it genuine."""


for _one in (
    ledger_log.log,
    ledger_show.show,
    ledger_proof.verify,
    ledger_proof.head,
    ledger_proof.replay,
):
    command.add_command(_one)
