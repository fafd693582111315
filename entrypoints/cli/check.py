"""`barledger check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from entrypoints.cli import options
from entrypoints.cli.options import Invocation
from entrypoints.cli.wording import safe

if TYPE_CHECKING:
    from application.check_availability import CheckReport
    from application.series_check import SeriesCheck
    from domain.as_of import AsOf
    from domain.bar_type import BarType
    from entrypoints.cli.screen import Screen
    from entrypoints.cli.strips import Span
    from entrypoints.container import Container

_GAPS_FOUND = 3


@click.command("check")
@options.instrument(multiple=True, required=False)
@options.bar_type(None, "All that is held, if not named.")
@options.trading_window
@click.option("--outside-rth", is_flag=True, help="Judge extended hours where a venue has them.")
@options.as_of
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw a calendar of every series into FILE, a page for any browser.",
)
@options.common
def command(
    invocation: Invocation,
    instruments: tuple[str, ...],
    bar_type: BarType | None,
    start: str | None,
    end: str | None,
    outside_rth: bool,  # noqa: FBT001 - click hands it over so
    as_of: AsOf | None,
    html: Path | None,
) -> int:
    """Show what is available and what is missing. No bar is loaded and nothing is fetched.

    Every session of the venue's calendar is complete (✓), partial (◐), missing (✗), before the
    history of its source (-), or corrupt (!): a file of it is damaged, gone, or not as long as it
    was. The strip below shows the same with a mark for each session, or for as many as it takes.
    Minutes without a trade are no gap, up to half an hour; between bars of 5 minutes and longer,
    amid a session, up to 10 bars in all and two hours at most. Without --start and --end all that
    is held is checked; with a range, the exit code is 3 where anything of it is missing.

    --html draws every session by its status into one file that needs no network: what is
    pointed at says its bars, their source, what it lacks and the last event that touched it.

    \b
    Examples:
      barledger check
      barledger check -i AAPL.NASDAQ -i MSFT.NASDAQ --start 2024-01-01 --end 2024-03-31
      barledger check -i AAPL.NASDAQ --as-of 2024-02-01T12:00:00Z
      barledger check --html availability.html

    JSON: series, each with instrument_id, bar_type, start, end, trading_days, bars (not
    bars_exact where a file reaches out of the range), sessions (counted by status), gaps (start,
    end, status; holes of partial ones in UTC), checked (the dates judged, or null), calendar,
    hours (regular or extended) and damaged (path and problem of files); as_of (event and time, or
    null); html (the page's path, or null); warnings.
    """
    from application.check_availability import CheckRequest
    from domain.sessions import Hours
    from entrypoints.cli.check_documents import damage_text

    window = options.parse_window(start, end)
    hours = Hours.EXTENDED if outside_rth else Hours.REGULAR
    request = CheckRequest(instruments, bar_type, window, as_of, hours)
    target = _destination(html, invocation.catalog) if html else None
    container, screen = invocation.wire(), invocation.screen
    report = container.check_availability().run(request)
    for one in report.series:
        # Nothing was judged, which must not be taken for nothing missing.
        if one.checked is None or (one.not_over and not one.sessions):
            when = "was over then" if report.past else "is over yet"
            screen.warn(f"{one.name}: no session of this range {when}, so none was judged.")
        if one.damaged:
            screen.warn(damage_text(one))
    if target:
        _draw(target, report, invocation, container)
    if screen.as_json:
        document = {**_document(report), "html": safe(str(html)) if html else None}
        screen.show_json({**document, "warnings": screen.warnings})
    else:
        _show(screen, report)
    if html:
        screen.tell(f"The picture is in {safe(str(html))}")
    return _GAPS_FOUND if report.has_gaps and not window.is_open else 0


def _show(screen: Screen, report: CheckReport) -> None:
    from entrypoints.cli.stretch_texts import available, line, partial_sessions
    from entrypoints.cli.strips import legend, strip

    if report.past:
        screen.show_text(str(report.past))
    for number, one in enumerate(report.series):
        if number:
            screen.show_text("")
        screen.show_text(line(one))
        _show_spans(screen, strip(one, screen.width))
        screen.show_text(available(one))
        for text in partial_sessions(one):
            screen.show_text(f"  {text}")
    _show_spans(screen, legend(report.series, screen.width))
    if any(one.can_be_filled for one in report.series) and not report.past:
        screen.show_text("Run backtest to auto-fetch missing data, or use: import-csv command")
    _notices(screen, report)


def _show_spans(screen: Screen, spans: list[Span]) -> None:
    if spans:
        screen.show_spans(spans)


def _destination(html: Path, catalog: Path) -> Path:
    from entrypoints.html.destination import destination

    return destination(html, catalog)


def _draw(target: Path, report: CheckReport, invocation: Invocation, container: Container) -> None:
    """Write the picture, before anything is shown: an error must not come after the result."""
    from entrypoints.html.destination import write_whole
    from entrypoints.html.picture import pieces

    details, made = container.session_details().of, container.clock().now()
    with invocation.screen.track("Drawing", len(report.series)) as task:
        write_whole(target, pieces(report, invocation.catalog, made, details, task))


def _notices(screen: Screen, report: CheckReport) -> None:
    """Say by which calendars the sessions were judged, and which were not."""
    for calendar in dict.fromkeys(one.judged_by for one in report.series):
        screen.tell(f"Sessions are those of the calendar {calendar}.")
    for one in report.series:
        if one.not_over and one.sessions:
            screen.tell(_not_over(one, report))


def _not_over(one: SeriesCheck, report: CheckReport) -> str:
    verbs = ("was", "were") if report.past else ("is", "are")
    noun = f"session {verbs[0]}" if one.not_over == 1 else f"sessions {verbs[1]}"
    when = "then" if report.past else "yet"
    return f"{one.name}: {one.not_over} {noun} not over {when}, and not judged."


def _document(report: CheckReport) -> dict[str, Any]:
    from entrypoints.cli.check_documents import series_document

    past = report.past
    return {
        "series": [series_document(one) for one in report.series],
        "as_of": {"event": past.seq, "time": past.time_text} if past else None,
    }
