"""Compressed files are known by how they begin, whatever their name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from adapters.csv.source import ByteStream, RawInput
from domain.bar_files import BarFile
from domain.errors import UnreadableFileError

if TYPE_CHECKING:
    import pyarrow as pa

# A file of Zstandard may begin with a frame to be skipped, as pzstd writes it.
_COMPRESSED = {
    "gzip": re.compile(rb"\x1f\x8b"),
    "zstd": re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
}
_OTHERS = {
    "a ZIP archive or an Excel workbook": re.compile(rb"PK\x03\x04"),
    "an Excel workbook": re.compile(rb"\xd0\xcf\x11\xe0"),
    "a Parquet file": re.compile(rb"PAR1"),
    "compressed with bzip2": re.compile(rb"BZh[0-9]1AY&SY"),
    "compressed with xz": re.compile(rb"\xfd7zXZ\0"),
}
_LONGEST_MAGIC = 10


def decompressed(raw: RawInput, file: BarFile) -> ByteStream:
    """Return the content of `raw`, which may be compressed with gzip or Zstandard.

    Raises:
        UnreadableFileError: it is no text but of another kind that can be told by its beginning;
            and at any read, compressed data is damaged or cut short.
    """
    begin = raw.peek(_LONGEST_MAGIC)
    for name, magic in _COMPRESSED.items():
        if magic.match(begin):
            return _Decompressed(raw, name, file)
    for kind, magic in _OTHERS.items():
        if magic.match(begin):
            raise UnreadableFileError(
                f"{file} is {kind} and no text.",
                "Unpack it, or save it as CSV, then name that; .csv.gz and .csv.zst can be read.",
            )
    return raw


class _Decompressed:
    """A `ByteStream` of all members or frames; the end is one only where the last is whole."""

    def __init__(self, raw: RawInput, name: str, file: BarFile) -> None:
        self._stream = _stream(raw, name)
        self._name, self._file = name, file

    def read(self, size: int) -> bytes:
        try:
            content: bytes = self._stream.read(size)
        # What goes wrong with the file itself is an UnreadableFileError already.
        except OSError as error:
            raise UnreadableFileError(
                f"{self._file} is compressed with {self._name} and damaged or cut short: {error}.",
                "Fetch the file again; nothing of it was taken.",
            ) from error
        return content


def _stream(raw: RawInput, name: str) -> pa.NativeFile:
    import pyarrow as pa

    return pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), name)
