"""A content plan from rows, a plan a row with the post it says; who it is stored for is the posts' business."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from content.importing import fields, following
from content.importing.headers import PLAN, known_as
from content.importing.reading import Row
from content.importing.refusals import Refused, RefusedRow, Unreadable

MAX_PLANS = 5_000  # rows of one file: a plan of a year for a large shop
LONGEST, MAX_PARTS, MAX_LISTED = 4_000, 6, 5_000
DEFAULTS: dict[str, Any] = {
    "name": "", "title": "", "kind": "talk", "parts": [], "tags": [], "product": "", "when_kind": "", "when": "",
    "time_zone": "", "groups": [], "min_members": None, "max_members": None, "active_days": None, "quiet_days": None,
    "offset_minutes": 0, "at_time": "", "addressee": "group", "starts_on": "", "ends_on": "", "skipped_days": [],
    "skips_holidays": False, "late_policy": "send", "late_minutes": 60, "state": "active",
}  # fmt: skip
NUMBER = re.compile(r"[+-]?\d{1,9}(\.0+)?")
ANCHOR = re.compile(r"[a-z_]{1,40}")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
ALL = {"all", "全部", "所有群", "全部群"}


@dataclass(slots=True)
class PlanRow:
    """A row as it is understood: the number of the plan and of its post in the shop it came from, and the fields that
    stand in the file, by the names of DEFAULTS."""

    line: int
    plan_id: int | None
    post_id: int | None
    values: dict[str, Any]


def guarded(words: str) -> str:
    """A cell that no spreadsheet takes for a formula. What looks guarded is guarded once more, so that `bare` undoes it."""
    return f"'{words}" if words.lstrip("'").startswith(FORMULA_STARTS) else words


def bare(words: str) -> str:
    """The words of a cell that `guarded` wrote."""
    return words[1:] if words.startswith("'") and words.lstrip("'").startswith(FORMULA_STARTS) else words


def check(rows: Sequence[Row], *, is_table: bool) -> tuple[list[PlanRow], list[RefusedRow]]:
    """What can be stored, and what is refused. Rows of one post must say the same. Raises Unreadable for too many."""
    if len(rows) > MAX_PLANS:
        raise Unreadable(f"超过 {MAX_PLANS} 行，请分成几个文件", f"more than {MAX_PLANS} rows; split the file")
    checked: list[PlanRow] = []
    refused: list[RefusedRow] = []
    said: dict[tuple[int | None, str], PlanRow] = {}
    seen: dict[int, int] = {}
    for row in rows:
        try:
            one = _plan(row, is_table)
            if one.plan_id is not None and one.plan_id in seen:
                line = seen[one.plan_id]
                raise Refused(f"编号与第 {line} 行重复", f"the number stands in line {line} already")
            title = one.values.get("title") or one.values.get("name", "")
            _meet(said.setdefault((one.post_id, title), one), one)
        except Refused as reason:
            refused.append(RefusedRow(row.line, reason))
            continue
        if one.plan_id is not None:
            seen[one.plan_id] = one.line
        checked.append(one)
    return checked, refused


def _meet(before: PlanRow, one: PlanRow) -> None:
    for name in ("kind", "parts", "tags", "product"):
        if before.values.get(name) != one.values.get(name):
            raise Refused(
                f"与第 {before.line} 行是同一篇内容，{name} 却不同", f"is the post of line {before.line} with another {name}"
            )


def _plan(row: Row, is_table: bool) -> PlanRow:
    named = {known_as(name, PLAN): bare(told) if is_table and isinstance(told, str) else told for name, told in row.values.items()}
    values = {name: read(named[name], name) for name, read in READERS.items() if name in named}
    parts = _parts(named)
    if parts is not None:
        values["parts"] = parts
    followed = following.read(values.get("when", ""))
    if followed is not None:
        values |= followed
    elif "when" in values and not values.get("when_kind"):
        values["when_kind"] = _kind_of(values["when"])
    return PlanRow(row.line, _number(named.get("id"), "id"), _number(named.get("post_id"), "post_id"), values)


def _kind_of(when: str) -> str:
    """once, after or cron, by how the time is written."""
    try:
        datetime.fromisoformat(when)
    except ValueError:
        return "after" if ANCHOR.fullmatch(when) and when not in ("daily",) else "cron"
    return "once"


def _parts(named: Mapping[str, Any]) -> list[dict[str, str]] | None:
    """The parts of a post; `text` alone is a post of one text. None where the file has neither column."""
    if fields.is_absent(named.get("parts")):
        text = fields.words(named.get("text"), "内容 text", LONGEST)
        return [{"kind": "text", "text": text}] if text else ([] if "text" in named or "parts" in named else None)
    listed = named["parts"]
    if isinstance(listed, str):
        try:
            listed = json.loads(listed)
        except (ValueError, RecursionError):
            raise Refused("「内容段 parts」应当是 JSON 列表", "parts should be a JSON list") from None
    if not isinstance(listed, list) or len(listed) > MAX_PARTS or not all(isinstance(one, dict) for one in listed):
        raise Refused(f"「内容段 parts」最多 {MAX_PARTS} 段", f"parts are a list of at most {MAX_PARTS}")
    for part in listed:
        if not all(isinstance(told, str) and len(told) <= LONGEST for told in part.values()):
            raise Refused("「内容段 parts」里应当是文字", "the fields of parts should be text")
    return [dict(part) for part in listed]


def _number(value: Any, name: str) -> int | None:
    if fields.is_absent(value):
        return None
    text = fields.words(value, name, 20).translate(fields.FULL_WIDTH)
    if not NUMBER.fullmatch(text):
        raise Refused(f"「{name}」{text} 不是整数", f"{name} {text} is not a whole number")
    return int(float(text))


def _whole(value: Any, name: str) -> int:
    number = _number(value, name)
    return int(DEFAULTS[name]) if number is None else number


def _words(longest: int) -> Callable[[Any, str], str]:
    return lambda value, name: fields.words(value, name, longest) or str(DEFAULTS[name])


def _listed(value: Any, name: str) -> list[str]:
    """A list, or words with separators between; one whose words have separators is written as JSON."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise Refused(f"「{name}」不是 JSON 列表", f"{name} is no JSON list") from None
    found = fields.several(value, name, most=MAX_LISTED, longest=120)
    return ["all"] if name == "groups" and len(found) == 1 and found[0].lower() in ALL else found


def _day(value: Any, name: str) -> str:
    return fields.words(value, name, 30).partition(" ")[0].partition("T")[0]


def _moment(value: Any, name: str) -> str:
    """A time as a spreadsheet or a person writes it, with the T that our plans have."""
    text = fields.words(value, name, 100)
    return re.sub(r"^(\d{4}-\d\d-\d\d) (\d\d:\d\d)", r"\1T\2", text)


def _clock(value: Any, name: str) -> str:
    text = fields.words(value, name, 20)
    return text[:-3] if re.fullmatch(r"\d\d:\d\d:\d\d", text) else text


READERS: dict[str, Callable[[Any, str], Any]] = {
    "name": _words(120), "title": _words(120), "kind": _words(12), "tags": _listed, "product": _words(80),
    "when_kind": _words(6), "when": _moment, "time_zone": _words(60), "groups": _listed,
    "min_members": _number, "max_members": _number, "active_days": _number, "quiet_days": _number,
    "offset_minutes": _whole, "at_time": _clock, "addressee": _words(8), "starts_on": _day, "ends_on": _day,
    "skipped_days": _listed, "skips_holidays": lambda value, name: not fields.is_absent(value) and fields.choice(value, name),
    "late_policy": _words(6), "late_minutes": _whole, "state": _words(10),
}  # fmt: skip
