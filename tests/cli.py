"""The command line, run as a user runs it: another process, in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs

ROOT = Path(__file__).parent.parent


@attrs.frozen
class Run:
    """How a command ended. `peak` is the most memory that it held, in kilobytes."""

    code: int
    out: str
    err: str
    peak: int

    @property
    def document(self) -> dict[str, Any]:
        """What `--json` printed; stdout holds nothing else."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    def succeeded(self) -> Run:
        """Return the run, which must have ended well."""
        assert self.code == 0, self.err
        return self


@attrs.define
class Cli:
    """Runs `barledger` in `folder`, where `./data/catalog` is the Parquet catalog."""

    folder: Path
    environment: dict[str, str] = attrs.field(factory=dict)
    prefix: tuple[str, ...] = ()

    @property
    def catalog(self) -> Path:
        return self.folder / "data" / "catalog"

    def inherited(self) -> dict[str, str]:
        """Return the environment without what would name another catalog or gateway.

        The cache is that of the whole run.
        """
        return {
            name: value
            for name, value in os.environ.items()
            if name == "BARLEDGER_CACHE_DIR" or not name.startswith("BARLEDGER_")
        }

    def words(self, *arguments: str) -> list[str]:
        """Return the command's words as a new process takes them."""
        return [*self.prefix, sys.executable, "-m", "entrypoints", *arguments]

    def surroundings(self) -> dict[str, str]:
        """Return the environment in which a command runs."""
        path = os.pathsep.join((str(self.folder), str(ROOT)))
        return {**self.inherited(), "PYTHONPATH": path, **self.environment}

    def __call__(
        self, *arguments: str, input_text: str | None = None, input_bytes: bytes | None = None
    ) -> Run:
        out, err = self.folder / ".out", self.folder / ".err"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                self.words(*arguments),
                cwd=self.folder,
                env=self.surroundings(),
                stdin=subprocess.PIPE,
                stdout=stdout,
                stderr=stderr,
            )
            assert process.stdin
            process.stdin.write(input_bytes or (input_text or "").encode())
            process.stdin.close()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        return Run(process.returncode, out.read_text(), err.read_text(), usage.ru_maxrss)

    def import_csv(self, instrument: str, text: str, *options: str) -> Run:
        """Import a CSV file with this content."""
        file = self.folder / f"{instrument.replace('/', '-')}.csv"
        file.write_text(text)
        return self("import-csv", str(file), "-i", instrument, *options).succeeded()
