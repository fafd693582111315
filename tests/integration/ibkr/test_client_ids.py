"""No two processes of a machine come to a gateway under one client ID by themselves."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from adapters.ibkr.client_ids import ClientIds
from adapters.ibkr.gateway_folder import GatewayFolder
from adapters.ibkr.limits import FIRST_CLIENT_ID, LAST_CLIENT_ID
from tests.integration.ibkr.gateway_user import tell
from tests.integration.ibkr.gateway_users import said, user

RANGE = range(FIRST_CLIENT_ID, LAST_CLIENT_ID + 1)


def _ids(base: Path) -> ClientIds:
    return ClientIds(GatewayFolder(base, "localhost", 1, tell))


def test_processes_take_the_first_that_is_free(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        others = [stack.enter_context(user("client_id", tmp_path)) for _ in range(3)]
        taken = {int(said(other)) for other in others}
        assert taken == set(RANGE[:3])
        assert _ids(tmp_path).take().number == RANGE[3]


def test_a_process_that_is_killed_gives_its_id_back(tmp_path: Path) -> None:
    with user("client_id", tmp_path) as other:
        assert int(said(other)) == RANGE[0]
        other.kill()
        other.wait()
        assert _ids(tmp_path).take().number == RANGE[0]


def test_an_id_is_free_again_when_it_was_released_and_not_before(tmp_path: Path) -> None:
    ids = _ids(tmp_path)
    with ids.hold() as first:
        with ids.hold() as second:
            assert (first.number, second.number) == (RANGE[0], RANGE[1])
        third = ids.take()
        assert third.number == RANGE[1]
    assert ids.take().number == RANGE[0]
    third.release()
    third.release()


def test_gateways_have_ids_of_their_own(tmp_path: Path) -> None:
    other = ClientIds(GatewayFolder(tmp_path, "localhost", 2, tell))
    with _ids(tmp_path).hold() as here, other.hold() as there:
        assert here.number == there.number == RANGE[0]


def test_one_that_another_program_has_is_left_for_the_next_until_none_is_left(
    tmp_path: Path,
) -> None:
    held = _ids(tmp_path).take()
    assert [held.number, *(held.next() for _ in RANGE[1:])] == list(RANGE)
    assert held.next() not in RANGE
    assert held.number > LAST_CLIENT_ID
    # What it left, others may try: the other program may be gone by then.
    assert _ids(tmp_path).take().number == RANGE[0]


def test_where_all_are_taken_ids_are_random(tmp_path: Path) -> None:
    ids = _ids(tmp_path)
    all_taken = [ids.take() for _ in RANGE]
    more = [ids.take().number for _ in range(100)]
    assert len(set(more)) == 100
    assert all(LAST_CLIENT_ID < number < 2**31 for number in more)
    for held in all_taken:
        held.release()


def test_an_id_that_the_user_named_is_used_as_it_is(tmp_path: Path) -> None:
    ids = _ids(tmp_path)
    with ids.hold(RANGE[0]) as first, ids.hold(RANGE[0]) as second:
        assert first.number == second.number == RANGE[0]
        assert first.is_named
        with pytest.raises(ValueError, match=str(RANGE[0])):
            first.next()
    assert not ids.take().is_named


def test_where_processes_cannot_meet_ids_are_random(tmp_path: Path) -> None:
    told: list[str] = []
    (tmp_path / "file").touch()
    ids = ClientIds(GatewayFolder(tmp_path / "file", "localhost", 1, told.append))
    assert len({ids.take().number for _ in range(100)} - set(RANGE)) == 100
    assert len(told) == 1
