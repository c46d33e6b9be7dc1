"""Reads the first sheet of an XLSX workbook, row by row; formulas stay text and are never worked out."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

import openpyxl

from content.importing.reading import checked_header, row_of
from content.importing.refusals import Refused, Unreadable

MAX_UNPACKED = 400 * 1024 * 1024


def rows(content: bytes, max_columns: int) -> Iterator[tuple[int, Mapping[str, Any] | Refused]]:
    """Each row with its number in the sheet. Raises Unreadable."""
    _check_size(content)
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
    except Exception as error:  # openpyxl raises whatever a broken part of the package leads to
        raise Unreadable("打不开这个 XLSX 文件", "this XLSX file cannot be opened") from error
    try:
        if not book.worksheets:
            raise Unreadable("文件里没有表", "the file holds no sheet")
        yield from _table(book.worksheets[0], max_columns)
    finally:
        book.close()


def _table(sheet: Any, max_columns: int) -> Iterator[tuple[int, Mapping[str, Any] | Refused]]:
    sheet.reset_dimensions()
    names: list[str] | None = None
    for line, cells in enumerate(sheet.iter_rows(values_only=True, max_col=max_columns), start=1):
        written = [_as_written(cell) for cell in cells]
        if not any(written):
            continue
        if names is None:
            names = checked_header(written)
        else:
            yield line, row_of(names, written)
    if names is None:
        raise Unreadable("文件是空的", "the file is empty")


def _as_written(cell: Any) -> str:
    """A cell as a person reads it: 3.0 is 3, and 39.9 is 39.9 for all its binary digits."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return f"{cell:.15g}" if abs(cell) < 1e15 else str(cell)
    if isinstance(cell, datetime | date | time):
        return cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat()
    return str(cell)


def _check_size(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            unpacked = sum(part.file_size for part in package.infolist())
    except zipfile.BadZipFile as error:
        raise Unreadable("这不是 XLSX 文件", "this is no XLSX file") from error
    if unpacked > MAX_UNPACKED:
        raise Unreadable("XLSX 展开后太大", "the XLSX is too large when unpacked")
