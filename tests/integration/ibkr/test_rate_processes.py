"""All processes of a machine share one rate, and none can take it away from the others."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from adapters.ibkr import limits
from adapters.ibkr.gateway_folder import GatewayFolder
from adapters.ibkr.machine import machine_clock
from adapters.ibkr.rate import MessageRate
from adapters.ibkr.shared_state import SharedState
from tests.integration.ibkr.arrivals import SECOND, listening, most_within
from tests.integration.ibkr.gateway_user import KEEP_SECONDS, TASKS, tell
from tests.integration.ibkr.gateway_users import User, run_together, said, user

A_WHILE = 60


def _folder(base: Path) -> GatewayFolder:
    return GatewayFolder(base, "127.0.0.1", 1, tell)


def _passed(base: Path, count: int) -> list[int]:
    async def pass_all() -> list[int]:
        rate, at = MessageRate(_folder(base)), []
        async with asyncio.timeout(A_WHILE):
            for _ in range(count):
                await rate.wait()
                at.append(machine_clock())
        return at

    return asyncio.run(pass_all())


def test_four_processes_with_many_tasks_keep_the_limit_whatever_the_wall_clock_does(
    tmp_path: Path,
) -> None:
    with listening() as listener:
        run_together(tmp_path, listener.port, 1, "message", "message", "jumping", "jumping")
        assert listener.count_once("49", 4 * TASKS) == 4 * TASKS
    assert most_within(listener.at) <= limits.ALLOWED_MESSAGES_PER_SECOND


def test_the_library_own_client_keeps_the_limit_in_four_processes(tmp_path: Path) -> None:
    with listening() as listener:
        run_together(tmp_path, listener.port, 1, *["client"] * 4)
        counts = [("API", 4), ("71", 4), ("61", 4), ("49", 4 * TASKS)]
        assert [(kind, listener.count_once(kind, count)) for kind, count in counts] == counts
    assert most_within(listener.at) <= limits.ALLOWED_MESSAGES_PER_SECOND


def test_a_holder_that_is_killed_holds_up_nobody(tmp_path: Path) -> None:
    with user("hang", tmp_path) as holder:
        assert said(holder) == "holding"
        state = SharedState(_folder(tmp_path), "messages", KEEP_SECONDS)
        assert state.take(lambda known: 0) is None
        holder.kill()
        holder.wait()
        assert state.take(lambda known: 0) == 0


def _wait_until_stopped(process: User) -> None:
    ended = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    assert ended is not None
    assert ended.si_code == os.CLD_STOPPED, process.communicate()[1]


def test_a_holder_that_is_stopped_holds_others_up_for_a_second_once(tmp_path: Path) -> None:
    with user("stop", tmp_path) as holder:
        _wait_until_stopped(holder)
        start = machine_clock()
        at = _passed(tmp_path, limits.MESSAGES_PER_SECOND)
        # Not a second for each of them, nor for another process, which knows what was sent.
        assert at[0] - start >= SECOND
        assert at[-1] - at[0] < 10 * SECOND
        assert _passed(tmp_path, 1)[0] - at[0] > SECOND * 99 // 100


def test_a_holder_that_goes_on_after_being_stopped_takes_nothing_back(tmp_path: Path) -> None:
    with user("stop", tmp_path) as holder:
        _wait_until_stopped(holder)
        at = _passed(tmp_path, limits.MESSAGES_PER_SECOND)
        holder.send_signal(signal.SIGCONT)
        assert said(holder) == "None"
        assert holder.wait(A_WHILE) == 0
        assert _passed(tmp_path, 1)[0] - at[0] > SECOND * 99 // 100


def test_two_that_are_stopped_one_after_the_other_cost_a_second_each(tmp_path: Path) -> None:
    with user("stop", tmp_path) as first:
        _wait_until_stopped(first)
        _passed(tmp_path, 1)
        with user("stop", tmp_path) as second:
            _wait_until_stopped(second)
            start = machine_clock()
            assert SECOND <= _passed(tmp_path, 1)[0] - start < 10 * SECOND
