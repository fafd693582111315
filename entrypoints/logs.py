"""What happens, as structured log lines: to a file where one is named, to stderr if asked."""

from __future__ import annotations

import atexit
import sys
from pathlib import Path
from typing import Any, TextIO

from domain.errors import UsageError

_state: dict[str, Any] = {"enabled": False}


def configure(log_file: Path | None, *, verbose: bool) -> None:
    """Send log lines to `log_file` (JSON, appended) or, with `verbose`, to stderr.

    Raises:
        UsageError: the file cannot be written.
    """
    _state["enabled"] = False
    if log_file is None and not verbose:
        return
    import structlog

    render: Any = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    stream: TextIO = sys.stderr
    if log_file is not None:
        stream, render = _open(log_file), structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
    _state.update(enabled=True, tracebacks=log_file is not None)


def _open(log_file: Path) -> TextIO:
    try:
        stream = log_file.open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise UsageError(
            f"The log file {log_file} cannot be written ({error.strerror}).",
            "Name another one with --log-file.",
        ) from error
    atexit.register(stream.close)
    return stream


def bind_correlation(correlation_id: str) -> None:
    """Put the ledger's correlation id on every line of this run."""
    if _state["enabled"]:
        import structlog

        structlog.contextvars.bind_contextvars(correlation_id=correlation_id)


def log(event: str, *, error: BaseException | None = None, **fields: Any) -> None:
    """Write one line; a file also gets the traceback of `error`, which a screen is spared."""
    if _state["enabled"]:
        import structlog

        logger = structlog.get_logger()
        if error is None:
            logger.info(event, **fields)
        else:
            cause = {"exc_info": error} if _state["tracebacks"] else {"error": str(error)}
            logger.error(event, **cause, **fields)
