"""Which column is what, and what divides them: as vendors, brokers and spreadsheets write it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import attrs
import pytest

from adapters.csv.reader import CsvBarFileReader
from adapters.memory.row_problem_log import MemoryRowProblemLog
from domain.bar_files import DateOrder, FileLayout
from domain.errors import InvalidLayoutError
from tests.integration.csv.reading import HEADER, PLAIN, ROW, Read, read, refused

STAMP = "2024-01-02T14:30:00Z"
UTC = FileLayout(time_zone="UTC")
VALUES = {"open": 2, "high": 9, "low": 1, "close": 3, "volume": 70}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bars.csv"


def first(rows: Read) -> dict[str, int]:
    assert rows.problems == ()
    return {column: int(getattr(rows.bars, column)[0]) for column in VALUES}


def instant(rows: Read) -> dt.datetime:
    return dt.datetime.fromtimestamp(int(rows.bars.ts_open[0]) / 1e9, dt.UTC).replace(tzinfo=None)


# Each as it is downloaded: a bar of 14:30 on the second of January, or of that day.
VENDORS = {
    "Yahoo": "Date,Open,High,Low,Close,Adj Close,Volume\n2024-01-02,2,9,1,3,2.5,70\n",
    "yfinance": "Datetime,Open,High,Low,Close,Volume\n2024-01-02 09:30:00-05:00,2,9,1,3,70\n",
    "Stooq": "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
    "AAPL.US,5,20240102,143000,2,9,1,3,70,0\n",
    "NASDAQ": "Date,Close/Last,Volume,Open,High,Low\n01/02/2024,$3.00,70,$2.00,$9,$1\n",
    "MetaTrader 5": "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\r\n"
    "2024.01.02\t14:30:00\t2\t9\t1\t3\t12\t70\t0\r\n",
    "MetaTrader, ticks alone": "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\r\n"
    "2024.01.02\t14:30:00\t2\t9\t1\t3\t70\r\n",
    "Forexite": "<TICKER>,<DTYYYYMMDD>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>\n"
    "EURUSD,20240102,143000,2,9,1,3,70\n",
    "Binance": "open_time,open,high,low,close,volume,close_time,quote_volume,count\n"
    "1704205800000,2,9,1,3,70,1704205859999,12,3\n",
    "Polygon": "ticker,volume,open,close,high,low,window_start,transactions\n"
    "AAPL,70,2,3,9,1,1704205800000000000,4\n",
    "Databento": "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol\n"
    "2024-01-02T14:30:00.000000000Z,33,2,32,2.0,9.0,1.0,3.0,70,AAPL\n",
    "TradingView": "time,open,high,low,close,Volume\n1704205800,2,9,1,3,70\n",
    "Dukascopy": "Gmt time,Open,High,Low,Close,Volume\n2024-01-02 14:30:00.000,2,9,1,3,70\n",
    "Dukascopy, local time": "Local time,Open,High,Low,Close,Volume\n"
    "02.01.2024 15:30:00.000 GMT+0100,2,9,1,3,70\n",
    "JForex": "Time (UTC),Open,High,Low,Close,Volume \n2024.01.02 14:30:00,2,9,1,3,70\n",
    "TWS": "date,open,high,low,close,volume,average,barCount\n"
    "2024-01-02 14:30:00+00:00,2,9,1,3,70,2.5,4\n",
    "Alpaca": "t,o,h,l,c,v,n,vw\n2024-01-02T14:30:00Z,2,9,1,3,70,4,2.5\n",
    "Twelve Data": "datetime;open;high;low;close;volume\n2024-01-02 14:30:00;2;9;1;3;70\n",
    "Sierra Chart": "Date, Time, Open, High, Low, Last, Volume, NumberOfTrades\n"
    "2024/1/2, 14:30:00.000000, 2, 9, 1, 3, 70, 4\n",
    "Investing.com": '"Date","Price","Open","High","Low","Vol.","Change %"\n'
    '"2024-01-02","3","2","9","1","70","1%"\n',
    "Barchart": "Symbol,Time,Open,High,Low,Latest,Change,%Change,Volume\n"
    "AAPL,2024-01-02 14:30,2,9,1,3,1,1%,70\n",
    "Bloomberg": "Date,PX_OPEN,PX_HIGH,PX_LOW,PX_LAST,PX_VOLUME\n2024-01-02,2,9,1,3,70\n",
    "EODHD": "Timestamp,Gmtoffset,Datetime,Open,High,Low,Close,Volume\n"
    "1704205800,0,2024-01-02 14:30:00,2,9,1,3,70\n",
    "Excel": "sep=;\r\ndate;time;opn;high;low;last;vol\r\n2024-01-02;14:30;2;9;1;3;70\r\n",
    "pandas": "Open Price|High Price|Low Price|Close Price|Total Volume|date_time\n"
    "2|9|1|3|70|2024-01-02 14:30:00\n",
}


@pytest.mark.parametrize("vendor", VENDORS)
def test_files_of_vendors_are_read_as_they_are(path: Path, vendor: str) -> None:
    order = DateOrder.MONTH_FIRST if vendor == "NASDAQ" else DateOrder.DAY_FIRST
    rows = read(path, VENDORS[vendor], attrs.evolve(UTC, date_order=order))
    assert first(rows) == VALUES
    time = dt.time() if rows.dates_only else dt.time(14, 30)
    assert instant(rows) == dt.datetime.combine(dt.date(2024, 1, 2), time)


@pytest.mark.parametrize("header", [HEADER, " Volume ,CLOSE,low,High,open,Timestamp"])
def test_nothing_is_noted_where_every_name_is_canonical(path: Path, header: str) -> None:
    cells = {"timestamp": STAMP, "volume": "5"}
    row = ",".join(cells.get(name.strip().lower(), "1") for name in header.split(","))
    assert read(path, f"{header}\n{row}\n").notes == ()


def test_what_was_taken_for_what_is_noted(path: Path) -> None:
    rows = read(path, "<Date>,Time,O,high,low,close,Vol.\n2024-01-02,14:30,2,9,1,3,70\n", UTC)
    assert rows.notes == ("Columns: <Date> + Time as timestamp, O as open, Vol. as volume.",)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("timestamp,date,time,open,high,low,close,volume", f"{STAMP},x,y,2,9,1,3,70"),
        ("date,timestamp,open,high,low,close,volume", f"x,{STAMP},2,9,1,3,70"),
        ("ts,timestamp,open,high,low,close,volume", f"x,{STAMP},2,9,1,3,70"),
        ("timestamp,o,open,high,low,last,close,volume", f"{STAMP},x,2,9,1,y,3,70"),
        ("timestamp,open,<open>,high,low,close,volume", f"{STAMP},2,x,9,1,3,70"),
        ("timestamp,open,high,low,close,tickvol,vol,volume", f"{STAMP},2,9,1,3,x,y,70"),
        ("timestamp,open,high,low,close,tickvol,vol", f"{STAMP},2,9,1,3,x,70"),
        ("timestamp,open,high,low,Adj Close,close,volume", f"{STAMP},2,9,1,x,3,70"),
    ],
)
def test_a_canonical_name_wins_over_others(path: Path, header: str, row: str) -> None:
    assert first(read(path, f"{header}\n{row}\n")) == VALUES


def test_an_adjusted_close_is_never_taken_for_the_close(path: Path) -> None:
    error = refused(path, "Date,Open,High,Low,Adj Close,Volume\n2024-01-02,1,1,1,1,1\n")
    assert "lacks the column close" in error.message


@pytest.mark.parametrize(
    ("header", "named", "columns"),
    [
        ("ts,datetime,open,high,low,close,volume", "timestamp: ts and datetime", "_,_,open"),
        ("unix,date,open,high,low,close,volume", "timestamp: unix and date", "_,_,open"),
        ("t,date,time,open,high,low,close,volume", "timestamp: t and date + time", "_,_,_,open"),
        ("timestamp,o,opn,high,low,close,volume", "open: o and opn", "timestamp,_,_,high"),
        ("timestamp,open,high,low,last,price,volume", "close: last and price", "low,_,_,volume"),
        ("timestamp,open,high,low,close,vol,v", "volume: vol and v", "close,_,_"),
    ],
)
def test_two_names_for_one_thing_are_an_error_that_names_both(
    path: Path, header: str, named: str, columns: str
) -> None:
    error = refused(path, f"{header}\n1,1,1,1,1,1,1\n")
    assert f"more than one column for {named}." in error.message
    assert "--columns " in error.recovery
    assert columns in error.recovery


def test_a_missing_stamp_is_told_like_any_column(path: Path) -> None:
    """pandas writes an index without a name."""
    error = refused(path, ",open,high,low,close,volume\n2024-01-02,1,1,1,1,1\n")
    assert "lacks the column timestamp" in error.message
    assert "--columns _,open,high,low,close,volume" in error.recovery


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        ("2024-01-02,1,1,1,1,5", "timestamp,open,high,low,close,volume"),
        ("20240102 093000;1;1;1;1;5", "timestamp,open,high,low,close,volume"),
        ("01/02/2024,09:30,1,1,1,1,5", "date,time,open,high,low,close,volume"),
        ("20240102,093000,1,1,1,1,5,0", "date,time,open,high,low,close,volume,_"),
        ("2024-01-02,1,1,1,1,5,9,9", "timestamp,open,high,low,close,volume,_,_"),
    ],
)
def test_a_file_without_a_header_is_told_names_for_all_its_columns(
    path: Path, row: str, columns: str
) -> None:
    error = refused(path, f"{row}\n{row}\n")
    assert "has no header; its first line is: " in error.message
    assert f"--columns {columns};" in error.recovery
    layout = FileLayout("UTC", date_order=DateOrder.DAY_FIRST)
    assert read(path, row, named(columns, layout)).problems == ()


def test_a_file_of_something_else_is_told_no_names(path: Path) -> None:
    error = refused(path, "# why\n\nDear all,\nhow are you?\n")
    assert "Line 3 of " in error.message
    assert "names none of the columns that are needed: Dear all, ." in error.message
    assert "--columns" not in error.recovery


GERMAN = "Datum;Eröffnung;Hoch;Tief;Schluss;Volumen"


@pytest.mark.parametrize(
    ("header", "row", "columns"),
    [
        (GERMAN, f"{STAMP};2;9;1;3;70", "timestamp,open,high,low,close,volume"),
        (f"{GERMAN};Stück", f"{STAMP};2;9;1;3;70;x", "timestamp,open,high,low,close,volume,_"),
        (
            f"Symbol;{GERMAN}",
            f"AAPL;{STAMP};2;9;1;3;70",
            "symbol,timestamp,open,high,low,close,volume",
        ),
    ],
)
def test_a_header_in_another_language_is_told_names_for_all_its_columns(
    path: Path, header: str, row: str, columns: str
) -> None:
    content = f"# x\n{header}\n{row}\n"
    error = refused(path, content)
    found = header.replace(";", ", ")
    assert error.message == (
        f"Line 2 of {path} names none of the columns that are needed: {found}."
    )
    assert error.recovery.startswith("If the file holds bars, add ")
    assert f"--columns {columns};" in error.recovery
    assert first(read(path, content, named(columns))) == VALUES


# ---- delimiters ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("delimiter", "spoken"),
    [(";", "a semicolon"), ("\t", "a tab"), ("|", "a vertical bar")],
)
@pytest.mark.parametrize("quoted", ["", '"one\ntwo"'])
def test_the_delimiter_is_found_and_noted(
    path: Path, delimiter: str, spoken: str, quoted: str
) -> None:
    """With a newline in a quoted field, rows are read one by one."""
    header, row = HEADER.replace(",", delimiter), f"{STAMP},2,9,1,3,70".replace(",", delimiter)
    content = f"{header}{delimiter}note\n{row}{delimiter}{quoted}\n1{delimiter}2\n"
    rows = read(path, content)
    assert rows.notes == (f"The fields are divided by {spoken}.",)
    assert rows.lines.tolist() == [2]
    (problem,) = rows.told
    assert problem[1:] == ("row", f"1{delimiter}2", "has 2 fields where the header has 7")


def test_other_delimiters_may_stand_in_a_header(path: Path) -> None:
    header = HEADER.replace(",", ";") + ";a,b,c,d,e,f,g,h|i"
    assert first(read(path, f"{header}\n{STAMP};2;9;1;3;70;x,y\n")) == VALUES


@pytest.mark.parametrize("delimiter", [":", " ", "~", "§", "\u3000", "\x1f"])
def test_a_named_delimiter_may_be_any_character_that_is_no_other_thing(
    path: Path, delimiter: str
) -> None:
    row = f"2024-01-02{delimiter}2{delimiter}9{delimiter}1{delimiter}3{delimiter}70"
    content = f"{HEADER.replace(',', delimiter)}\n{row}\n"
    rows = read(path, content, FileLayout(delimiter=delimiter))
    assert (first(rows), rows.notes) == (VALUES, ())


def test_a_named_delimiter_is_the_only_one_that_is_tried(path: Path) -> None:
    error = refused(path, f"{HEADER}\n{ROW}\n", FileLayout(delimiter=";"))
    assert "Line 1 of " in error.message
    assert f"is one field: {HEADER}." in error.message
    assert "what divides its fields" in error.recovery


@pytest.mark.parametrize(
    "delimiter", ["", ",,", '"', "\n", "\r", "\0", "a", "Z", "7", "é", "٣", "#", "\ud800"]
)
def test_what_cannot_divide_fields_is_refused(path: Path, delimiter: str) -> None:
    with pytest.raises(InvalidLayoutError):
        read(path, f"{HEADER}\n{ROW}\n", FileLayout(delimiter=delimiter))


def test_the_decimal_comma_divides_nothing(path: Path) -> None:
    with pytest.raises(InvalidLayoutError):
        read(path, f"{HEADER}\n{ROW}\n", FileLayout(delimiter=",", decimal=","))


def test_decimal_commas_stand_between_semicolons(path: Path) -> None:
    content = f"{HEADER.replace(',', ';')}\n{STAMP};2,0;9;1;3,00;70\n"
    assert first(read(path, content, FileLayout(decimal=","))) == VALUES


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;"])
def test_the_delimiter_that_excel_is_told_is_obeyed(path: Path, line: str) -> None:
    header = HEADER.replace(",", ";")
    rows = read(path, f"\ufeff{line}\r\n{header}\r\n{ROW.replace(',', ';')}\r\n")
    assert rows.lines.tolist() == [3]


def test_what_excel_is_told_is_a_row_like_others_further_down(path: Path) -> None:
    assert "names none of the columns" in refused(path, f"\nsep=;\n{HEADER}\n").message


@pytest.mark.parametrize("line", ["   ", "\t\t\t\t\t", "\t \t", " \t"])
@pytest.mark.parametrize("note", ["", '"one\ntwo"'])
def test_a_line_of_tabs_is_blank_where_tabs_divide(path: Path, line: str, note: str) -> None:
    header, row = (text.replace(",", "\t") for text in (f"note,{HEADER}", f"{note},{ROW}"))
    bad = row.replace("2024", "x")
    rows = read(path, f"{header}\n{row}\n{line}\n{line}\n{row}\n{bad}\n")
    assert (len(rows.bars), rows.rows) == (2, 3)
    assert rows.problems[0].line == rows.lines[-1] + 1 + ("\n" in note)


def test_a_line_of_commas_is_a_row(path: Path) -> None:
    rows = read(path, f"{HEADER}\n{ROW}\n,,,,,\n")
    assert {p[0] for p in rows.told} == {3}
    assert len(rows.told) == 6


# ---- named columns ---------------------------------------------------------------------------


def named(columns: str, layout: FileLayout = PLAIN) -> FileLayout:
    return attrs.evolve(layout, columns=tuple(columns.split(",")))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "columns", ["timestamp,o,h,l,c,v", "Datetime,OPEN,<HIGH>,low,last,vol", "ts,o,h,l,c,tickvol"]
)
def test_columns_are_named_in_any_spelling(path: Path, delimiter: str, columns: str) -> None:
    row = f"{STAMP},2,9,1,3,70".replace(",", delimiter)
    rows = read(path, f"{row}\n{row}\n", named(columns))
    assert (first(rows), rows.lines.tolist()) == (VALUES, [1, 2])
    assert len(rows.notes) == (delimiter != ",")


def test_columns_may_be_ignored(path: Path) -> None:
    rows = read(path, f"x,2,9,,1,3,70,{STAMP}\n", named("_,o,h,,l,c,v,ts"))
    assert first(rows) == VALUES


def test_date_and_time_are_named_apart(path: Path) -> None:
    rows = read(path, "14:30,2,9,1,3,70,2024-01-02\n", named("time,o,h,l,c,v,date", UTC))
    assert instant(rows) == dt.datetime(2024, 1, 2, 14, 30)


@pytest.mark.parametrize(
    ("columns", "word"),
    [
        ("timestamp,open,high,low,close", "lack volume"),
        ("open,high,low,close,volume", "lack timestamp"),
        ("timestamp,open,high,low,close,volume,v", "name something twice: v"),
        ("timestamp,date,open,high,low,close,volume", "name something twice: date"),
        ("ts,t,open,high,low,close,volume", "name something twice: ts"),
        ("ts,open,high,low,close,vol,tickvol", "name something twice: tickvol"),
        ("timestamp,open,high,low,close,volume,colour", "called 'colour'"),
        ("timestamp,open,high,low,Adj Close,volume", "called 'Adj Close'"),
    ],
)
def test_names_that_do_not_name_each_thing_once_are_refused(
    path: Path, columns: str, word: str
) -> None:
    with pytest.raises(InvalidLayoutError, match=word):
        read(path, f"{ROW}\n", named(columns))


@pytest.mark.parametrize("header", ["when,first,hi,lo,final,traded", "a,b,c,d,e,f"])
def test_a_line_of_names_is_no_row(path: Path, header: str) -> None:
    rows = read(path, f"# x\n{header}\n{ROW}\n", named(HEADER))
    assert (rows.lines.tolist(), rows.rows) == ([3], 1)
    assert rows.notes == (f"Line 2 was skipped as a header: {header.replace(',', ', ')}.",)


@pytest.mark.parametrize(
    "row",
    [
        f"{STAMP},,,,,",
        f"{STAMP},n/a,n/a,n/a,n/a,n/a",
        ",,,,,",
        "when,first,hi,lo,final,5",
        "when,first,hi,lo,final,",
        "when,first,hi,lo,final",
    ],
)
def test_a_first_line_that_could_be_a_row_is_not_skipped(path: Path, row: str) -> None:
    rows = read(path, f"{row}\n{ROW}\n", named(HEADER))
    assert {p[0] for p in rows.told} == {1}
    assert (rows.lines.tolist(), rows.rows, rows.notes) == ([2], 2, ())


@pytest.mark.parametrize(
    "row",
    [
        "n/a,n/a,n/a,n/a,n/a,n/a",
        "-,-,-,-,-,-",
        "NaN,null,-,None,#N/A,NA",
        "soon,n/a,n/a,n/a,n/a,-",
        "x,X,x,x,x,x",
    ],
)
def test_a_first_line_that_says_nothing_is_a_row(path: Path, row: str) -> None:
    rows = read(path, f"{row}\n{ROW}\n", named(HEADER))
    assert [p[:2] for p in rows.told] == [(1, column) for column in sorted(HEADER.split(","))]
    assert (rows.lines.tolist(), rows.rows, rows.notes) == ([2], 2, ())


@pytest.mark.parametrize("header", ["x,x,x,x,close,x", "n/a,n/a,n/a,n/a,n/a,Volume"])
def test_one_name_that_is_known_makes_a_header(path: Path, header: str) -> None:
    assert read(path, f"{header}\n{ROW}\n", named(HEADER)).lines.tolist() == [2]


@pytest.mark.parametrize(
    ("header", "columns", "field", "said", "found"),
    [
        ("Date,Close,High,Low,Open,Volume", HEADER, 2, "open", "Close"),
        ("when,<CLOSE>,hi,lo,final,traded", HEADER, 2, "open", "<CLOSE>"),
        ("when,first,hi,lo,Vol,last", HEADER, 5, "close", "Vol"),
        ("t,o,h,c,l,v", HEADER, 4, "low", "c"),
        ("Open,Date,High,Low,Close,Volume", HEADER, 1, "timestamp", "Open"),
        ("when,symbol,hi,lo,final,traded", HEADER, 2, "open", "symbol"),
        ("ticker,close,o,h,l,v,t", "symbol,o,h,l,c,v,ts", 2, "o", "close"),
        ("close,ticker,a,b,d,v,t", "symbol,o,h,l,c,v,ts", 2, "o", "ticker"),
    ],
)
def test_names_that_contradict_the_header_are_refused(
    path: Path, header: str, columns: str, field: int, said: str, found: str
) -> None:
    with pytest.raises(InvalidLayoutError) as caught:
        read(path, f"# x\n{header}\n{ROW},1\n", named(columns))
    assert caught.value.message == (
        f"--columns calls field {field} {said}, but line 2 of {path} calls it {found}."
    )
    assert caught.value.recovery.endswith(" If its names are wrong, remove the line.")


def test_what_a_contradicted_header_says_is_told(path: Path) -> None:
    def recovery(header: str) -> str:
        with pytest.raises(InvalidLayoutError) as caught:
            read(path, f"{header}\n{ROW}\n", named(HEADER))
        return caught.value.recovery

    assert recovery("Date,Close,High,Low,Open,Vol").startswith("Leave --columns out: ")
    known = "--columns timestamp,close,high,low,_,volume."
    assert known in recovery("Date,Close,High,Low,Erster,Vol")


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("Date,Open,High,Low,Close,Adj Close,Volume", "date,open,high,low,_,close,volume"),
        ("name,ts,open,high,low,close,volume", "_,ts,open,high,low,close,volume"),
        ("x,Time,a,b,c,d,TickVol", "_,timestamp,open,high,low,close,volume"),
        ("x,Date,Open,Max,Min,Price,Vol.", "_,timestamp,open,high,low,close,volume"),
        ("x,a,b,c,d,e,f", "_,timestamp,open,high,low,close,volume"),
    ],
)
def test_a_header_that_says_the_same_or_less_is_no_contradiction(
    path: Path, header: str, columns: str
) -> None:
    row = {"date": "2024-01-02", "ts": STAMP, "timestamp": STAMP}
    cells = ",".join(row.get(name, "1") for name in columns.split(","))
    assert read(path, f"{header}\n{cells}\n", named(columns)).lines.tolist() == [2]


# ---- symbols ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *("symbol", "Ticker", "<TICKER>", "sym", "Instrument", "contract", "SECURITY", "name"),
        *("instrument_id", "ISIN", "conId", "ts_code", "local symbol"),
    ],
)
def test_a_file_of_several_symbols_is_not_taken_for_one_series(path: Path, name: str) -> None:
    rows = read(path, f"{HEADER},{name}\n{ROW},ESH4\n{ROW}, esh4\n{ROW},ESM4\n{ROW},\n")
    assert rows.told == [
        (4, "symbol", "ESM4", "is another symbol than ESH4 in line 2"),
        (5, "symbol", "", "is another symbol than ESH4 in line 2"),
    ]
    assert (rows.lines.tolist(), rows.rows) == ([2, 3], 4)
    assert rows.notes == ("The rows are of the symbol ESH4.",)


@pytest.mark.parametrize("header", ["name,symbol,isin", "name,ISIN,Ticker", "conid,note,Name"])
def test_the_most_telling_name_counts(path: Path, header: str) -> None:
    telling = {"name,symbol,isin": 1, "name,ISIN,Ticker": 2, "conid,note,Name": 0}[header]
    cells = [["x", "x", "x"], ["y", "y", "y"]]
    cells[0][telling] = cells[1][telling] = "AAPL"
    lines = [f"{HEADER},{header}", *(f"{ROW},{','.join(each)}" for each in cells)]
    rows = read(path, "\n".join(lines))
    assert (rows.problems, rows.notes) == ((), ("The rows are of the symbol AAPL.",))


def test_a_symbol_is_the_same_for_the_whole_file_whatever_its_blocks(path: Path) -> None:
    lines = [f"symbol,{HEADER}", *(f"AAPL,{ROW}" for _ in range(30)), f"MSFT,{ROW}"]
    for size in (40, 100, 2**20):
        reader = CsvBarFileReader(MemoryRowProblemLog, block_size=size)
        rows = read(path, "\n".join(lines), reader=reader)
        assert rows.told == [(32, "symbol", "MSFT", "is another symbol than AAPL in line 2")]


def test_a_row_of_another_symbol_has_its_other_problems_too(path: Path) -> None:
    rows = read(path, f"symbol,{HEADER}\nA,{ROW}\nB,{ROW}x\n")
    assert [p[:3] for p in rows.told] == [(3, "symbol", "B"), (3, "volume", "5x")]


def test_a_column_of_symbols_may_be_empty(path: Path) -> None:
    rows = read(path, f"symbol,{HEADER}\n,{ROW}\n ,{ROW}\n")
    assert (len(rows.bars), rows.problems, rows.notes) == (2, (), ())
    rows = read(path, f"symbol,{HEADER}\n,{ROW}\nA,{ROW}\n")
    assert rows.told == [(3, "symbol", "A", "is a symbol, where line 2 has none")]


def test_a_symbol_is_named_among_the_columns(path: Path) -> None:
    rows = read(path, f"x,{ROW}\nX,{ROW}\ny,{ROW}\n", named(f"symbol,{HEADER}"))
    assert rows.told == [(3, "symbol", "y", "is another symbol than x in line 1")]
    rows = read(path, f"x,{ROW}\ny,{ROW}\n", named(f"_,{HEADER}"))
    assert (len(rows.bars), rows.notes) == (2, ())


def test_a_symbol_is_named_once(path: Path) -> None:
    with pytest.raises(InvalidLayoutError, match="name something twice: ticker"):
        read(path, f"x,y,{ROW}\n", named(f"symbol,ticker,{HEADER}"))


def test_what_is_lacking_is_told_with_the_symbol_in_its_place(path: Path) -> None:
    error = refused(path, "ticker,timestamp,open,high,low,settle,volume\n" + ROW)
    assert "--columns symbol,timestamp,open,high,low,_,volume" in error.recovery


def test_only_the_first_line_can_be_a_header(path: Path) -> None:
    rows = read(path, f"{ROW}\n{HEADER}\n{ROW}\n", named(HEADER))
    assert {p[0] for p in rows.told} == {2}
    assert rows.lines.tolist() == [1, 3]


def test_a_row_of_another_number_of_fields_than_are_named_is_a_problem(path: Path) -> None:
    rows = read(path, f"{ROW}\n{ROW},9\n1\n", named(HEADER))
    assert [p[:2] + p[3:] for p in rows.told] == [
        (2, "row", "has 7 fields where 6 columns are named"),
        (3, "row", "has 1 field where 6 columns are named"),
    ]


# ---- date and time ---------------------------------------------------------------------------


def test_a_missing_date_or_time_is_a_problem_of_the_stamp(path: Path) -> None:
    good, rest = "2024-01-02,14:30", "1,1,1,1,1"
    stamps = [good, good, ",14:31", "2024-01-02,", ",", good]
    rows = read(path, "\n".join(["date,time,o,h,l,c,v", *(f"{s},{rest}" for s in stamps)]), UTC)
    assert [(p[0], p[1], p[2]) for p in rows.told] == [
        (4, "timestamp", "14:31"),
        (5, "timestamp", "2024-01-02"),
        (6, "timestamp", ""),
    ]
    assert rows.lines.tolist() == [2, 3, 7]


def test_blanks_around_date_and_time_do_not_matter(path: Path) -> None:
    content = "time ,o,h,l,c,v, date\n 14:30 ,1,1,1,1,1,\t2024-01-02 \n"
    assert instant(read(path, content, UTC)) == dt.datetime(2024, 1, 2, 14, 30)
