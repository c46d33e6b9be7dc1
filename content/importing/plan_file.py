"""Writes a content plan as a file that is read back as it was: CSV, XLSX or YAML."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import openpyxl
import yaml

from content.importing import fields
from content.importing.plan import DEFAULTS, PlanRow, guarded
from content.importing.reading import CSV, XLSX, YAML

TABLE_COLUMNS = (
    "id", "name", "state", "when_kind", "when", "offset_minutes", "at_time", "time_zone", "groups", "min_members",
    "max_members", "active_days", "quiet_days", "addressee", "starts_on", "ends_on", "skipped_days", "skips_holidays",
    "late_policy", "late_minutes", "post_id", "title", "kind", "text", "parts", "tags", "product",
)  # fmt: skip
FORMS = (CSV, XLSX, YAML)


def write(rows: Sequence[PlanRow], form: str) -> bytes:
    """The file's content; a form other than FORMS is a KeyError."""
    return {CSV: _csv, XLSX: _xlsx, YAML: _yaml}[form](rows)


def _csv(rows: Sequence[PlanRow]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(TABLE_COLUMNS)
    writer.writerows(_cells(row) for row in rows)
    # Spreadsheets take a file without the mark for one in the old local encoding.
    return ("\ufeff" + out.getvalue()).encode()


def _xlsx(rows: Sequence[PlanRow]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("plan")
    sheet.append(TABLE_COLUMNS)
    for row in rows:
        sheet.append(_cells(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _yaml(rows: Sequence[PlanRow]) -> bytes:
    listed = []
    for row in rows:
        known = {"id": row.plan_id, "post_id": row.post_id} | row.values
        listed.append({name: told for name, told in known.items() if name not in DEFAULTS or told != DEFAULTS[name]})
    return yaml.safe_dump(listed, allow_unicode=True, sort_keys=False, width=100).encode()


def _cells(row: PlanRow) -> list[str]:
    text, parts = _split(row.values["parts"])
    told = {"id": row.plan_id, "post_id": row.post_id} | row.values | {"text": text, "parts": parts}
    return [guarded(_cell(told.get(name))) for name in TABLE_COLUMNS]


def _split(parts: Sequence[dict[str, str]]) -> tuple[str, str]:
    """One plain text in its own column, where an editor reads it; all else as JSON."""
    if len(parts) == 1 and parts[0].get("kind") == "text" and set(parts[0]) == {"kind", "text"}:
        text = parts[0]["text"]
        if not fields.is_absent(text) and fields.words(text, "text", len(text)) == text:
            return text, ""
    return "", json.dumps(list(parts))


def _cell(told: Any) -> str:
    if told is None:
        return ""
    if isinstance(told, bool):
        return "yes" if told else "no"
    if isinstance(told, list):
        is_plain = all(not fields.SEPARATORS.search(one) and one == one.strip() and not one.startswith("[") for one in told)
        return "; ".join(told) if is_plain else json.dumps(told)
    return str(told)
