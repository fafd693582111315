"""Names of files and folders that stand for instruments, on any file system and in any shell."""

from __future__ import annotations

from urllib.parse import quote, unquote

from domain.instrument import InstrumentId


def safe_name(instrument_id: InstrumentId) -> str:
    """Return a name such as `AAPL.NASDAQ` or `EUR%2FUSD.IDEALPRO`, from which it can be read back.

    Characters that mean something to a file system or a shell are percent-encoded.
    """
    return quote(str(instrument_id), safe="^=+")


def named_instrument(name: str) -> InstrumentId:
    """Return the instrument that `name` stands for: the reverse of `safe_name`.

    Raises:
        InvalidInstrumentIdError: it stands for none.
    """
    return InstrumentId.parse(unquote(name))
