"""Makes the page of a check, piece by piece: only one series is in memory at a time."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from entrypoints.html.series_data import KINDS, SCOPES, DayLists, script_json, series_data
from entrypoints.html.views import LABELS, PageView, SeriesView, counts_of

if TYPE_CHECKING:
    from application.check_availability import CheckReport
    from application.series_check import SeriesCheck
    from application.session_details import SessionDetail
    from domain.ports import ProgressTask

Details = Callable[["SeriesCheck", int], list["SessionDetail"]]

# In the order in which the browser runs them; each knows those before it.
SCRIPTS = ("sessions.js", "calendar.js", "card.js", "keys.js", "page.js")
STYLE = "page.css"


def pieces(
    report: CheckReport, catalog: Path, made: int, details: Details, task: ProgressTask
) -> Iterator[str]:
    """Yield the page's text. `details` looks up the sessions of a series up to an event.

    `made` is the time in UTC nanoseconds, `catalog` the folder that the user knows.
    """
    page = PageView(report, catalog, made, counts_of(report.series))
    days = DayLists()

    def series() -> Iterator[SeriesView]:
        for number, one in enumerate(report.series):
            data = script_json(series_data(one, details(one, report.head), days))
            yield SeriesView(number, one, counts_of([one]), not page.is_long, data)
            task.advance(1)

    def shared() -> Markup:
        # Asked for at the page's end, when the dates of all series are known.
        names = {"kinds": KINDS, "labels": LABELS, "scopes": SCOPES}
        return script_json({"days": days.table(), **names})

    template = _environment().get_template("page.html.j2")
    yield from template.generate(
        page=page,
        series=series(),
        shared=shared,
        style=Markup(resource(STYLE)),  # noqa: S704 - ours
        scripts=[Markup(resource(name)) for name in SCRIPTS],  # noqa: S704 - ours
        policy=policy(),
    )


def policy() -> str:
    """Return the page's security policy: its own style and scripts, and nothing from anywhere."""
    scripts = " ".join(_hash(resource(name)) for name in SCRIPTS)
    return (
        f"default-src 'none'; script-src {scripts}; style-src {_hash(resource(STYLE))}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def resource(name: str) -> str:
    """Return the text of a file of the page."""
    return (files("entrypoints.html") / "page" / name).read_text(encoding="utf-8")


def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(resource),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
