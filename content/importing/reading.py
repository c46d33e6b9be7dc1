"""Reads a file of rows: CSV, JSONL, YAML or XLSX, bounded in size and depth, each row with its line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from content.importing.refusals import Refused, RefusedRow, Unreadable

MAX_BYTES = 50 * 1024 * 1024
MAX_ROWS = 200_000
MAX_LINE = 1_000_000  # characters of one row
MAX_COLUMNS = 200
CSV, JSONL, YAML, XLSX = "csv", "jsonl", "yaml", "xlsx"
FORMATS = {
    ".csv": CSV, ".tsv": CSV, ".txt": CSV, ".jsonl": JSONL, ".ndjson": JSONL, ".yaml": YAML, ".yml": YAML,
    ".xlsx": XLSX,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """What one row of the file says, by column or key as written."""

    line: int
    values: Mapping[str, Any]


def read(path: Path) -> tuple[list[Row], list[RefusedRow]]:
    """Every row of the file, and the lines that are no rows. Raises Unreadable."""
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        raise Unreadable(
            f"不认识的文件类型「{path.suffix}」：可以是 .csv .jsonl .yaml .xlsx",
            f"unknown kind of file «{path.suffix}»: use .csv .jsonl .yaml or .xlsx",
        )
    content = _content(path)
    rows: list[Row] = []
    refused: list[RefusedRow] = []
    for line, found in _rows(form, content):
        if isinstance(found, Refused):
            refused.append(RefusedRow(line, found))
        else:
            rows.append(Row(line, found))
        if len(rows) + len(refused) > MAX_ROWS:
            raise Unreadable(
                f"超过 {MAX_ROWS} 行，请分成几个文件", f"more than {MAX_ROWS} rows; split the file"
            )
    return rows, refused


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise Unreadable(f"找不到文件 {path}", f"there is no file {path}")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Unreadable(
            f"读不了 {path}：{error.strerror}", f"cannot read {path}: {error.strerror}"
        ) from error
    if len(content) > MAX_BYTES:
        raise Unreadable("文件超过 50 MB", "the file is larger than 50 MB")
    return content


def _rows(form: str, content: bytes) -> Iterator[tuple[int, Mapping[str, Any] | Refused]]:
    if form == "xlsx":
        from content.importing import sheets

        return sheets.rows(content, MAX_COLUMNS)
    text = decode(content)
    if form == "yaml":
        from content.importing import lists

        return lists.rows(text)
    return _jsonl(text) if form == "jsonl" else _csv(text)


def decode(content: bytes) -> str:
    """The text of a file in UTF-8 (with or without BOM), UTF-16 with BOM, or GB18030. Raises Unreadable."""
    is_utf_16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if is_utf_16 else ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise Unreadable(
        "认不出文字编码，请另存为 UTF-8 或 GB18030",
        "cannot tell the text encoding; save it as UTF-8 or GB18030",
    )


def _jsonl(text: str) -> Iterator[tuple[int, Mapping[str, Any] | Refused]]:
    for line, written in enumerate(text.split("\n"), start=1):
        if not written.strip():
            continue
        try:
            if len(written) > MAX_LINE:
                raise ValueError("too long")
            row = json.loads(written, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            yield line, Refused(f"这一行不是 JSON：{error}", f"this line is not JSON: {error}")
            continue
        yield line, row if isinstance(row, dict) else Refused("不是 JSON 对象", "is not a JSON object")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _csv(text: str) -> Iterator[tuple[int, Mapping[str, Any] | Refused]]:
    csv.field_size_limit(MAX_LINE)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        header = next((cells for cells in reader if any(cell.strip() for cell in cells)), None)
        if header is None:
            raise Unreadable("文件是空的", "the file is empty")
        names = checked_header(header)
        before = reader.line_num
        for cells in reader:
            line, before = before + 1, reader.line_num
            if any(cell.strip() for cell in cells):
                yield line, row_of(names, cells)
    except csv.Error as error:
        raise Unreadable(
            f"第 {reader.line_num} 行不像 CSV：{error}", f"line {reader.line_num} is no CSV: {error}"
        ) from error


def checked_header(cells: list[str]) -> list[str]:
    """The column names; each may stand there once. Raises Unreadable."""
    names = [cell.strip().lstrip("\ufeff") for cell in cells[:MAX_COLUMNS]]
    named = [name for name in names if name]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise Unreadable(f"表头里「{twice[0]}」出现了两次", f"the column «{twice[0]}» stands there twice")
    return names


def row_of(names: list[str], cells: list[Any]) -> Mapping[str, Any] | Refused:
    """A table's row by column name; cells beyond the header are refused, since columns may have slipped."""
    extra = [cell for cell in cells[len(names) :] if str(cell if cell is not None else "").strip()]
    if extra:
        return Refused(
            "比表头多出几格，是不是少了引号？", "more cells than the header has; is a quotation mark missing?"
        )
    return {name: cell for name, cell in zip(names, cells, strict=False) if name}


def _delimiter(text: str) -> str:
    """The separator that is in the header most, outside quotation marks."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    outside = "".join(first.split('"')[::2])
    return max(",;\t|", key=outside.count)
