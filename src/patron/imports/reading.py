"""Reads files of customers row by row, in flat memory, from any place where an earlier run stopped."""

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal

import msgspec

from patron.imports.model import COLUMNS, CONTACT_COLUMN, CONTACT_FIELDS, Record
from patron.kernel.errors import Invalid

Format = Literal["csv", "json"]

LINE_BYTES_MAX = 2_000_000
_DELIMITERS = (",", ";", "\t")
_BOM = b"\xef\xbb\xbf"


class Source:
    """A file of customers, CSV or JSON lines. `digest` names its content."""

    def __init__(
        self,
        path: Path,
        format_: Format | None = None,
        *,
        renamed: dict[str, str] | None = None,
        ignored: frozenset[str] = frozenset(),
    ) -> None:
        self.path = path
        self.format: Format = format_ or ("csv" if path.suffix.lower() in (".csv", ".tsv", ".txt") else "json")
        self.size = path.stat().st_size
        self._renamed, self._ignored = renamed or {}, ignored
        with path.open("rb") as file:
            self.digest = hashlib.file_digest(file, "sha256").digest()

    def records(self, position: int = 0, line: int = 0) -> Iterator[Record]:
        """The rows behind a place. Raises Invalid for a head that has no meaning, or lines without end."""
        with self.path.open("rb") as file:
            read = _csv if self.format == "csv" else _json
            yield from read(file, position, line, self._renamed, self._ignored)


class _Lines:
    """Lines of a file as text, with where the last one ended. Bytes that are no UTF-8 stay recognisable."""

    def __init__(self, file: BinaryIO, position: int, line: int) -> None:
        file.seek(position)
        self._file = file
        self.end = position
        self.line = line

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        data = self._file.readline(LINE_BYTES_MAX + 1)
        if not data:
            raise StopIteration
        if len(data) > LINE_BYTES_MAX:
            raise Invalid.field("file", f"Line {self.line + 1} has more than {LINE_BYTES_MAX:,} bytes.", "too_long")
        text = data.removeprefix(_BOM) if self.end == 0 else data
        self.end += len(data)
        self.line += 1
        return text.decode("utf-8", "surrogateescape")


def _csv(
    file: BinaryIO, position: int, line: int, renamed: dict[str, str], ignored: frozenset[str]
) -> Iterator[Record]:
    head = _Lines(file, 0, 0)
    first = next(head, "")
    delimiter = max(_DELIMITERS, key=first.count)
    names: list[str] = [
        renamed.get(name.strip(), name.strip()) for name in next(csv.reader([first], delimiter=delimiter), [])
    ]
    _check_head(names, ignored)
    lines = _Lines(file, position or head.end, line or head.line)
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    kept = [name not in ignored for name in names]
    while True:
        begun = lines.line + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Record(begun, lines.end, fault=f"cannot be read as CSV: {error}")
            continue
        if not cells:
            continue
        if len(cells) != len(names):
            fault = f"has {len(cells)} cells, and the first line names {len(names)} columns"
            yield Record(begun, lines.end, fault=fault)
            continue
        found = {name: cell for name, cell, is_kept in zip(names, cells, kept, strict=True) if cell and is_kept}
        yield Record(begun, lines.end, found)


def _check_head(names: list[str], ignored: frozenset[str]) -> None:
    unknown = [name for name in names if not _is_known(name) and name not in ignored]
    if unknown:
        shown = ", ".join(unknown[:10])
        raise Invalid.field("file", f"These columns are not known: {shown}. Rename them, or say that they be ignored.")
    if not names or not any(name not in ignored for name in names):
        raise Invalid.field("file", "The first line names no column of the format (docs/imports.md).")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise Invalid.field("file", f"The first line names the column {twice} twice.")


def _is_known(name: str) -> bool:
    found = CONTACT_COLUMN.fullmatch(name)
    return name in COLUMNS or (found is not None and found[2] in CONTACT_FIELDS)


def _json(
    file: BinaryIO, position: int, line: int, renamed: dict[str, str], ignored: frozenset[str]
) -> Iterator[Record]:
    lines = _Lines(file, position, line)
    for text in lines:
        if not text.strip():
            continue
        try:
            read: Any = msgspec.json.decode(text.encode("utf-8"))
        except UnicodeEncodeError:
            yield Record(lines.line, lines.end, fault="is not UTF-8")
            continue
        except (msgspec.DecodeError, RecursionError) as error:
            yield Record(lines.line, lines.end, fault=f"is not JSON: {error}")
            continue
        if not isinstance(read, dict):
            yield Record(lines.line, lines.end, fault="is not a JSON object")
            continue
        if renamed or ignored:
            named = {renamed.get(name, name): value for name, value in read.items()}
            read = {name: value for name, value in named.items() if name not in ignored}
        # The decoder lets no text pass that is not UTF-8, and NUL can only be there in disguise.
        yield Record(lines.line, lines.end, read, is_clean="\\u" not in text)


def of_inputs(inputs: list[Any], position: int) -> Iterator[Record]:
    """The rows of a job that came with its rows, behind a place."""
    for place, given in enumerate(inputs[position:], start=position + 1):
        fault = "" if isinstance(given, dict) else "is not an object"
        yield Record(place, place, given if not fault else None, fault)
