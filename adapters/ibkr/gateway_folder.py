"""The folder in which the processes of a machine meet that use one gateway."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Callable
from pathlib import Path

_THIS_MACHINE = "this-machine"
_LONGEST_NAME = 40


class GatewayFolder:
    """A folder for one gateway, below `base`.

    Its files only keep processes apart, and may be deleted at any time. `tell` is told once, in
    a sentence or two, that the folder cannot be used: each process then goes by what it knows.
    """

    def __init__(
        self, base: Path, host: str, port: int, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self.path = base / folder_name(host, port)
        self._tell = tell
        self._told = False

    def make(self) -> None:
        """Make the folder where it is not there.

        Raises:
            OSError: it cannot be made.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def tell_unusable(self, error: OSError) -> None:
        """Say once that processes cannot meet here."""
        if not self._told:
            self._told = True
            self._tell(
                f"{self.path} cannot be used ({error.strerror or error}), so IBKR's limits are "
                "kept by this run alone. Let no other run fetch at the same time, or make that "
                "folder writable."
            )


def folder_name(host: str, port: int) -> str:
    """Return a file name for a gateway: the same for all names of this machine itself."""
    plain = host.strip().strip("[]").rstrip(".").lower()
    if _is_this_machine(plain):
        plain = _THIS_MACHINE
    slug = re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST_NAME].strip("-")
    proof = hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{slug or 'host'}-{proof}-{port}"


def _is_this_machine(host: str) -> bool:
    if host in ("", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    inner = getattr(address, "ipv4_mapped", None) or address
    return bool(inner.is_loopback or inner.is_unspecified)
