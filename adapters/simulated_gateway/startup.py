"""What clients ask of the account when they connect, and the empty answers to it."""

from __future__ import annotations

from adapters.simulated_gateway.frames import Fields, Message
from adapters.simulated_gateway.handshake import ACCOUNT, FIRST_ORDER

# Orders, log levels, kinds of market data, and what is cancelled, is taken note of.
_UNANSWERED = {14, 15, 59, 63, 64, 77}
# Messages, and what ends the empty answer to them.
_ENDS: dict[int, Message] = {
    5: (53, 1),
    8: (9, 1, FIRST_ORDER),
    16: (53, 1),
    17: (15, 1, ACCOUNT),
    61: (62, 1),
    99: (102,),
}
# The same where it repeats one of the message's fields, at this place.
_ENDS_OF = {6: (54, 3), 7: (55, 2), 62: (64, 2), 76: (74, 2)}


def startup_answer(fields: Fields) -> list[Message] | None:
    """Return the answer to a message about the account; None where it is about something else.

    Raises:
        IndexError: the message lacks fields.
    """
    message = int(fields[0])
    if message in _UNANSWERED:
        return []
    if message in _ENDS:
        return [_ENDS[message]]
    if message in _ENDS_OF:
        end, place = _ENDS_OF[message]
        return [(end, 1, fields[place])]
    return None
