"""What a request for history asks for."""

from __future__ import annotations

import attrs

from adapters.simulated_gateway.contracts import CONTRACT_FIELDS, ContractQuery
from adapters.simulated_gateway.frames import Fields


@attrs.frozen
class HistoryRequest:
    """Message 20, as text where the gateway has to judge it.

    `at` is when it arrived, in seconds of the gateway's clock.
    """

    at: float
    connection: int
    request_id: str
    contract: ContractQuery
    end: str
    bar_size: str
    duration: str
    use_rth: bool
    what_to_show: str
    format_date: str
    keep_up_to_date: bool

    @classmethod
    def parse(cls, fields: Fields, at: float = 0.0, connection: int = 0) -> HistoryRequest:
        """Return the request of a message's fields, the first of which is 20.

        Raises:
            ValueError: fields are missing or too many, or the contract's number is none.
        """
        contract_end = 2 + CONTRACT_FIELDS + 1
        _, request_id, *_ = fields
        end, bar_size, duration, rth, shows, format_date, keep, _options = fields[contract_end:]
        contract = ContractQuery.parse(fields[2:contract_end])
        what = (end, bar_size, duration, rth == "1", shows, format_date, keep == "1")
        return cls(at, connection, request_id, contract, *what)

    @property
    def con_id(self) -> int:
        """The contract's ID, 0 where the request does not name it."""
        return self.contract.con_id

    @property
    def symbol(self) -> str:
        """The contract's symbol, empty where the request does not name it."""
        return self.contract.symbol

    @property
    def what(self) -> tuple[object, ...]:
        """What is asked, whoever asks it."""
        return attrs.astuple(attrs.evolve(self, at=0.0, connection=0, request_id=""))
