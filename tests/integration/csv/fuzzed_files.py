"""Files of bars as vendors write them, and how tests damage them."""

from __future__ import annotations

import datetime as dt
import gzip
import zoneinfo
from collections.abc import Mapping, Sequence

import attrs
from hypothesis import strategies as st

NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
FIRST = dt.datetime(2024, 1, 2, 14, 30, tzinfo=dt.UTC)
# Whole columns are read at once from a dozen rows on that are written alike.
ROWS = 15
HEADER = "timestamp,open,high,low,close,volume"

Options = Mapping[str, str]
"""What is said on the command line, by the option's name."""


@attrs.frozen
class Sample:
    """A right file, and what must be said of it."""

    name: str
    content: bytes
    options: Options = attrs.field(factory=dict)


def _rows(
    stamps: Sequence[str], row: str = "{0},{1}.50,{2}.25,{3},{1}.75,{4}", first: int = 187
) -> list[str]:
    return [
        row.format(stamp, first + at, first + at + 2, first + at - 2, 1200 + at)
        for at, stamp in enumerate(stamps)
    ]


def _file(rows: Sequence[str], header: str | None = HEADER, newline: str = "\n") -> bytes:
    return newline.join([*([] if header is None else [header]), *rows, ""]).encode()


def _stamps(
    pattern: str, count: int = ROWS, minutes: int = 1, zone: dt.tzinfo = dt.UTC
) -> list[str]:
    every = (FIRST + dt.timedelta(minutes=minutes * at) for at in range(count))
    return [f"{each.astimezone(zone):{pattern}}" for each in every]


_SECONDS = [str(int(FIRST.timestamp()) + 60 * at) for at in range(ROWS)]
_DAYS = ["02", "03", "04", "05", "08", "09", "10", "11", "12"]
_ZONE = {"--timezone": "America/New_York"}
_UTC = {"--timezone": "UTC"}
_EUROPEAN = "{0};{1},5;{2},25;{3},125;{1},75;{4}"

SAMPLES = [
    Sample("zoned", _file(_rows(_stamps("%Y-%m-%dT%H:%M:%SZ")))),
    Sample("local", _file(_rows(_stamps("%Y-%m-%d %H:%M:%S", zone=NEW_YORK))), _ZONE),
    Sample("newest-first", _file(_rows(_stamps("%Y-%m-%dT%H:%M:%SZ")[::-1]), newline="\r\n")),
    Sample("days", _file(_rows([f"2024-01-{day}" for day in _DAYS]))),
    Sample("months", _file(_rows([f"2023-{month:02}-01" for month in range(1, 13)]))),
    Sample(
        "hours",
        _file(
            _rows(
                ["09:30", *(f"{hour}:00" for hour in range(10, 16))],
                "2024-01-02 {0},{1},{2},{3},{1},{4}",
            )
        ),
        _ZONE,
    ),
    Sample("us-dates", _file(_rows(_stamps("%m/%d/%Y %H:%M"))), {**_UTC, "--date-order": "mdy"}),
    Sample("us-days", _file(_rows([f"01/{day}/2024" for day in [*_DAYS, "16", "17"]]))),
    Sample(
        "european",
        _file(_rows(_stamps("%d.%m.%Y %H:%M:%S"), _EUROPEAN), HEADER.replace(",", ";")),
        {**_UTC, "--decimal": ",", "--date-order": "dmy"},
    ),
    Sample("epoch-seconds", _file(_rows(_SECONDS, first=10))),
    Sample("epoch-milliseconds", _file(_rows([f"{each}000" for each in _SECONDS]))),
    Sample("epoch-nanoseconds", _file(_rows([each + "0" * 9 for each in _SECONDS]))),
    Sample(
        "meta-trader",
        _file(
            _rows(_stamps("%Y.%m.%d\t%H:%M:%S"), "{0}\t{1}\t{2}\t{3}\t{1}\t{4}\t0\t1"),
            "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>",
        ),
        _UTC,
    ),
    Sample(
        "without-header",
        _file(_rows(_stamps("%Y%m%d,%H%M%S")), header=None),
        {**_UTC, "--columns": "date,time,open,high,low,close,volume"},
    ),
    Sample(
        "thousands",
        _file(
            _rows(
                _stamps("%Y-%m-%dT%H:%M:%S+00:00"),
                '{0},"1,{1}.5","1,{2}.5","1,{3}",1{1},"1,200"',
            )
        ),
        {"--thousands": ","},
    ),
    Sample(
        "quoted",
        b"# made by hand\n\n"
        + _file(
            _rows(
                _stamps("%Y-%m-%d %I:%M %p"),
                '{4},"{1}","{3}","{2}",{1},"{0}","one\n# ""two"", three"\n',
            ),
            '"Volume","Open","Low","High",Close,"Date Time",note',
        ),
        _UTC,
    ),
    Sample("month-names", _file(_rows(_stamps("%d-%b-%Y %H:%M"))), _UTC),
    Sample("utf-16", _file(_rows(_stamps("%Y-%m-%dT%H:%MZ"))).decode().encode("utf-16")),
    Sample(
        "excel", b"sep=;\r\n" + _file(_rows(_stamps("%Y-%m-%d %H:%M"))).replace(b",", b";"), _UTC
    ),
    Sample(
        "repeated-hour",
        _file(_rows(["2024-11-03 01:30:00", "2024-11-03 01:31:00", "2024-11-03 01:32:00"])),
        {**_ZONE, "--dst": "later"},
    ),
    Sample(
        "skipped-hour",
        _file(_rows(["2024-03-10 02:30:00", "2024-03-10 02:31:00", "2024-03-10 02:32:00"])),
        {**_ZONE, "--dst": "earlier"},
    ),
    Sample(
        "symbols",
        _file(
            _rows(_stamps("%Y-%m-%dT%H:%MZ"), "1,{0},{1}.50,{2}.25,{3},{1}.75,{4},ESH4"),
            f"instrument_id,{HEADER},symbol",
        ),
    ),
    Sample(
        "nasdaq",
        _file(
            _rows(
                [f"01/{day}/2024" for day in [*_DAYS, "16", "17"]][::-1],
                "{0},${1},{4},${1}.5,${2}.25,${3}",
            ),
            "Date,Close/Last,Volume,Open,High,Low",
        ),
    ),
    Sample(
        "dukascopy",
        _file(_rows(_stamps("%d.%m.%Y %H:%M:%S.000 GMT+0100"), "{0},{1},{2},{3},{1},{4}")),
        {"--date-order": "dmy"},
    ),
    Sample(
        "named-with-a-header",
        _file(
            _rows(_stamps("%Y-%m-%dT%H:%MZ"), "{0},AAPL,{1}.50,{2}.25,{3},{1}.75,9,{4}"),
            "Datum,Ticker,Open,Hoch,Tief,Close,Adj Close,Volumen",
        ),
        {"--columns": "timestamp,symbol,open,high,low,close,_,volume"},
    ),
    Sample("closes", _file(_rows(_stamps("%Y-%m-%dT%H:%M:%SZ", minutes=5))), {"--stamp": "close"}),
]

CHOICES: Mapping[str, Sequence[str | None]] = {
    "--timezone": (
        None,
        "UTC",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "Mars/X",
    ),
    "--dst": (None, "earlier", "later"),
    "--date-order": (None, "mdy", "dmy"),
    "--delimiter": (None, ",", ";", "tab", "|", ":", " ", "x", ""),
    "--columns": (
        None,
        HEADER,
        "date,time,open,high,low,close,volume",
        "timestamp,close,high,low,open,volume",
        "date,close,volume,open,high,low",
        "_,timestamp,open,high,low,close,volume,symbol",
        "_,open,high,low,close",
        "",
    ),
    "--thousands": (None, ",", ".", "'", "_", "space", "0"),
    "--decimal": (None, ".", ",", "-"),
    "--stamp": (None, "open", "close"),
    "--bar-type": (
        None,
        "1_MIN",
        "1_MIN",
        "5_MIN",
        "1_HOUR",
        "1_DAY",
        "1_WEEK",
        "1_MONTH",
        "1_EON",
    ),
}

PIECES = [
    *(b'"', b",", b";", b"\t", b"|", b"\n", b"\r\n", b"\r", b" ", b".", b":", b"-", b"+", b"/"),
    *(
        b"",
        b"0",
        b"1",
        b"9",
        b"00",
        b"000",
        b"e",
        b"E5",
        b"e-9",
        b"Z",
        b"T",
        b"_",
        b"'",
        b"#",
        b"\n#",
    ),
    *(b"\0", b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\xae", b"\xc2\xa0", b"\xd9\xa1", b"\xe2\x80\xa8"),
    *(b"\x0b", b"\x0c", b"\x1c", b"\x85", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\xc3\xa9"),
    *(
        b"NaN",
        b"inf",
        b"-1",
        b"1e3",
        b"1e-10",
        b"1e17",
        b"1e18",
        b"1e400",
        b"0x1",
        b"1_000",
        b"1 000",
    ),
    *(b"1,234.5", b"1.234,5", b"1'234", b"123456789012345678", b"0.123456789", b"0.1234567891"),
    *(b"2024-01-02 14:31:00", b"2024-01-02T14:31:00Z", b"2024-01-02", b"01/02/2024", b"1704205860"),
    *(b"2024-03-10 02:30:00", b"2024-11-03 01:30:00", b"2024-02-30", b"+05:30", b" EST", b" UTC"),
    *(
        b"24:00:00",
        b"25:00",
        b"14:60",
        b"14:30:60",
        b"00:30 AM",
        b"13:30 PM",
        b" -0500",
        b"+5",
        b"-24:00",
    ),
    *(
        b"1/2/2024",
        b"13/01/2024 14:30",
        b"01/13/2024 14:30",
        b"20240102",
        b"20240102143100",
        b"45293",
    ),
    *(
        b"240102",
        b"1704205860.5",
        b"1704205860000",
        b"1.7042E+12",
        b"2-Jan-24",
        b"Jan 2, 2024",
        b"14h30",
    ),
    *(
        b" America/New_York",
        b" CET",
        b" Europe/Nowhere",
        b".123456789",
        b".1234567891",
        b",5",
        b"+1",
    ),
    *(
        b"--1",
        b"1.",
        b".5",
        b"1..5",
        b"1,,5",
        b"1e",
        b"1e+2",
        b"01",
        b"-0",
        b"\xe2\x88\x921",
        b"1\xe2\x80\xaf234",
    ),
    *(b"ESH4", b"ESM4", b"esh4", b"aapl", b"AAPL ", b"n/a", b"-", b"$", b"$1", b"-$1", b"$-1"),
    *(
        b"\xe2\x82\xac5",
        b"$.5",
        b"$$1",
        b" GMT+0100",
        b" UTC-05:00",
        b" GMT+1",
        b"symbol",
        b"close",
    ),
    *(b"9999-12-31", b"1799-12-31", b"2091-01-01", b"2089-01-01", b"PM", b"0930"),
    *(
        b'""',
        b'"\n"',
        b'"x',
        b"\n\n",
        b"  \n",
        b"x,y\n",
        b",,,,,\n",
        b"sep=;\n",
        b"# x\n",
        b"timestamp",
    ),
]


@attrs.frozen
class Change:
    """One change of a file: at a fraction of its length, of so many bytes or lines."""

    kind: str
    where: float
    size: int = 1
    piece: bytes = b""

    def of(self, content: bytes) -> bytes:
        """Return what becomes of `content`."""
        at = round(self.where * len(content))
        if self.kind == "piece":
            return content[:at] + self.piece + content[at + self.size :]
        if self.kind == "flip":
            flipped = bytes(each ^ (1 << self.size % 8) for each in content[at : at + 1])
            return content[:at] + flipped + content[at + 1 :]
        if self.kind == "cut":
            return content[:at]
        return self._of_lines(content)

    def _of_lines(self, content: bytes) -> bytes:
        lines = content.splitlines(keepends=True) or [b""]
        at = min(round(self.where * len(lines)), len(lines) - 1)
        if self.kind == "again":
            lines.insert(min(at + self.size, len(lines)), lines[at])
        elif self.kind == "swap":
            other = (at + self.size) % len(lines)
            lines[at], lines[other] = lines[other], lines[at]
        elif self.kind == "field":
            lines[at] = self._in_field(lines[at])
        return b"".join(lines)

    def _in_field(self, line: bytes) -> bytes:
        """Put the piece in the place of a whole field, or swap two fields where it is empty."""
        ended = len(line.rstrip(b"\r\n"))
        delimiter = max((b",", b";", b"\t"), key=line.count)
        fields = line[:ended].split(delimiter)
        at = self.size % len(fields)
        if self.piece:
            fields[at] = self.piece
        else:
            fields[at], fields[-1] = fields[-1], fields[at]
        return delimiter.join(fields) + line[ended:]


@attrs.frozen
class Example:
    """A damaged file, what is said of it, and how many bytes of it are read at a time."""

    sample: Sample
    changes: tuple[Change, ...] = ()
    options: tuple[tuple[str, str | None], ...] = ()
    packing: str = "plain"
    packed_changes: tuple[Change, ...] = ()
    piped: bool = False
    block: int | None = None

    @property
    def plain(self) -> bytes:
        """What is in the file, before it is compressed."""
        content = self.sample.content
        for change in self.changes:
            content = change.of(content)
        return content

    @property
    def content(self) -> bytes:
        """What is on the disk."""
        content = packed(self.plain, self.packing)
        for change in self.packed_changes if self.packing != "plain" else ():
            content = change.of(content)
        return content

    @property
    def said(self) -> dict[str, str]:
        """All options: the sample's own, but for those that are drawn."""
        options = {**self.sample.options, **dict(self.options)}
        return {name: text for name, text in options.items() if text is not None}


def packed(content: bytes, packing: str) -> bytes:
    """Return `content` compressed."""
    if packing == "gzip":
        return gzip.compress(content, mtime=0)
    if packing == "zstd":
        import pyarrow as pa

        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, "zstd") as stream:
            stream.write(content)
        whole: bytes = sink.getvalue().to_pybytes()
        return whole
    return content


def samples(name: str) -> Sample:
    """Return the sample of that name."""
    return next(sample for sample in SAMPLES if sample.name == name)


_fractions = st.floats(0, 1)
_changes = st.one_of(
    st.builds(Change, st.just("piece"), _fractions, st.integers(0, 12), st.sampled_from(PIECES)),
    st.builds(Change, st.just("field"), _fractions, st.integers(0, 7), st.sampled_from(PIECES)),
    st.builds(
        Change, st.sampled_from(["flip", "cut", "again", "swap"]), _fractions, st.integers(0, 9)
    ),
)
_packed_changes = st.builds(
    Change, st.sampled_from(["flip", "cut", "piece"]), _fractions, st.integers(0, 9)
)
_options = st.sampled_from(sorted(CHOICES)).flatmap(
    lambda name: st.tuples(st.just(name), st.sampled_from(CHOICES[name]))
)
examples = st.builds(
    Example,
    st.sampled_from(SAMPLES),
    st.lists(_changes, max_size=3).map(tuple),
    st.lists(_options, max_size=2).map(tuple),
    st.sampled_from(["plain", "plain", "plain", "gzip", "zstd"]),
    st.lists(_packed_changes, max_size=1).map(tuple),
    st.booleans(),
    st.sampled_from([None, None, 5, 64, 300]),
)
