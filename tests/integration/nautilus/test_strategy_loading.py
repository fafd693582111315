"""Strategies are found by name, or named `module:Class`, and told apart from what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.nautilus.engine import NautilusBacktestEngine, _strategies
from domain.errors import BarledgerError, StrategyParameterError, UnknownStrategyError
from tests.integration.nautilus.building import bars, chunk, equity, plan
from tests.integration.nautilus.user_strategies import Typed, WholePortfolio

MINE = "tests.integration.nautilus.user_strategies"
AAPL = equity("AAPL.NASDAQ")
KO = equity("KO.NYSE")


@pytest.fixture
def engine() -> NautilusBacktestEngine:
    return NautilusBacktestEngine()


def refusal(
    engine: NautilusBacktestEngine,
    kind: type[BarledgerError],
    name: str,
    params: dict[str, str] | None = None,
) -> str:
    with pytest.raises(kind) as refused:
        engine.check(plan(AAPL, strategy=name, params=params))
    return f"{refused.value.message} {refused.value.recovery}"


def test_a_file_of_the_current_directory_can_be_named(
    engine: NautilusBacktestEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("strategy_of_mine.py").write_text(
        "from tests.integration.nautilus.user_strategies import Plain\nclass Mine(Plain): pass\n"
    )
    engine.check(plan(AAPL, strategy="strategy_of_mine:Mine"))


def test_what_a_module_prints_does_not_reach_standard_output(
    engine: NautilusBacktestEngine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("talkative.py").write_text("print('hello')\nraise OSError('no luck')\n")
    told = refusal(engine, UnknownStrategyError, "talkative:Mine")
    assert "OSError: no luck (talkative.py, line 2)" in told
    assert capsys.readouterr() == ("", "hello\n")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import no_such_thing", "ModuleNotFoundError: No module named 'no_such_thing'"),
        ("def broken(:", "SyntaxError"),
        ("raise SystemExit(0)", "SystemExit: 0"),
    ],
)
def test_a_module_that_cannot_be_imported_is_told_with_the_reason(
    engine: NautilusBacktestEngine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    name = f"broken_{abs(hash(source))}"
    Path(f"{name}.py").write_text(f"{source}\n")
    assert told in refusal(engine, UnknownStrategyError, f"{name}:Mine")


@pytest.mark.parametrize("name", ["no_such_module:Mine", "no_such.module:Mine", ":Mine", "a b:C"])
def test_a_module_that_is_not_there_is_told(engine: NautilusBacktestEngine, name: str) -> None:
    told = refusal(engine, UnknownStrategyError, name)
    assert repr(name.partition(":")[0]) in told


def test_a_class_that_is_not_there_is_told_with_the_nearest(engine: NautilusBacktestEngine) -> None:
    told = refusal(engine, UnknownStrategyError, f"{MINE}:Scriptet")
    assert "user_strategies.py has no class 'Scriptet'" in told
    assert f"Did you mean {MINE}:Scripted?" in told


@pytest.mark.parametrize("name", ["NoStrategy", "OPEN", "Decimal"])
def test_what_is_no_strategy_is_refused(engine: NautilusBacktestEngine, name: str) -> None:
    refusal(engine, UnknownStrategyError, f"{MINE}:{name}")


def test_a_dotted_name_is_answered_with_the_right_form(engine: NautilusBacktestEngine) -> None:
    assert "mine:Cross" in refusal(engine, UnknownStrategyError, "mine.Cross")


def test_a_strategy_whose_config_cannot_be_told_is_refused(engine: NautilusBacktestEngine) -> None:
    assert "config" in refusal(engine, UnknownStrategyError, f"{MINE}:Untold")


@pytest.mark.parametrize("name", ["Bare", "Plain"])
def test_a_strategy_needs_no_config_of_its_own(engine: NautilusBacktestEngine, name: str) -> None:
    engine.run(plan(AAPL, KO, strategy=f"{MINE}:{name}"), [chunk((AAPL, bars([100])))])


def test_parameters_become_what_the_config_declares(engine: NautilusBacktestEngine) -> None:
    params = {
        "count": "3",
        "share": "0.25",
        "size": "1.10",
        "is_bold": "true",
        "label": "12",
        "force": "ioc",
        "days": "1,2, 3",
        "pause": "90min",
    }
    engine.check(plan(AAPL, strategy=f"{MINE}:Typed", params=params))
    made = Typed.made[-1]
    assert str(made.bar_type) == "AAPL.NASDAQ-1-MINUTE-LAST-EXTERNAL"
    assert (made.count, made.share, made.is_bold, made.label) == (3, 0.25, True, "12")
    assert (str(made.size), made.force.name, made.days) == ("1.10", "IOC", [1, 2, 3])
    assert made.pause is not None
    assert made.pause.total_seconds() == 5400


@pytest.mark.parametrize(
    ("param", "value", "told"),
    [
        ("count", "many", "int is wanted"),
        ("count", "0", "`int` >= 1"),
        ("share", "half", "float is wanted"),
        ("size", "NaN", "Decimal is wanted"),
        ("is_bold", "perhaps", "bool is wanted"),
        ("force", "NOW", "TimeInForce is wanted"),
        ("days", "1,two", "list[int] is wanted"),
        ("pause", "a while", "Timedelta is wanted"),
    ],
)
def test_a_value_that_does_not_parse_is_told_with_its_type(
    engine: NautilusBacktestEngine, param: str, value: str, told: str
) -> None:
    params = {"count": "1", param: value}
    message = refusal(engine, StrategyParameterError, f"{MINE}:Typed", params)
    assert repr(value) in message
    assert param in message
    assert told in message


def test_a_missing_parameter_is_told(engine: NautilusBacktestEngine) -> None:
    assert "--param count=10" in refusal(engine, StrategyParameterError, f"{MINE}:Typed")


def test_an_unknown_parameter_is_told_with_the_known_ones(engine: NautilusBacktestEngine) -> None:
    message = refusal(engine, StrategyParameterError, f"{MINE}:Typed", {"kount": "1"})
    assert "Did you mean count?" in message
    assert "is_bold" in message


@pytest.mark.parametrize("param", ["instrument_id", "bar_type"])
def test_what_the_run_fills_in_cannot_be_named(engine: NautilusBacktestEngine, param: str) -> None:
    message = refusal(engine, StrategyParameterError, "buy-and-hold", {param: "X"})
    assert "-i" in message


def test_what_the_constructor_refuses_is_told(engine: NautilusBacktestEngine) -> None:
    params = {"count": "1", "share": "2"}
    message = refusal(engine, StrategyParameterError, f"{MINE}:Typed", params)
    assert "ValueError: share 2.0 is greater than 1" in message


def test_a_fast_average_that_is_slower_is_told(engine: NautilusBacktestEngine) -> None:
    params = {"fast_ema_period": "20", "slow_ema_period": "20"}
    message = refusal(engine, StrategyParameterError, "ema-cross", params)
    assert "fast_ema_period 20 is not less than slow_ema_period 20" in message


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("fast_ema_period", "1000000000000"),
        ("slow_ema_period", "2147483648"),
        ("slow_ema_period", "1" + "0" * 400),
        ("slow_ema_period", "1" + "0" * 5000),
        ("slow_ema_period", "1_000"),
        ("fast_ema_period", "NaN"),
        ("fast_ema_period", "0"),
        ("fast_ema_period", "-5"),
        ("fast_ema_period", "1e-30"),
        ("order_time_in_force", "1000000000000"),
        ("order_time_in_force", "8"),
        ("order_id_tag", ""),
        ("order_id_tag", "7-"),
        ("order_id_tag", "\u0661"),
        ("order_id_tag", "7\0"),
        ("oms_type", "1e30"),
        ("strategy_id", "-5"),
        ("strategy_id", "MINE-"),
        ("strategy_id", "M\0-1"),
        ("external_order_claims", "AAPL.\u00c9"),
        ("external_order_claims", '["\\u0000.X"]'),
    ],
)
def test_no_value_takes_the_process_with_it(
    engine: NautilusBacktestEngine, param: str, value: str
) -> None:
    """Rust panics at most of these."""
    told = refusal(engine, StrategyParameterError, "ema-cross", {param: value})
    assert param in told or "period is greater than 2,147,483,647" in told
    assert len(told) < 300


def test_ids_of_the_right_form_are_taken(engine: NautilusBacktestEngine) -> None:
    params = {"order_id_tag": "7", "oms_type": "hedging"}
    params["external_order_claims"] = "AAPL.NASDAQ,BRK B.NYSE"
    engine.check(plan(AAPL, strategy="ema-cross", params=params))


def test_two_strategies_cannot_share_an_order_id_tag(engine: NautilusBacktestEngine) -> None:
    with pytest.raises(StrategyParameterError, match="same order_id_tag"):
        engine.check(plan(AAPL, KO, params={"order_id_tag": "7"}))


@pytest.mark.parametrize(
    "kind", ["SystemExit", "GeneratorExit", "type('Evil', (BaseException,), {})"]
)
def test_a_module_that_raises_what_is_no_exception_is_told(
    engine: NautilusBacktestEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("evil.py").write_text(f"raise {kind}('no luck')\n")
    assert "no luck (evil.py, line 1)" in refusal(engine, UnknownStrategyError, "evil:Mine")


def test_an_interrupt_at_import_is_no_failure(
    engine: NautilusBacktestEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("interrupted.py").write_text("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        engine.check(plan(AAPL, strategy="interrupted:Mine"))


def test_a_strategy_of_many_instruments_is_made_once(engine: NautilusBacktestEngine) -> None:
    held = chunk((AAPL, bars([100, 110])), (KO, bars([50, 40])))
    result = engine.run(plan(AAPL, KO, strategy=f"{MINE}:WholePortfolio"), [held])
    made = WholePortfolio.made[-1]
    assert [str(each) for each in made.instrument_ids] == ["AAPL.NASDAQ", "KO.NYSE"]
    assert isinstance(made.bar_types, tuple)
    assert len(made.bar_types) == 2
    assert (result.orders, str(result.pnl)) == (2, "0.00")


def test_each_instrument_has_a_strategy_of_its_own(engine: NautilusBacktestEngine) -> None:
    strategies = _strategies(plan(AAPL, KO, strategy="ema-cross"))
    assert [str(each.config.instrument_id) for each in strategies] == ["AAPL.NASDAQ", "KO.NYSE"]
    assert [each.order_id_tag for each in strategies] == ["000", "001"]
