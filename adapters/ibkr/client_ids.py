"""Client IDs: a gateway takes each from one connection alone."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator

from adapters.ibkr.gateway_folder import GatewayFolder
from adapters.ibkr.limits import FIRST_CLIENT_ID, LAST_CLIENT_ID
from adapters.ibkr.os_lock import OsLock, try_lock

# Beyond the range, and within what IBKR's signed 32 bits hold.
_RANDOM_FROM, _RANDOM_COUNT = 10_000, 2_000_000_000


class HeldClientId:
    """A client ID that no other process of this machine takes by itself until `release`."""

    def __init__(self, folder: GatewayFolder, named: int | None) -> None:
        self._folder = folder
        self._named = named
        self._lock: OsLock | None = None
        self._left = iter(range(FIRST_CLIENT_ID, LAST_CLIENT_ID + 1))
        self.number = self._free() if named is None else named

    @property
    def is_named(self) -> bool:
        """Whether the user named it: then there is no other to take."""
        return self._named is not None

    def next(self) -> int:
        """Take another one, since some other program has this one at the gateway; return it.

        Raises:
            ValueError: the user named it.
        """
        if self.is_named:
            raise ValueError(f"the client ID {self.number} was named, and no other may be taken")
        self.release()
        self.number = self._free()
        return self.number

    def release(self) -> None:
        """Let other processes have it; more than once is no error."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()

    def _free(self) -> int:
        try:
            self._folder.make()
            for number in self._left:
                self._lock = try_lock(self._folder.path / f"client-{number}.lock")
                if self._lock is not None:
                    return number
        except OSError as error:
            self._folder.tell_unusable(error)
        return _RANDOM_FROM + secrets.randbelow(_RANDOM_COUNT)


class ClientIds:
    """The client IDs of one gateway."""

    def __init__(self, folder: GatewayFolder) -> None:
        self._folder = folder

    def take(self, named: int | None = None) -> HeldClientId:
        """Return `named` as it is, or one that no other process of this machine holds.

        Its lock ends with the process. Where all are held, or processes cannot meet in the
        folder, it is a random one.
        """
        return HeldClientId(self._folder, named)

    @contextlib.contextmanager
    def hold(self, named: int | None = None) -> Iterator[HeldClientId]:
        """Take one for the time of a `with` block."""
        held = self.take(named)
        try:
            yield held
        finally:
            held.release()
