"""The tear sheet: of the whole portfolio, in one file, without a network."""

from __future__ import annotations

import re
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

from adapters.nautilus.engine import NautilusBacktestEngine
from domain.backtesting import BacktestResult, Settings
from domain.errors import ReportError
from tests.integration.nautilus.building import (
    DAY,
    ONE_DAY,
    OPEN,
    bars,
    chunk,
    equity,
    pair,
    plan,
)

AAPL = equity("AAPL.NASDAQ")
KO = equity("KO.NYSE")
HELD = chunk(
    (AAPL, bars([10_000, 11_000, 12_000, 11_500], step=DAY)),
    (KO, bars([5_000, 4_900, 4_800, 4_900], step=DAY)),
    bar_type=ONE_DAY,
)


class Loaded(HTMLParser):
    """Collects what a page makes a browser load."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        wanted = {"script": "src", "link": "href", "img": "src", "iframe": "src"}.get(tag)
        self.sources += [value for name, value in attrs if name == wanted and value]


def report(path: Path, strategy: str = "buy-and-hold", **params: str) -> BacktestResult:
    wanted = plan(AAPL, KO, strategy=strategy, params=params, bar_type=ONE_DAY, report=path)
    return NautilusBacktestEngine().run(wanted, [HELD])


def test_it_is_one_file_that_loads_nothing(tmp_path: Path) -> None:
    report(tmp_path / "sheet.html", trade_size="10")
    page = (tmp_path / "sheet.html").read_text(encoding="utf-8")
    loaded = Loaded()
    loaded.feed(page)
    assert loaded.sources == []
    assert "plotly.js v" in page
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.html"]


def test_it_is_of_all_venues(tmp_path: Path) -> None:
    """Both accounts, the sum of their profits, and the returns of their sum."""
    result = report(tmp_path / "sheet.html", trade_size="10")
    page = (tmp_path / "sheet.html").read_text(encoding="utf-8")
    assert "NASDAQ at the end" in page
    assert "50,150.00 USD" in page
    assert "NYSE at the end" in page
    assert "49,990.00 USD" in page
    assert figure(page, "PnL (total)") == pytest.approx(140)
    assert figure(page, "Sharpe Ratio (252 days)") == pytest.approx(result.sharpe, abs=1e-3)


def figure(page: str, name: str) -> float:
    """Return the figure that the page's table of statistics gives under `name`."""
    for names, values in re.findall(r'"values":\[(\[[^\]]*\]),(\[[^\]]*\])', page):
        words = re.findall(r'"((?:[^"\\]|\\.)*)"', names)
        if name in words:
            found = re.findall(r'"((?:[^"\\]|\\.)*)"', values)[words.index(name)]
            return float(found.replace(",", "").replace("_", ""))
    raise AssertionError(f"the page has no {name}")


def test_a_run_without_orders_has_one(tmp_path: Path) -> None:
    result = report(tmp_path / "sheet.html", "ema-cross")
    assert result.orders == 0
    assert (tmp_path / "sheet.html").stat().st_size > 1_000_000


def test_a_run_without_bars_has_one(tmp_path: Path) -> None:
    wanted = plan(AAPL, report=tmp_path / "sheet.html")
    NautilusBacktestEngine().run(wanted, [])
    assert (tmp_path / "sheet.html").stat().st_size > 1_000_000


def test_a_run_with_closed_trades_has_one(tmp_path: Path) -> None:
    """Of two currencies, with round trips on both, which the statistics are taken from."""
    sap, euro = equity("SAP.IBIS", "EUR"), pair()
    held = chunk(
        (euro, bars([125_000] * 300, price_precision=5)),
        (sap, bars([10_000 + 50 * abs(i % 40 - 20) for i in range(300)])),
        (AAPL, bars([10_000 + 50 * abs(i % 60 - 30) for i in range(300)])),
    )
    path = tmp_path / "sheet.html"
    wanted = plan(
        sap,
        AAPL,
        strategy="ema-cross",
        params={"trade_size": "10"},
        settings=Settings(base_currency="USD"),
        rates=[euro],
        report=path,
    )
    result = NautilusBacktestEngine().run(wanted, [held])
    assert result.positions > 20
    page = path.read_text(encoding="utf-8")
    assert figure(page, "PnL (total)") == pytest.approx(float(result.pnl))
    assert 0 < figure(page, "Win Rate") <= 1


def test_its_bars_are_those_that_are_traded(tmp_path: Path) -> None:
    """Rates begin four days before the first of two traded bars and end two days after."""
    sap, euro = equity("SAP.IBIS", "EUR"), pair()
    held = chunk(
        (euro, bars([125_000] * 8, start=OPEN - 4 * DAY, step=DAY, price_precision=5)),
        (sap, bars([10_000, 10_100], step=DAY)),
        bar_type=ONE_DAY,
    )
    path = tmp_path / "sheet.html"
    settings = Settings(base_currency="USD")
    wanted = plan(sap, settings=settings, rates=[euro], bar_type=ONE_DAY, report=path)
    NautilusBacktestEngine().run(wanted, [held])
    page = path.read_text(encoding="utf-8")
    assert figure(page, "Bars") == 2
    assert "2024-01-03 14:30:00 UTC" in page
    assert "2024-01-04 14:30:00 UTC" in page
    assert "2023-12-30" not in page
    assert "2024-01-06" not in page


def test_an_account_that_was_at_nothing_has_one(tmp_path: Path) -> None:
    """1,000 fall to 0 with the share, and rise again."""
    path = tmp_path / "sheet.html"
    settings = Settings(capital=Decimal(1_000))
    held = chunk((AAPL, bars([10_000, 0, 5_000], step=DAY)), bar_type=ONE_DAY)
    params = {"trade_size": "10"}
    wanted = plan(AAPL, params=params, settings=settings, bar_type=ONE_DAY, report=path)
    assert NautilusBacktestEngine().run(wanted, [held]).pnl == -500
    assert path.stat().st_size > 1_000_000


def test_a_sum_beyond_nautilus_is_an_error(tmp_path: Path) -> None:
    """Each of two accounts holds what Nautilus can, but not both together."""
    path = tmp_path / "sheet.html"
    settings = Settings(capital=Decimal(17 * 10**12))
    closes = bars([10_000, 10**12], step=DAY)
    held = chunk((AAPL, closes), (KO, closes), bar_type=ONE_DAY)
    params = {"trade_size": "800"}
    wanted = plan(AAPL, KO, params=params, settings=settings, bar_type=ONE_DAY, report=path)
    with pytest.raises(ReportError) as failed:
        NautilusBacktestEngine().run(wanted, [held])
    assert "without --report" in failed.value.recovery
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_report_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "sheet.html"
    path.write_text("old")
    report(path, trade_size="10")
    assert path.stat().st_size > 1_000_000


def test_a_report_that_cannot_be_written_after_all_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The directory is gone by the end of the run."""
    folder = tmp_path / "reports"
    folder.mkdir()

    def chunks() -> object:
        folder.rmdir()
        yield HELD

    wanted = plan(AAPL, KO, bar_type=ONE_DAY, report=folder / "sheet.html")
    with pytest.raises(ReportError) as failed:
        NautilusBacktestEngine().run(wanted, chunks())
    assert "--report" in failed.value.recovery
