"""Which of the gateway's own connections to IBKR are broken, by what it told."""

from __future__ import annotations

from adapters.ibkr.answers import (
    CONNECTION_BACK,
    CONNECTION_LOST,
    HISTORY_FARM_BACK,
    HISTORY_FARM_LOST,
    GatewayMessage,
)


class Links:
    """The gateway's connections to IBKR."""

    def __init__(self) -> None:
        self.is_cut = False
        """Whether the gateway reaches nothing of IBKR."""
        self._lost_farms: set[str] = set()

    @property
    def lost_farm(self) -> str | None:
        """A server of history that is not reached; None while all are."""
        return min(self._lost_farms, default=None)

    def note(self, message: GatewayMessage) -> None:
        """Remember what a message says of them."""
        farm = message.text.rpartition(":")[2].strip()
        if message.code in CONNECTION_LOST:
            self.is_cut = True
        elif message.code in CONNECTION_BACK:
            self.is_cut = False
            self._lost_farms.clear()
        elif message.code == HISTORY_FARM_LOST:
            self._lost_farms.add(farm)
        elif message.code == HISTORY_FARM_BACK:
            self._lost_farms.discard(farm)
