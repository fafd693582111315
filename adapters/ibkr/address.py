"""Where a gateway is."""

from __future__ import annotations

import attrs


@attrs.frozen
class Address:
    """Where a gateway is, and under which client ID; None leaves the choice to barledger."""

    host: str
    port: int
    client_id: int | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"
