"""What was sent by all processes of a machine, looked at and added to in one step.

The step is guarded by a lock of the operating system, which is never waited for here and never
held while anybody sleeps. It ends with its holder. A holder that is stopped instead (Ctrl-Z at
the wrong moment) keeps it: after a second the others go over to the next lock, for good, and
the stopped one finds that out before it writes anything. Where the files cannot be used at all,
a process goes by what it has sent itself.
"""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import attrs

from adapters.ibkr import state_file
from adapters.ibkr.gateway_folder import GatewayFolder
from adapters.ibkr.machine import boot_identity, machine_clock
from adapters.ibkr.os_lock import OsLock, try_lock
from adapters.ibkr.sliding import NANOSECONDS
from adapters.ibkr.state_file import LostError, Sent

# A lock is held for a tenth of a millisecond.
_STUCK_AFTER = NANOSECONDS
# Who asks less often than this has not waited for the lock in the meantime.
_STILL_WAITING = NANOSECONDS // 5
_MOST_LOCKS = 64


@attrs.frozen
class Known:
    """What is known to have been sent, in order of time, at `now`.

    `alone` tells that it is this process's own alone.
    """

    sent: Sequence[Sent]
    now: int
    alone: bool = False


Decide = Callable[[Known], int]


class SharedState:
    """The file `name` in a gateway's folder, and what this process has sent itself.

    Nothing counts for longer than `seconds`. Where the file holds nonsense, so many as
    `assumed` count as sent just now.
    """

    def __init__(
        self,
        folder: GatewayFolder,
        name: str,
        seconds: float,
        *,
        assumed: int = 0,
        clock: Callable[[], int] = machine_clock,
    ) -> None:
        self._folder = folder
        self._file = folder.path / f"{name}.state"
        self._locks = [folder.path / f"{name}.{turn}.lock" for turn in range(_MOST_LOCKS)]
        self._keep = round(seconds * NANOSECONDS)
        self._assumed = assumed
        self._clock = clock
        self._own: list[Sent] = []
        self._busy = _Busy()

    def take(self, decide: Decide, request: int = 0, contract: int = 0) -> int | None:
        """Ask `decide` for how many nanoseconds to wait; if for none, count one more as sent.

        Returns:
            What it said, or None where another process is just at it: ask again soon.
        """
        try:
            return self._shared(decide, request, contract)
        except OSError as error:
            self._folder.tell_unusable(error)
            return self._alone(decide, request, contract)

    def _alone(self, decide: Decide, request: int, contract: int) -> int:
        known = self._with_own([], self._clock(), alone=True)
        wait = decide(known)
        if wait <= 0:
            self._own.append(Sent(known.now, request, contract))
        return max(0, wait)

    def _shared(self, decide: Decide, request: int, contract: int) -> int | None:
        lock, turn = self._lock()
        if lock is None:
            return None
        try:
            with state_file.opened(self._file) as file:
                known = self._known(file)
                wait = decide(known)
                if wait > 0:
                    return wait
                if self._turn() != turn:
                    # We were stopped, and the lock was given up for the next: ask again there.
                    return None
                one = Sent(known.now, request, contract)
                state_file.write(file, boot_identity(), [*known.sent, one])
                self._own.append(one)
                return 0
        finally:
            lock.release()

    def _known(self, file: BinaryIO) -> Known:
        now = self._clock()
        try:
            sent = state_file.read(file, boot_identity())
        except LostError:
            sent = [Sent(now)] * self._assumed
            state_file.write(file, boot_identity(), sent)
        return self._with_own(sent, now, alone=False)

    def _with_own(self, sent: Sequence[Sent], now: int, *, alone: bool) -> Known:
        """Add what this process sent; it is in the file too, unless that was lost since."""
        self._own = _recent(self._own, now, self._keep)
        both = Counter(_recent(sent, now, self._keep)) | Counter(self._own)
        return Known(sorted(both.elements()), now, alone)

    def _lock(self) -> tuple[OsLock | None, int]:
        try:
            turn = self._turn()
            lock = try_lock(self._locks[turn])
        except FileNotFoundError:
            self._folder.make()
            turn, lock = 0, try_lock(self._locks[0])
        if lock is not None:
            self._busy = _Busy()
            return lock, turn
        self._busy = self._busy.still(turn, self._clock())
        if self._busy.is_stuck:
            if turn + 1 == _MOST_LOCKS:
                raise OSError(errno.EDEADLK, "the locks there are held by stopped programs")
            # From the moment that it exists, everybody goes for the next one.
            turn += 1
            lock = try_lock(self._locks[turn])
        return lock, turn

    def _turn(self) -> int:
        """Return which lock is the one to hold: the last that exists without a gap."""
        turn = 0
        while turn + 1 < _MOST_LOCKS and _exists(self._locks[turn + 1]):
            turn += 1
        return turn


@attrs.frozen
class _Busy:
    """How long a lock was seen to be held by others, at each look."""

    turn: int = -1
    since: int = 0
    until: int = 0

    @property
    def is_stuck(self) -> bool:
        return self.until - self.since >= _STUCK_AFTER

    def still(self, turn: int, now: int) -> _Busy:
        if turn != self.turn or now - self.until > _STILL_WAITING:
            return _Busy(turn, now, now)
        return attrs.evolve(self, until=now)


def _exists(path: Path) -> bool:
    return path.exists(follow_symlinks=False)


def _recent(sent: Sequence[Sent], now: int, keep: int) -> list[Sent]:
    """Return what still counts; what lies in the future never was."""
    return [one for one in sent if now - keep <= one.at <= now]
