"""Messages of one process pass at a bounded rate, in order, whatever lies in the folder."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.ibkr import limits, state_file
from adapters.ibkr.gateway_folder import GatewayFolder, folder_name
from adapters.ibkr.machine import boot_identity, machine_clock
from adapters.ibkr.rate import CANCELS, ORDINARY, MessageRate, _by
from adapters.ibkr.shared_state import SharedState
from adapters.ibkr.sliding import AtMost
from adapters.ibkr.state_file import Sent
from tests.integration.ibkr.arrivals import SECOND, most_within
from tests.integration.ibkr.gateway_user import tell

A_WHILE = 60


def _folder(base: Path, tell: Callable[[str], None] = tell) -> GatewayFolder:
    return GatewayFolder(base, "localhost", 4002, tell)


def _passed(rate: MessageRate, count: int) -> list[int]:
    """Let messages pass one after the other; return when they did, in nanoseconds."""

    async def pass_all() -> list[int]:
        at = []
        async with asyncio.timeout(A_WHILE):
            for _ in range(count):
                await rate.wait()
                at.append(machine_clock())
        return at

    return asyncio.run(pass_all())


def _passes_now(rate: MessageRate, allowed: tuple[AtMost, ...] = ORDINARY) -> bool:
    """Return whether a message may be sent at this moment; then it counts as sent."""
    return rate._state.take(_by(allowed)) == 0


def _state(base: Path) -> Path:
    return _folder(base).path / "messages.state"


def test_no_more_pass_within_a_second_than_may_and_the_first_do_at_once(tmp_path: Path) -> None:
    at = _passed(MessageRate(_folder(tmp_path)), 2 * limits.MESSAGES_PER_SECOND)
    assert most_within(at, SECOND * 99 // 100) <= limits.MESSAGES_PER_SECOND
    assert at[limits.MESSAGES_PER_SECOND - 1] - at[0] < SECOND
    assert at[limits.MESSAGES_PER_SECOND] - at[0] > SECOND * 99 // 100


def test_who_asked_first_passes_first(tmp_path: Path) -> None:
    async def pass_all() -> list[int]:
        rate, order = MessageRate(_folder(tmp_path)), list[int]()

        async def one(number: int) -> None:
            await rate.wait()
            order.append(number)

        await asyncio.gather(*map(one, range(60)))
        return order

    assert asyncio.run(pass_all()) == list(range(60))


def test_who_gives_up_waiting_holds_up_nobody(tmp_path: Path) -> None:
    async def pass_some() -> None:
        rate = MessageRate(_folder(tmp_path))
        for _ in range(limits.MESSAGES_PER_SECOND):
            await rate.wait()
        first, second = asyncio.create_task(rate.wait()), asyncio.create_task(rate.wait())
        await asyncio.sleep(0.01)
        first.cancel()
        async with asyncio.timeout(A_WHILE):
            await second
        assert first.cancelled()

    asyncio.run(pass_some())


def test_cancels_pass_when_nothing_else_does_but_not_without_end(tmp_path: Path) -> None:
    async def pass_some() -> None:
        rate = MessageRate(_folder(tmp_path))
        for _ in range(limits.MESSAGES_PER_SECOND):
            await rate.wait()
        waiting = asyncio.create_task(rate.wait())
        await asyncio.sleep(0.01)
        for _ in range(limits.MESSAGES_KEPT_FOR_CANCELS):
            await rate.wait(cancels=True)
        assert not waiting.done()
        waiting.cancel()

    asyncio.run(pass_some())
    assert not _passes_now(MessageRate(_folder(tmp_path)), CANCELS)


def test_what_one_let_pass_counts_for_another_of_the_same_gateway(tmp_path: Path) -> None:
    _passed(MessageRate(_folder(tmp_path)), limits.MESSAGES_PER_SECOND)
    again = SharedState(GatewayFolder(tmp_path, "::1", 4002), "messages", 1.5)
    seen: list[int] = []
    again.take(lambda known: seen.append(len(known.sent)) or 1)  # type: ignore[func-returns-value]
    assert seen == [limits.MESSAGES_PER_SECOND]


@pytest.mark.parametrize(
    "name", ["localhost", "127.0.0.1", "::1", "[::1]", "LOCALHOST.", "127.1.2.3"]
)
def test_this_machine_is_one_gateway_by_all_its_names(name: str) -> None:
    assert folder_name(name, 4002) == folder_name("localhost", 4002)


def test_hosts_and_ports_have_folders_of_their_own_with_plain_names() -> None:
    hosts = [
        "localhost",
        "a",
        "../../etc",
        "a/b",
        "a:b",
        "x" * 500,
        "nul\0",
        "\udc80",
        "ü",
        "10.0.0.7",
    ]
    names = [folder_name(host, port) for host in hosts for port in (4001, 4002)]
    assert len(set(names)) == len(names)
    assert all(len(name) < 80 and name.replace("-", "").isalnum() for name in names)
    assert all(name.isascii() for name in names)


# -- what can lie where the state is kept ----------------------------------------------------


def _random_bytes(path: Path) -> None:
    path.write_bytes(random.Random(5).randbytes(3_000))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-70])


def _one_bit_off(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[60] ^= 1
    path.write_bytes(content)


def _too_short(path: Path) -> None:
    path.write_bytes(b"b")


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def _huge_count(path: Path) -> None:
    path.write_bytes(state_file._HEAD.pack(state_file._MAGIC, boot_identity(), 2**32 - 1))


@pytest.mark.parametrize(
    "spoil", [_random_bytes, _cut, _one_bit_off, _too_short, _huge, _huge_count]
)
def test_nonsense_counts_as_all_that_may_be_sent_and_so_ends_by_itself(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    _passed(MessageRate(_folder(tmp_path)), limits.MESSAGES_PER_SECOND)
    spoil(_state(tmp_path))
    start = machine_clock()
    at = _passed(MessageRate(_folder(tmp_path)), limits.MESSAGES_PER_SECOND)
    assert at[0] - start >= SECOND
    assert most_within(at, SECOND * 99 // 100) <= limits.MESSAGES_PER_SECOND


@pytest.mark.parametrize("spoil", [_random_bytes, _huge, lambda path: path.unlink()])
def test_a_process_remembers_what_it_sent_itself(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    rate = MessageRate(_folder(tmp_path))
    at = _passed(rate, limits.MESSAGES_PER_SECOND)
    spoil(_state(tmp_path))
    at += _passed(rate, 1)
    assert at[-1] - at[0] > SECOND * 99 // 100


def _write(path: Path, boot: bytes, *at: int) -> None:
    path.parent.mkdir(parents=True)
    with state_file.opened(path) as file:
        state_file.write(file, boot, [Sent(one) for one in at])


@pytest.mark.parametrize("hours", [1, 24 * 365 * 100])
def test_what_lies_in_the_future_never_was(tmp_path: Path, hours: int) -> None:
    later = machine_clock() + hours * 3600 * SECOND
    _write(_state(tmp_path), boot_identity(), *[later] * 100)
    assert _passes_now(MessageRate(_folder(tmp_path)))


def test_what_was_sent_before_the_machine_was_started_again_does_not_count(tmp_path: Path) -> None:
    _write(_state(tmp_path), b"another start   ", *[machine_clock()] * 100)
    assert _passes_now(MessageRate(_folder(tmp_path)))


def _file_for_base(base: Path) -> None:
    shutil.rmtree(base)
    base.touch()


def _file_for_folder(base: Path) -> None:
    _folder(base).path.touch()


def _folder_for_state(base: Path) -> None:
    _state(base).mkdir(parents=True)


def _folder_for_lock(base: Path) -> None:
    _state(base).with_name("messages.0.lock").mkdir(parents=True)


def _loop_for_state(base: Path) -> None:
    _state(base).parent.mkdir()
    _state(base).symlink_to(_state(base))


def _loop_for_lock(base: Path) -> None:
    lock = _state(base).with_name("messages.0.lock")
    lock.parent.mkdir()
    lock.symlink_to(lock)


def _pipe_for_state(base: Path) -> None:
    _state(base).parent.mkdir()
    os.mkfifo(_state(base))


def _link_to_another_file(base: Path) -> None:
    (base / "precious").write_text("precious")
    _state(base).parent.mkdir()
    _state(base).symlink_to(base / "precious")


@pytest.mark.parametrize(
    "spoil",
    [
        _file_for_base,
        _file_for_folder,
        _folder_for_state,
        _folder_for_lock,
        _loop_for_state,
        _loop_for_lock,
        _pipe_for_state,
        _link_to_another_file,
    ],
)
def test_where_no_state_can_be_kept_a_process_goes_by_itself_and_says_so_once(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(tmp_path)
    told: list[str] = []
    at = _passed(MessageRate(_folder(tmp_path, told.append)), limits.MESSAGES_PER_SECOND_ALONE + 1)
    assert len(told) == 1
    assert str(_folder(tmp_path).path) in told[0]
    assert at[-1] - at[0] > SECOND * 99 // 100
    assert at[-2] - at[0] < SECOND
    if spoil is _link_to_another_file:
        assert (tmp_path / "precious").read_text() == "precious"


def test_a_full_disk_stops_nobody_for_good(tmp_path: Path) -> None:
    told: list[str] = []
    rate = MessageRate(_folder(tmp_path, told.append))
    _passed(rate, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        at = _passed(rate, 2 * limits.MESSAGES_PER_SECOND_ALONE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert at[-1] - at[0] < 5 * SECOND
    assert len(told) == 1


def test_the_folder_may_be_deleted_at_any_time(tmp_path: Path) -> None:
    rate = MessageRate(_folder(tmp_path))
    at = _passed(rate, limits.MESSAGES_PER_SECOND)
    shutil.rmtree(_folder(tmp_path).path)
    at += _passed(rate, 1)
    assert at[-1] - at[0] > SECOND * 99 // 100
    assert _state(tmp_path).exists()
