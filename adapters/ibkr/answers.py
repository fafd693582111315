"""What a gateway's error means: no data, ask again later, or stop. Nothing else decides that.

The codes and texts are those of IBKR's documentation and of users' reports; an error that is
not known here stops the request, so that it can never be taken for a market without bars.
"""

from __future__ import annotations

import enum

import attrs

from domain.errors import (
    BarledgerError,
    ContractNotFoundError,
    SourceRefusedError,
)
from domain.fetching import WaitCause


class Meaning(enum.Enum):
    """What is to be done about an error."""

    NO_DATA = "no data"
    """There are no bars in the range; it is the answer."""
    RATE_LIMIT = "rate limit"
    """Asked too often: wait long, then go on."""
    LOST = "lost"
    """A connection broke: ask again after a while."""
    CANCELLED = "cancelled"
    """The request is gone though nobody cancelled it: ask again."""
    UNKNOWN_CONTRACT = "unknown contract"
    """No such contract; said by mistake while the servers are restarted, so it is asked twice."""
    REFUSED = "refused"
    """It stays so: stop, and say what to do."""
    NEWS = "news"
    """Nothing that concerns a request."""


_BY_CODE = {
    100: Meaning.RATE_LIMIT,
    420: Meaning.RATE_LIMIT,
    366: Meaning.CANCELLED,
    200: Meaning.UNKNOWN_CONTRACT,
    # Connections of the gateway to its servers, and to those of market data and of history.
    1100: Meaning.LOST,
    1101: Meaning.LOST,
    2103: Meaning.LOST,
    2105: Meaning.LOST,
    2110: Meaning.LOST,
    1102: Meaning.NEWS,
}
_NEWS = range(2100, 2200)
# The code of errors in history, and of requests that cannot be processed: the text tells which.
_TOLD_BY_TEXT = (162, 322)
_BY_TEXT = (
    ("returned no data", Meaning.NO_DATA),
    ("no head time stamp", Meaning.NO_DATA),
    ("pacing violation", Meaning.RATE_LIMIT),
    ("query cancelled", Meaning.CANCELLED),
    ("only 50 simultaneous", Meaning.RATE_LIMIT),
)
CONNECTION_LOST = frozenset({1100, 2110})
"""Notices after which nothing is answered, until one of `CONNECTION_BACK` comes."""
CONNECTION_BACK = frozenset({1101, 1102})
HISTORY_FARM_LOST, HISTORY_FARM_BACK = 2105, 2106
"""Notices of the servers that history comes from; their texts end with the server's name."""
CLIENT_ID_TAKEN = 326
_SUBSCRIPTION = (354, 10089, 10090, 10168, 10186, 10187)
_NO_PERMISSION = ("no market data permissions", "not subscribed")


@attrs.frozen
class GatewayMessage:
    """An error or a notice of the gateway. `request` is -1 where it concerns none."""

    request: int
    code: int
    text: str

    @property
    def meaning(self) -> Meaning:
        """What is to be done about it."""
        if self.code in _TOLD_BY_TEXT:
            text = self.text.lower()
            known = (meaning for part, meaning in _BY_TEXT if part in text)
            return next(known, Meaning.REFUSED)
        if self.code in _BY_CODE:
            return _BY_CODE[self.code]
        return Meaning.NEWS if self.code in _NEWS else Meaning.REFUSED

    @property
    def concerns_all(self) -> bool:
        """Whether it fails every open request, whichever it names."""
        return self.request < 0 and self.meaning in (Meaning.LOST, Meaning.RATE_LIMIT)

    def __str__(self) -> str:
        return f"{self.text.strip()} (IBKR error {self.code})"


WAIT_CAUSES = {
    Meaning.RATE_LIMIT: WaitCause.RATE_LIMIT,
    Meaning.LOST: WaitCause.LOST,
    Meaning.CANCELLED: WaitCause.CANCELLED,
    Meaning.UNKNOWN_CONTRACT: WaitCause.NOT_KNOWN,
}
"""Why a request is repeated after an error with one of these meanings."""


def refusal(message: GatewayMessage, name: str) -> BarledgerError:
    """Return what the user is told of an error that stays, about the instrument `name`."""
    text = message.text.lower()
    if message.meaning is Meaning.UNKNOWN_CONTRACT:
        return ContractNotFoundError(
            f"IBKR knows no {name}: {message}.",
            "Check the symbol and the venue. A security that was delisted, and a future that "
            "expired more than two years ago, have no history at IBKR: import them from CSV.",
        )
    if message.code in _SUBSCRIPTION or any(part in text for part in _NO_PERMISSION):
        return SourceRefusedError(
            f"IBKR gives no bars of {name}: {message}.",
            "Subscribe to the exchange's market data in IBKR's Client Portal (Settings, Market "
            "Data Subscriptions), or import the bars from CSV.",
        )
    return SourceRefusedError(
        f"IBKR refuses the request for {name}: {message}.",
        "Run it again with --log-file FILE, which then holds the request; IBKR's list of error "
        "codes says more.",
    )
