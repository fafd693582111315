"""Compressed files are known by how they begin, whatever their name."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping

from adapters.csv.source import ByteStream, RawInput
from domain.bar_files import BarFile
from domain.errors import UnreadableFileError

_OTHERS = {
    "a ZIP archive or an Excel workbook": re.compile(rb"PK\x03\x04"),
    "an Excel workbook": re.compile(rb"\xd0\xcf\x11\xe0"),
    "a Parquet file": re.compile(rb"PAR1"),
    "compressed with bzip2": re.compile(rb"BZh[0-9]1AY&SY"),
    "compressed with xz": re.compile(rb"\xfd7zXZ\0"),
}
_LONGEST_MAGIC = 10
_GZIP_FORMAT = 16 + zlib.MAX_WBITS
# What comes of it is a thousand times as long at most.
_PACKED_AT_A_TIME = 2**15


def decompressed(raw: RawInput, file: BarFile) -> ByteStream:
    """Return the content of `raw`, which may be compressed with gzip or Zstandard.

    Raises:
        UnreadableFileError: it is no text but of another kind that can be told by its beginning;
            and at any read, compressed data is damaged or cut short.
    """
    begin = raw.peek(_LONGEST_MAGIC)
    for name, (magic, stream) in _COMPRESSED.items():
        if magic.match(begin):
            return _Decompressed(stream(raw), name, file)
    for kind, magic in _OTHERS.items():
        if magic.match(begin):
            raise UnreadableFileError(
                f"{file} is {kind} and no text.",
                "Unpack it, or save it as CSV, then name that; .csv.gz and .csv.zst can be read.",
            )
    return raw


class _Decompressed:
    """A `ByteStream` of all members or frames; the end is one only where the last is whole."""

    def __init__(self, stream: ByteStream, name: str, file: BarFile) -> None:
        self._stream, self._name, self._file = stream, name, file

    def read(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        # What goes wrong with the file itself is an UnreadableFileError already.
        except (OSError, zlib.error) as error:
            raise UnreadableFileError(
                f"{self._file} is compressed with {self._name} and damaged or cut short: {error}.",
                "Fetch the file again; nothing of it was taken.",
            ) from error


class _Gzip:
    """All members of a file of gzip; null bytes, which fill a block of a tape, may follow."""

    def __init__(self, raw: RawInput) -> None:
        self._raw = raw
        self._member = zlib.decompressobj(wbits=_GZIP_FORMAT)

    def read(self, size: int) -> bytes:
        """Return the next bytes: all that come of `size` packed ones, or of fewer.

        Raises:
            OSError, zlib.error: there is something else, or an end is missing.
        """
        content = b""
        while not content:
            packed = self._member.unused_data or self._raw.read(min(size, _PACKED_AT_A_TIME))
            if not packed:
                return self._end()
            if self._member.eof:
                if packed.startswith(b"\0"):
                    return self._padding(packed)
                self._member = zlib.decompressobj(wbits=_GZIP_FORMAT)
            content = self._member.decompress(packed)
        return content

    def _end(self) -> bytes:
        if not self._member.eof:
            raise OSError("its end is missing")
        return b""

    def _padding(self, packed: bytes) -> bytes:
        while packed:
            if packed.strip(b"\0"):
                raise OSError("something else follows its end")
            packed = self._raw.read(_PACKED_AT_A_TIME)
        return b""


def _zstd(raw: RawInput) -> ByteStream:
    import pyarrow as pa

    stream: ByteStream = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")
    return stream


# A file of Zstandard may begin with a frame to be skipped, as pzstd writes it.
_COMPRESSED: Mapping[str, tuple[re.Pattern[bytes], Callable[[RawInput], ByteStream]]] = {
    "gzip": (re.compile(rb"\x1f\x8b"), _Gzip),
    "zstd": (re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"), _zstd),
}
