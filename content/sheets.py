"""Tables as files for a spreadsheet: CSV pieces and XLSX workbooks, with every cell guarded against formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils.exceptions import IllegalCharacterError

# A spreadsheet takes a cell beginning with one of these for a formula; some also the wide forms of East Asian keyboards.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
TELL_EVERY = 500
Row = Sequence[object]
Told = Callable[[int], None]


def guarded(words: object) -> str:
    """A cell that no spreadsheet takes for a formula: what begins like one gets an apostrophe before it."""
    text = "" if words is None else str(words)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def csv_of(rows: Iterable[Row]) -> str:
    """Rows as CSV."""
    file = io.StringIO()
    csv.writer(file).writerows([guarded(cell) for cell in row] for row in rows)
    return file.getvalue()


def xlsx_of(sheets: Iterable[tuple[str, Row, Iterable[Row]]], told: Told | None = None) -> bytes:
    """A workbook of sheets as (name, header, rows). Whole numbers and fractions stay numbers, the rest is text; `told`
    hears now and then how many rows are written."""
    book, written = Workbook(write_only=True), 0
    for name, header, rows in sheets:
        sheet: Any = book.create_sheet(name[:31])
        sheet.freeze_panes = "A2"
        for place in range(len(header)):
            sheet.column_dimensions[chr(ord("A") + place)].width = 18
        sheet.append([_bold(sheet, one) for one in header])
        for row in rows:
            cells = [_cell(one) for one in row]
            try:
                sheet.append(cells)
            except IllegalCharacterError:
                sheet.append([_legal(one) for one in cells])
            written += 1
            if told is not None and written % TELL_EVERY == 0:
                told(written)
    if told is not None:
        told(written)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _bold(sheet: Any, words: object) -> Any:
    cell = WriteOnlyCell(sheet, value=guarded(words))
    cell.font = Font(bold=True)
    return cell


def _cell(value: object) -> object:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else guarded(value)


def _legal(value: object) -> object:
    """Without control characters, which a workbook cannot hold."""
    return "".join(sign for sign in value if sign.isprintable() or sign == "\n") if isinstance(value, str) else value
